import { isDefaultRule, type PolicyView, rulesAbove, rulesBelow } from '../policy/bottom-rule.ts';
import type { SecurityRule } from '../policy/policy.ts';
import type { CandidateRule } from '../rules/candidate-rules.ts';
import type { AddressFamily } from '../sets/addresses.ts';
import { type Closure, setsOfClosure } from './closure-sets.ts';
import { indexRules, type RuleIndex, type RuleReader, type RuleSets, ruleReader } from './rule-sets.ts';
import { setsOfCandidate } from './verdict-walk.ts';

/** One view, ready to be asked about many candidates. Holds the rules accepted so far in this run. */
export interface OpenView {
  readonly label: string;
  readonly policy: PolicyView['policy'];
  readonly reader: RuleReader;
  readonly indexFor: (candidate: CandidateRule) => RuleIndex;
  /** The bottom rule and those below it. */
  readonly belowFor: (candidate: CandidateRule) => RuleIndex;
  readonly accept: (name: string, candidate: CandidateRule) => void;
}

export const openView = (
  view: PolicyView,
  bottomRule: string,
  ownedInterfaces: ReadonlyMap<string, ReadonlySet<string>>,
  removed: ReadonlySet<string>,
  closures: readonly Closure[] = [],
): OpenView => {
  const reader = ruleReader(view.policy);
  const stands = (rule: SecurityRule): boolean => rule.uuid === null || !removed.has(rule.uuid);
  const ownersOf = (rule: SecurityRule): RuleSets['onlyFor'] => {
    const interfaces = rule.uuid === null ? undefined : ownedInterfaces.get(rule.uuid);
    return interfaces === undefined ? null : (destination) => interfaces.has(destination.interface);
  };
  const setsOf = (rules: readonly SecurityRule[]): RuleSets[] =>
    rules
      .filter((rule) => stands(rule) && !rule.disabled)
      .map((rule) => ({
        ...reader.sets(rule, ownersOf(rule)),
        isPushed: rule.rulebase === 'pushed-post' && isDefaultRule(bottomRule),
      }));
  const above = setsOf(rulesAbove(view.policy, bottomRule));
  // Below every rule that stands, and above what is accepted in this run.
  above.push(...closures.flatMap(setsOfClosure));
  const below = setsOf(rulesBelow(view.policy, bottomRule));
  const belowIndexes = new Map<string, RuleIndex>();
  const indexes = new Map<string, { readonly family: AddressFamily; readonly index: RuleIndex }>();
  const zones = ({ from, to }: CandidateRule): string => `${from}\n${to}`;
  return {
    label: view.label,
    policy: view.policy,
    reader,
    indexFor: (candidate) => {
      const key = `${zones(candidate)}\n${candidate.family}`;
      const before = indexes.get(key);
      if (before !== undefined) return before.index;
      const index = indexRules(above, candidate.from, candidate.to, candidate.family);
      indexes.set(key, { family: candidate.family, index });
      return index;
    },
    belowFor: (candidate) => {
      const key = `${zones(candidate)}\n${candidate.family}`;
      const index = belowIndexes.get(key) ?? indexRules(below, candidate.from, candidate.to, candidate.family);
      belowIndexes.set(key, index);
      return index;
    },
    accept: (name, candidate) => {
      const sets = setsOfCandidate(name, candidate, reader.applications);
      above.push(sets);
      // Indexes of other zones or families made so far cannot meet it; later ones start from `above`.
      indexes.get(`${zones(candidate)}\n${candidate.family}`)?.index.append(sets);
    },
  };
};
