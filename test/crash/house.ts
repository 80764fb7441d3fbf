import assert from 'node:assert/strict';
import type { Account } from '../local/ec2/account.ts';
import { type ConfigNode, descend, entriesOf, membersOf, nameOf, textOf, unmarked } from '../simulator/config-node.ts';
import { vsysNode } from '../simulator/names.ts';
import { render } from '../simulator/xml.ts';
import { ids } from '../system/demo-account.ts';
import { administrator } from '../system/parts.ts';
import type { CrashSystem } from './crash-system.ts';
import { checkSessions } from './decided.ts';
import { type Opening, opening } from './sessions.ts';

/*
 * What must be true of the house, judged from the configuration trees and the account themselves: nothing here shares code
 * with what is tested.
 */

const bottomRule = 'Clean up';

const rulesOf = (config: ConfigNode): readonly ConfigNode[] =>
  entriesOf(descend(vsysNode(config, 'vsys1'), 'rulebase', 'security', 'rules'));
const servicesOf = (config: ConfigNode): readonly ConfigNode[] =>
  entriesOf(descend(vsysNode(config, 'vsys1'), 'service'));
const uuidOf = (rule: ConfigNode): string => rule.attributes['uuid'] ?? '';

/** What EC2 grants the instances behind the firewall from outside the VPC, now. */
export const grantsOf = (account: Account): ReadonlySet<Opening> => {
  const found = new Set<Opening>();
  for (const one of account.interfaces.values()) {
    const instance = account.instances.get(one.Attachment?.InstanceId ?? '');
    if (instance === undefined || instance.InstanceId === ids.firewall || one.SubnetId !== ids.privateSubnet) continue;
    if (instance.state !== 'running' && instance.state !== 'pending') continue;
    const groups = new Set(one.Groups.map(({ GroupId }) => GroupId));
    for (const rule of account.rules.values()) {
      const { CidrIpv4, CidrIpv6, FromPort, ToPort, IpProtocol } = rule;
      if (rule.IsEgress || !groups.has(rule.GroupId) || CidrIpv4?.startsWith('10.0.') === true) continue;
      const add = (source: string | undefined, addresses: readonly string[]): void => {
        if (source === undefined) return;
        for (const address of addresses) found.add(opening(source, address, IpProtocol, FromPort, ToPort));
      };
      add(
        CidrIpv4,
        one.PrivateIpAddresses.map(({ PrivateIpAddress = '' }) => `${PrivateIpAddress}/32`),
      );
      add(
        CidrIpv6,
        one.Ipv6Addresses.map(({ Ipv6Address = '' }) => `${Ipv6Address}/128`),
      );
    }
  }
  return found;
};

/** Those whose uuids and names were there before, other than those the table says are ours. */
export interface Foreign {
  readonly uuids: ReadonlySet<string>;
  readonly services: ReadonlySet<string>;
}

const openingsOf = (config: ConfigNode, rules: readonly ConfigNode[]): ReadonlySet<Opening> => {
  const found = new Set<Opening>();
  const services = new Map(servicesOf(config).map((service) => [nameOf(service), service] as const));
  for (const rule of rules) {
    if (textOf(rule, 'action') !== 'allow' || textOf(rule, 'disabled') === 'yes') continue;
    for (const name of membersOf(rule, 'service')) {
      const protocol = services.get(name)?.children.find(({ tag }) => tag === 'protocol')?.children[0];
      const port = textOf(protocol ?? null, 'port') ?? '0-65535';
      const [from = '', to = from] = port.split('-');
      for (const source of membersOf(rule, 'source'))
        for (const destination of membersOf(rule, 'destination'))
          found.add(opening(source, destination, protocol?.tag ?? 'any', Number(from), Number(to)));
    }
  }
  return found;
};

interface Seen {
  readonly foreign: string;
  readonly ours: readonly ConfigNode[];
  readonly openings: ReadonlySet<Opening>;
  readonly oursText: string;
  /** Rules of ours that stand where they must not. */
  readonly misplaced: readonly string[];
}

const without = (config: ConfigNode, isOurs: (node: ConfigNode, holder: string) => boolean): ConfigNode => ({
  ...config,
  children: config.children.filter((child) => !isOurs(child, config.tag)).map((child) => without(child, isOurs)),
});

const look = (config: ConfigNode, foreign: Foreign): Seen => {
  const all = rulesOf(config);
  const ours = all.filter((rule) => !foreign.uuids.has(uuidOf(rule)));
  const isOurs = (node: ConfigNode, holder: string): boolean =>
    node.tag === 'entry' &&
    ((holder === 'rules' && !foreign.uuids.has(uuidOf(node))) ||
      (holder === 'service' && !foreign.services.has(nameOf(node))));
  const bottom = all.findIndex((rule) => nameOf(rule) === bottomRule);
  const lastForeign = all.findLastIndex((rule, at) => at < bottom && foreign.uuids.has(uuidOf(rule)));
  const services = servicesOf(config).filter((service) => !foreign.services.has(nameOf(service)));
  const text = (nodes: readonly ConfigNode[]) => nodes.map((node) => render(unmarked(node), false)).join('\n');
  return {
    foreign: render(unmarked(without(config, isOurs)), false),
    ours,
    openings: openingsOf(config, ours),
    oursText: `${text(ours)}\n${text(services.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)))}`,
    misplaced: ours.filter((rule) => all.indexOf(rule) > bottom || all.indexOf(rule) < lastForeign).map(nameOf),
  };
};

/** Watches one system; everything is judged against how the house stood when the watch began. */
export interface House {
  /** After every external call. @throws AssertionError naming what is broken */
  readonly check: () => void;
  /** What is not ours now is how it must stay: after a colleague has done something on purpose. */
  readonly rebase: () => void;
  /** When nothing is under way. */
  readonly checkQuiet: (options?: {
    /** Whether every change must be handled. Default true. */
    readonly handled?: boolean;
    /** Whether the policy must equal what EC2 grants. Default true. */
    readonly settled?: boolean;
    /** Whether the table must say of our rules and services what the firewall says. Default true. */
    readonly recorded?: boolean;
  }) => Promise<void>;
  /**
   * A text that is the same when everything outside the code is in the same state, workings aside: they belong to one plan
   * of one execution, and whatever comes after a failure plans anew.
   */
  readonly fingerprint: () => Promise<string>;
}

/** Sorted keys, so that the same item is always the same text. */
const stable = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    inner instanceof Uint8Array
      ? Buffer.from(inner).toString('base64')
      : typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
  );

interface Record {
  readonly pk: string;
  readonly sk: string;
  readonly [attribute: string]: unknown;
}

/** Begins to watch. Rules and services recorded as ours in the table are ours, all others somebody else's. */
export const watchHouse = async (
  system: CrashSystem,
  /** `lagging`: what was granted at any time since the watch began counts as granted, as for a function that lags behind. */
  { lagging = false }: { readonly lagging?: boolean } = {},
): Promise<House> => {
  const { simulator } = system;
  const configurations = () => {
    const device = simulator.state();
    return { running: device.running, candidate: device.workspace.candidate };
  };
  const items = async () => (await system.items()) as readonly Record[];
  const before = await items();
  const known = new Set(before.filter(({ pk }) => pk === 'rule').map((item) => String(item['uuid'])));
  const knownServices = new Set(before.filter(({ pk }) => pk === 'object').map(({ sk }) => sk));
  const start = configurations();
  const foreign: Foreign = {
    uuids: new Set([...rulesOf(start.running), ...rulesOf(start.candidate)].map(uuidOf).filter((id) => !known.has(id))),
    services: new Set(
      [...servicesOf(start.running), ...servicesOf(start.candidate)]
        .map(nameOf)
        .filter((name) => !knownServices.has(name)),
    ),
  };
  const seen = new WeakMap<ConfigNode, Seen>();
  const at = (config: ConfigNode): Seen => {
    const found = seen.get(config) ?? look(config, foreign);
    seen.set(config, found);
    return found;
  };
  let house = { running: at(start.running).foreign, candidate: at(start.candidate).foreign };
  let last = start;
  const onceGranted = new Set<Opening>(grantsOf(system.parts.ec2.account()));
  const onceStaged = new Set([...at(start.running).openings, ...at(start.candidate).openings]);

  const check: House['check'] = () => {
    const now = configurations();
    if (lagging) for (const one of grantsOf(system.parts.ec2.account())) onceGranted.add(one);
    if (now.running === last.running && now.candidate === last.candidate) return;
    const running = at(now.running);
    const candidate = at(now.candidate);
    assert.equal(running.foreign, house.running, 'what is not ours has changed in the running configuration');
    assert.equal(candidate.foreign, house.candidate, 'what is not ours has changed in the candidate configuration');
    assert.deepEqual(running.misplaced, [], 'a rule of ours runs in the wrong place');
    assert.deepEqual(candidate.misplaced, [], 'a rule of ours is staged in the wrong place');
    const current = grantsOf(system.parts.ec2.account());
    for (const one of current) onceGranted.add(one);
    const granted = lagging ? onceGranted : current;
    const wasStaged = at(last.candidate).openings;
    for (const one of candidate.openings)
      assert.ok(
        wasStaged.has(one) || at(last.running).openings.has(one) || granted.has(one),
        `a rule of ours is staged that lets through ${one}, which is not granted`,
      );
    // A commit that was queued runs whatever EC2 says meanwhile: what it brings was granted when it was staged.
    for (const one of candidate.openings) onceStaged.add(one);
    for (const one of running.openings)
      assert.ok(onceStaged.has(one), `a rule of ours now lets through ${one}, which was never granted and staged`);
    last = now;
  };

  const checkRecords = (table: readonly Record[], config: ConfigNode, ours: readonly ConfigNode[]): void => {
    const records = table.filter(({ pk, state }) => pk === 'rule' && state !== 'tombstone');
    assert.deepEqual(
      records.map(({ uuid, name, state, intent }) => ({ uuid, name, state, intent })).toSorted(byUuid),
      ours.map((rule) => ({ uuid: uuidOf(rule), name: nameOf(rule), state: 'owned', intent: null })).toSorted(byUuid),
      'records and rules disagree',
    );
    for (const record of records) {
      const rule = ours.find((one) => uuidOf(one) === record['uuid']);
      const { sources, destinations } = record['contributions'] as {
        sources: readonly { source: string }[];
        destinations: readonly { address: string }[];
      };
      const distinct = (members: readonly string[]) => [...new Set(members)].sort();
      assert.deepEqual(distinct(sources.map(({ source }) => source)), distinct(membersOf(rule ?? null, 'source')));
      assert.deepEqual(
        distinct(destinations.map(({ address }) => address)),
        distinct(membersOf(rule ?? null, 'destination')),
      );
    }
    const services = servicesOf(config)
      .map(nameOf)
      .filter((name) => !foreign.services.has(name));
    assert.deepEqual(
      table
        .filter(({ pk, state }) => pk === 'object' && state !== 'tombstone')
        .map(({ sk, state }) => `${sk} ${String(state)}`)
        .sort(),
      services.map((name) => `${name} owned`).sort(),
      'records of services and services disagree',
    );
  };

  const checkQuiet: House['checkQuiet'] = async ({ handled = true, settled = true, recorded = true } = {}) => {
    check();
    const now = configurations();
    const running = at(now.running);
    const candidate = at(now.candidate);
    assert.equal(candidate.oursText, running.oursText, 'something of ours is staged and does not run');
    const staged = simulator.state().workspace.journal.filter(({ owner }) => owner === administrator);
    assert.deepEqual(staged, [], 'something is pending under our administrator');
    assert.deepEqual(
      simulator.state().locks.filter(({ admin }) => admin === administrator),
      [],
      'a lock of ours is left',
    );
    const table = await items();
    const turn = table.find(({ pk }) => pk === 'turn');
    assert.equal(turn?.['owner'] ?? null, null, 'somebody still holds the turn');
    const waiting = table.filter((item) => handled && item.pk.startsWith('change#') && item['state'] !== 'handled');
    assert.deepEqual(
      waiting.map(({ pk, sk, state, cause }) => ({ pk, sk, state, cause })),
      [],
      'a change is not handled',
    );
    if (recorded) checkRecords(table, now.running, running.ours);
    if (!settled) return;
    const granted = grantsOf(system.parts.ec2.account());
    const tooMuch = [...running.openings].filter((one) => !granted.has(one));
    assert.deepEqual(tooMuch, [], 'rules of ours let through what is not granted');
    checkSessions(system, { granted, openings: running.openings, ours: new Set(running.ours.map(nameOf)), bottomRule });
    const services = servicesOf(now.running)
      .map(nameOf)
      .filter((name) => !foreign.services.has(name));
    const used = new Set(running.ours.flatMap((rule) => membersOf(rule, 'service')));
    assert.deepEqual(
      services.filter((name) => !used.has(name)),
      [],
      'services of ours that nothing uses are left',
    );
  };

  const fingerprint: House['fingerprint'] = async () => {
    const device = simulator.state();
    const table = (await items())
      .filter(({ pk }) => !pk.startsWith('working#'))
      .toSorted((a, b) => (`${a.pk} ${a.sk}` < `${b.pk} ${b.sk}` ? -1 : 1));
    const { workspace, jobs, locks } = device;
    return [
      ...table.map(stable),
      render(device.running, true),
      render(workspace.candidate, true),
      stable([workspace.journal, jobs.map(({ id, status, result }) => [id, status, result]), locks]),
      String(system.clock.now()),
    ].join('\n');
  };

  const rebase: House['rebase'] = () => {
    const now = configurations();
    house = { running: at(now.running).foreign, candidate: at(now.candidate).foreign };
    check();
  };

  return { check, checkQuiet, rebase, fingerprint };
};

const byUuid = (a: { readonly uuid: unknown }, b: { readonly uuid: unknown }): number =>
  String(a.uuid) < String(b.uuid) ? -1 : 1;
