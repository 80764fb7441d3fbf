import type { OperatorAct } from '../../domain/change.ts';
import { resyncDetailType, resyncSource } from './event-envelope.ts';
import { isId, membersOf, notUnderstood, optionalPart, type Part, textOf } from './event-fields.ts';

/** Interfaces that may lose their grants: a list of ids, none left out. */
const approve = (operator: Part): OperatorAct => {
  const path = 'operator.approve';
  const named = membersOf(operator, 'approve').map(({ value }) => value);
  if (named.length === 0) throw notUnderstood(path, 'a list of interface ids eni-…', operator.fields['approve']);
  const interfaces = named.map((value) => {
    if (typeof value !== 'string' || !isId(value, 'eni')) throw notUnderstood(path, 'interface ids eni-…', value);
    return value;
  });
  return { approve: [...new Set(interfaces)].sort() };
};

/** The name of one rule. */
const reopen = (operator: Part): OperatorAct => ({ reopen: textOf(operator, 'reopen') });

const adopt = (operator: Part): OperatorAct => ({ adopt: textOf(operator, 'adopt') });
const remove = (operator: Part): OperatorAct => ({ remove: textOf(operator, 'remove') });
const revert = (operator: Part): OperatorAct => ({ revert: textOf(operator, 'revert') });

/** Every verb an operator has, each decoding its own value. */
const verbs: Readonly<Record<string, (operator: Part) => OperatorAct>> = {
  approve,
  reopen,
  adopt,
  remove,
  revert,
};

/**
 * What an operator asks for in an event's detail: `{"operator":{VERB:…}}` with exactly one verb; null when nothing.
 * @throws EventNotUnderstood naming the verbs there are
 */
export const operatorActIn = (detail: Part): OperatorAct | null => {
  const operator = optionalPart(detail, 'operator');
  if (operator === null) return null;
  const [verb = '', ...more] = Object.keys(operator.fields);
  const decode = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (decode === undefined || more.length > 0) {
    throw notUnderstood('operator', `exactly one of ${Object.keys(verbs).join(', ')}`, operator.fields);
  }
  return decode(operator);
};

/**
 * An execution's input as the event it stands for: an operator starts one with `{"operator":{VERB:…}}` and nothing else,
 * which is a resync that also does what the verb says. Every other input is an event already.
 */
export const eventFromInput = (
  input: unknown,
  execution: { readonly name: string; readonly startTime: string },
  origin: { readonly account: string | null; readonly region: string | null },
): unknown => {
  const isBare =
    typeof input === 'object' && input !== null && 'operator' in input && !('source' in input) && !('detail' in input);
  if (!isBare) return input;
  return {
    source: resyncSource,
    'detail-type': resyncDetailType,
    id: execution.name,
    time: execution.startTime,
    account: origin.account ?? 'any',
    region: origin.region ?? 'any',
    detail: { operator: input.operator },
  };
};
