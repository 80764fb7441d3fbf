import type { Contributions } from '../grants/grants.ts';
import { findApplication, scopesInOrder } from '../policy/object-look-up.ts';
import type { DecryptionRule, Policy } from '../policy/policy.ts';
import { decryptedApplications } from '../rules/app-ids.ts';
import type { CandidateRule, Decryption } from '../rules/candidate-rules.ts';
import type { RuleService } from '../rules/translation.ts';
import { type AddressFamily, lineOfCidrs } from '../sets/addresses.ts';
import { type Line, lineCovers, linesOverlap } from '../sets/lines.ts';
import { portsLine, wholeSourcePorts } from '../sets/traffic-lines.ts';
import { addressReader } from './address-sets.ts';
import { serviceReader } from './service-sets.ts';

/** What of a rule, ours or to be, decides whether its sessions are decrypted. */
export interface DecryptionQuestion extends Contributions {
  readonly from: string;
  readonly to: string;
  readonly family: AddressFamily;
  readonly service: RuleService;
  readonly application: readonly string[];
}

type MayDecrypt = (question: DecryptionQuestion, traffic: Line) => string | null;

const lists = (zones: readonly string[], zone: string): boolean => zones.includes('any') || zones.includes(zone);

/**
 * The first rule of one policy that may decrypt some of the sessions. Rules are asked in order: what a rule surely exempts
 * whole is decrypted by none below it. What a rule matches is taken as much as it may be.
 */
const mayDecryptIn = (policy: Policy): MayDecrypt => {
  const scopes = scopesInOrder(policy);
  const addresses = addressReader(scopes);
  const services = serviceReader(scopes);
  const { decryption = [] } = policy;
  if (decryption.length === 0) return () => null;
  return ({ from, to, family, sources, destinations }, traffic) => {
    const source = lineOfCidrs(
      sources.map((each) => each.source),
      family,
    );
    const destination = lineOfCidrs(
      destinations.map((each) => each.address),
      family,
    );
    const matches = (rule: DecryptionRule): 'no' | 'perhaps' | 'all' => {
      if (!lists(rule.from, from) || !lists(rule.to, to)) return 'no';
      const sourceSet = addresses(rule.source, rule.negateSource);
      const destinationSet = addresses(rule.destination, rule.negateDestination);
      const { sure, doubts } = services(rule.service);
      const onTraffic = sure.filter((service) => linesOverlap(service.traffic, traffic));
      if (!linesOverlap(sourceSet.maybe[family], source)) return 'no';
      if (!linesOverlap(destinationSet.maybe[family], destination)) return 'no';
      if (onTraffic.length === 0 && doubts.length === 0) return 'no';
      const whole =
        !rule.narrowed &&
        lineCovers(sourceSet.sure[family], source) &&
        lineCovers(destinationSet.sure[family], destination) &&
        onTraffic.some(
          (service) => lineCovers(service.traffic, traffic) && lineCovers(service.sourcePort, wholeSourcePorts),
        );
      return whole ? 'all' : 'perhaps';
    };
    for (const rule of decryption) {
      const match = matches(rule);
      if (match === 'no') continue;
      if (rule.decrypts) return rule.name;
      if (match === 'all') return null;
    }
    return null;
  };
};

/** Tells, for a rule of ours or to be, what decryption in any of these policies may turn its sessions into unnamed. */
export const decryptionReader = (
  policies: readonly Policy[],
): ((question: DecryptionQuestion) => Decryption | null) => {
  const readers = policies.map((policy) => ({ mayDecrypt: mayDecryptIn(policy), scopes: scopesInOrder(policy) }));
  return (question) => {
    const { application, service } = question;
    if (service.kind === 'any') return null;
    const traffic = portsLine(service.protocol, service.ports.from, service.ports.to);
    for (const { application: from, becomes: into } of decryptedApplications) {
      if (!application.includes(from) || application.includes(into) || application.includes('any')) continue;
      for (const { mayDecrypt, scopes } of readers) {
        if (findApplication(scopes, into, 0)?.entry.kind !== 'application') continue;
        const rule = mayDecrypt(question, traffic);
        if (rule !== null) return { rule, from, into };
      }
    }
    return null;
  };
};

/**
 * The candidate rules with the App-ID that decryption may turn their sessions into, where the device has it. The ports stay
 * exactly the grant's, so nothing is opened that it does not grant.
 */
export const withDecryption = (
  candidates: readonly CandidateRule[],
  decryptionOf: (question: DecryptionQuestion) => Decryption | null,
): readonly CandidateRule[] =>
  candidates.map((candidate) => {
    const found = decryptionOf(candidate);
    if (found === null) return candidate;
    return { ...candidate, application: [...candidate.application, found.into], decryption: found };
  });

const enumerate = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;

/** `the decryption rule "Inspect" may turn ssl into web-browsing` */
const decryptionText = ({ rule, from, into }: Decryption): string =>
  `the decryption rule "${rule}" may turn ${from} into ${into}`;

/** `opens only App-ID ssl`, where applications narrow what a rule lets through on its ports; null where they do not. */
export const opensOnly = ({
  application,
  service,
  decryption,
}: Pick<CandidateRule, 'application' | 'service' | 'decryption'>): string | null => {
  if (service.kind === 'any' || application.includes('any')) return null;
  const text = `opens only App-ID${application.length === 1 ? '' : 's'} ${enumerate(application)}`;
  return decryption === undefined ? text : `${text}, since ${decryptionText(decryption)}`;
};

/** What is to be told of a rule of ours that stands, and does not name what decryption may turn its sessions into. */
export const cutOffText = (
  name: string,
  rule: Pick<CandidateRule, 'application' | 'service'>,
  found: Decryption,
): string =>
  `"${name}" ${opensOnly(rule)}, and ${decryptionText(found)}: it does not let sessions so turned through. Delete the rule, and the next run writes it anew with both, on the same ports.`;
