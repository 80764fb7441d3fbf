import { NamedError } from '../domain/errors.ts';
import { additionsOf, type Plan } from '../domain/plan/make-plan.ts';
import { guiltyIn, namedDigest, type Refusal, saysOf, type Written } from '../domain/plan/refusals.ts';
import type { Policy } from '../domain/policy/policy.ts';
import { candidateText } from '../domain/rules/candidate-rules.ts';
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
  const guilty = new Set(guiltyIn(words, written).map(({ says }) => says));
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
  for (const addition of additionsOf(plan)) {
    const id = digestOf(saysOf(addition, styleOf(settings)));
    if (!guilty.has(id)) continue;
    const before = known.get(id);
    const refusal: Refusal = {
      id,
      rule: candidateText(addition),
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
  const without = new Set(plan.putAside?.map(({ id }) => id));
  const taken = new Set(additionsOf(plan).map((addition) => digestOf(saysOf(addition, styleOf(settings)))));
  for (const refusal of known) {
    if (taken.has(refusal.id)) await refusals.drop(refusal, fence);
    else if (refusal.state === 'suspected' && refusal.triedBy === runOf(execution) && without.has(refusal.id)) {
      await refusals.put({ ...refusal, state: 'put aside' }, fence);
    }
  }
};
