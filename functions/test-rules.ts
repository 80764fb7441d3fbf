import { NamedError } from '../shared/domain/errors.ts';
import type { LeftOut } from '../shared/domain/grants/grants.ts';
import { planDigest } from '../shared/domain/plan/plan-digest.ts';
import { type HouseReport, type Recognition, recognise } from '../shared/domain/plan/recognise.ts';
import { vanishedLoss } from '../shared/domain/plan/removal-limit.ts';
import { missingGrants, planRemovals, type Removals, withRemovals } from '../shared/domain/plan/removals.ts';
import { settleObjects, unusedServices } from '../shared/domain/plan/service-objects.ts';
import type { CandidateRule } from '../shared/domain/rules/candidate-rules.ts';
import { candidateRules } from '../shared/domain/rules/candidates.ts';
import { fitToDevice } from '../shared/domain/rules/fit-to-device.ts';
import { missingPrerequisites } from '../shared/domain/rules/prerequisites.ts';
import { trafficText } from '../shared/domain/rules/rule-content.ts';
import { checkBottomRule, judgeCandidates, type PolicyView } from '../shared/domain/verdict/verdict.ts';
import type { Judged } from '../shared/domain/verdict/verdict-words.ts';
import type { FirewallSnapshot } from '../shared/panos/firewall.ts';
import { firewallPart } from '../shared/runtime/clients/firewall.ts';
import { tableParts } from '../shared/runtime/clients/table.ts';
import { digestOf } from '../shared/runtime/digest.ts';
import { type Settings, styleOf } from '../shared/runtime/settings.ts';
import { defineStep, handlerOf } from '../shared/runtime/step.ts';
import { candidateContext } from '../shared/workflow/candidate-context.ts';
import { halveBatch } from '../shared/workflow/split-batch.ts';
import { brief, HeldState, section, shown } from '../shared/workflow/states.ts';
import type { Derived, OutcomeLine, Resolved, Tested } from '../shared/workflow/step-results.ts';

const foreignEdits = (snapshot: FirewallSnapshot, settings: Settings) =>
  snapshot.pending.filter((edit) => edit.administrator !== settings.FIREWALL_ADMINISTRATOR);

/** What will run after our own commit and, with others' edits pending, also what will once they commit. */
const viewsOf = (snapshot: FirewallSnapshot, settings: Settings): readonly [PolicyView, ...PolicyView[]] => {
  const candidate = { label: 'candidate', policy: snapshot.candidate };
  return foreignEdits(snapshot, settings).length === 0
    ? [candidate]
    : [{ label: 'running', policy: snapshot.running }, candidate];
};

/** Refuses to plan on a firewall that lacks what the settings name. */
const checkFirewall = (snapshot: FirewallSnapshot, settings: Settings): void => {
  checkBottomRule(viewsOf(snapshot, settings), settings.BOTTOM_RULE, foreignEdits(snapshot, settings));
  const missing = missingPrerequisites(snapshot.candidate, {
    zones: { UNTRUST_ZONE: settings.UNTRUST_ZONE, TRUST_ZONE: settings.TRUST_ZONE },
    style: styleOf(settings),
  });
  if (missing.length > 0) throw new NamedError('Misconfigured', `${missing.join('; ')}.`);
};

/** The candidates against the policy as it will be, with the removals made. */
const judge = (
  snapshot: FirewallSnapshot,
  removals: Removals,
  candidates: readonly CandidateRule[],
  settings: Settings,
): readonly Judged[] => {
  const after = ({ label, policy }: PolicyView): PolicyView => ({
    label,
    policy: withRemovals(policy, removals, settings.BOTTOM_RULE),
  });
  const [first, ...more] = viewsOf(snapshot, settings);
  return judgeCandidates({
    views: [after(first), ...more.map(after)],
    bottomRule: settings.BOTTOM_RULE,
    owned: removals.kept.map(({ uuid, contributions }) => ({
      uuid,
      interfaces: [...new Set(contributions.destinations.map((destination) => destination.interface))],
    })),
    removedRules: removals.removals.map(({ uuid }) => uuid),
    candidates,
    pending: foreignEdits(snapshot, settings),
    strictApplications: settings.REFUSE_MORE_APPLICATIONS === 'yes',
  });
};

/**
 * Holds back a plan that would remove much because things vanished from EC2, until somebody approves it by its hash.
 * Null when nothing is held back; else TooMuchToRemove naming the hash.
 */
const checkBrake = (
  recognition: Recognition,
  removals: Removals,
  resolved: Resolved['resolved'],
  settings: Settings,
  approved: readonly string[],
): NamedError | null => {
  const vanished = new Set(resolved.gone.filter((each) => each.vanished).map((each) => each.interface));
  const limits = { interfaces: settings.BRAKE_INTERFACES, share: settings.BRAKE_PERCENT / 100 };
  const loss = vanishedLoss(recognition, removals, vanished, limits);
  if (!loss.tooMuch) return null;
  const hash = digestOf(loss.interfaces.join(' ')).slice(0, 16);
  if (approved.includes(hash)) return null;
  return new NamedError(
    'TooMuchToRemove',
    `${loss.interfaces.length} of ${loss.owned} interfaces with grants are absent in EC2 or no longer routed through the firewall (${loss.interfaces.slice(0, 5).join(', ')}, …). Nothing was written. If that is meant, approve plan ${hash}: start an execution with {"source":"policy-sync","detail-type":"Scheduled resync","id":"…","time":"…","account":"…","region":"…","detail":{"approvePlan":"${hash}"}}.`,
  );
};

const judgedLine = ({ candidate, verdict }: Judged): OutcomeLine => ({
  about: [
    candidate.group,
    ...new Set(candidate.destinations.flatMap((destination) => [destination.instance, destination.interface])),
  ],
  text: `${verdict.kind}: ${candidate.group} ${trafficText(candidate.traffic)}: ${verdict.explanation}`,
});

const outcomeLines = (
  removals: Removals,
  recognition: Recognition,
  judged: readonly Judged[],
): readonly OutcomeLine[] => {
  const owned = new Map(recognition.owned.map(({ record }) => [record.id, record] as const));
  const about = (id: string): readonly string[] => {
    const record = owned.get(id);
    if (record === undefined) return [];
    return [record.group, ...new Set(record.contributions.destinations.map((destination) => destination.instance))];
  };
  return [
    ...removals.removals.map(({ id, name, why }) => ({ about: about(id), text: `removed "${name}": ${why}` })),
    ...removals.shrinks.map(({ id, name, why }) => ({ about: about(id), text: `shrunk "${name}": ${why}` })),
    ...judged.map(judgedLine),
  ];
};

/**
 * Each candidate against the policy as it will be, and what becomes of the rules we own. Reads the firewall once, however many
 * candidates there are. Safe to repeat: it only reads.
 */
export const testRules = defineStep({
  name: 'TestRules',
  of: 'state',
  input: HeldState,
  parts: (surroundings, settings, run) => ({
    ...tableParts(surroundings, settings),
    firewall: firewallPart(surroundings, settings, run),
  }),
  run: async ({ changes, turns, records, workings, firewall, unreadable }, state, { execution }, settings) => {
    const { fence } = state.turn;
    await turns.renew(execution, fence, null);
    const { taken, recorded, resolved } = (await workings.read(execution.name, fence, 'ResolveInterfaces')) as Resolved;
    const { scope, desired } = (await workings.read(execution.name, fence, 'DeriveRules')) as Derived;
    const snapshot = await firewall.snapshot();
    checkFirewall(snapshot, settings);
    const rules = await records.rules();
    const recognition = recognise({
      records: rules,
      candidate: snapshot.candidate,
      running: snapshot.running,
      pending: snapshot.pending,
      administrator: settings.FIREWALL_ADMINISTRATOR,
      bottomRule: settings.BOTTOM_RULE,
      ruleXpath: (name) => firewall.xpathsOf({ kind: 'delete-rule', name })[0] ?? '',
    });
    const removals = planRemovals(recognition, desired, new Set(scope));
    const approved = taken.flatMap(({ change }) => change.approvesPlan ?? []);
    const braked = checkBrake(recognition, removals, resolved, settings, approved);
    if (braked !== null) {
      // It may be somebody else's change in hand that removes so much.
      await halveBatch({ changes, turns, workings, execution, fence }, braked, null);
      throw braked;
    }
    const derived = candidateRules(
      missingGrants(desired, [...removals.kept, ...removals.declined]),
      candidateContext(settings, taken),
    );
    const fitted = fitToDevice(derived, snapshot.candidate, snapshot.destinationNat);
    const judged = judge(snapshot, removals, fitted.candidates, settings);
    const ownUuids = [...rules, ...recognition.repaired].flatMap((record) => record.uuid ?? []);
    const services = settleObjects(await records.objects(), snapshot, new Set(ownUuids));
    const reports: readonly HouseReport[] = [
      ...recognition.reports,
      ...services.reports.map(({ name, text }) => ({ rule: name, what: 'changed' as const, text })),
    ];
    const tested: Tested = {
      digest: digestOf(planDigest(snapshot, rules, settings.BOTTOM_RULE)),
      repaired: [...recognition.repaired, ...removals.repaired],
      forgotten: recognition.forgotten,
      objectsRepaired: services.repaired,
      objectsForgotten: services.forgotten,
      removals: removals.removals,
      shrinks: removals.shrinks,
      moves: removals.moves,
      judged,
      reports,
      notTouched: removals.notTouched,
      lines: outcomeLines(removals, recognition, judged),
    };
    await workings.write(execution.name, fence, 'TestRules', tested);
    const additions = judged.filter(({ verdict }) => verdict.kind === 'needed').length;
    const writes = additions + tested.removals.length + tested.shrinks.length + tested.moves.length;
    const repairs =
      tested.repaired.length + tested.forgotten.length + services.repaired.length + services.forgotten.length;
    const unused = unusedServices(snapshot, services.objects).length;
    return {
      ...state,
      work: writes + repairs + unused > 0 ? 'write' : 'none',
      because:
        writes + repairs + unused > 0
          ? null
          : becauseNothing(
              judged,
              fitted.leftOut,
              recorded.length > 0 ? [] : resolved.leftOut,
              resolved.interfaces.length,
            ),
      tested: section({
        verdicts: shown(
          judged.map((each) => ({
            candidate: `${each.candidate.group} ${trafficText(each.candidate.traffic)}`,
            verdict: each.verdict.kind,
            by: each.verdict.by.slice(0, 10),
            explanation: brief(each.verdict.explanation),
            ...(each.verdict.reservations.length > 0 ? { reservations: each.verdict.reservations.slice(0, 10) } : {}),
          })),
        ),
        remove: shown(tested.removals.map(({ name, why }) => brief(`${name}: ${why}`))),
        shrink: shown(tested.shrinks.map(({ name, why }) => brief(`${name}: ${why}`))),
        move: shown(tested.moves.map(({ name }) => name)),
        leftOut: shown(fitted.leftOut.map(({ what, reason }) => brief(`${what}: ${reason}`))),
        undecidedNat: fitted.undecidedNat,
        unreadableItems: shown(unreadable.map(brief)),
        notTouched: shown(removals.notTouched.map(brief)),
        reports: shown(tested.reports.map(({ text }) => brief(text))),
        pendingOfOthers: [
          ...new Set(
            snapshot.pending
              .map((edit) => edit.administrator)
              .filter((administrator) => administrator !== settings.FIREWALL_ADMINISTRATOR),
          ),
        ],
      }),
    };
  },
});

const becauseNothing = (
  judged: readonly Judged[],
  unfit: readonly LeftOut[],
  leftOut: readonly LeftOut[],
  interfaces: number,
): string => {
  if (judged.length === 0 && interfaces === 0 && leftOut.length > 0) {
    return brief(
      `No interface behind the firewall: ${leftOut.map(({ what, reason }) => `${what}: ${reason}`).join('; ')}.`,
    );
  }
  if (judged.length === 0 && unfit.length > 0) {
    return brief(`Nothing to add: ${unfit.map(({ what, reason }) => `${what}: ${reason}`).join('; ')}.`);
  }
  if (judged.length === 0) return 'The policy already says what EC2 grants.';
  const kinds = new Set(judged.map(({ verdict }) => verdict.kind));
  const words = [...kinds].sort().join(' or ');
  return `Nothing to add: every candidate is ${words} by rules above.`;
};

export const handler = handlerOf(testRules);
