import type { Change } from '../../domain/change.ts';
import type { Observed } from '../../domain/grants/visibility.ts';
import type { Ec2Reads } from './ec2.ts';

/**
 * What EC2 shows of the things a change announced, to be held against the announcement (`notYetVisible`). Asks for
 * nothing that was not announced: a change without announcements costs no call.
 * @throws AwsBusy, AwsDenied
 */
export const observe = async (reads: Pick<Ec2Reads, 'instances' | 'groupRules'>, change: Change): Promise<Observed> => {
  const { instanceStates, createdRules, removedRules, revokedPermissions = [] } = change.announced;
  const announcedRules = createdRules.length + removedRules.length + revokedPermissions.length > 0;
  const groups = announcedRules
    ? change.subjects.flatMap((subject) => (subject.kind === 'group' ? [subject.id] : []))
    : [];
  return {
    instances: await reads.instances(Object.keys(instanceStates)),
    rules: (await reads.groupRules(groups)).rules,
  };
};
