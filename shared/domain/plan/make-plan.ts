import type { LeftOut } from '../grants/grants.ts';
import type { PolicyView } from '../policy/bottom-rule.ts';
import type { PendingEdit } from '../policy/pending-edits.ts';
import type { Policy } from '../policy/policy.ts';
import { type CandidateRule, idsIn } from '../rules/candidate-rules.ts';
import type { DestinationTranslation } from '../rules/destination-nat.ts';
import { fitToDevice } from '../rules/fit-to-device.ts';
import type { Prerequisites } from '../rules/prerequisites.ts';
import { trafficText } from '../sets/traffic.ts';
import { remarkOnBottomRule } from '../verdict/bottom-remark.ts';
import { decryptionReader, withDecryption } from '../verdict/decryption.ts';
import { judgeCandidates } from '../verdict/verdict.ts';
import type { Judged } from '../verdict/verdict-words.ts';
import { asClosure, type Closed, type ClosureRecord } from './closures.ts';
import { cutOffByDecryption } from './cut-off.ts';
import { planDigest } from './digest.ts';
import { following } from './follow.ts';
import { planGrowths } from './growths.ts';
import { lackOf, type Obstacle, obstacleOf } from './obstacle.ts';
import type { ObjectRecord, RuleRecord } from './ownership.ts';
import { placing } from './placing.ts';
import { type ClosureInputs, type PlannedClosures, planClosures } from './plan-closures.ts';
import { type Recognised, type Recognition, recognise } from './recognise.ts';
import { countingRefusals, judgeWithout, type PutAside, putAsideText, type Refused } from './refusals.ts';
import { remadeRules } from './remade.ts';
import { type LimitInputs, type LimitOutcome, type RemovalLimits, removeWithinLimit } from './removal-limit.ts';
import {
  heldTexts,
  missingCandidates,
  type PlannedMove,
  type PlannedRemoval,
  type PlannedShrink,
  type Removals,
  withRemovals,
} from './removals.ts';
import { type PlannedRewrite, planRewrites, type Rewrites, saysOfRewrite } from './rewrites.ts';
import { settleObjects, unusedServices } from './service-objects.ts';

/** The firewall as it was read once. */
export interface FirewallRead {
  readonly candidate: Policy;
  /** The same value as `candidate` when nothing is pending. */
  readonly running: Policy;
  readonly pending: readonly PendingEdit[];
  readonly destinationNat: readonly DestinationTranslation[];
}

export interface PlanSettings extends Prerequisites {
  /** The account that only this system uses. */
  readonly administrator: string;
  readonly bottomRule: string;
  readonly limits: RemovalLimits;
  /** Adds no rule that would open more applications than an administrator allows for the same ports. */
  readonly strictApplications: boolean;
  /** Opens also what rules that a Panorama pushed below the local ones may deny. */
  readonly openPushedDenies?: boolean;
}

/** Everything a plan is made from; each read now. */
export interface PlanInputs {
  readonly firewall: FirewallRead;
  readonly rules: readonly RuleRecord[];
  readonly objects: readonly ObjectRecord[];
  /** What EC2 grants the interfaces in scope, as rules. */
  readonly candidates: readonly CandidateRule[];
  /** Interfaces the plan decides about: what others hold stays as it is. */
  readonly scope: ReadonlySet<string>;
  /** What the table holds of closures, and what else they hang on. */
  readonly closures: Omit<ClosureInputs, 'candidate' | 'running' | 'owned' | 'records' | 'candidates'>;
  /** What vanished, and how much of it may go. */
  readonly limit: LimitInputs;
  readonly settings: PlanSettings;
  /** What the firewall refused before. Absent: nothing. */
  readonly refused?: Refused;
  /** The lowest rules of others in the last proven order, by uuid, the lowest last; null or absent when never recorded. */
  readonly lowest?: readonly string[] | null;
  /** The xpath of a local rule's entry. */
  readonly ruleXpath: (name: string) => string;
  /** SHA-256 in hex. */
  readonly digestOf: (text: string) => string;
}

/** What happened or happens, in words, and whom it concerns: interface, instance and group ids. */
export interface OutcomeLine {
  readonly about: readonly string[];
  readonly text: string;
}

/**
 * What this run does to the firewall and to the records, and why: decided whole, before anything is written. `digest` tells
 * whether what it relied on still holds. Kept whole in the table, also what only a reader asks for.
 */
export interface Plan {
  readonly digest: string;
  /** Records of rules to write as they are, and to drop. */
  readonly repaired: readonly RuleRecord[];
  readonly forgotten: readonly RuleRecord[];
  /** The same of service objects. */
  readonly objectsRepaired: readonly ObjectRecord[];
  readonly objectsForgotten: readonly ObjectRecord[];
  readonly removals: readonly PlannedRemoval[];
  readonly shrinks: readonly PlannedShrink[];
  readonly moves: readonly PlannedMove[];
  /** Rules of ours that settings would write otherwise by now, or that grow. Absent: none. */
  readonly rewrites?: readonly PlannedRewrite[];
  /** Every candidate rule that nothing of ours stands for, with its verdict: the `needed` ones are added. */
  readonly judged: readonly Judged[];
  /** Places, in `judged`, of the needed candidate rules that standing rules carry by growing. Absent: none. */
  readonly carried?: readonly number[];
  /** Candidate rules that are needed and that the firewall refused: the plan does without. Absent: none. */
  readonly putAside?: readonly PutAside[];
  /** Candidate rules that are not judged, or not all of them, in words: rules of ours stand for them already. */
  readonly alreadyOurs: readonly string[];
  /** Closures to write, and to drop, in the table. */
  readonly closuresWritten: readonly Closed[];
  readonly closuresEnded: readonly ClosureRecord[];
  /** What administrators have closed for the instances in scope, in words, with how to open it again. */
  readonly closed: readonly string[];
  /** What the firewall cannot carry, and why. */
  readonly leftOut: readonly LeftOut[];
  /** NAT rules of which it is not known what they translate to. */
  readonly undecidedNat: readonly string[];
  /** Service objects of ours that nothing uses any more. */
  readonly unused: readonly string[];
  /** What others did to rules and service objects of ours. */
  readonly reports: readonly string[];
  /** Owned rules that should change but that another administrator is editing. */
  readonly notTouched: readonly string[];
  /** That the bottom rule allows, or does not match, what our rules are about; null or absent when it denies it. */
  readonly bottomRule?: string | null;
  /** What vanished: what goes of it, and what waits for approval. */
  readonly limit: LimitOutcome;
  /** What keeps this plan from opening anything, when there is something to open; what it closes goes on. Null or absent otherwise. */
  readonly obstacle?: Obstacle | null;
  /** One line of outcome for each thing decided. */
  readonly lines: readonly OutcomeLine[];
}

/** The candidate rules of a plan that are added as rules of their own. */
export const additionsOf = ({ judged, carried = [] }: Pick<Plan, 'judged' | 'carried'>): readonly CandidateRule[] => {
  const grown = new Set(carried);
  return judged.flatMap(({ candidate, verdict }, at) =>
    verdict.kind === 'needed' && !grown.has(at) ? [candidate] : [],
  );
};

/** Whether a plan takes access away; and whether it does anything else to the firewall. */
export const closes = ({ removals, shrinks }: Pick<Plan, 'removals' | 'shrinks'>): boolean =>
  removals.length + shrinks.length > 0;
export const opens = (plan: Pick<Plan, 'judged' | 'moves' | 'rewrites'>): boolean =>
  additionsOf(plan).length + plan.moves.length + (plan.rewrites?.length ?? 0) > 0;

/** The plan without all that only opens. */
export const closingOf = (plan: Plan): Plan => ({ ...plan, judged: [], moves: [], rewrites: [] });

/** Whether a plan changes anything, on the firewall or in the records. */
export const changesAnything = (plan: Plan): boolean =>
  closes(plan) ||
  opens(plan) ||
  [
    plan.unused,
    plan.closuresWritten,
    plan.closuresEnded,
    plan.repaired,
    plan.forgotten,
    plan.objectsRepaired,
    plan.objectsForgotten,
  ].some((part) => part.length > 0);

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
  const { records: rules, remade, reports } = remadeRules({ ...firewall, records: inputs.rules, granted: candidates });
  const lack = lackOf(firewall.candidate, viewsOf(inputs), editsOfOthers(inputs), settings);
  const recognition = recognise({
    records: rules,
    candidate: firewall.candidate,
    running: firewall.running,
    pending: firewall.pending,
    administrator: settings.administrator,
    bottomRule: settings.bottomRule,
    ruleXpath: inputs.ruleXpath,
  });
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
    owned: recognition.owned.map(({ record }) => record),
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
  const { judged, putAside } = judgeWithout(lack === null ? withDecryption(fitted.candidates, decryptionOf) : [], {
    ...judging,
    style: settings.style,
    own: inputs.limit.own,
    judge: (some) => (some.length === 0 ? [] : judge(inputs, removals, closures, some)),
  });
  const ownNow = new Set(recognition.owned.map(({ uuid }) => uuid));
  const refusedWith = refusedRewrites(judging);
  const { growths, carried } = planGrowths({
    staying: untouched(recognition, removals),
    ownUuids: ownNow,
    judged,
    policy: firewall.candidate,
    bottomRule: settings.bottomRule,
    style: settings.style,
    refusedWith,
  });
  const grown = new Set(growths.map(({ id }) => id));
  const { rewrites: followed, reports: notRewritten } =
    lack === null
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
  const rewrites = [...growths, ...followed];

  const ownUuids = new Set([...rules, ...recognition.repaired].flatMap(({ uuid }) => uuid ?? []));
  const services = settleObjects(objects, firewall, ownUuids);
  return {
    digest: digestOf(planDigest(firewall, inputs.rules, settings.bottomRule)),
    repaired: [
      ...remade.filter(({ id }) => !recognition.repaired.some((each) => each.id === id)),
      ...recognition.repaired,
      ...removals.repaired,
    ],
    forgotten: recognition.forgotten,
    objectsRepaired: services.repaired,
    objectsForgotten: services.forgotten,
    removals: removals.removals,
    shrinks: removals.shrinks,
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
      ...reports,
      ...notRewritten,
      ...[...recognition.reports, ...placed.reports, ...services.reports].map(({ text }) => text),
      ...closures.reports,
      ...cutOffByDecryption(recognition, removals, decryptionOf),
    ],
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
