import type { Change } from '../domain/change.ts';
import type { Settings } from '../runtime/settings.ts';
import { millisecondsFromIso } from '../runtime/world.ts';

/** Whether EC2 must be given time: the event is younger than EC2 may lag. An event from the future counts as young. */
export const isYoung = (change: Change, now: number, settings: Pick<Settings, 'VISIBILITY_SECONDS'>): boolean =>
  now - millisecondsFromIso(change.when) < settings.VISIBILITY_SECONDS * 1000;
