import type { Policy } from '../policy/policy.ts';
import type { CandidateRule } from '../rules/candidate-rules.ts';
import { wholeFamily } from '../sets/addresses.ts';
import { boxesOverlap } from '../sets/boxes.ts';
import { trafficKey } from '../sets/traffic.ts';
import { type RuleReader, ruleReader } from '../verdict/rule-sets.ts';
import { setsOfCandidate } from '../verdict/verdict-walk.ts';
import {
  asClosure,
  type Closed,
  type ClosureRecord,
  closedByDeclined,
  closedIn,
  closureText,
  leftOf,
  standingIn,
} from './closures.ts';
import type { RuleRecord } from './ownership.ts';
import type { RolledBack } from './rolled-back.ts';

/** What closures are planned from. */
export interface ClosureInputs {
  readonly candidate: Policy;
  readonly running: Policy;
  /** Records of the rules of ours that stand in the candidate or the running configuration. */
  readonly owned: readonly RuleRecord[];
  /** Records whose rules an older configuration has brought back to what they said: nothing was closed in those. */
  readonly rolledBack: RolledBack;
  /** All records: tombstones of an earlier release carry what was declined. */
  readonly records: readonly RuleRecord[];
  readonly stored: readonly ClosureRecord[];
  /** What EC2 grants the interfaces in scope. */
  readonly candidates: readonly CandidateRule[];
  /** Instances in scope, and those among them that count (running, behind the firewall). */
  readonly instances: ReadonlySet<string>;
  readonly counting: ReadonlySet<string>;
  readonly terminated: ReadonlySet<string>;
  readonly unknown: ReadonlySet<string>;
  /** Whether rules are kept by group: what is closed in one of them belongs to the group then. */
  readonly byGroup: boolean;
  /** Names of rules whose closures an operator ends. */
  readonly reopened: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface PlannedClosures {
  /** What no rule written in this run may open. */
  readonly inForce: readonly Closed[];
  /** To be written, and to be dropped, in the table. */
  readonly written: readonly Closed[];
  readonly ended: readonly ClosureRecord[];
  /** Those of instances in scope, in words, with how to open them again. */
  readonly texts: readonly string[];
  /** Of what an operator wanted opened again, what could not be, in words. */
  readonly reports: readonly string[];
}

/** How long no permission may grant anything of a closure before it ends. */
const ungrantedMilliseconds = 24 * 3600 * 1000;

/** Whether a permission grants any session of a closure to its instance. */
const isGranted = (closure: Closed, candidates: readonly CandidateRule[], { applications }: RuleReader): boolean => {
  const { family, instance } = closure;
  const { boxes } = asClosure(closure);
  return candidates.some((candidate) => {
    if (candidate.family !== family || !candidate.destinations.some((to) => to.instance === instance)) return false;
    const { source, slots } = setsOfCandidate('', candidate, applications);
    const asked = slots.maybe.map((slot) => ({
      ...slot,
      source: source.maybe[family],
      destination: wholeFamily[family],
    }));
    return boxes.some((box) => asked.some((other) => boxesOverlap(box, other)));
  });
};

/** The closure with its clock: it runs only while EC2 shows the instance running without such a grant, or not at all; else it is set back. */
const clocked = (
  closure: Closed,
  { candidates, instances, counting, unknown, running, now }: ClosureInputs,
): Closed => {
  if (!counting.has(closure.instance) && !unknown.has(closure.instance))
    return instances.has(closure.instance) && closure.ungrantedSince !== null
      ? { ...closure, ungrantedSince: null }
      : closure;
  const ungrantedSince = isGranted(closure, candidates, ruleReader(running)) ? null : (closure.ungrantedSince ?? now);
  return ungrantedSince === closure.ungrantedSince ? closure : { ...closure, ungrantedSince };
};

/** What becomes of a closure that the table holds; null when it ends. */
const kept = (closure: ClosureRecord, inputs: ClosureInputs, current: ReadonlyMap<string, Closed>): Closed | null => {
  const { owned, running, rolledBack, terminated, reopened, now } = inputs;
  const [standing] = standingIn(
    running,
    owned.filter(({ id }) => id === closure.record && !rolledBack.running.has(id)),
  );
  const { fence: _fence, ...stored } = closure;
  if (terminated.has(closure.instance)) return null;
  const here = current.get(closure.id);
  if (here !== undefined) return { ...here, ungrantedSince: closure.ungrantedSince };
  if (reopened.includes(closure.rule) || reopened.includes(closure.record)) return null;
  const { ungrantedSince } = clocked(stored, inputs);
  const isTold = inputs.counting.has(closure.instance) || inputs.unknown.has(closure.instance);
  if (isTold && ungrantedSince !== null && now - ungrantedSince >= ungrantedMilliseconds) return null;
  if (standing === undefined) return stored;
  // The rule stands for the instance and closes nothing for it: he has opened it again.
  const isOf =
    closure.traffic !== undefined ||
    standing.record.contributions.destinations.some((to) => to.instance === closure.instance);
  if (isOf) return null;
  return leftOf(closure, standing, running, inputs.stored);
};

/** A closure of a group as those of the instances that the group grants its traffic by now. */
const forInstances = (closure: Closed, { candidates }: Pick<ClosureInputs, 'candidates'>): readonly Closed[] => {
  const { traffic, ...one } = closure;
  if (traffic === undefined) return [closure];
  const granted = candidates.filter(
    ({ group, family, traffic: of }) =>
      group === closure.instance && family === closure.family && trafficKey(of) === trafficKey(traffic),
  );
  const instances = new Set(granted.flatMap(({ destinations }) => destinations.map((to) => to.instance)));
  return [...instances].map((instance) => ({ ...one, instance }));
};

const isSame = (one: Closed, other: Closed): boolean => JSON.stringify(one) === JSON.stringify(other);

/**
 * What administrators have closed, as it counts in this run, and what the table must hold of it afterwards. An edit that an
 * administrator has not committed yet counts for what is added, and is not remembered: he may take it back.
 */
export const planClosures = (inputs: ClosureInputs): PlannedClosures => {
  const { candidate, running, owned, rolledBack, records, stored, instances, reopened } = inputs;
  const besides = (back: ReadonlySet<string>) => owned.filter(({ id }) => !back.has(id));
  const { byGroup } = inputs;
  const staged = closedIn(candidate, besides(rolledBack.candidate), byGroup);
  const runs = candidate === running ? staged : closedIn(running, besides(rolledBack.running), byGroup);
  const declined = records.flatMap((record) => closedByDeclined(record, running));
  const current = new Map([...declined, ...runs].map((closure) => [closure.id, closure] as const));
  const after = new Map<string, Closed>();
  const ended: ClosureRecord[] = [];
  const known = new Map(stored.map((closure) => [closure.id, closure] as const));
  for (const closure of stored) {
    const left = kept(closure, inputs, current);
    if (left === null) ended.push(closure);
    else after.set(closure.id, clocked(left, inputs));
  }
  for (const [id, closure] of current) if (!known.has(id)) after.set(id, clocked(closure, inputs));
  const written = [...after.values()].filter((closure) => {
    const before = known.get(closure.id);
    if (before === undefined) return true;
    const { fence: _fence, ...rest } = before;
    return !isSame(closure, rest);
  });
  const more = staged.filter((closure) => {
    const same = after.get(closure.id);
    return same === undefined || !isSame({ ...same, ungrantedSince: null }, closure);
  });
  return {
    inForce: [...after.values(), ...more].flatMap((closure) => forInstances(closure, inputs)),
    reports: reopened.flatMap((name) => {
      if ([...current.values()].some(({ rule, record }) => rule === name || record === name))
        return [`"${name}" still closes it as it stands: undo the edit in that rule.`];
      if (ended.some(({ rule, record }) => rule === name || record === name)) return [];
      return [
        `Nothing that was closed in a rule called "${name}" is known: name the rule as the output of a run lists it.`,
      ];
    }),
    written,
    ended,
    texts: [...after.values(), ...more]
      .filter((closure) => forInstances(closure, inputs).some(({ instance }) => instances.has(instance)))
      .map(
        (closure) =>
          `${closureText(closure)}. To open it again, restore that rule, or start an execution with {"operator":{"reopen":"${closure.rule}"}}.`,
      ),
  };
};
