import type { Records } from '../shared/aws/table/records.ts';
import { sideBySide } from '../shared/aws/table/side-by-side.ts';
import { isNamed, NamedError } from '../shared/domain/errors.ts';
import { planDigest } from '../shared/domain/plan/digest.ts';
import { type Chosen, type Edit, editsFor } from '../shared/domain/plan/edits.ts';
import { failureOf } from '../shared/domain/plan/failures.ts';
import type { ObjectRecord } from '../shared/domain/plan/ownership.ts';
import { lowestOfOthers } from '../shared/domain/plan/placing.ts';
import { closingOf, opens, type Plan, roundOf } from '../shared/domain/plan/plan.ts';
import { readBack } from '../shared/domain/plan/read-back.ts';
import { namesOfOurs, type OwnedRuleName, recognise } from '../shared/domain/plan/recognise.ts';
import type { PlannedFor } from '../shared/domain/plan/removals.ts';
import { unusedServices } from '../shared/domain/plan/service-objects.ts';
import { isDefaultRule } from '../shared/domain/policy/bottom-rule.ts';
import type { Policy, SecurityRule } from '../shared/domain/policy/policy.ts';
import type { RuleStyle } from '../shared/domain/rules/rule-content.ts';
import type { Firewall, FirewallSnapshot } from '../shared/panos/firewall.ts';
import { firewallPart } from '../shared/runtime/clients/firewall.ts';
import { digestOf } from '../shared/runtime/digest.ts';
import { planSettingsOf, styleOf } from '../shared/runtime/settings.ts';
import { handlerOf } from '../shared/runtime/step.ts';
import { conclude } from '../shared/workflow/conclude.ts';
import { deleteUnused } from '../shared/workflow/delete-unused.ts';
import { noteFacts } from '../shared/workflow/explain-losses.ts';
import { defineHeldStep, type Held } from '../shared/workflow/held-step.ts';
import { learnUuids, recordIntents } from '../shared/workflow/intents.ts';
import { tableMark } from '../shared/workflow/mark.ts';
import { chooseNames, type Writing } from '../shared/workflow/naming.ts';
import { afterRefusal } from '../shared/workflow/refusals.ts';
import { splitBatch } from '../shared/workflow/split-batch.ts';
import { brief, HeldState, section, shown } from '../shared/workflow/states.ts';
import type { Applied } from '../shared/workflow/step-results.ts';

/**
 * One atomic write: remove, shrink, add, move. Each intent is recorded before, each entry read back after. Safe to repeat: a
 * repeated attempt finds the policy changed and has it planned again, with what was staged withdrawn first.
 */
export const applyRules = defineHeldStep({
  name: 'ApplyRules',
  writes: true,
  input: HeldState,
  parts: (surroundings, settings, run) => ({
    firewall: firewallPart(surroundings, settings, run),
    now: surroundings.world.now,
  }),
  act: async (held, { firewall, now }) => {
    const { records } = held.table;
    const whole = await held.results.read('TestRules');
    // What the firewall did not take alone: what is removed goes first, without it.
    const withheld = opens(whole) ? held.turn.rejection : null;
    const { plan, more } = roundOf(withheld === null ? whole : closingOf(whole));
    const snapshot = await firewall.snapshot();
    const nameOf = await namesAsPlanned(held, firewall, snapshot, plan);
    await noteFacts(held);
    await settleRecords(records, plan, held.fence);
    const objects = await records.objects();
    const writing = writingOf(held, await tableMark(held));
    const chosen = await chooseNames(plan, snapshot, records, objects, writing);
    await checkRoom(held, snapshot, plan, chosen);
    const auditComment = auditCommentFor(snapshot, writing.style, reasonOf(held));
    const edits = editsFor(plan, chosen, nameOf, {
      bottomRule: held.settings.BOTTOM_RULE,
      tag: writing.style.tag,
      mark: writing.mark,
    });
    const fails = withheld ?? failureOf(plan);
    if (fails !== null && edits.length === 0) {
      if (withheld === null) await conclude(held, plan, { job: null, because: null });
      throw new NamedError(fails.name, fails.message);
    }
    await held.table.removalCount.count(held.execution.name, held.fence, plan.limit.lost);
    await recordIntents(records, plan, chosen, writing);
    const written = await writeAndReadBack(held, firewall, snapshot, { plan, chosen, edits, auditComment, now });
    const expectations = await learnUuids(records, plan, chosen.additions, written.rules, writing);
    const used = await objectsOf(records, objects, chosen);
    const after = { candidate: written.candidate, running: withoutRules(snapshot.running, plan.removals) };
    const unused = await deleteUnused(firewall, unusedServices(after, used.asMade), auditComment);
    const applied: Applied = {
      description: `policy-sync ${held.execution.name} ${held.fence}`,
      stagedXpaths: [...new Set([...edits.flatMap(firewall.xpathsOf), ...unused.deleted.map(firewall.serviceXpath)])],
      expectations,
      objects: used.recorded,
      deletedObjects: unused.deleted,
      lowest: isDefaultRule(held.settings.BOTTOM_RULE) ? lowestOfOthers(snapshot, await records.rules()) : null,
      withheld,
      more,
    };
    return { result: applied, output: shownWrite(applied, plan, chosen, unused.warnings) };
  },
});

const writingOf = ({ execution, fence, state, settings }: Held<HeldState>, mark: string): Writing => ({
  mark,
  execution,
  fence,
  eventId: state.change.eventId,
  style: styleOf(settings),
});

const reasonOf = ({ state: { change }, execution }: Held<HeldState>): string =>
  `${change.kind} ${change.eventId} (execution ${execution.name})`;

/**
 * Under which name each rule that is planned for may be edited: the firewall is as it was planned on, and recognised again.
 * @throws PlanStale when it is not, or a rule is no longer ours
 */
const namesAsPlanned = async (
  { table: { records }, settings, fence }: Held<unknown>,
  firewall: Firewall,
  snapshot: FirewallSnapshot,
  plan: Plan,
): Promise<(planned: PlannedFor) => OwnedRuleName> => {
  const recorded = await records.rules();
  if (digestOf(planDigest(snapshot, recorded, settings.BOTTOM_RULE)) !== plan.digest) {
    throw new NamedError('PlanStale', 'The policy has changed since the candidates were tested.');
  }
  const { administrator, bottomRule } = planSettingsOf(settings);
  // As the plan settled them: a rule that an administrator made again is recognised by what it is now.
  const settled = new Map(plan.repaired.map((record) => [record.id, record] as const));
  const before = new Set(recorded.map(({ id }) => id));
  const handedOver = plan.repaired.filter(({ id }) => !before.has(id));
  const known = [...recorded.map((record) => settled.get(record.id) ?? record), ...handedOver];
  const names = namesOfOurs(
    recognise({ ...snapshot, records: known, administrator, bottomRule, ruleXpath: firewall.ruleXpath }),
  );
  const nameOf = ({ uuid, name }: PlannedFor): OwnedRuleName => {
    const ours = names.get(uuid);
    if (ours === undefined) throw new NamedError('PlanStale', `"${name}" is no longer a rule of ours.`);
    return ours;
  };
  for (const planned of [...plan.removals, ...plan.shrinks, ...(plan.rewrites ?? []), ...plan.moves]) nameOf(planned);
  // The policy is as it was tested, so what an earlier attempt of this step intended has not reached the firewall.
  await sideBySide(
    recorded.filter((each) => each.state === 'intended' && each.fence === fence),
    (record) => records.forgetRule(record),
  );
  return nameOf;
};

/** Writes and drops the records that the plan found half-done, and what administrators have closed or opened again. */
const settleRecords = async (records: Records, plan: Plan, fence: number): Promise<void> => {
  // Closures first: what a record of an earlier release says of them is dropped from it.
  await sideBySide(plan.closuresWritten, (closure) => records.putClosure({ ...closure, fence }));
  await sideBySide(plan.repaired, (record) => records.putRule({ ...record, fence }));
  await sideBySide(plan.forgotten, (record) => records.forgetRule({ ...record, fence }));
  await sideBySide(plan.closuresEnded, (closure) => records.dropClosure({ ...closure, fence }));
  await sideBySide(plan.objectsRepaired, (record) => records.putObject({ ...record, fence }));
  await sideBySide(plan.objectsForgotten, (record) => records.forgetObject({ ...record, fence }));
};

/** Refuses what the platform has no room for, before anything is written. */
const checkRoom = async (
  held: Held<unknown>,
  { limits, candidate }: FirewallSnapshot,
  plan: Plan,
  { additions, made }: Chosen,
): Promise<void> => {
  if (additions.length === 0) return;
  // What a Panorama pushed takes room as well; the default rules do not.
  const there = candidate.rules.filter(({ rulebase }) => rulebase !== 'default').length;
  const rules = there - plan.removals.length + additions.length;
  const objects = candidate.scopes.vsys.services.size + made.size;
  const reserve = held.settings.RULES_RESERVE;
  const most = limits.securityRules === null ? null : limits.securityRules - reserve;
  // What is replaced takes nothing of the reserve; only the platform itself may have no room for it.
  const isFull = limits.securityRules !== null && rules > limits.securityRules;
  const full =
    isFull || (most !== null && rules > most && rules > there)
      ? `The policy would have ${rules} rules; this platform takes ${limits.securityRules}${reserve === 0 ? '' : `, of which RULES_RESERVE leaves ${reserve} to administrators`}.`
      : limits.services !== null && objects > limits.services
        ? `There would be ${objects} service objects; this platform takes ${limits.services}.`
        : null;
  if (full !== null) await splitBatch(held, new NamedError('FirewallFull', full), plan);
};

/** Whether a comment fits the device's pattern; one that is no pattern here is left to the device, which has the last word. */
const mayMatch = (pattern: string, comment: string): boolean => {
  try {
    return new RegExp(pattern).test(comment);
  } catch {
    return true;
  }
};

/** The audit comment a device demands, checked against its own pattern. */
const auditCommentFor = ({ settings }: FirewallSnapshot, style: RuleStyle, reason: string): string | null => {
  if (settings.requireTag && style.tag === null) {
    throw new NamedError('Misconfigured', 'RULE_TAG is not set, and the firewall requires a tag on every rule.');
  }
  if (!settings.requireAuditComment) return null;
  const comment = reason.slice(0, 256);
  if (settings.auditCommentRegex !== null && !mayMatch(settings.auditCommentRegex, comment)) {
    throw new NamedError(
      'Misconfigured',
      `The firewall requires audit comments that match ${settings.auditCommentRegex}; ours is "${comment}".`,
    );
  }
  return comment;
};

interface Write {
  readonly plan: Plan;
  readonly chosen: Chosen;
  readonly edits: readonly Edit[];
  readonly auditComment: string | null;
  readonly now: () => number;
}

/** Writes all edits as one and holds what the candidate configuration says then against them; takes them back otherwise. */
const writeAndReadBack = async (
  held: Held<unknown>,
  firewall: Firewall,
  snapshot: FirewallSnapshot,
  { plan, chosen, edits, auditComment, now }: Write,
): Promise<{ readonly candidate: Policy; readonly rules: ReadonlyMap<string, SecurityRule> }> => {
  const takeBack = () => firewall.withdraw(edits.flatMap(firewall.xpathsOf));
  if (edits.length > 0) {
    try {
      await firewall.write(edits, { auditComment });
    } catch (error) {
      if (!isNamed(error, 'FirewallRejected', 'FirewallFull')) throw error;
      await takeBack();
      await sideBySide(chosen.additions, ({ record }) => held.table.records.dropRule(record));
      if (error.name === 'FirewallFull') await splitBatch(held, error, plan);
      const written = chosen.additions.map(({ says, record: { name }, content: { service } }) => ({
        says,
        names: [name, ...service.filter((each) => chosen.made.has(each))],
      }));
      const rejection = error;
      await afterRefusal(held, { rejection, words: error.message, written, plan, firewall, now: now() });
    }
  }
  const candidate = edits.length > 0 ? await firewall.candidate() : snapshot.candidate;
  const { rules, problems } = readBack(candidate, { ...plan, additions: chosen.additions }, held.settings.BOTTOM_RULE);
  if (problems.length === 0) return { candidate, rules };
  await takeBack();
  throw new NamedError('PlanStale', `What was written does not read back as intended: ${problems.join('; ')}.`);
};

const withoutRules = (policy: Policy, removals: Plan['removals']): Policy => {
  const gone = new Set(removals.map(({ uuid }) => uuid));
  return { ...policy, rules: policy.rules.filter(({ uuid }) => uuid === null || !gone.has(uuid)) };
};

/** The records of the service objects known before and made now; and as they count once their making is committed. */
const objectsOf = async (
  records: Records,
  before: readonly ObjectRecord[],
  { made }: Chosen,
): Promise<{ readonly recorded: readonly ObjectRecord[]; readonly asMade: readonly ObjectRecord[] }> => {
  const known = new Set([...before.map(({ id }) => id), ...made.keys()]);
  const recorded = (await records.objects()).filter(({ id }) => known.has(id));
  return {
    recorded,
    asMade: recorded.map((object) => (made.has(object.id) ? { ...object, state: 'owned' as const } : object)),
  };
};

const shownWrite = (applied: Applied, plan: Plan, { additions, made }: Chosen, warnings: readonly string[]) => ({
  work: applied.stagedXpaths.length > 0 ? 'commit' : 'none',
  because: applied.stagedXpaths.length > 0 ? null : 'Nothing had to be written to the firewall.',
  applied: section({
    added: shown(additions.map(({ record }) => record.name)),
    removed: shown(plan.removals.map(({ name, why }) => brief(`${name}: ${why}`))),
    shrunk: shown(plan.shrinks.map(({ name, why }) => brief(`${name}: ${why}`))),
    rewritten: shown((plan.rewrites ?? []).map(({ name, why }) => brief(`${name}: ${why}`))),
    moved: shown(plan.moves.map(({ name }) => name)),
    services: section({ made: shown([...made.keys()]), deleted: shown(applied.deletedObjects) }),
    warnings: shown(warnings.map(brief)),
    ...(applied.withheld === null ? {} : { withheld: brief(`No additions: ${applied.withheld.message}`) }),
  }),
});

export const handler = handlerOf(applyRules);
