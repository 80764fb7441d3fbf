import type { Ec2Reads } from '../aws/ec2/ec2.ts';
import type { Change } from '../domain/change.ts';
import { announcedIn, notYetVisible } from '../domain/grants/visibility.ts';
import type { Settings } from '../runtime/settings.ts';
import { millisecondsFromIso } from '../runtime/world.ts';

type Reads = Pick<Ec2Reads, 'instances' | 'groupRules'>;

/** Whether EC2 must be given time: the event is younger than EC2 may lag. An event from the future counts as young. */
export const isYoung = (change: Change, now: number, settings: Pick<Settings, 'VISIBILITY_SECONDS'>): boolean =>
  now - millisecondsFromIso(change.when) < settings.VISIBILITY_SECONDS * 1000;

/**
 * What the change announced and EC2 does not show yet, in words; null when it shows all of it. Asks for nothing that was
 * not announced: a change without announcements costs no call.
 * @throws AwsBusy, AwsDenied
 */
export const lagOf = async (reads: Reads, change: Change): Promise<string | null> => {
  const { instances, groups } = announcedIn(change);
  return notYetVisible(change, {
    instances: await reads.instances(instances),
    rules: (await reads.groupRules(groups)).rules,
  });
};

/** Whether a change is to be waited for: it is young, and EC2 does not show it yet. */
export const isAwaited = async (
  reads: Reads,
  change: Change,
  now: number,
  settings: Pick<Settings, 'VISIBILITY_SECONDS'>,
): Promise<boolean> => isYoung(change, now, settings) && (await lagOf(reads, change)) !== null;
