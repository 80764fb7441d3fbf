import { resolveInterfaces as resolve } from '../shared/aws/ec2/interfaces.ts';
import { observe } from '../shared/aws/ec2/observe.ts';
import { notYetVisible } from '../shared/domain/grants/visibility.ts';
import { ec2Part } from '../shared/runtime/clients/ec2.ts';
import { tableParts } from '../shared/runtime/clients/table.ts';
import { defineStep, handlerOf } from '../shared/runtime/step.ts';
import { recordedFor } from '../shared/workflow/recorded.ts';
import { HeldState, section, shown } from '../shared/workflow/states.ts';
import type { BatchLine, Resolved } from '../shared/workflow/step-results.ts';
import { isYoung } from '../shared/workflow/young.ts';

/**
 * From the subjects of all changes in hand to the interfaces that reach the internet through the firewall, and why others do
 * not. Changes of other executions that EC2 does not show yet are left pending. Safe to repeat: it only reads.
 */
export const resolveInterfaces = defineStep({
  name: 'ResolveInterfaces',
  of: 'state',
  input: HeldState,
  parts: (surroundings, settings) => ({
    ...tableParts(surroundings, settings),
    ec2: ec2Part(surroundings),
    now: surroundings.world.now,
  }),
  run: async ({ turns, records, workings, ec2, now }, state, { execution }, settings) => {
    const { fence } = state.turn;
    await turns.renew(execution, fence, null);
    const batch = (await workings.read(execution.name, fence, 'TakeTurn')) as readonly BatchLine[];
    const notYet: string[] = [];
    const taken: BatchLine[] = [];
    for (const line of batch) {
      const waits =
        line.execution !== execution.name &&
        isYoung(line.change, now(), settings) &&
        notYetVisible(line.change, await observe(ec2, line.change)) !== null;
      if (waits) notYet.push(`${line.pk} ${line.sk}`);
      else taken.push(line);
    }
    const subjects = taken.map((line) => line.subject);
    const recorded = await recordedFor(records, subjects);
    const resolved = await resolve(
      ec2,
      { subjects, recorded },
      { firewallTargets: settings.FIREWALL_TARGETS, serviceInterfaces: settings.SERVICE_INTERFACES },
    );
    const working: Resolved = { notYet, taken, recorded, resolved };
    await workings.write(execution.name, fence, 'ResolveInterfaces', working);
    const own = state.change.subjects.flatMap((subject) => (subject.kind === 'instance' ? [subject.id] : []));
    const isOwn = (line: string) => own.some((id) => line.includes(id));
    return {
      ...state,
      interfaces: section({
        behind: shown(
          resolved.interfaces.map((each) => `${each.id} of ${each.instance}: ${each.addresses.join(', ')}`),
          isOwn,
        ),
        leftOut: shown(
          resolved.leftOut.map(({ what, reason }) => `${what}: ${reason}`),
          isOwn,
        ),
        gone: shown(
          resolved.gone.map((each) => `${each.interface} of ${each.instance}: ${each.how}`),
          isOwn,
        ),
        leftPending: shown(notYet),
      }),
    };
  },
});

export const handler = handlerOf(resolveInterfaces);
