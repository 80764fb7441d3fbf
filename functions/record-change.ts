import { z } from 'zod';
import { changeFromEvent } from '../shared/aws/events/events.ts';
import { eventFromInput } from '../shared/aws/events/operator.ts';
import { NamedError } from '../shared/domain/errors.ts';
import { ec2Part } from '../shared/runtime/clients/ec2.ts';
import { tableParts } from '../shared/runtime/clients/table.ts';
import { defineStep, handlerOf } from '../shared/runtime/step.ts';
import { nothingConcerned } from '../shared/workflow/nothing-concerned.ts';
import { brief, shown } from '../shared/workflow/states.ts';
import { viewOf } from '../shared/workflow/visibility.ts';

/**
 * Writes the change down before anything else, and waits until EC2 can show it. Ends the execution only where there is
 * nothing to carry out: no change in the event, or instances none of whose interfaces is, was or could just be made one that
 * is behind the firewall.
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
  run: async ({ changes, records, turns, removalCount, said, ec2, now }, input, { execution }, settings) => {
    const origin = { account: settings.ACCOUNT_ID ?? null, region: settings.EVENT_REGION ?? null };
    const expected = { ...origin, serviceInterfaces: settings.SERVICE_INTERFACES };
    const meaning = await changeFromEvent(eventFromInput(input, execution, origin), expected, ec2);
    if (meaning.kind === 'nothing') {
      return { format: 1, work: 'none', because: `Nothing to do: ${meaning.because}.`, change: null };
    }
    const { change } = meaning;
    const items = await changes.record(execution, change);
    const { operator } = change;
    if (operator !== undefined && 'approve' in operator) await removalCount.approve(execution.name, operator.approve);
    await said.put(change);
    const view = await viewOf({ ec2, said }, change, now(), settings);
    if (view.kind === 'awaited') {
      throw new NamedError(
        'NotYetVisible',
        `${view.lag}. The event is younger than ${settings.VISIBILITY_SECONDS} seconds.`,
      );
    }
    const ec2Says = view.kind === 'shown' ? null : view.because;
    const endsHere = await nothingConcerned({ ec2, records, turns, now }, change, settings);
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

export const handler = handlerOf(recordChange);
