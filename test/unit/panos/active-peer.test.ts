import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorName, NamedError } from '../../../shared/domain/errors.ts';
import { activePeer, type Peer } from '../../../shared/panos/active-peer.ts';
import type { Device, Firewall } from '../../../shared/panos/firewall.ts';
import { ours } from '../../support/owned-rule-name.ts';

const device = (serial: string, haState: string): Device => ({
  serial,
  hostname: serial,
  swVersion: '11.1.4',
  haState,
  writable: haState === 'active' || haState === 'none' || haState === 'active-primary',
  runningSync: null,
  peerSerials: [],
});

/** A peer that notes what it is asked; its state, or the error that it raises, may change. */
const peer = (name: string, state: string) => {
  const it = { state, error: null as ErrorName | null, peerSerials: [] as string[], asked: [] as string[] };
  const said = async <Value>(what: string, value: Value): Promise<Value> => {
    it.asked.push(what);
    if (it.error !== null) throw new NamedError(it.error, 'no route');
    return value;
  };
  const known: Readonly<Record<string, (...given: unknown[]) => unknown>> = {
    device: () => said('device', device(name, it.state)),
    xpathsOf: () => [`xpath of ${name}`],
    ruleXpath: (rule) => `xpath of ${name} of ${rule}`,
    serviceXpath: (service) => `xpath of ${name} of ${service}`,
  };
  const firewall = new Proxy({} as Firewall, {
    get: (_target, method) =>
      method === 'then'
        ? undefined
        : (known[String(method)] ?? ((...given: unknown[]) => said(String(method), [name, ...given]))),
  });
  const probe = () => said('probe', { ...device(name, it.state), peerSerials: it.peerSerials });
  const one: Peer = { endpoint: `https://${name}`, firewall, probe };
  return Object.assign(it, { one });
};

test('a firewall without a peer is that firewall itself: nothing is asked beforehand', () => {
  const single = peer('a', 'passive');
  assert.equal(activePeer([single.one]), single.one.firewall);
  assert.deepEqual(single.asked, []);
});

test('everything goes to the peer that may be written to, found once by asking all side by side', async () => {
  const [a, b] = [peer('a', 'passive'), peer('b', 'active')];
  const pair = activePeer([a.one, b.one]);
  assert.equal((await pair.device()).serial, 'b');
  await pair.pendingEdits();
  await pair.commit({ description: 'd', full: false });
  assert.deepEqual(a.asked, ['probe']);
  assert.deepEqual(b.asked, ['probe', 'pendingEdits', 'commit']);
});

test('a peer that has not answered yet keeps no other from being asked', async () => {
  const [a, b] = [peer('a', 'passive'), peer('b', 'active')];
  const { promise, resolve } = Promise.withResolvers<Device>();
  const found = activePeer([{ ...a.one, probe: () => promise }, b.one]).running();
  await Promise.resolve();
  assert.deepEqual(b.asked, ['probe']);
  resolve(device('a', 'passive'));
  assert.deepEqual(await found, ['b']);
});

test('the serials of a pair are those of the members that answer, and those that the active one tells', async () => {
  const [a, b, c, d] = [peer('a', 'passive'), peer('b', 'active'), peer('c', 'suspended'), peer('d', 'none')];
  b.peerSerials = ['a', 'told'];
  c.error = 'FirewallUnreachable';
  const device = await activePeer([a.one, b.one, c.one]).device();
  assert.deepEqual([device.serial, device.peerSerials.toSorted()], ['b', ['a', 'told']]);
  await assert.rejects(
    activePeer([b.one, d.one]).device(),
    { name: 'FirewallNotActive' },
    'd is no member of the pair',
  );
});

test('every method is passed on with what it was given', async () => {
  const [a, b] = [peer('a', 'passive'), peer('b', 'active-primary')];
  const pair = activePeer([a.one, b.one]) as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>;
  const methods = Object.keys(pair).filter((method) => method !== 'device' && !/xpath/i.test(method));
  assert.equal(methods.length, 20);
  for (const method of methods) {
    const given = pair[method]?.length === 2 ? ['one', 'two'] : pair[method]?.length === 1 ? ['one'] : [];
    assert.deepEqual(await pair[method]?.(...given), ['b', ...given], method);
  }
});

test('xpaths are the same on both peers and asked of none', () => {
  const [a, b] = [peer('a', 'passive'), peer('b', 'active')];
  assert.deepEqual(activePeer([a.one, b.one]).xpathsOf({ kind: 'delete-rule', name: ours('x') }), ['xpath of a']);
  assert.equal(activePeer([a.one, b.one]).ruleXpath('x'), 'xpath of a of x');
  assert.equal(activePeer([a.one, b.one]).serviceXpath('y'), 'xpath of a of y');
  assert.deepEqual([a.asked, b.asked], [[], []]);
});

for (const ill of ['FirewallUnreachable', 'FirewallDenied', 'ReplyNotUnderstood', 'FirewallNotActive'] as const) {
  test(`a peer that answers with ${ill} does not matter while another is active`, async () => {
    const [a, b] = [peer('a', 'active'), peer('b', 'active')];
    a.error = ill;
    assert.equal((await activePeer([a.one, b.one]).device()).serial, 'b');
    assert.equal((await activePeer([b.one, a.one]).device()).serial, 'b');
  });
}

test('two that say they are active are none: nothing more is asked of either', async () => {
  const [a, b] = [peer('a', 'active'), peer('b', 'active-primary')];
  await assert.rejects(activePeer([a.one, b.one]).write([], { auditComment: null }), {
    name: 'FirewallNotActive',
    message: /More than one peer .*: https:\/\/a is active; https:\/\/b is active-primary/,
  });
  assert.deepEqual([a.asked, b.asked], [['probe'], ['probe']]);
});

test('two addresses of one device are one that is active, not two', async () => {
  const [a, b] = [peer('a', 'active'), peer('a', 'active')];
  assert.deepEqual(await activePeer([a.one, b.one]).running(), ['a']);
  assert.deepEqual((await activePeer([a.one, b.one]).device()).peerSerials, []);
});

test('two without high availability are no pair', async () => {
  await assert.rejects(activePeer([peer('a', 'none').one, peer('b', 'none').one]).running(), {
    name: 'FirewallNotActive',
    message: /https:\/\/a is without high availability/,
  });
});

test('where no peer may be written to, each is told with its state', async () => {
  const [a, b] = [peer('a', 'passive'), peer('b', 'suspended')];
  await assert.rejects(activePeer([a.one, b.one]).pendingEdits(), {
    name: 'FirewallNotActive',
    message: /https:\/\/a is passive; https:\/\/b is suspended/,
  });
  b.error = 'FirewallUnreachable';
  await assert.rejects(activePeer([a.one, b.one]).running(), {
    name: 'FirewallNotActive',
    message: /https:\/\/b does not say \(FirewallUnreachable: no route\)/,
  });
  assert.deepEqual(
    [a.asked, b.asked].flat().filter((what) => what !== 'probe'),
    [],
  );
});

test('where every peer refuses for the same reason, that is what is raised', async () => {
  const [a, b] = [peer('a', 'active'), peer('b', 'active')];
  for (const [one, other, raised] of [
    ['FirewallDenied', 'FirewallDenied', 'FirewallDenied'],
    ['ReplyNotUnderstood', 'ReplyNotUnderstood', 'ReplyNotUnderstood'],
    ['FirewallDenied', 'FirewallUnreachable', 'FirewallNotActive'],
    ['FirewallUnreachable', 'FirewallUnreachable', 'FirewallNotActive'],
  ] as const) {
    a.error = one;
    b.error = other;
    await assert.rejects(activePeer([a.one, b.one]).running(), { name: raised });
  }
});

test('what ails this system and not a peer is raised as it is, whatever the other one says', async () => {
  const [a, b] = [peer('a', 'active'), peer('b', 'active')];
  for (const own of ['Misconfigured', 'AwsBusy', 'AwsDenied'] as const) {
    a.error = own;
    await assert.rejects(activePeer([a.one, b.one]).running(), { name: own });
  }
});

test('a search that failed is made again at the next call', async () => {
  const [a, b] = [peer('a', 'passive'), peer('b', 'passive')];
  const pair = activePeer([a.one, b.one]);
  await assert.rejects(pair.running(), { name: 'FirewallNotActive' });
  a.state = 'active';
  assert.deepEqual(await pair.running(), ['a']);
});

test('calls at one time search once', async () => {
  const [a, b] = [peer('a', 'passive'), peer('b', 'active')];
  const pair = activePeer([a.one, b.one]);
  await Promise.all([pair.running(), pair.candidate(), pair.locks()]);
  assert.deepEqual(a.asked, ['probe']);
});
