import { NamedError } from '../domain/errors.ts';
import type { Policy } from '../domain/policy/policy.ts';
import {
  decryptedApplications,
  icmpApplications,
  protocolApplications,
  wellKnownPorts,
} from '../domain/rules/app-ids.ts';
import type { DestinationTranslation } from '../domain/rules/destination-nat.ts';
import { findCommit, queueCommit, readJob, unfinishedCommits } from './commit-jobs.ts';
import { type ApiKey, connect, type TimeLimits } from './connection.ts';
import { readDevice, readFullCommitRequired } from './device-state.ts';
import { disableStaged } from './disable-staged.ts';
import { xpathsOf } from './edits.ts';
import type { Firewall, Send } from './firewall.ts';
import { namingHolders, readLocks, releaseConfigLock, releaseOwnLocks, takeConfigLock } from './locks.ts';
import { emptyScope } from './objects-reader.ts';
import { otherDifferences } from './other-differences.ts';
import { askPolicyMatch } from './policy-match.ts';
import {
  candidateParts,
  platformLimits,
  policyFrom,
  predefinedFor,
  pushedParts,
  ruleWritingSettings,
  runningParts,
} from './read-configuration.ts';
import { destinationNatFrom } from './rules-reader.ts';
import { unchangedAt } from './staged-entries.ts';
import { readPendingEdits } from './wide-lines.ts';
import { revertPartially, withdraw } from './withdraw.ts';
import { writeEdits } from './write.ts';
import { places } from './xpath.ts';

/** What a client of one firewall needs. */
export interface FirewallOptions extends TimeLimits {
  readonly send: Send;
  /** Asked before each request, and again once when the key is refused. Surrounding white space is dropped. */
  readonly apiKey: ApiKey;
  /** E.g. `vsys1`. */
  readonly vsys: string;
  /** The account the key belongs to; its edits are ours. */
  readonly administrator: string;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Predefined applications to read beside those that rules name and those of the App-ID tables. */
  readonly applications?: readonly string[];
  /** How long one read may take, connecting excluded; a write or commit may take twice that. Default 60000. */
  readonly timeoutMilliseconds?: number | undefined;
}

/** Every application that rules of ours may be written with. */
const tableApplications = [
  ...new Set([
    ...wellKnownPorts.flatMap(({ application, needs }) => [application, ...needs]),
    ...[icmpApplications[4], icmpApplications[6]].flatMap(({ all, echo }) => [...all, echo]),
    ...Object.values(protocolApplications),
    ...decryptedApplications.map(({ becomes }) => becomes),
  ]),
];

/** Read always: rules of ours may use them when their value is as expected. */
const wantedServices = ['service-http', 'service-https'];

/** Each translation once, whether it runs or is about to. */
const natOf = (rules: readonly DestinationTranslation[]): readonly DestinationTranslation[] => [
  ...new Map(rules.map((rule) => [JSON.stringify([rule.name, rule.translatedAddress]), rule])).values(),
];

/**
 * A firewall over the XML API.
 * @throws Misconfigured for a vsys or administrator that no firewall has.
 */
export const createFirewall = (options: FirewallOptions): Firewall => {
  const { vsys, administrator } = options;
  if (!/^[A-Za-z0-9._-]{1,31}$/.test(vsys)) {
    throw new NamedError('Misconfigured', `${JSON.stringify(vsys)} is no vsys name such as vsys1`);
  }
  if (!/^[A-Za-z0-9_.@\\-][A-Za-z0-9_.@\\ -]{0,62}$/.test(administrator)) {
    throw new NamedError('Misconfigured', `${JSON.stringify(administrator)} is no administrator name`);
  }
  const place = places(vsys);
  const connection = connect({ ...options, timeoutMilliseconds: options.timeoutMilliseconds ?? 60_000 });
  const wanted = {
    applications: [...tableApplications, ...(options.applications ?? [])],
    services: wantedServices,
  };

  // For proving and reading back: what is predefined is not read again.
  const ownPolicy = async (read: typeof candidateParts): Promise<Policy> => {
    const [parts, pushed] = await Promise.all([read(connection, place), pushedParts(connection, place, vsys)]);
    return policyFrom(parts, pushed, emptyScope);
  };

  return {
    device: () => readDevice(connection),
    snapshot: async () => {
      const [parts, pushed, limits, settings] = await Promise.all([
        candidateParts(connection, place),
        pushedParts(connection, place, vsys),
        platformLimits(connection, place),
        ruleWritingSettings(connection, place),
      ]);
      // After the candidate: an edit made in between is then listed, and the candidate never passes for what runs.
      const pending = await readPendingEdits(connection, place);
      const runningNow = pending.length === 0 ? null : await runningParts(connection, place);
      const configurations = runningNow === null ? [parts] : [parts, runningNow];
      const predefined = await predefinedFor(connection, place, configurations, pushed, wanted);
      const candidate = policyFrom(parts, pushed, predefined);
      return {
        candidate,
        running: runningNow === null ? candidate : policyFrom(runningNow, pushed, predefined),
        pending,
        destinationNat: natOf(configurations.flatMap(({ vsys: entry }) => destinationNatFrom(entry, pushed.vsys))),
        settings,
        limits,
      };
    },
    running: () => ownPolicy(runningParts),
    candidate: () => ownPolicy(candidateParts),
    pendingEdits: () => readPendingEdits(connection, place),
    ruleXpath: place.rule,
    serviceXpath: place.service,
    xpathsOf: (edit) => xpathsOf(place, edit),
    write: (edits, { auditComment }) =>
      namingHolders(connection, () =>
        writeEdits(connection, place, edits, {
          auditComment,
          takeBack: async (xpaths) => {
            await withdraw(connection, place, administrator, xpaths);
          },
        }),
      ),
    withdraw: (xpaths) => withdraw(connection, place, administrator, xpaths),
    disableStaged: (xpaths) => disableStaged(connection, place, administrator, xpaths),
    revertAccount: () => revertPartially(connection, administrator),
    unchangedAt: (xpaths) => unchangedAt(connection, place, xpaths),
    otherDifferences: (xpaths) => otherDifferences(connection, xpaths),
    fullCommitRequired: () => readFullCommitRequired(connection),
    commit: ({ description, full }) =>
      namingHolders(connection, () => queueCommit(connection, { administrator, description, full })),
    job: (id) => readJob(connection, id),
    findCommit: (description) => findCommit(connection, administrator, description),
    unfinishedCommits: () => unfinishedCommits(connection),
    locks: () => readLocks(connection),
    takeConfigLock: (comment) => namingHolders(connection, () => takeConfigLock(connection, administrator, comment)),
    releaseConfigLock: () => releaseConfigLock(connection),
    releaseOwnLocks: () => releaseOwnLocks(connection, administrator),
    policyMatch: (session) => askPolicyMatch(connection, session),
  };
};
