import { readDesiredGrants } from '../shared/aws/ec2/read-grants.ts';
import { withPreNatAddresses } from '../shared/domain/grants/desired-grants.ts';
import { GrantIndex, remaining } from '../shared/domain/plan/grant-index.ts';
import { missingGrants } from '../shared/domain/plan/removals.ts';
import { candidateRules } from '../shared/domain/rules/candidates.ts';
import { trafficText } from '../shared/domain/rules/rule-content.ts';
import { ec2Part } from '../shared/runtime/clients/ec2.ts';
import { tableParts } from '../shared/runtime/clients/table.ts';
import { translationOf } from '../shared/runtime/settings.ts';
import { defineStep, handlerOf } from '../shared/runtime/step.ts';
import { candidateContext } from '../shared/workflow/candidate-context.ts';
import { brief, HeldState, section, shown } from '../shared/workflow/states.ts';
import type { Derived, Resolved } from '../shared/workflow/step-results.ts';

/**
 * From interfaces to candidate rules, and what owned rules no longer stand for, as far as EC2 and the records know. Safe to
 * repeat: it only reads.
 */
export const deriveRules = defineStep({
  name: 'DeriveRules',
  of: 'state',
  input: HeldState,
  parts: (surroundings, settings) => ({ ...tableParts(surroundings, settings), ec2: ec2Part(surroundings) }),
  run: async ({ turns, records, workings, ec2 }, state, { execution }, settings) => {
    const { fence } = state.turn;
    await turns.renew(execution, fence, null);
    const { taken, recorded, resolved } = (await workings.read(execution.name, fence, 'ResolveInterfaces')) as Resolved;
    const { grants, leftOut, expanded } = await readDesiredGrants(ec2, resolved, {
      firewallTargets: settings.FIREWALL_TARGETS,
      translation: translationOf(settings),
    });
    const desired = withPreNatAddresses(grants, settings.PRE_NAT_ADDRESSES);
    const scope = [...new Set([...resolved.interfaces.map(({ id }) => id), ...recorded.map((each) => each.interface)])];
    const derived: Derived = { scope, desired };
    await workings.write(execution.name, fence, 'DeriveRules', derived);

    const index = GrantIndex.of(desired);
    const inScope = new Set(scope);
    const held = (await records.rules()).filter((record) => record.state === 'owned');
    const kept = held.map((record) => ({
      record,
      uuid: record.uuid ?? '',
      contributions: remaining(record, index, inScope),
    }));
    const candidates = candidateRules(missingGrants(desired, kept), candidateContext(settings, taken));
    const obsolete = kept.filter(
      ({ record, contributions }) =>
        contributions.sources.length * contributions.destinations.length <
        record.contributions.sources.length * record.contributions.destinations.length,
    );
    return {
      ...state,
      derived: section({
        candidates: shown(
          candidates.map((candidate) =>
            brief(
              `${candidate.group} ${trafficText(candidate.traffic)} from ${membersText(candidate.sources.map(({ source }) => source))} to ${membersText(candidate.destinations.map(({ address }) => address))}`,
            ),
          ),
        ),
        obsolete: shown(obsolete.map(({ record }) => record.name)),
        leftOut: shown(leftOut.map(({ what, reason }) => brief(`${what}: ${reason}`))),
        prefixLists: shown(expanded.map(({ id, version, entries }) => `${id} version ${version}: ${entries} entries`)),
      }),
    };
  },
});

const mostMembersShown = 5;
const membersText = (members: readonly string[]): string => {
  const distinct = [...new Set(members)];
  const more = distinct.length - mostMembersShown;
  return `${distinct.slice(0, mostMembersShown).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};

export const handler = handlerOf(deriveRules);
