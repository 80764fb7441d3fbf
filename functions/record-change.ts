import { z } from 'zod';
import type { Ec2Reads } from '../shared/aws/ec2/ec2.ts';
import { resolveInterfaces } from '../shared/aws/ec2/interfaces.ts';
import { changeFromEvent } from '../shared/aws/events/events.ts';
import type { Records } from '../shared/aws/table/records.ts';
import type { Change } from '../shared/domain/change.ts';
import { NamedError } from '../shared/domain/errors.ts';
import { recordedIn } from '../shared/domain/plan/recorded.ts';
import { ec2Part } from '../shared/runtime/clients/ec2.ts';
import { tableParts } from '../shared/runtime/clients/table.ts';
import { interfaceSettingsOf, type Settings } from '../shared/runtime/settings.ts';
import { defineStep, handlerOf } from '../shared/runtime/step.ts';
import { brief, shown } from '../shared/workflow/states.ts';
import { isYoung, lagOf } from '../shared/workflow/visibility.ts';

/**
 * Writes the change down before anything else, and waits until EC2 can show it. Ends the execution only where there is
 * nothing to carry out: no change in the event, or instances none of whose interfaces is, or was, behind the firewall.
 * Safe to repeat: a change is put once per subject and execution.
 */
export const recordChange = defineStep({
  name: 'RecordChange',
  of: 'event',
  input: z.unknown(),
  parts: (surroundings, settings) => ({
    ...tableParts(surroundings, settings),
    ec2: ec2Part(surroundings),
    now: surroundings.world.now,
  }),
  run: async ({ changes, records, ec2, now }, event, { execution }, settings) => {
    const origin = { account: settings.ACCOUNT_ID ?? null, region: settings.EVENT_REGION ?? null };
    const meaning = await changeFromEvent(event, origin, ec2);
    if (meaning.kind === 'nothing') {
      return { format: 1, work: 'none', because: `Nothing to do: ${meaning.because}.`, change: null };
    }
    const { change } = meaning;
    const items = await changes.record(execution, change);
    const lag = await lagOf(ec2, change);
    if (lag !== null && isYoung(change, now(), settings)) {
      throw new NamedError(
        'NotYetVisible',
        `${lag}. The event is younger than ${settings.VISIBILITY_SECONDS} seconds.`,
      );
    }
    const ec2Says = lag === null ? null : `${lag}; the event is old enough that EC2 is believed.`;
    const endsHere = await concernsNothing(records, ec2, change, settings);
    if (endsHere !== null) {
      for (const item of items) {
        await changes.markHandled(item, {
          execution: execution.name,
          summary: 'No interface behind the firewall.',
          commitJob: null,
        });
      }
      return {
        format: 1,
        work: 'none',
        because: brief(
          `Nothing to do: no interface behind the firewall, and no rule was made for one. ${endsHere.join('; ')}.`,
        ),
        change,
        leftOut: shown(endsHere),
      };
    }
    return { format: 1, work: 'pending', because: ec2Says === null ? null : brief(ec2Says), change };
  },
});

/**
 * Why the change concerns no interface behind the firewall; null when it does, or may. Never for groups: an interface may get
 * or lose one at any time. A stopped instance counts: it may be starting.
 */
const concernsNothing = async (
  records: Pick<Records, 'rules'>,
  ec2: Ec2Reads,
  { subjects }: Change,
  settings: Settings,
): Promise<readonly string[] | null> => {
  if (subjects.some((subject) => subject.kind !== 'instance')) return null;
  const recorded = recordedIn(await records.rules(), subjects);
  if (recorded.length > 0) return null;
  const { interfaces, mayReturn, leftOut } = await resolveInterfaces(
    ec2,
    { subjects, recorded },
    interfaceSettingsOf(settings),
  );
  if (interfaces.length > 0 || mayReturn.length > 0) return null;
  return leftOut.map(({ what, reason }) => `${what}: ${reason}`);
};

export const handler = handlerOf(recordChange);
