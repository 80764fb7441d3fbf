import type { Records } from '../aws/table/records.ts';
import { NamedError } from '../domain/errors.ts';
import { isWithin, type PendingEdit } from '../domain/policy/pending-edits.ts';
import { localRules } from '../domain/policy/policy.ts';
import { tableMarked } from '../domain/rules/mark.ts';
import type { Firewall, Lock } from '../panos/firewall.ts';
import type { Settings } from '../runtime/settings.ts';
import { checkDevice } from './check-device.ts';

export interface Writer {
  readonly firewall: {
    readonly hostname: string;
    readonly serial: string;
    readonly swVersion: string;
    readonly warning?: string;
  };
  /** Xpaths of leftovers of a dead run that were taken back. */
  readonly withdrawn: readonly string[];
  /** Locks of ours that were left behind, and given back. */
  readonly released: readonly Lock[];
}

interface WriterParts {
  readonly firewall: Firewall;
  readonly records: Records;
  readonly settings: Settings;
}

/**
 * The xpaths of everything that was ever written under a name of ours, done with or not: rule entries by both their names, and
 * service objects. A write without an answer may land long after its intent was given up.
 */
export const ownXpaths = async (firewall: Firewall, records: Records): Promise<readonly string[]> => {
  const objects = (await records.objects()).map(({ id }) => id);
  return [
    ...(await records.rules()).flatMap(({ id, name }) => [...new Set([id, name])].map(firewall.ruleXpath)),
    ...[...objects, ...(await records.formerObjects())].map(firewall.serviceXpath),
  ];
};

/**
 * Makes sure that what follows starts from a clean desk: the device is the one the table belongs to and may be written to,
 * no commit of ours is under way, and nothing is staged or locked under our account. Leftovers of a dead run are withdrawn, but only
 * when every one of them bears a name of ours. Safe to repeat.
 * @throws DifferentFirewall, FirewallNotActive, CommitRunning, CommitInProgress (after a boot), NotOurAdministrator
 */
export const becomeWriter = async ({ firewall, records, settings }: WriterParts): Promise<Writer> => {
  const device = await firewall.device();
  await checkDevice(device, records, settings);
  if (!device.writable) {
    throw new NamedError(
      'FirewallNotActive',
      `${device.hostname} (${device.serial}) is ${device.haState} in its high-availability pair; only the active peer is written to.`,
    );
  }
  const administrator = settings.FIREWALL_ADMINISTRATOR;
  const unfinished = await firewall.unfinishedCommits();
  const automatic = unfinished.find(({ type }) => /^autocom/i.test(type));
  if (automatic !== undefined) {
    throw new NamedError(
      'CommitInProgress',
      `The automatic commit of ${device.hostname} (job ${automatic.id}) is ${automatic.status}: until it has ended after a boot, every commit fails.`,
    );
  }
  const running = unfinished.find((job) => job.user === administrator);
  if (running !== undefined) {
    throw new NamedError(
      'CommitRunning',
      `Commit job ${running.id} of ${administrator} ("${running.description}") is ${running.status}.`,
    );
  }
  const found = {
    hostname: device.hostname,
    serial: device.serial,
    swVersion: device.swVersion,
    ...(device.runningSync === 'not synchronized'
      ? {
          warning:
            "Its configuration is not synchronized with its peer's: what is committed here is not there after a failover.",
        }
      : {}),
  };
  const staged = (await firewall.pendingEdits()).filter((edit) => edit.administrator === administrator);
  const { withdrawn, left } =
    staged.length === 0
      ? { withdrawn: [], left: [] }
      : await withdrawLeftovers(firewall, records, administrator, staged);
  const released = left.length === 0 ? await firewall.releaseOwnLocks() : [];
  return { firewall: found, withdrawn, released };
};

/** Who else works with the account: another deployment, where what is staged bears a mark of its table. */
const whoElse = async (firewall: Firewall, strange: readonly PendingEdit[]): Promise<string> => {
  const marked = localRules(await firewall.candidate()).flatMap(({ name, description }) => {
    const table = tableMarked(description);
    const isStaged = strange.some(({ xpath }) => isWithin(xpath, firewall.ruleXpath(name)));
    return table !== null && isStaged ? [`"${name}" bears the mark of the table ${table}`] : [];
  });
  return marked.length === 0
    ? 'The account must be used by nobody else.'
    : `${marked.join(', ')}: another deployment, or an operator, works with this account. Each deployment needs an account of its own.`;
};

const withdrawLeftovers = async (
  firewall: Firewall,
  records: Records,
  administrator: string,
  staged: readonly PendingEdit[],
): ReturnType<Firewall['withdraw']> => {
  const intended = await ownXpaths(firewall, records);
  const isIntended = (edit: PendingEdit) => intended.some((entry) => isWithin(edit.xpath, entry));
  const unrecorded = staged.filter((edit) => !edit.isDoubtful && !isIntended(edit));
  const harmless = await firewall.unchangedAt(unrecorded.map((edit) => edit.xpath));
  const strange = unrecorded.filter((edit) => !harmless.includes(edit.xpath));
  if (strange.length > 0) {
    throw new NamedError(
      'NotOurAdministrator',
      `${administrator} has uncommitted changes that this system did not record: ${strange.map((edit) => `${edit.action} ${edit.xpath}`).join('; ')}. ${await whoElse(firewall, strange)}`,
    );
  }
  return firewall.withdraw(staged.filter(isIntended).map((edit) => edit.xpath));
};
