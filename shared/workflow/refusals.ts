import { NamedError } from '../domain/errors.ts';
import { additionsOf, type Plan } from '../domain/plan/plan.ts';
import { guiltyIn, namedDigest, type Refusal, saysOf, type Written } from '../domain/plan/refusals.ts';
import { saysOfRewrite } from '../domain/plan/rewrites.ts';
import type { Policy } from '../domain/policy/policy.ts';
import { candidateText } from '../domain/rules/candidate-rules.ts';
import type { RuleStyle } from '../domain/rules/rule-content.ts';
import type { Firewall } from '../panos/firewall.ts';
import { digestOf } from '../runtime/digest.ts';
import type { Execution } from '../runtime/execution.ts';
import { styleOf } from '../runtime/settings.ts';
import type { Held } from './held-step.ts';
import { splitBatch } from './split-batch.ts';

/** Enough for the words of the firewall about one rule. */
const mostCharacters = 1_000;

/** One run of an execution: a redrive by hand is another. */
export const runOf = ({ name, redriveCount }: Pick<Execution, 'name' | 'redriveCount'>): string =>
  `${name} ${redriveCount}`;

type Refusing = Pick<Held<unknown>, 'table' | 'execution' | 'fence' | 'settings'>;

/** What a plan makes the firewall say anew: digest, and words. */
const saidBy = (plan: Plan, style: RuleStyle): readonly Pick<Refusal, 'id' | 'rule'>[] => [
  ...additionsOf(plan).map((addition) => ({ id: digestOf(saysOf(addition, style)), rule: candidateText(addition) })),
  ...(plan.rewrites ?? []).map((rewrite) => ({
    id: digestOf(saysOfRewrite(rewrite)),
    rule: `"${rewrite.name}" rewritten (${rewrite.why})`,
  })),
];

/** Rules that a plan rewrites, by the names that the firewall may call them by. */
const rewritten = (plan: Plan): readonly Written[] =>
  (plan.rewrites ?? []).map((rewrite) => ({ says: digestOf(saysOfRewrite(rewrite)), names: [rewrite.name] }));

/**
 * Suspects the added rules that the firewall's words name, for the next plan to do without. Answers with their words; none when
 * the words name nothing that was added: then what this run suspected before is not to blame either.
 * `candidate`: the candidate configuration, with what was staged withdrawn.
 */
const suspect = async (
  { table: { refusals, records }, execution, fence, settings }: Refusing,
  {
    rejection,
    words,
    written,
    plan,
    candidate,
    now,
  }: {
    readonly rejection: NamedError;
    /** The firewall's own. */
    readonly words: string;
    readonly written: readonly Written[];
    readonly plan: Plan;
    readonly candidate: Policy;
    readonly now: number;
  },
): Promise<readonly string[]> => {
  const run = runOf(execution);
  const known = new Map((await refusals.all()).map((refusal) => [refusal.id, refusal] as const));
  const guilty = new Set(guiltyIn(words, [...written, ...rewritten(plan)]).map(({ says }) => says));
  if (guilty.size === 0) {
    for (const refusal of known.values()) {
      if (refusal.state === 'suspected' && refusal.triedBy === run) await refusals.drop(refusal, fence);
    }
    return [];
  }
  const kept = words.slice(0, mostCharacters);
  const named = namedDigest(kept, {
    candidate,
    rules: await records.rules(),
    objects: await records.objects(),
    digestOf,
  });
  const texts: string[] = [];
  for (const { id, rule } of saidBy(plan, styleOf(settings))) {
    if (!guilty.has(id)) continue;
    const before = known.get(id);
    const refusal: Refusal = {
      id,
      rule,
      name: rejection.name,
      words: kept,
      named,
      state: 'suspected',
      triedBy: run,
      since: before?.since ?? now,
      triedAt: now,
      tries: (before?.tries ?? 0) + 1,
    };
    await refusals.put(refusal, fence);
    texts.push(refusal.rule);
  }
  return texts;
};

/**
 * What follows when the firewall refuses a plan, at writing or at committing, and what was staged is withdrawn: the next one
 * does without the added rules that its words name, or is smaller where they name none.
 * @throws PlanStale to plan again; the rejection when nothing is left to do without
 */
export const afterRefusal = async (
  held: Held<unknown>,
  refused: Omit<Parameters<typeof suspect>[1], 'candidate'> & { readonly firewall: Pick<Firewall, 'candidate'> },
): Promise<never> => {
  const { rejection, words, plan, firewall } = refused;
  const without = await suspect(held, { ...refused, candidate: await firewall.candidate() });
  if (without.length === 0) return splitBatch(held, rejection, plan);
  await held.table.turns.note(held.execution, held.fence, { progressed: true });
  throw new NamedError(
    'PlanStale',
    `The firewall refused ${without.join('; ')} (${words}); the next plan goes without.`,
    {
      cause: rejection,
    },
  );
};

/**
 * What follows once a plan was carried out: the rules it did without are put aside, since the firewall took the rest; those that
 * it took after all are forgotten.
 */
export const settleRefusals = async (
  { table: { refusals }, execution, fence, settings }: Refusing,
  plan: Plan,
): Promise<void> => {
  const known = await refusals.all();
  if (known.length === 0) return;
  const taken = new Set(saidBy(plan, styleOf(settings)).map(({ id }) => id));
  for (const refusal of known) {
    if (taken.has(refusal.id)) await refusals.drop(refusal, fence);
    else if (refusal.state === 'suspected' && refusal.triedBy === runOf(execution)) {
      await refusals.put({ ...refusal, state: 'put aside' }, fence);
    }
  }
};
