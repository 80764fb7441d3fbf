import type { Ec2Reads } from '../aws/ec2/ec2.ts';
import { preNatPairs } from '../domain/grants/pre-nat.ts';
import { type Explanations, explainLosses, outdatedFacts, type UnexplainedLoss } from '../domain/plan/losses.ts';
import { scopeSettingsDigest } from '../runtime/settings-digest.ts';
import type { Held } from './held-step.ts';
import type { Derived, Resolved } from './step-results.ts';

type Reads = Pick<Ec2Reads, 'groups' | 'groupRules' | 'prefixLists'>;

/** What EC2 shows of the groups and prefix lists of grants that are lost without a reason so far. */
const readReasons = async (
  reads: Reads,
  unexplained: readonly UnexplainedLoss[],
): Promise<Pick<Explanations, 'groups' | 'groupsWithRules' | 'rules' | 'prefixLists'>> => {
  const groups = await reads.groups(unexplained.map(({ group }) => group));
  const { rules, shown } = await reads.groupRules(groups.map(({ id }) => id));
  const lists = unexplained.flatMap(({ sources }) => sources.flatMap(({ prefixList }) => prefixList ?? []));
  return {
    groups: new Map(groups.map(({ id, vpc }) => [id, vpc])),
    groupsWithRules: new Set(shown),
    rules,
    prefixLists: await reads.prefixLists(lists),
  };
};

/**
 * Of what the records stand for and EC2 no longer grants, what nothing explains, and the facts to write down or drop before
 * the plan is written. Asks EC2 only where something is lost that the interfaces themselves do not explain.
 */
export const losses = async (
  { table: { removalCount, records: recorded }, settings }: Held<unknown>,
  reads: Reads,
  { taken, resolved }: Resolved,
  { scope, candidates }: Pick<Derived, 'scope' | 'candidates'>,
): Promise<Pick<Derived, 'unexplained' | 'facts' | 'outdatedFacts'>> => {
  const records = await recorded.rules();
  const known = await removalCount.facts();
  const counting = resolved.interfaces.map(({ id }) => id);
  const outdated = outdatedFacts(known, records, candidates, counting);
  const digest = await removalCount.settings();
  const seen: Explanations = {
    gone: resolved.gone,
    shown: resolved.shown,
    network: resolved.network,
    firewallTargets: resolved.targets,
    preNatAddresses: preNatPairs(settings.PRE_NAT_ADDRESSES),
    settingsAsBefore: resolved.noRouteTo.length === 0 && (digest === null || digest === scopeSettingsDigest(settings)),
    changes: taken.map((line) => ({ ...line.change, subjects: [line.subject] })),
    facts: new Set([...known].filter((fact) => !outdated.includes(fact))),
    groups: new Map(),
    groupsWithRules: new Set(),
    rules: [],
    prefixLists: [],
  };
  const explain = (said: Explanations) => explainLosses(records, candidates, new Set(scope), said);
  const first = explain(seen);
  const { unexplained, facts } =
    first.unexplained.length === 0 ? first : explain({ ...seen, ...(await readReasons(reads, first.unexplained)) });
  return { unexplained, facts: [...facts].filter((fact) => !seen.facts.has(fact)), outdatedFacts: outdated };
};

/**
 * Writes down what EC2 positively showed, before anything else is written: it stays evidence when EC2 has forgotten it and
 * the plan could not close it. Apart from the records, each of which another step may be writing; by a step beside which
 * no other writes, since a function that lives on must not say what is no longer so.
 */
export const noteFacts = async ({ results, table: { removalCount } }: Held<unknown>): Promise<void> => {
  const { facts, outdatedFacts: outdated } = await results.read('DeriveRules');
  await removalCount.dropFacts(outdated);
  await removalCount.noteFacts(facts);
};
