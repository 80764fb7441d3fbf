/**
 * Names that differ from run to run without meaning anything, renamed in the order in which they appear; times as what
 * has passed since the system began, or as nothing but a time where the clock is the machine's.
 */
export interface Normaliser {
  readonly value: (value: unknown, times: Times, field?: string) => unknown;
}

export interface Times {
  readonly startedAt: number;
  readonly isRealTime: boolean;
}

const year = 366 * 24 * 3600 * 1000;

const awsId = '(?:i|eni|sgr|sg|pl|vpc|vpce|subnet|igw|rtb|eipalloc|acl)-[0-9a-f]{8,17}';
const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const iso = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?Z';
const slashed = '\\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d:\\d\\d';
const tokens = new RegExp(
  [
    `(?<uuid>${uuid})`,
    `(?<id>(?<![\\w-])${awsId}(?![0-9a-f]))`,
    `(?<iso>${iso}|${slashed})`,
    '(?<epoch>(?<![\\w.])1[789]\\d{11}(?![\\w.]\\d))',
    '(?<digest>(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{16})(?![0-9a-f]))',
    '(?<=127\\.0\\.0\\.1:)(?<port>\\d+)',
    '(?<=\\bjob |<id>)(?<job>\\d+)\\b',
  ].join('|'),
  'g',
);

/** Fields that hold the number of a job and nothing else. */
const jobFields = new Set(['job', 'commitJob']);

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Text by which things are put in an order that no name of this run has a part in. */
export const masked = (value: unknown): string =>
  JSON.stringify(value).replace(tokens, (_all, ...rest) => {
    const groups = rest.at(-1) as Readonly<Record<string, string | undefined>>;
    return Object.keys(groups).find((name) => groups[name] !== undefined) ?? '';
  });

const plainOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const createNormaliser = (): Normaliser => {
  const given = new Map<string, string>();
  const counts = new Map<string, number>();
  const named = (kind: string, text: string): string => {
    const key = `${kind} ${text}`;
    const known = given.get(key);
    if (known !== undefined) return known;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    given.set(key, `${kind}-${count}`);
    return `${kind}-${count}`;
  };
  const passed = (at: number, { startedAt, isRealTime }: Times): string => {
    const seconds = (at - startedAt) / 1000;
    return isRealTime ? '(time)' : `(${seconds < 0 ? '' : '+'}${seconds} s)`;
  };
  const text = (from: string, times: Times): string =>
    from.replace(tokens, (all: string, ...rest) => {
      const groups = rest.at(-1) as Readonly<Record<string, string | undefined>>;
      const kind = Object.keys(groups).find((name) => groups[name] !== undefined) ?? '';
      if (kind === 'port') return 'port';
      if (kind === 'iso')
        return passed(Date.parse(/\//.test(all) ? `${all.replaceAll('/', '-').replace(' ', 'T')}Z` : all), times);
      if (kind === 'epoch') return passed(Number(all), times);
      return named(kind, all);
    });
  /** What a function failed with, as AWS writes it; without the trace, since files move. */
  const untraced = (from: string): string => {
    if (!from.startsWith('{"errorType"')) return from;
    const { trace: _trace, ...rest } = JSON.parse(from) as Readonly<Record<string, unknown>>;
    return JSON.stringify(rest);
  };
  const number = (value: number, times: Times): unknown => {
    const isNear = (at: number) => Math.abs(at - times.startedAt) < 5 * year;
    if (isNear(value)) return passed(value, times);
    return Number.isInteger(value) && isNear(value * 1000) ? passed(value * 1000, times) : value;
  };
  const value = (from: unknown, times: Times, field = ''): unknown => {
    if (typeof from === 'string')
      return jobFields.has(field) && /^\d+$/.test(from) ? named('job', from) : text(untraced(from), times);
    if (typeof from === 'number') return number(from, times);
    if (Array.isArray(from)) return from.map((one) => value(one, times));
    if (!isPlain(from)) return from;
    const entries = Object.entries(from).toSorted(([a], [b]) => plainOrder(masked(a), masked(b)) || plainOrder(a, b));
    return Object.fromEntries(entries.map(([key, one]) => [text(key, times), value(one, times, key)]));
  };
  return { value };
};
