import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addressesThroughFirewall,
  effectiveTable,
  familiesBehindFirewall,
  localThroughFirewall,
  type NetworkPicture,
} from '../../../shared/domain/grants/routes.ts';
import type { SeenRoute, SeenRouteTable } from '../../../shared/domain/grants/seen.ts';
import { cidrsOf, lineOfCidrs } from '../../../shared/domain/sets/addresses.ts';
import { linesOverlap } from '../../../shared/domain/sets/lines.ts';

const firewall = 'eni-0f';

const route = (destination: string, target: string, more: Partial<SeenRoute> = {}): SeenRoute => ({
  destination: { kind: destination.startsWith('pl-') ? 'prefix-list' : 'cidr', value: destination },
  targets: [target],
  state: 'active',
  propagated: false,
  ...more,
});

const table = (...routes: readonly SeenRoute[]): SeenRouteTable => ({
  id: 'rtb-01',
  vpc: 'vpc-01',
  main: false,
  subnets: ['subnet-01'],
  routes,
});

const picture: NetworkPicture = {
  tables: [],
  vpcs: [{ id: 'vpc-01', ranges: ['10.0.0.0/16', '2001:db8::/56'] }],
  prefixLists: [{ id: 'pl-01', version: 1, family: 4, entries: ['0.0.0.0/0'] }],
};

const families = (...routes: readonly SeenRoute[]) => familiesBehindFirewall(table(...routes), picture, [firewall]);
const reaches = (source: string, ...routes: readonly SeenRoute[]) =>
  linesOverlap(lineOfCidrs([source], 4), addressesThroughFirewall(table(...routes), 4, picture, [firewall]));

test('a blackhole that still names the firewall does not count', () => {
  assert.deepEqual(families(route('0.0.0.0/0', firewall, { state: 'blackhole' })), []);
  assert.deepEqual(families(route('0.0.0.0/0', firewall)), [4]);
});

test('a filtered route is no route', () => {
  assert.deepEqual(families(route('0.0.0.0/0', firewall, { state: 'filtered' })), []);
  assert.equal(
    reaches('198.51.100.0/24', route('0.0.0.0/0', firewall), route('198.51.100.0/24', 'tgw-01', { state: 'filtered' })),
    true,
  );
});

test('a route to the firewall for addresses inside the VPC puts nothing behind it', () => {
  const inspection = [
    route('0.0.0.0/0', 'igw-01'),
    route('10.0.5.0/24', firewall),
    route('2001:db8:0:5::/64', firewall),
  ];
  assert.deepEqual(families(...inspection), []);
  assert.equal(reaches('0.0.0.0/0', ...inspection), false);
});

test('a route for some addresses outside is enough to be behind the firewall, for these', () => {
  const partner = [route('0.0.0.0/0', 'nat-01'), route('203.0.113.0/24', firewall)];
  assert.deepEqual(families(...partner), [4]);
  assert.equal(reaches('203.0.113.7/32', ...partner), true);
  assert.equal(reaches('198.51.100.0/24', ...partner), false);
  assert.equal(reaches('0.0.0.0/0', ...partner), true);
});

test('more specific routes that together take a whole source away leave nothing for the firewall', () => {
  const halves = [
    route('0.0.0.0/0', firewall),
    route('198.51.100.0/25', 'tgw-01'),
    route('198.51.100.128/25', 'vgw-01'),
  ];
  assert.equal(reaches('198.51.100.0/24', ...halves), false);
  assert.equal(reaches('198.51.101.0/24', ...halves), true);
});

test('among equal destinations a written route wins over a prefix list, and that over a learned one', () => {
  const written = (target: string) => route('0.0.0.0/0', target);
  const listed = (target: string) => route('pl-01', target);
  const learned = (target: string) => route('0.0.0.0/0', target, { propagated: true });
  for (const [winner, loser] of [
    [written, listed],
    [written, learned],
    [listed, learned],
  ] as const) {
    assert.deepEqual(families(loser('vgw-01'), winner(firewall)), [4]);
    assert.deepEqual(families(loser(firewall), winner('vgw-01')), []);
  }
});

test('a route by a prefix list that could not be read counts for nothing', () => {
  assert.deepEqual(families(route('pl-02', firewall)), []);
});

test('families are told apart', () => {
  assert.deepEqual(families(route('::/0', firewall), route('0.0.0.0/0', 'igw-01')), [6]);
  assert.deepEqual(families(route('::/0', firewall), route('0.0.0.0/0', firewall)), [4, 6]);
});

test('the table of a subnet is the associated one, else the main one of its own VPC, else none', () => {
  const own = table();
  const main = { ...table(), id: 'rtb-02', main: true, subnets: [] };
  const foreign = { ...main, id: 'rtb-03', vpc: 'vpc-02' };
  const of = (id: string, vpc: string) => effectiveTable({ tables: [foreign, main, own] }, { id, vpc })?.id ?? null;
  assert.equal(of('subnet-01', 'vpc-01'), 'rtb-01');
  assert.equal(of('subnet-02', 'vpc-01'), 'rtb-02');
  assert.equal(of('subnet-02', 'vpc-03'), null);
});

test('addresses inside the VPC pass the firewall where a written route more specific than the local one, or in its place, says so', () => {
  const local = route('10.0.0.0/16', 'local');
  for (const [routes, through] of [
    [[local, route('0.0.0.0/0', firewall)], []],
    [[route('0.0.0.0/0', firewall)], []],
    [[local, route('10.0.5.0/24', firewall)], ['10.0.5.0/24']],
    [[local, route('10.0.5.0/24', firewall), route('10.0.5.128/25', 'eni-0e')], ['10.0.5.0/25']],
    [[route('10.0.0.0/16', firewall)], ['10.0.0.0/16']],
    [[local, route('10.0.5.0/24', firewall, { propagated: true })], []],
    [[local, route('10.0.5.0/24', firewall), route('10.0.5.0/25', 'vgw-01', { propagated: true })], ['10.0.5.0/24']],
    [[local, route('10.0.0.0/8', firewall)], []],
  ] as const)
    assert.deepEqual(cidrsOf(localThroughFirewall(table(...routes), 4, picture, [firewall]), 4), through);
});
