import type { Change } from '../change.ts';
import type { ErrorName } from '../errors.ts';
import { asksFor } from './obstacle.ts';
import type { Plan } from './plan.ts';
import { asksForRule, type PutAside, putAsideText } from './refusals.ts';

/** Why something of a plan is not carried out. */
interface Failure {
  readonly name: ErrorName;
  readonly message: string;
}

const refusedWords = ([first, ...more]: readonly PutAside[]): Failure | null => {
  if (first === undefined) return null;
  const others = more.length === 0 ? '' : ` And ${more.length} more candidate rules.`;
  return { name: first.name, message: `${putAsideText(first)}${others}` };
};

/** What the execution fails with once the rest of the plan is carried out; null when its own subjects lack nothing. */
export const failureOf = ({ obstacle, putAside = [], limit }: Plan): Failure | null =>
  obstacle?.isOwn === true ? obstacle : (refusedWords(putAside.filter(({ isOwn }) => isOwn)) ?? limit.fails);

/** What a change still lacks once the plan is carried out; null: nothing. To a resync what is put aside is no lack. */
export const lackingFor = ({ obstacle, putAside = [] }: Plan, change: Change): Failure | null =>
  obstacle && asksFor(change, obstacle.about ?? null)
    ? obstacle
    : refusedWords(putAside.filter(({ about }) => asksForRule(change, about)));
