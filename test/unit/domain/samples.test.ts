import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CandidateRule } from '../../../shared/domain/rules/candidate-rules.ts';
import { canonicalCidr, contains } from '../../../shared/domain/sets/addresses.ts';
import { compareAnswer, samplesOf } from '../../../shared/domain/verdict/samples.ts';
import type { Judged, Verdict } from '../../../shared/domain/verdict/verdict-words.ts';
import { candidate, cleanUp, judge, policy, rule, type Said } from './verdict-policies.ts';

const judged = (one: CandidateRule, kind: Verdict['kind'] = 'needed'): Judged => ({
  input: 0,
  candidate: one,
  parts: [],
  doubts: [],
  verdict: { kind, reaches: 'Clean up', by: [], reservations: [], opensMoreApplicationsThan: [], explanation: '' },
  trimmedSources: [],
  trimmedDestinations: [],
});
const sampleOf = (one: CandidateRule) => {
  const [sample] = samplesOf([judged(one)], 1);
  assert.ok(sample);
  return sample;
};
const sessionOf = (said: Said) => sampleOf(candidate(said)).session;

test('a session is inside the ranges of its candidate, from zone to zone, on its port', () => {
  assert.deepEqual(
    sessionOf({ sources: ['203.0.113.0/24'], service: 'tcp/443-500', application: ['ssl', 'web-browsing'] }),
    {
      from: 'untrust',
      to: 'trust',
      source: '203.0.113.128',
      destination: '10.0.1.5',
      protocol: 6,
      destinationPort: 443,
      application: 'ssl',
    },
  );
});

test('addresses have no prefix length and lie inside, for every range of both families', () => {
  const ranges = fc.oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
    fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })),
  );
  fc.assert(
    fc.property(ranges, ([address, bits]) => {
      const range = canonicalCidr(`${address}/${bits}`);
      const { source, destination } = sessionOf({ sources: [range], destinations: [range] });
      for (const one of [source, destination]) {
        assert.doesNotMatch(one, /\//);
        assert.ok(contains(range, one), `${one} is not in ${range}`);
      }
    }),
    { numRuns: 300 },
  );
});

test('the address is not the first of a network that has more than one', () => {
  for (const [range, inside] of [
    ['0.0.0.0/0', '128.0.0.0'],
    ['10.0.0.0/31', '10.0.0.1'],
    ['10.0.0.7/32', '10.0.0.7'],
    ['::/0', '8000::'],
    ['2001:db8::/127', '2001:db8::1'],
  ] as const) {
    assert.equal(sessionOf({ sources: [range] }).source, inside, range);
  }
});

test('each kind of traffic has its protocol, and a port where it has ports', () => {
  const of = (traffic: CandidateRule['traffic'], application: readonly string[]) => {
    const {
      protocol,
      destinationPort,
      application: named,
    } = sampleOf({ ...candidate(), traffic, application }).session;
    return [protocol, destinationPort, named];
  };
  assert.deepEqual(of({ kind: 'ports', protocol: 'udp', ports: { from: 53, to: 53 } }, ['any']), [
    17,
    53,
    'unknown-udp',
  ]);
  assert.deepEqual(of({ kind: 'ports', protocol: 'tcp', ports: { from: 1, to: 9 } }, ['any']), [6, 1, 'unknown-tcp']);
  assert.deepEqual(of({ kind: 'icmp', family: 4, type: 8, code: 'all' }, ['ping']), [1, null, 'ping']);
  assert.deepEqual(of({ kind: 'icmp', family: 6, type: 128, code: 'all' }, ['ping6']), [58, null, 'ping6']);
  assert.deepEqual(of({ kind: 'protocol', number: 50 }, ['ipsec-esp']), [50, null, 'ipsec-esp']);
  assert.deepEqual(of({ kind: 'all' }, ['any']), [6, 49_151, 'unknown-tcp']);
});

test('the sample as a candidate is exactly its session', () => {
  const { session, candidate: one } = sampleOf(candidate({ sources: ['203.0.113.0/24'], service: 'any' }));
  assert.deepEqual(
    one.sources.map(({ source }) => source),
    [`${session.source}/32`],
  );
  assert.deepEqual(
    one.destinations.map(({ address }) => address),
    [`${session.destination}/32`],
  );
  const ports = { kind: 'ports', protocol: 'tcp', ports: { from: 49_151, to: 49_151 } };
  assert.deepEqual([one.traffic, one.service, one.application], [ports, ports, ['unknown-tcp']]);
});

test('samples are spread over what was added and what was left out, each candidate once before any is asked again', () => {
  const added = ['1', '2', '3'].map((at) => judged(candidate({ destinations: [`10.0.1.${at}/32`] })));
  const leftOut = (['allowed', 'overridden', 'refused'] as const).map((kind, at) =>
    judged(candidate({ destinations: [`10.0.2.${at + 1}/32`] }), kind),
  );
  const asked = (of: readonly Judged[], most: number) => samplesOf(of, most).map(({ session }) => session.destination);
  const everything = [...added, ...leftOut];
  assert.deepEqual(asked(everything, 4), ['10.0.1.1', '10.0.2.1', '10.0.1.2', '10.0.2.2']);
  assert.deepEqual(asked(everything, 3), ['10.0.1.1', '10.0.2.1', '10.0.1.2']);
  const once = asked(everything, 6);
  assert.equal(new Set(once).size, 6);
  assert.deepEqual(asked(everything, 99), [...once, ...once], 'and again with another application');
  assert.deepEqual(asked(added, 2), ['10.0.1.1', '10.0.1.2'], 'all of one kind where there is no other');
  assert.deepEqual(asked(leftOut, 2), ['10.0.2.1', '10.0.2.2']);
  assert.deepEqual(asked(everything, 0), []);
});

test('a candidate is asked about with its own application first, then with another that its sessions may be seen as', () => {
  const applications = (said: Said, traffic?: CandidateRule['traffic']) => {
    const one = candidate(said);
    return samplesOf([judged(traffic === undefined ? one : { ...one, traffic })], 9).map((sample) => {
      assert.deepEqual(sample.candidate.application, [sample.session.application]);
      return sample.session.application;
    });
  };
  assert.deepEqual(applications({ application: ['ssl'] }), ['ssl', 'web-browsing']);
  assert.deepEqual(applications({ application: ['web-browsing'], service: 'tcp/80' }), ['web-browsing', 'ssl']);
  assert.deepEqual(applications({ application: ['ssl', 'web-browsing'] }), ['ssl', 'web-browsing']);
  assert.deepEqual(applications({ service: 'tcp/8080' }), ['unknown-tcp', 'web-browsing']);
  assert.deepEqual(applications({ service: 'udp/53', application: ['dns'] }), ['dns', 'unknown-udp']);
  assert.deepEqual(applications({ service: 'any' }), ['unknown-tcp', 'web-browsing']);
  const ping = { kind: 'icmp', family: 4, type: 8, code: 'all' } as const;
  assert.deepEqual(applications({ service: 'any', application: ['ping'] }, ping), ['ping']);
});

test('a candidate with nothing on one side has no session', () => {
  assert.deepEqual(samplesOf([judged(candidate({ sources: [] })), judged(candidate({ destinations: [] }))], 9), []);
});

const compared = (answer: string | null, rules = [rule('Web in', { service: ['any'] })]) => {
  const sample = sampleOf(candidate());
  const [ours] = judge(rules, [sample.candidate]);
  assert.ok(ours);
  return compareAnswer(sample, ours, answer, policy([...rules, cleanUp]));
};

test('the rule that our verdict names is agreement; another is disagreement, with both in the text', () => {
  assert.equal(compared('Web in').outcome, 'agrees');
  const other = compared('Clean up');
  assert.equal(other.outcome, 'disagrees');
  assert.match(
    other.text,
    /203\.0\.113\.128 to 10\.0\.1\.5, protocol 6 port 443, unknown-tcp: the firewall says "Clean up", the verdict "Web in"/,
  );
});

test('no answer, a rule we could not judge, and one by application say nothing', () => {
  assert.equal(compared(null).outcome, 'inconclusive');
  assert.match(compared(null).text, /the firewall says nothing/);
  const doubtful = [rule('Bad hosts', { action: 'deny', restrictions: ['schedule'] }), rule('Web in')];
  assert.equal(compared('Bad hosts', doubtful).outcome, 'inconclusive');
  const byApplication = [rule('Apps', { application: ['ssh'] }), rule('Web in')];
  assert.equal(compared('Apps', byApplication).outcome, 'inconclusive');
});
