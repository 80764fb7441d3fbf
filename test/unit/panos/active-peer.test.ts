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
  peerSerial: null,
});

/** A peer that notes what it is asked; its state, or the error that it raises, may change. */
const peer = (name: string, state: string) => {
  const it = { state, error: null as ErrorName | null, asked: [] as string[] };
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
  const one: Peer = { endpoint: `https://${name}`, firewall };
  return Object.assign(it, { one });
};

test('a firewall without a peer is that firewall itself: nothing is asked beforehand', () => {
  const single = peer('a', 'passive');
  assert.equal(activePeer([single.one]), single.one.firewall);
  assert.deepEqual(single.asked, []);
});

test('everything goes to the peer that may be written to, found once', async () => {
  const [a, b] = [peer('a', 'passive'), peer('b', 'active')];
  const pair = activePeer([a.one, b.one]);
  assert.equal((await pair.device()).serial, 'b');
  await pair.pendingEdits();
  await pair.commit({ description: 'd', full: false });
  assert.deepEqual(a.asked, ['device']);
  assert.deepEqual(b.asked, ['device', 'device', 'pendingEdits', 'commit']);
});

test('every method is passed on with what it was given', async () => {
  const [a, b] = [peer('a', 'passive'), peer('b', 'active-primary')];
  const pair = activePeer([a.one, b.one]) as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>;
  const methods = Object.keys(pair).filter((method) => method !== 'device' && !/xpath/i.test(method));
  assert.equal(methods.length, 16);
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

test('a peer that does not answer is passed over', async () => {
  const [a, b] = [peer('a', 'active'), peer('b', 'active')];
  a.error = 'FirewallUnreachable';
  assert.equal((await activePeer([a.one, b.one]).device()).serial, 'b');
});

test('the first of two that say they are active is taken', async () => {
  const [a, b] = [peer('a', 'active'), peer('b', 'active')];
  assert.equal((await activePeer([a.one, b.one]).device()).serial, 'a');
  assert.deepEqual(b.asked, []);
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
    message: /https:\/\/b does not answer/,
  });
  assert.deepEqual(
    [a.asked, b.asked].flat().filter((what) => what !== 'device'),
    [],
  );
});

test('a refused key is no reason to try the other peer', async () => {
  const [a, b] = [peer('a', 'active'), peer('b', 'active')];
  a.error = 'FirewallDenied';
  await assert.rejects(activePeer([a.one, b.one]).running(), { name: 'FirewallDenied' });
  assert.deepEqual(b.asked, []);
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
  assert.deepEqual(a.asked, ['device']);
});
