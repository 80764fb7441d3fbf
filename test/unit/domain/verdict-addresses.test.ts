import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  canonicalCidr,
  cidrsOf,
  contains,
  familyOf,
  lineOfCidrs,
  overlaps,
  rangeOfCidr,
  rangeOfEnds,
} from '../../../shared/domain/sets/addresses.ts';

test('a CIDR has one canonical text', () => {
  assert.equal(canonicalCidr('10.0.1.5'), '10.0.1.5/32');
  assert.equal(canonicalCidr('10.0.1.5/24'), '10.0.1.0/24');
  assert.equal(canonicalCidr('0.0.0.0/0'), '0.0.0.0/0');
  assert.equal(canonicalCidr('255.255.255.255/1'), '128.0.0.0/1');
  assert.equal(canonicalCidr('2001:DB8::0:1'), '2001:db8::1/128');
  assert.equal(canonicalCidr('2001:db8:0:0:1::/64'), '2001:db8::/64');
  assert.equal(canonicalCidr('::/0'), '::/0');
  assert.equal(canonicalCidr('::ffff:10.0.0.1'), '::ffff:a00:1/128');
  assert.equal(canonicalCidr('1:2:3:4:5:6:7:8/0'), '::/0');
});

test('what is no address is refused, also what a lenient parser would read', () => {
  const nonsense = [
    '',
    'any',
    'web-servers',
    '10.0.0',
    '10.0.0.1.2',
    '10.0.0.256',
    '300.1.1.1',
    '010.0.0.1',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    ' 10.0.0.1',
    '10.0.0.1 ',
    '10.0.0.0/255.0.0.0',
    '1.2.3.',
    '.1.2.3.4',
    '1..2.3',
    '::/129',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '::10.0.0.256',
    '10.0.0.1::',
  ];
  for (const text of nonsense) {
    assert.throws(() => canonicalCidr(text), RangeError, text);
    assert.equal(rangeOfCidr(text), null, text);
  }
});

test('containment and overlap never cross families', () => {
  assert.equal(familyOf('10.0.0.0/8'), 4);
  assert.equal(familyOf('::/0'), 6);
  assert.equal(contains('0.0.0.0/0', '10.0.0.0/8'), true);
  assert.equal(contains('10.0.0.0/8', '10.0.0.0/8'), true);
  assert.equal(contains('10.0.0.0/8', '0.0.0.0/0'), false);
  assert.equal(contains('10.0.0.0/8', '11.0.0.0/32'), false);
  assert.equal(contains('::/0', '10.0.0.0/8'), false);
  assert.equal(overlaps('10.0.0.0/8', '10.255.0.0/16'), true);
  assert.equal(overlaps('10.255.0.0/16', '10.0.0.0/8'), true);
  assert.equal(overlaps('10.0.0.0/9', '10.128.0.0/9'), false);
  assert.equal(overlaps('::/0', '0.0.0.0/0'), false);
  assert.equal(overlaps('2001:db8::/32', '2001:db8:1::/48'), true);
});

test('a range includes both ends and may stand in either family', () => {
  assert.deepEqual(rangeOfEnds('10.0.0.1-10.0.0.9'), { family: 4, line: [0x0a000001, 0x0a00000a] });
  assert.deepEqual(rangeOfEnds('0.0.0.0-255.255.255.255'), { family: 4, line: [0, 2 ** 32] });
  assert.deepEqual(rangeOfEnds('::-::1'), { family: 6, line: [0n, 2n] });
  for (const text of [
    '10.0.0.9-10.0.0.1',
    '10.0.0.0/24-10.0.1.0',
    '10.0.0.1-::1',
    '10.0.0.1',
    'web-servers',
    '1-2-3',
  ]) {
    assert.equal(rangeOfEnds(text), null, text);
  }
});

test('a line prints as the fewest CIDRs that are exactly it', () => {
  const back = (...cidrs: string[]) => cidrsOf(lineOfCidrs(cidrs, familyOf(cidrs[0] ?? '')), familyOf(cidrs[0] ?? ''));
  assert.deepEqual(back('10.0.0.0/25', '10.0.0.128/25'), ['10.0.0.0/24']);
  assert.deepEqual(back('10.0.0.0/25', '10.0.1.0/25'), ['10.0.0.0/25', '10.0.1.0/25']);
  assert.deepEqual(back('0.0.0.0/0'), ['0.0.0.0/0']);
  assert.deepEqual(back('::/0'), ['::/0']);
  assert.deepEqual(back('2001:db8::/33', '2001:db8:8000::/33', '2001:db8::1'), ['2001:db8::/32']);
  assert.deepEqual(cidrsOf([1, 5], 4), ['0.0.0.1/32', '0.0.0.2/31', '0.0.0.4/32']);
  assert.deepEqual(cidrsOf([], 4), []);
  assert.throws(() => lineOfCidrs(['10.0.0.0/8', '::/0'], 4), RangeError);
});
