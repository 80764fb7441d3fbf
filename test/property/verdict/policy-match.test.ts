/**
 * The naive evaluator against the matching behind the simulator's `test security-policy-match`: two pieces of code with
 * nothing in common. What the request cannot say (source ports), what the device allows beside an application (implicit
 * uses) and what is not known are left out: there the firewall's answer would be inconclusive too.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectScope, Policy, SecurityRule } from '../../../shared/domain/policy/policy.ts';
import { type OutsideAddresses, parseAddress } from '../../simulator/address-sets.ts';
import { type ConfigNode, entry, leaf, members, node } from '../../simulator/config-node.ts';
import { scopesOf } from '../../simulator/names.ts';
import { compilePolicy, matchPolicy } from '../../simulator/policy-match.ts';
import { cases, sessionsOf } from './cases.ts';
import { matcher, type World } from './oracle.ts';
import { runs } from './runs.ts';

const vsys = 'vsys1';

const list = (tag: string, children: readonly ConfigNode[]): ConfigNode => node(tag, {}, children);
const each = <T>(map: ReadonlyMap<string, T>, children: (value: T) => readonly ConfigNode[]): readonly ConfigNode[] =>
  [...map].map(([name, value]) => entry(name, children(value)));

const objects = (scope: ObjectScope): readonly ConfigNode[] => [
  list(
    'address',
    each(scope.addresses, ({ kind, value }) => [leaf(kind, value)]),
  ),
  list(
    'address-group',
    each(scope.addressGroups, (group) =>
      group.kind === 'static'
        ? [members('static', group.members)]
        : group.kind === 'dynamic'
          ? [list('dynamic', [leaf('filter', group.filter)])]
          : [],
    ),
  ),
  list(
    'service',
    each(scope.services, ({ protocol, port }) => [list('protocol', [list(protocol, [leaf('port', port)])])]),
  ),
  list(
    'service-group',
    each(scope.serviceGroups, (names) => [members('members', names)]),
  ),
  list(
    'application-group',
    each(scope.applicationGroups, (names) => [members('members', names)]),
  ),
  list(
    'application-container',
    each(scope.applicationContainers, (names) => [members('functions', names)]),
  ),
  list(
    'application',
    each(scope.applications, ({ defaultPorts, icmp, ipProtocol }) => [
      list('default', [
        ...(defaultPorts.length > 0 ? [members('port', defaultPorts)] : []),
        ...(icmp !== null ? [list('ident-by-icmp-type', [leaf('type', `${icmp.type}`)])] : []),
        ...(ipProtocol !== null ? [leaf('ident-by-ip-protocol', `${ipProtocol}`)] : []),
      ]),
    ]),
  ),
  list(
    'external-list',
    [...scope.externalLists].map((name) => entry(name)),
  ),
];

const ruleNode = (rule: SecurityRule): ConfigNode =>
  entry(rule.name, [
    members('from', rule.from),
    members('to', rule.to),
    members('source', rule.source),
    members('destination', rule.destination),
    members('application', rule.application),
    members('service', rule.service),
    leaf('rule-type', rule.ruleType),
    leaf('action', rule.action),
    leaf('negate-source', rule.negateSource ? 'yes' : 'no'),
    leaf('negate-destination', rule.negateDestination ? 'yes' : 'no'),
    leaf('disabled', rule.disabled ? 'yes' : 'no'),
    ...rule.restrictions.map((name) => members(name, ['alice'])),
  ]);

const rulebase = (tag: string, rules: readonly SecurityRule[]): ConfigNode =>
  list(tag, [list('security', [list('rules', rules.map(ruleNode))])]);

const inRulebase = (policy: Policy, name: SecurityRule['rulebase']) =>
  policy.rules.filter((rule) => rule.rulebase === name);

const configOf = (policy: Policy): ConfigNode => {
  const { vsys: own, shared } = policy.scopes;
  const local = entry(vsys, [...objects(own), rulebase('rulebase', inRulebase(policy, 'local'))]);
  return list('config', [
    list('shared', objects(shared)),
    list('devices', [entry('localhost.localdomain', [list('vsys', [local])])]),
  ]);
};

const pushedOf = (policy: Policy): ConfigNode => {
  const pre = rulebase('pre-rulebase', inRulebase(policy, 'pushed-pre'));
  const { children: post } = rulebase('post-rulebase', inRulebase(policy, 'pushed-post'));
  // Where a default rule has another action than it is built with, a Panorama overrode it.
  const overridden = inRulebase(policy, 'default')
    .filter(({ name, action }) => action !== (name === 'intrazone-default' ? 'allow' : 'deny'))
    .map(({ name, action }) => entry(name, [leaf('action', action)]));
  const below = list('post-rulebase', [...post, list('default-security-rules', [list('rules', overridden)])]);
  return list('panorama', [list('vsys', [entry(vsys, [...objects(policy.scopes.pushed), pre, below])])]);
};

const nothingOutside: OutsideAddresses = {
  fqdn: new Map(),
  externalLists: new Map(),
  regions: new Map(),
  tagsOf: () => [],
  registeredIps: [],
};

/** The request has no source port: neither side shall know of any. */
const withoutSourcePorts = (policy: Policy): Policy => {
  const { vsys: own } = policy.scopes;
  const services = new Map([...own.services].map(([name, service]) => [name, { ...service, sourcePort: null }]));
  return { ...policy, scopes: { ...policy.scopes, vsys: { ...own, services } } };
};

class Unknown extends Error {}

/** Lists, names and users without content match nothing, as on the simulator; what else is unknown ends the question. */
const emptyWorld: World = (unknown) => {
  if (/^which |^g\d$|^default of media$/.test(unknown)) throw new Unknown();
  return false;
};

const firstMatch = (ask: () => string | null): string | null => {
  try {
    return ask();
  } catch (error) {
    if (error instanceof Unknown) return 'unknown';
    throw error;
  }
};

test("the naive evaluator and the simulator's policy match name the same rule for every session", (t) => {
  let compared = 0;
  let passedOver = 0;
  runs(t, 1_000, cases, (question) => {
    const policy = withoutSourcePorts(question.policies[0]);
    const [config, pushed] = [configOf(policy), pushedOf(policy)];
    const scopes = scopesOf(config, pushed, list('predefined', objects(policy.scopes.predefined)), vsys);
    const rules = compilePolicy(config, pushed, vsys);
    const matchers = policy.rules.map((rule) => [rule.name, matcher(policy, rule, emptyWorld)] as const);
    for (const candidate of question.candidates) {
      for (const [s] of candidate.sources.entries()) {
        for (const [d] of candidate.destinations.entries()) {
          for (const session of sessionsOf(policy, candidate, s, d)) {
            if (session.sourcePort === 2000) continue;
            const naive = firstMatch(() => matchers.find(([, matches]) => matches(session))?.[0] ?? null);
            if (naive === 'unknown') {
              passedOver += 1;
              continue;
            }
            const [found] = matchPolicy(
              rules,
              {
                from: session.from,
                to: session.to,
                source: parseAddress(session.source),
                destination: parseAddress(session.destination),
                protocol: session.protocol,
                port: session.protocol === 6 || session.protocol === 17 ? session.port : null,
                application: session.application,
                category: null,
                user: null,
              },
              scopes,
              nothingOutside,
              false,
            );
            assert.equal(found?.name, naive, JSON.stringify(session));
            compared += 1;
          }
        }
      }
    }
  });
  t.diagnostic(`${compared} sessions compared, ${passedOver} passed over`);
  assert(compared > passedOver, 'most sessions are compared');
});
