import { z } from 'zod';
import type { AnnouncedFact } from '../domain/announced-facts.ts';
import type { Announced } from '../domain/change.ts';

const SubjectState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('instance'), id: z.string() }),
  z.object({ kind: z.literal('interface'), id: z.string() }),
  z.object({ kind: z.literal('group'), id: z.string() }),
  z.object({ kind: z.literal('everything') }),
]);

const permission = {
  protocol: z.string(),
  fromPort: z.number().nullable(),
  toPort: z.number().nullable(),
  source: z.string(),
};
const strings = z.array(z.string()).readonly();

/** One kind of fact each; what an earlier version wrote has none. */
const factState: z.ZodType<AnnouncedFact> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('groups'), of: z.string(), groups: strings }),
  z.object({ kind: z.literal('address'), interface: z.string(), address: z.string(), held: z.boolean() }),
  z.object({
    kind: z.literal('attached'),
    interface: z.string(),
    instance: z.string(),
    attachment: z.string().nullable(),
  }),
  z.object({ kind: z.literal('detached'), attachment: z.string() }),
  z.object({ kind: z.literal('interface'), id: z.string(), there: z.boolean() }),
  z.object({ kind: z.literal('rule'), group: z.string(), id: z.string(), permission: z.object(permission) }),
  z.object({ kind: z.literal('group deleted'), id: z.string() }),
  z.object({
    kind: z.literal('prefix list'),
    id: z.string(),
    version: z.number().nullable(),
    added: strings,
    removed: strings,
  }),
  z.object({ kind: z.literal('route'), table: z.string(), destination: z.string(), target: z.string().nullable() }),
  z.object({ kind: z.literal('association'), id: z.string(), table: z.string().nullable() }),
  z.object({ kind: z.literal('range'), association: z.string(), there: z.boolean() }),
  z.object({ kind: z.literal('propagation'), table: z.string(), gateway: z.string(), on: z.boolean() }),
  z.object({ kind: z.literal('routes to'), target: z.string(), tables: strings.nullable(), there: z.boolean() }),
]);

const announced = z.object({
  instanceStates: z.record(z.string(), z.string()),
  createdRules: strings,
  removedRules: strings,
  revokedPermissions: z.array(z.object(permission)).readonly().exactOptional(),
  createdPermissions: z
    .array(z.object({ ...permission, rule: z.string().nullable() }))
    .readonly()
    .exactOptional(),
  facts: z.array(factState).readonly().exactOptional(),
});

export const AnnouncedState: z.ZodType<Announced> = announced;

export const ChangeState = z.object({
  kind: z.string(),
  subjects: z.array(SubjectState).readonly(),
  who: z.string(),
  when: z.string(),
  eventId: z.string(),
  announced,
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
