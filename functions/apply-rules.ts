import { isNamed, NamedError } from '../shared/domain/errors.ts';
import type { ObjectRecord } from '../shared/domain/plan/ownership.ts';
import { planDigest } from '../shared/domain/plan/plan-digest.ts';
import { readBack } from '../shared/domain/plan/read-back.ts';
import { type Configurations, unusedServices } from '../shared/domain/plan/service-objects.ts';
import type { Policy } from '../shared/domain/policy/policy.ts';
import { localRules } from '../shared/domain/rules/prerequisites.ts';
import type { RuleStyle } from '../shared/domain/rules/rule-content.ts';
import type { Edit, Firewall, FirewallSnapshot } from '../shared/panos/firewall.ts';
import { firewallPart } from '../shared/runtime/clients/firewall.ts';
import { tableParts } from '../shared/runtime/clients/table.ts';
import { digestOf } from '../shared/runtime/digest.ts';
import { styleOf } from '../shared/runtime/settings.ts';
import { defineStep, handlerOf } from '../shared/runtime/step.ts';
import { chooseAdditions, editsFor, type Writing } from '../shared/workflow/additions.ts';
import { learnUuids, recordIntents } from '../shared/workflow/intents.ts';
import { halveBatch } from '../shared/workflow/split-batch.ts';
import { brief, HeldState, section, shown } from '../shared/workflow/states.ts';
import type { Applied, Tested } from '../shared/workflow/step-results.ts';

/** Refuses what the platform has no room for, before anything is written. */
const checkRoom = async (
  { limits, candidate }: FirewallSnapshot,
  tested: Tested,
  rules: number,
  services: number,
  held: Parameters<typeof halveBatch>[0],
): Promise<void> => {
  const after = localRules(candidate).length - tested.removals.length + rules;
  const objects = candidate.scopes.vsys.services.size + services;
  const full =
    limits.securityRules !== null && after > limits.securityRules
      ? `The policy would have ${after} rules; this platform takes ${limits.securityRules}.`
      : limits.services !== null && objects > limits.services
        ? `There would be ${objects} service objects; this platform takes ${limits.services}.`
        : null;
  if (full === null) return;
  const refusal = new NamedError('FirewallFull', full);
  await halveBatch(held, refusal, tested);
  throw refusal;
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

const withoutRules = (policy: Policy, removals: Tested['removals']): Policy => {
  const gone = new Set(removals.map(({ uuid }) => uuid));
  return { ...policy, rules: policy.rules.filter(({ uuid }) => uuid === null || !gone.has(uuid)) };
};

/** Deletes service objects nobody uses any more, apart from the plan: that the firewall refuses is a warning. */
const deleteUnused = async (
  firewall: Firewall,
  configurations: Configurations,
  objects: readonly ObjectRecord[],
  auditComment: string | null,
): Promise<{ readonly deleted: readonly string[]; readonly warnings: readonly string[] }> => {
  const unused = unusedServices(configurations, objects);
  if (unused.length === 0) return { deleted: [], warnings: [] };
  try {
    await firewall.write(
      unused.map((name) => ({ kind: 'delete-service', name })),
      { auditComment },
    );
    return { deleted: unused, warnings: [] };
  } catch (error) {
    if (!isNamed(error, 'FirewallRejected')) throw error;
    return { deleted: [], warnings: [`Unused service objects stay: ${error.message}`] };
  }
};

/**
 * One atomic write: remove, shrink, add, move. Each intent is recorded before, each entry read back after. Safe to repeat: a
 * repeated attempt finds the policy changed and has it planned again, with what was staged withdrawn first.
 */
export const applyRules = defineStep({
  name: 'ApplyRules',
  of: 'state',
  input: HeldState,
  parts: (surroundings, settings, run) => ({
    ...tableParts(surroundings, settings, run),
    firewall: firewallPart(surroundings, settings, run),
    now: surroundings.world.now,
  }),
  run: async ({ changes, turns, records, workings, firewall, now }, state, run, settings) => {
    const { execution } = run;
    const { fence } = state.turn;
    const turn = await turns.renew(execution, fence, run.deadline - now());
    try {
      const tested = (await workings.read(execution.name, fence, 'TestRules')) as Tested;
      const snapshot = await firewall.snapshot();
      const recorded = await records.rules();
      if (digestOf(planDigest(snapshot, recorded, settings.BOTTOM_RULE)) !== tested.digest) {
        throw new NamedError('PlanStale', 'The policy has changed since the candidates were tested.');
      }
      // The policy is as it was tested, so what an earlier attempt of this step intended has not reached the firewall.
      for (const record of recorded.filter((each) => each.state === 'intended' && each.fence === fence)) {
        await records.forgetRule(record);
      }
      const style = styleOf(settings);
      const writing: Writing = { execution, fence, bottomRule: settings.BOTTOM_RULE, style };
      for (const record of tested.repaired) await records.putRule({ ...record, fence });
      for (const record of tested.forgotten) await records.forgetRule({ ...record, fence });
      for (const record of tested.objectsRepaired) await records.putObject({ ...record, fence });
      for (const record of tested.objectsForgotten) await records.forgetObject({ ...record, fence });
      const objects = await records.objects();
      // Additions that the firewall did not take alone: what is removed goes first, without them.
      const withheld = tested.judged.some(({ verdict }) => verdict.kind === 'needed') ? turn.rejection : null;
      const { additions, made } = await chooseAdditions(
        withheld === null ? tested : { ...tested, judged: [] },
        snapshot,
        records,
        objects,
        writing,
        state.change.eventId,
      );
      const held = { changes, turns, workings, execution, fence };
      if (additions.length > 0) await checkRoom(snapshot, tested, additions.length, made.size, held);
      const reason = `${state.change.kind} ${state.change.eventId} (execution ${execution.name})`;
      const auditComment = auditCommentFor(snapshot, style, reason);
      const edits = editsFor(tested, additions, made, writing);
      if (withheld !== null && edits.length === 0) throw new NamedError(withheld.name, withheld.message);
      await recordIntents(records, tested, additions, made, writing);
      if (edits.length > 0) await writeOrSplit(firewall, edits, auditComment, held, tested);
      const candidate = edits.length > 0 ? await firewall.candidate() : snapshot.candidate;
      const { rules, problems } = readBack(candidate, { ...tested, additions }, settings.BOTTOM_RULE);
      if (problems.length > 0) {
        await firewall.withdraw(edits.flatMap((edit) => firewall.xpathsOf(edit)));
        throw new NamedError('PlanStale', `What was written does not read back as intended: ${problems.join('; ')}.`);
      }
      const expectations = await learnUuids(records, tested, additions, rules, writing);
      const known = new Set([...objects.map((object) => object.id), ...made.keys()]);
      const allObjects = (await records.objects()).filter((object) => known.has(object.id));
      const unused = await deleteUnused(
        firewall,
        { candidate, running: withoutRules(snapshot.running, tested.removals) },
        allObjects.map((object) => (made.has(object.id) ? { ...object, state: 'owned' as const } : object)),
        auditComment,
      );
      const stagedXpaths = [
        ...edits.flatMap((edit) => firewall.xpathsOf(edit)),
        ...unused.deleted.flatMap((name) => firewall.xpathsOf({ kind: 'delete-service', name })),
      ];
      const applied: Applied = {
        description: `policy-sync ${execution.name} ${fence}`,
        stagedXpaths: [...new Set(stagedXpaths)],
        expectations,
        objects: allObjects,
        deletedObjects: unused.deleted,
        withheld,
      };
      await workings.write(execution.name, fence, 'ApplyRules', applied);
      return {
        ...state,
        work: applied.stagedXpaths.length > 0 ? 'commit' : 'none',
        because: applied.stagedXpaths.length > 0 ? null : 'Nothing had to be written to the firewall.',
        applied: section({
          added: shown(additions.map(({ record }) => record.name)),
          removed: shown(tested.removals.map(({ name, why }) => brief(`${name}: ${why}`))),
          shrunk: shown(tested.shrinks.map(({ name, why }) => brief(`${name}: ${why}`))),
          moved: shown(tested.moves.map(({ name }) => name)),
          services: section({ made: shown([...made.keys()]), deleted: shown(unused.deleted) }),
          warnings: shown(unused.warnings.map(brief)),
          ...(withheld === null ? {} : { withheld: brief(`No additions: ${withheld.message}`) }),
        }),
      };
    } finally {
      await turns.settle(execution, turn);
    }
  },
});

const writeOrSplit = async (
  firewall: Firewall,
  edits: readonly Edit[],
  auditComment: string | null,
  held: Parameters<typeof halveBatch>[0],
  tested: Tested,
): Promise<void> => {
  try {
    await firewall.write(edits, { auditComment });
  } catch (error) {
    if (!isNamed(error, 'FirewallRejected')) throw error;
    await firewall.withdraw(edits.flatMap((edit) => firewall.xpathsOf(edit)));
    await halveBatch(held, error, tested);
    throw error;
  }
};

export const handler = handlerOf(applyRules);
