import type { PolicyView } from '../policy/bottom-rule.ts';
import type { PendingEdit } from '../policy/pending-edits.ts';
import type { Policy } from '../policy/policy.ts';
import { type CandidateRule, idsIn } from '../rules/candidate-rules.ts';
import { fitToDevice } from '../rules/fit-to-device.ts';
import { trafficText } from '../sets/traffic.ts';
import { remarkOnBottomRule } from '../verdict/bottom-remark.ts';
import { decryptionReader, withDecryption } from '../verdict/decryption.ts';
import { judgeCandidates } from '../verdict/verdict.ts';
import type { Judged } from '../verdict/verdict-words.ts';
import { asClosure, standingIn } from './closures.ts';
import { withoutCrowded } from './crowded.ts';
import { cutOffByDecryption } from './cut-off.ts';
import { planDigest } from './digest.ts';
import { following } from './follow.ts';
import { planGrowths } from './growths.ts';
import { handOver } from './handed-over.ts';
import { withMark } from './marking.ts';
import { lackOf, obstacleOf } from './obstacle.ts';
import type { RuleRecord } from './ownership.ts';
import { placing } from './placing.ts';
import type { OutcomeLine, Plan, PlanInputs } from './plan.ts';
import { type PlannedClosures, planClosures } from './plan-closures.ts';
import { type Recognised, type Recognition, recognise } from './recognise.ts';
import { countingRefusals, judgeWithout, putAsideText } from './refusals.ts';
import { remadeRules } from './remade.ts';
import { removeWithinLimit } from './removal-limit.ts';
import { heldTexts, missingCandidates, type Removals, withRemovals } from './removals.ts';
import { type PlannedRewrite, planRewrites, type Rewrites, saysOfRewrite } from './rewrites.ts';
import { bringForward, rolledBackRules } from './rolled-back.ts';
import { settleObjects, unusedServices } from './service-objects.ts';
import { reportUnrecorded } from './unrecorded.ts';

const editsOfOthers = ({ firewall, settings }: PlanInputs): readonly PendingEdit[] =>
  firewall.pending.filter((edit) => edit.administrator !== settings.administrator);

/** What will run after our own commit and, with others' edits pending, also what will once they commit. */
const viewsOf = (inputs: PlanInputs): readonly [PolicyView, ...PolicyView[]] => {
  const { candidate, running } = inputs.firewall;
  const staged = { label: 'candidate', policy: candidate };
  return editsOfOthers(inputs).length === 0 ? [staged] : [{ label: 'running', policy: running }, staged];
};

/** The candidate rules against the policy as it will be, with the removals made. */
const judge = (
  inputs: PlanInputs,
  removals: Removals,
  closures: PlannedClosures,
  candidates: readonly CandidateRule[],
): readonly Judged[] => {
  const { bottomRule, strictApplications, openPushedDenies = false } = inputs.settings;
  const after = ({ label, policy }: PolicyView): PolicyView => ({
    label,
    policy: withRemovals(policy, removals, bottomRule),
  });
  const [first, ...more] = viewsOf(inputs);
  return judgeCandidates({
    views: [after(first), ...more.map(after)],
    bottomRule,
    owned: removals.kept.map(({ uuid, contributions }) => ({
      uuid,
      interfaces: [...new Set(contributions.destinations.map((destination) => destination.interface))],
    })),
    removedRules: removals.removals.map(({ uuid }) => uuid),
    candidates,
    closures: closures.inForce.map(asClosure),
    pending: editsOfOthers(inputs),
    strictApplications,
    openPushedDenies,
  });
};

const judgedLine = ({ candidate, verdict }: Judged): OutcomeLine => ({
  about: idsIn(candidate),
  text: `${verdict.kind}: ${candidate.group} ${trafficText(candidate.traffic)}: ${verdict.explanation}`,
});

const outcomeLines = (
  { removals, shrinks, rewrites }: Pick<Removals, 'removals' | 'shrinks'> & Pick<Rewrites, 'rewrites'>,
  recognition: Recognition,
  judged: readonly Judged[],
): readonly OutcomeLine[] => {
  const owned = new Map(recognition.owned.map(({ record }) => [record.id, record] as const));
  const about = (id: string): readonly string[] => {
    const record = owned.get(id);
    if (record === undefined) return [];
    const held = record.contributions.destinations.flatMap(({ instance, interface: id }) => [instance, id]);
    return [record.group, ...new Set(held)];
  };
  return [
    ...removals.map(({ id, name, why }) => ({ about: about(id), text: `removed "${name}": ${why}` })),
    ...shrinks.map(({ id, name, why }) => ({ about: about(id), text: `shrunk "${name}": ${why}` })),
    ...rewrites.map(({ id, name, why }) => ({
      about: about(id),
      text: `${why.startsWith('grown') ? 'grown' : 'rewritten'} "${name}": ${why}`,
    })),
    ...judged.map(judgedLine),
  ];
};

/**
 * Records of the rules of ours that stand in either configuration. One whose deletion is not committed yet still runs: what an
 * administrator closed in it stays closed until then, and is written down.
 */
const standingSomewhere = (
  { owned }: Recognition,
  records: readonly RuleRecord[],
  running: Policy,
): readonly RuleRecord[] => {
  const staged = owned.map(({ record }) => record);
  const known = new Set(staged.map(({ id }) => id));
  return [...staged, ...standingIn(running, records).flatMap(({ record }) => (known.has(record.id) ? [] : [record]))];
};

/** Rules of ours that the rest of the plan leaves as they are. */
const untouched = ({ owned }: Recognition, { kept, shrinks, moves, repaired }: Removals): readonly Recognised[] => {
  const stays = new Set(kept.map(({ uuid }) => uuid));
  const changed = new Set([...shrinks, ...moves, ...repaired].map(({ id }) => id));
  return owned.filter(({ uuid, record }) => stays.has(uuid) && !changed.has(record.id));
};

/** The removals as if these rules of ours went as well. */
const withoutRules = (removals: Removals, uuids: readonly string[]): Removals => {
  const gone = removals.kept.filter(({ uuid }) => uuids.includes(uuid));
  return {
    ...removals,
    removals: [...removals.removals, ...gone.map(({ record: { id, name }, uuid }) => ({ id, name, uuid, why: '' }))],
    kept: removals.kept.filter((each) => !gone.includes(each)),
  };
};

const refusedRewrites = (
  judging: Parameters<typeof countingRefusals>[0],
): ((rewrite: PlannedRewrite) => string | null) => {
  const counting = countingRefusals(judging);
  return (rewrite) => counting.get(judging.digestOf(saysOfRewrite(rewrite)))?.words ?? null;
};

/**
 * The plan: what is ours is recognised, loses what EC2 grants no more, and what EC2 grants and nothing of ours stands for is
 * held against the policy that remains. Pure: the same inputs make the same plan.
 * On a firewall that lacks what opening needs, it closes only.
 * @throws OwnershipClash
 */
export const makePlan = (inputs: PlanInputs): Plan => {
  const { firewall, objects, candidates, settings, digestOf } = inputs;
  const remade = remadeRules({ ...firewall, records: inputs.rules, granted: candidates });
  const handed = handOver({
    ...firewall,
    asked: inputs.handOver ?? [],
    records: remade.records,
    granted: candidates,
  });
  const rules = handed.records;
  const lack = lackOf(firewall.candidate, viewsOf(inputs), editsOfOthers(inputs), settings);
  const recognised = recognise({
    records: rules,
    candidate: firewall.candidate,
    running: firewall.running,
    pending: firewall.pending,
    administrator: settings.administrator,
    bottomRule: settings.bottomRule,
    ruleXpath: inputs.ruleXpath,
  });
  const rolledBack = rolledBackRules(rules, firewall, digestOf);
  const recognition = bringForward(recognised, rolledBack, inputs.scope);
  const {
    removals: within,
    aside,
    limit,
  } = removeWithinLimit(recognition, candidates, inputs.scope, inputs.limit, settings.limits, digestOf);

  const planned = following(within, recognition, candidates);
  const zones = { from: settings.zones['UNTRUST_ZONE'] ?? '', to: settings.zones['TRUST_ZONE'] ?? '' };
  const kept = new Set(planned.kept.map(({ uuid }) => uuid));
  const placed = placing({
    ...firewall,
    records: rules,
    staying: recognition.owned.filter(({ uuid }) => kept.has(uuid)),
    lowest: inputs.lowest ?? null,
    ...settings,
    zones,
  });
  const removals = { ...planned, moves: lack === null ? [...planned.moves, ...placed.moves] : [] };

  const closures = planClosures({
    ...inputs.closures,
    candidate: firewall.candidate,
    running: firewall.running,
    owned: standingSomewhere(recognition, rules, firewall.running),
    rolledBack,
    records: rules,
    candidates,
  });
  const missing = missingCandidates([...candidates, ...aside], removals.kept);
  const fitted = fitToDevice(missing, firewall.candidate, firewall.destinationNat);
  const decryptionOf = decryptionReader(viewsOf(inputs).map(({ policy }) => policy));
  const judging = {
    ...inputs,
    refused: inputs.refused ?? { refusals: [], run: '', isRedriven: false },
    now: inputs.closures.now,
    candidate: firewall.candidate,
  };
  // Rules follow settings in a resync alone: only that looks at all of them, and may ask for approval.
  const isResync = inputs.limit.own.some(({ subjects }) => subjects.some(({ kind }) => kind === 'everything'));
  const ownNow = new Set(recognition.owned.map(({ uuid }) => uuid));
  const refusedWith = refusedRewrites(judging);
  const opened = (asked: readonly CandidateRule[]) => {
    const { judged, putAside } = judgeWithout(asked, {
      ...judging,
      style: settings.style,
      own: inputs.limit.own,
      judge: (some) => (some.length === 0 ? [] : judge(inputs, removals, closures, some)),
    });
    const growing = planGrowths({
      staying: untouched(recognition, removals),
      ownUuids: ownNow,
      judged,
      policy: firewall.candidate,
      bottomRule: settings.bottomRule,
      style: settings.style,
      refusedWith,
    });
    return { judged, putAside, ...growing };
  };
  const { judged, putAside, growths, carried } = withoutCrowded(
    lack === null ? withDecryption(fitted.candidates, decryptionOf) : [],
    opened,
    {
      most: settings.rulesPerGroup ?? 0,
      owned: recognition.owned,
      kept: removals.kept,
      style: settings.style,
      own: inputs.limit.own,
      digestOf,
    },
  );
  const grown = new Set(growths.map(({ id }) => id));
  const { rewrites: followed, reports: notRewritten } =
    lack === null && isResync
      ? planRewrites({
          staying: untouched(recognition, removals).filter(({ record }) => !grown.has(record.id)),
          ownUuids: ownNow,
          candidates,
          scope: inputs.scope,
          policy: firewall.candidate,
          bottomRule: settings.bottomRule,
          zones,
          style: settings.style,
          limits: settings.limits,
          approved: inputs.limit.approved,
          refusedWith,
          fit: (candidate) =>
            withDecryption(
              fitToDevice([candidate], firewall.candidate, firewall.destinationNat).candidates,
              decryptionOf,
            )[0] ?? null,
          judge: (some, without) => judge(inputs, withoutRules(removals, without), closures, some),
        })
      : { rewrites: [], reports: [] };
  const unrecorded = isResync ? reportUnrecorded(firewall.running, rules, recognition, inputs.mark) : null;
  const marking = withMark(recognition.owned, inputs.mark);
  const rewrites = [...growths, ...followed].map(marking.rewrite);

  const ownUuids = new Set([...rules, ...recognition.repaired].flatMap(({ uuid }) => uuid ?? []));
  const services = settleObjects(objects, firewall, ownUuids);
  return {
    digest: digestOf(planDigest(firewall, inputs.rules, settings.bottomRule)),
    repaired: [
      ...[...remade.remade, ...handed.made].filter(({ id }) => !recognition.repaired.some((each) => each.id === id)),
      ...recognition.repaired,
      ...removals.repaired,
    ],
    forgotten: recognition.forgotten,
    objectsRepaired: services.repaired,
    objectsForgotten: services.forgotten,
    removals: removals.removals,
    shrinks: removals.shrinks.map(marking.shrink),
    moves: removals.moves,
    ...(rewrites.length > 0 ? { rewrites } : {}),
    judged,
    ...(carried.length > 0 ? { carried } : {}),
    putAside,
    alreadyOurs: heldTexts(candidates, removals.kept),
    closuresWritten: closures.written,
    closuresEnded: closures.ended,
    closed: closures.texts,
    leftOut: fitted.leftOut.map(({ what, reason }) => ({ what, reason })),
    undecidedNat: fitted.undecidedNat,
    unused: unusedServices(firewall, services.objects),
    reports: [
      ...remade.reports,
      ...handed.reports,
      ...notRewritten,
      ...[...recognition.reports, ...placed.reports, ...services.reports].map(({ text }) => text),
      ...closures.reports,
      ...cutOffByDecryption(recognition, removals, decryptionOf),
    ],
    ...(unrecorded !== null && unrecorded.rules.length + unrecorded.tables.length > 0 ? { unrecorded } : {}),
    notTouched: removals.notTouched,
    bottomRule: remarkOnBottomRule(firewall.candidate, settings.bottomRule, zones),
    limit,
    obstacle: obstacleOf(inputs.limit, lack, missing, limit.awaiting),
    lines: [
      ...outcomeLines({ ...removals, rewrites }, recognition, judged),
      ...putAside.map((one) => ({ about: one.about, text: putAsideText(one) })),
      ...fitted.leftOut.map(({ what, reason, about }) => ({ about, text: `${what}: ${reason}` })),
    ],
  };
};
