import { z } from 'zod';

const SubjectState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('instance'), id: z.string() }),
  z.object({ kind: z.literal('interface'), id: z.string() }),
  z.object({ kind: z.literal('group'), id: z.string() }),
  z.object({ kind: z.literal('everything') }),
]);

export const ChangeState = z.object({
  kind: z.string(),
  subjects: z.array(SubjectState).readonly(),
  who: z.string(),
  when: z.string(),
  eventId: z.string(),
  announced: z.object({
    instanceStates: z.record(z.string(), z.string()),
    createdRules: z.array(z.string()).readonly(),
    removedRules: z.array(z.string()).readonly(),
  }),
});

/**
 * What RecordChange hands on. `work` decides the way: `none` ends the execution, with the reason. A later plan of the same
 * execution starts from what an earlier one left, so every word of any state may stand here.
 */
export const RecordedState = z.looseObject({
  format: z.literal(1),
  work: z.enum(['pending', 'none', 'handled', 'write', 'commit']),
  because: z.string().nullable(),
  change: ChangeState.nullable(),
});

/** TakeTurn also runs after PlanStale, with what an earlier plan left in the state. */
export const TurnInput = RecordedState.extend({
  change: ChangeState,
  turn: z.looseObject({ attempt: z.number().int(), redriveCount: z.number().int() }).optional(),
});

export type TurnInput = z.infer<typeof TurnInput>;

/** What every state after TakeTurn starts from. */
export const HeldState = z.looseObject({
  format: z.literal(1),
  change: ChangeState,
  turn: z.looseObject({ fence: z.number().int(), attempt: z.number().int(), redriveCount: z.number().int() }),
});
export type HeldState = z.infer<typeof HeldState>;

/** A list as a state shows it: at most fifty lines, and how many there are. The whole is in the working. */
export interface Shown<Line> {
  readonly count: number;
  readonly first: readonly Line[];
}

const mostLines = 50;
/** The execution's own lines first, then the others; each line short enough that fifty fit a state many times over. */
export const shown = <Line>(lines: readonly Line[], isOwn: (line: Line) => boolean = () => false): Shown<Line> => ({
  count: lines.length,
  first: [...lines.filter(isOwn), ...lines.filter((line) => !isOwn(line))].slice(0, mostLines),
});

const isEmpty = (value: unknown): boolean =>
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === 'object' &&
    value !== null &&
    (Object.keys(value).length === 0 || ('count' in value && value.count === 0)));

/** A section of a state's output without its empty lists: the reader sees only what there is. */
export const section = (parts: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(parts).filter(([, value]) => !isEmpty(value)));

const mostCharacters = 600;
/** A text cut for a state's output. */
export const brief = (text: string): string =>
  text.length <= mostCharacters ? text : `${text.slice(0, mostCharacters)}… (${text.length} characters)`;
