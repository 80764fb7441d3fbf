import type { Ec2Reads } from '../aws/ec2/ec2.ts';
import { resolveInterfaces } from '../aws/ec2/interfaces.ts';
import type { Records } from '../aws/table/records.ts';
import { isHeld, type Turns } from '../aws/table/turn.ts';
import type { Change } from '../domain/change.ts';
import { allRecorded, recordedIn } from '../domain/plan/recorded.ts';
import { interfaceSettingsOf, type Settings } from '../runtime/settings.ts';

interface Parts {
  readonly ec2: Ec2Reads;
  readonly records: Pick<Records, 'rules'>;
  readonly turns: Pick<Turns, 'read'>;
  readonly now: () => number;
}

/** Whether the change closes nothing, so that whatever is being made for its subjects is none the worse for it. */
const onlyOpens = ({ kind, subjects, announced: { instanceStates } }: Change): boolean =>
  kind === 'CreateNetworkInterface' ||
  subjects.every(
    (subject) => subject.kind === 'instance' && /^(pending|running)$/.test(instanceStates[subject.id] ?? ''),
  );

/**
 * Whether a holder of the turn could just be making a rule that the change takes away. Not for interfaces that no instance
 * holds, where the setting leaves them out: their detachment, or the end of their instance, was an event of its own.
 */
const mayUndo = (change: Change, { SERVICE_INTERFACES }: Settings): boolean =>
  !onlyOpens(change) &&
  !(SERVICE_INTERFACES === 'leave-out' && change.subjects.every(({ kind }) => kind === 'interface'));

/**
 * Why a run for the change has nothing to do, so that it may end before it takes the turn; null when it has, or may have. Its
 * subjects have no interface behind the firewall, nothing is recorded for them, and no holder of the turn could just be
 * making a rule for them from what EC2 showed before. Never for groups: an interface may get or lose one at any time. A
 * stopped instance counts: it may be starting.
 * @throws AwsBusy, AwsDenied
 */
export const nothingConcerned = async (
  { ec2, records, turns, now }: Parts,
  change: Change,
  settings: Settings,
): Promise<readonly string[] | null> => {
  const { subjects } = change;
  if (subjects.some(({ kind }) => kind === 'group' || kind === 'everything')) return null;
  // Read before the records: a holder that gives the turn up meanwhile has recorded by then what it made.
  if (mayUndo(change, settings) && isHeld(await turns.read(), now())) return null;
  const rules = await records.rules();
  const { recorded, interfaces, mayReturn, leftOut, noRouteTo } = await resolveInterfaces(
    ec2,
    { subjects, recorded: recordedIn(rules, subjects), held: allRecorded(rules) },
    interfaceSettingsOf(settings),
  );
  // Where no route leads to the firewall at all, nothing is behind it for a reason that an operator must hear.
  if ([recorded, interfaces, mayReturn, noRouteTo].some((part) => part.length > 0)) return null;
  return leftOut.map(({ what, reason }) => `${what}: ${reason}`);
};
