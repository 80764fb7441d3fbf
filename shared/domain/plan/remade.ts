import type { Policy } from '../policy/policy.ts';
import { localRules } from '../policy/policy.ts';
import { GrantIndex } from './grant-index.ts';
import { lookAlikes } from './look-alikes.ts';
import type { RuleRecord } from './ownership.ts';

/** Records of rules that an administrator made again, each with the uuid of the rule that stands now. */
export interface Remade {
  /** All records, those of remade rules as they are by now. */
  readonly records: readonly RuleRecord[];
  readonly remade: readonly RuleRecord[];
  readonly reports: readonly string[];
}

/**
 * A rule of ours that is gone, and that an administrator made again under its name with exactly its content, is ours again when
 * EC2 grants all that it says: it is his way of opening again what he took away. One that says anything that is not granted is
 * never taken over. Where several stand under other uuids at once, a configuration was loaded without uuids, and no administrator made
 * them: these are reported (see `lookAlikes`).
 */
export const remadeRules = (house: {
  readonly records: readonly RuleRecord[];
  readonly candidate: Policy;
  readonly running: Policy;
  /** What EC2 grants the interfaces in scope. */
  readonly granted: Parameters<typeof GrantIndex.of>[0];
}): Remade => {
  const { records, candidate, running, granted } = house;
  const [staged, runs] = [localRules(candidate), localRules(running)];
  const standing = new Set([...staged, ...runs].map(({ uuid }) => uuid));
  const likeStaged = lookAlikes(records, staged);
  const likeRuns = lookAlikes(records, runs);
  const found = records.flatMap((record) => {
    if (record.state === 'intended' || standing.has(record.uuid)) return [];
    const [one, other] = [likeStaged(record), likeRuns(record)];
    if (one?.uuid == null || one.uuid !== other?.uuid || one.disabled || other.disabled) return [];
    return [{ record, uuid: one.uuid }];
  });
  const [only, ...more] = found;
  const none = { records, remade: [], reports: [] };
  if (only === undefined || more.length > 0) return none;
  const { record, uuid } = only;
  const index = GrantIndex.of(granted);
  const { sources, destinations } = record.contributions;
  const isGranted = destinations.every((to) => sources.every((from) => index.has(record, to, from)));
  if (!isGranted || sources.length === 0 || destinations.length === 0) return none;
  const again: RuleRecord = { ...record, state: 'owned', uuid, intent: null };
  return {
    records: records.map((each) => (each === record ? again : each)),
    remade: [again],
    reports: [
      `"${record.name}" with uuid ${record.uuid} is gone, and a rule of the same name and content stands with uuid ${uuid}. EC2 grants all that it says, so it is this system's again.`,
    ],
  };
};
