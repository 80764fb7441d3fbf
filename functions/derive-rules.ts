import { readDesiredGrants } from '../shared/aws/ec2/read-grants.ts';
import { overlappingVpcs } from '../shared/domain/grants/overlapping-vpcs.ts';
import { withPreNatAddresses } from '../shared/domain/grants/pre-nat.ts';
import { candidateRules, candidateText } from '../shared/domain/rules/candidate-rules.ts';
import { refusalOf } from '../shared/domain/rules/translation.ts';
import { ec2Part } from '../shared/runtime/clients/ec2.ts';
import { translationOf } from '../shared/runtime/settings.ts';
import { handlerOf } from '../shared/runtime/step.ts';
import { losses } from '../shared/workflow/explain-losses.ts';
import { defineHeldStep } from '../shared/workflow/held-step.ts';
import { brief, HeldState, section, shown } from '../shared/workflow/states.ts';

/** What EC2 grants the interfaces now, as candidate rules: all of it, whatever stands on the firewall; and what is granted no more without a reason. Safe to repeat. */
export const deriveRules = defineHeldStep({
  name: 'DeriveRules',
  writes: false,
  input: HeldState,
  parts: (surroundings) => ({ ec2: ec2Part(surroundings) }),
  act: async (held, { ec2 }) => {
    const { results, settings } = held;
    const found = await results.read('ResolveInterfaces');
    const { taken, resolved } = found;
    const translation = translationOf(settings);
    const { grants, leftOut, notExpressible, expanded } = await readDesiredGrants(ec2, resolved, {
      firewallTargets: resolved.targets,
      refusalOf: refusalOf(translation),
    });
    const candidates = candidateRules(withPreNatAddresses(grants, settings.PRE_NAT_ADDRESSES), {
      changes: taken.map((line) => ({ ...line.change, subjects: [line.subject] })),
      from: settings.UNTRUST_ZONE,
      to: settings.TRUST_ZONE,
      translation,
      grouping: settings.RULE_GROUPING,
    });
    const scope = resolved.inScope;
    const lost = await losses(held, ec2, found, { scope, candidates });
    return {
      result: { scope, candidates, notExpressible, ...lost },
      output: {
        derived: section({
          warnings: shown(overlappingVpcs(resolved.network, resolved.targets).map(brief)),
          candidates: shown(candidates.map((candidate) => brief(candidateText(candidate)))),
          leftOut: shown(leftOut.map(({ what, reason }) => brief(`${what}: ${reason}`))),
          prefixLists: shown(
            expanded.map(({ id, version, entries }) => `${id} version ${version}: ${entries} entries`),
          ),
        }),
      },
    };
  },
});

export const handler = handlerOf(deriveRules);
