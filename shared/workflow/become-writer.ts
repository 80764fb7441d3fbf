import type { Records } from '../aws/table/records.ts';
import { NamedError } from '../domain/errors.ts';
import { contentWritten } from '../domain/plan/written-unseen.ts';
import { isWithin, type PendingEdit } from '../domain/policy/pending-edits.ts';
import { localRules } from '../domain/policy/policy.ts';
import { tableMarked } from '../domain/rules/mark.ts';
import type { Firewall, Lock } from '../panos/firewall.ts';
import type { Settings } from '../runtime/settings.ts';
import { checkDevice } from './check-device.ts';
import { setAside } from './set-aside.ts';
import { refuseStrange, revertStrange } from './strange-edits.ts';

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

interface LeftoverParts {
  readonly firewall: Firewall;
  readonly records: Records;
  readonly settings: Pick<Settings, 'FIREWALL_ADMINISTRATOR'>;
  /** What an operator confirms: the edits under our account, not of this system, that are to be taken back. Null: none. */
  readonly revert: string | null;
}

interface WriterParts extends LeftoverParts {
  readonly settings: Settings;
}

/**
 * The xpaths of everything that was ever written under a name of ours, done with or not: rule entries by both their names and by the
 * one they have in the candidate configuration, where an administrator may have renamed what is staged, and service objects. A
 * write without an answer may land long after its intent was given up.
 */
export const ownXpaths = async (firewall: Firewall, records: Records): Promise<readonly string[]> => {
  const objects = (await records.objects()).map(({ id }) => id);
  const rules = await records.rules();
  const uuids = new Set(rules.flatMap(({ uuid }) => uuid ?? []));
  const descriptions = new Set(rules.map((record) => contentWritten(record).description));
  const renamed = localRules(await firewall.candidate()).filter(
    ({ uuid, description }) =>
      uuids.has(uuid ?? '') || (tableMarked(description) !== null && descriptions.has(description)),
  );
  return [
    ...rules.flatMap(({ id, name }) => [...new Set([id, name])].map(firewall.ruleXpath)),
    ...renamed.map(({ name }) => firewall.ruleXpath(name)),
    ...[...objects, ...(await records.formerObjects())].map(firewall.serviceXpath),
  ];
};

/**
 * Makes sure that what follows starts from a clean desk: the device is the one the table belongs to and may be written to,
 * no commit of ours is under way, and nothing is staged or locked under our account. Leftovers of a dead run are withdrawn, but only
 * when every one of them bears a name of ours; others only as an operator has confirmed them. Safe to repeat.
 * @throws DifferentFirewall, FirewallNotActive, CommitRunning, CommitInProgress (after a boot), NotOurAdministrator
 */
export const becomeWriter = async ({ firewall, records, settings, revert }: WriterParts): Promise<Writer> => {
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
      : await withdrawLeftovers({ firewall, records, settings, revert }, staged);
  await setAside(firewall, records, left);
  const released = left.length === 0 ? await firewall.releaseOwnLocks() : [];
  return { firewall: found, withdrawn, released };
};

/**
 * Withdraws leftovers of dead runs, and what an operator has confirmed.
 * @throws NotOurAdministrator naming what bears no name of ours
 */
const withdrawLeftovers = async (
  { firewall, records, settings, revert }: LeftoverParts,
  staged: readonly PendingEdit[],
): ReturnType<Firewall['withdraw']> => {
  const administrator = settings.FIREWALL_ADMINISTRATOR;
  const intended = await ownXpaths(firewall, records);
  const isIntended = (edit: PendingEdit) => intended.some((entry) => isWithin(edit.xpath, entry));
  const unrecorded = staged.filter((edit) => !edit.isDoubtful && !isIntended(edit));
  const harmless = await firewall.unchangedAt(unrecorded.map((edit) => edit.xpath));
  const strange = unrecorded.filter((edit) => !harmless.includes(edit.xpath));
  if (strange.length === 0) return firewall.withdraw(staged.filter(isIntended).map((edit) => edit.xpath));
  if (revert === null) return refuseStrange(firewall, administrator, strange);
  const reverted = await revertStrange(firewall, administrator, strange, revert);
  const still = (await firewall.pendingEdits()).filter((edit) => edit.administrator === administrator);
  const rest = await withdrawLeftovers({ firewall, records, settings, revert: null }, still);
  return { withdrawn: [...reverted, ...rest.withdrawn], left: rest.left };
};
