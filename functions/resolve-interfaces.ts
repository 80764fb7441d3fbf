import type { RoutesToFirewall } from '../shared/aws/ec2/firewall-routes.ts';
import { resolveInterfaces as resolve } from '../shared/aws/ec2/interfaces.ts';
import { idsOf } from '../shared/domain/change.ts';
import { allRecorded, recordedIn } from '../shared/domain/plan/recorded.ts';
import { ec2Part } from '../shared/runtime/clients/ec2.ts';
import { interfaceSettingsOf } from '../shared/runtime/settings.ts';
import { handlerOf } from '../shared/runtime/step.ts';
import { defineHeldStep } from '../shared/workflow/held-step.ts';
import { HeldState, section, shown } from '../shared/workflow/states.ts';
import type { BatchLine } from '../shared/workflow/step-results.ts';
import { isAwaited } from '../shared/workflow/visibility.ts';

/**
 * From the subjects of all changes in hand to the interfaces that reach the internet through the firewall, and why others do
 * not. Changes of other executions that EC2 does not show yet are left pending. Safe to repeat: it only reads.
 */
export const resolveInterfaces = defineHeldStep({
  name: 'ResolveInterfaces',
  writes: false,
  input: HeldState,
  parts: (surroundings) => ({ ec2: ec2Part(surroundings), now: surroundings.world.now }),
  act: async ({ state, execution, results, table, settings }, { ec2, now }) => {
    const notYet: string[] = [];
    const taken: BatchLine[] = [];
    for (const line of await results.read('TakeTurn')) {
      const waits =
        line.execution !== execution.name && (await isAwaited({ ec2, said: table.said }, line.change, now(), settings));
      if (waits) notYet.push(`${line.pk} ${line.sk}`);
      else taken.push(line);
    }
    const subjects = taken.map((line) => line.subject);
    const rules = await table.records.rules();
    const everything = subjects.some((subject) => subject.kind === 'everything');
    const closedFor = everything ? (await table.records.closures()).map(({ instance }) => instance) : [];
    const scope = { subjects, recorded: recordedIn(rules, subjects), held: allRecorded(rules), closedFor };
    const { mayReturn: _, ...resolved } = await resolve(ec2, scope, interfaceSettingsOf(settings));
    const own = [...idsOf(state.change.subjects, 'instance'), ...idsOf(state.change.subjects, 'interface')];
    const isOwn = (line: string) => own.some((id) => line.includes(id));
    return {
      result: { notYet, taken, resolved },
      output: {
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
          byAddressAlone: shown(resolved.byAddressAlone, isOwn),
          leftPending: shown(notYet),
          warnings: shown(routeWarnings(resolved)),
        }),
      },
    };
  },
});

/** What the settings name and no route leads to. */
const routeWarnings = ({ noRouteTo, targetsUnnamed }: RoutesToFirewall): readonly string[] =>
  [...noRouteTo, ...targetsUnnamed].map(
    (id) => `FIREWALL_TARGETS names ${id}, and no route table does: no route leads there`,
  );

export const handler = handlerOf(resolveInterfaces);
