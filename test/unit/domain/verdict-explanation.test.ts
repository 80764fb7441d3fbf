import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidate, judge, rule, type Scopes } from './verdict-policies.ts';

const explanation = (...judged: Parameters<typeof judge>): string => judge(...judged)[0]?.verdict.explanation ?? '';
const services: Scopes = {
  vsys: {
    services: {
      some: { protocol: 'tcp', port: '80-90,100', sourcePort: null },
      many: { protocol: 'tcp', port: '80,82,84,86', sourcePort: null },
      low: { protocol: 'tcp', port: '443', sourcePort: '0-1023' },
      udp: { protocol: 'udp', port: '0-65535', sourcePort: null },
    },
    applications: {
      'icmp-3': { icmp: { family: 4, type: 3, code: 4 } },
      'icmp-5': { icmp: { family: 4, type: 5, code: null } },
    },
  },
};

test('a part is told by the sides in which it differs from the candidate', () => {
  const wide = candidate({ service: 'tcp/1-1000', destinations: ['10.0.1.5/32', '10.0.1.6/32'] });
  const one = rule('R', {
    source: ['203.0.113.0/25'],
    destination: ['10.0.1.5'],
    service: ['some'],
    application: ['ssl'],
  });
  assert.equal(
    explanation([one], [wide], services),
    '203.0.113.0/25 to 10.0.1.5/32 tcp/80-90, tcp/100 application ssl by "R", the rest reaches "Clean up"',
  );
});

test('each action has its verb', () => {
  const half = { source: ['203.0.113.0/25'] };
  const verbs = {
    allow: 'by',
    deny: 'denied by',
    drop: 'dropped by',
    'reset-client': 'reset by',
    'reset-server': 'reset by',
    'reset-both': 'reset by',
  } as const;
  for (const [action, verb] of Object.entries(verbs)) {
    assert.equal(
      explanation([rule('R', { ...half, action: action as keyof typeof verbs })], [candidate()]),
      `203.0.113.0/25 ${verb} "R", the rest reaches "Clean up"`,
    );
  }
});

test('three pieces are named, more are told by what is missing or cut short', () => {
  const hosts = (count: number) => Array.from({ length: count }, (_, n) => `203.0.113.${n * 2}`);
  const told = (sources: readonly string[], negateSource = false) =>
    explanation([rule('R', { source: sources, negateSource })], [candidate()]).replace(/ by "R".*/, '');
  assert.equal(told(hosts(1)), '203.0.113.0/32');
  assert.equal(told(hosts(3)), '203.0.113.0/32, 203.0.113.2/32, 203.0.113.4/32');
  assert.equal(told(hosts(4)), '203.0.113.0/32, 203.0.113.2/32, 203.0.113.4/32 and more');
  assert.equal(told(hosts(2), true), 'all sources but 203.0.113.0/32, 203.0.113.2/32');
  const three = hosts(3);
  assert.equal(told(three, true), `all sources but ${three.map((host) => `${host}/32`).join(', ')}`);
});

test('destinations, ports, source ports and applications are named likewise', () => {
  const to = candidate({ destinations: Array.from({ length: 8 }, (_, n) => `10.0.1.${n * 2}/32`) });
  assert.equal(
    explanation([rule('R', { destination: ['10.0.1.4'], negateDestination: true })], [to]).replace(/ by "R".*/, ''),
    'to all destinations but 10.0.1.4/32',
  );
  const ports = candidate({ service: 'tcp/80-86' });
  assert.equal(
    explanation([rule('R', { service: ['many'] })], [ports], services).replace(/ by "R".*/, ''),
    'all traffic but tcp/81, tcp/83, tcp/85',
  );
  assert.equal(
    explanation([rule('R', { service: ['low'] })], [candidate()], services).replace(/ by "R".*/, ''),
    'from source port 1-1023',
  );
  assert.equal(
    explanation([rule('R', { application: ['ssh', 'dns', 'ssl', 'facebook', 'web-browsing'] })], [candidate()]).replace(
      / by "R".*/,
      '',
    ),
    'applications dns, facebook, ssh and 2 more',
  );
  assert.equal(
    explanation([rule('R', { application: ['ssh', 'dns', 'ssl', 'facebook'] })], [candidate()]).replace(
      / by "R".*/,
      '',
    ),
    'applications dns, facebook, ssh, ssl',
  );
});

test('what an earlier rule took of the applications is told as all but these', () => {
  const rules = [rule('R', { application: ['ssl', 'dns'], action: 'deny' }), rule('Web in')];
  assert.equal(
    explanation(rules, [candidate()]),
    'applications dns, ssl denied by "R", all but applications dns, ssl by "Web in"',
  );
});

test('ICMP types, whole protocols and runs of protocols have their words', () => {
  const all = candidate({ service: 'any' });
  const told = (application: string, service = 'any') =>
    explanation([rule('R', { application: [application], service: [service] })], [all], services).replace(
      / by "R".*/,
      '',
    );
  assert.equal(told('ping'), 'icmp type 8 application ping');
  assert.equal(told('icmp-3'), 'icmp type 3 code 4 application icmp-3');
  assert.equal(told('icmp-5'), 'icmp type 5 application icmp-5');
  assert.equal(told('icmp'), 'icmp application icmp');
  assert.equal(told('ping6'), 'ipv6-icmp type 128 application ping6');
  assert.equal(told('ipsec-esp'), 'protocol 50 application ipsec-esp');
  assert.equal(told('any', 'udp'), 'udp');
  assert.equal(
    explanation([rule('R', { service: ['udp'] }), rule('Rest')], [all], services),
    'udp by "R", protocols 0-16, protocols 18-255 by "Rest"',
  );
});

test('a rule that decides several separate parts names each, up to three', () => {
  const wide = candidate({ service: 'tcp/80-100', destinations: ['10.0.1.5/32', '10.0.1.6/32'] });
  const rules = [
    rule('Block', { action: 'deny', source: ['203.0.113.0/25'], destination: ['10.0.1.5'] }),
    rule('Web in', { service: ['some'] }),
  ];
  assert.equal(
    explanation(rules, [wide], services),
    '203.0.113.0/25 to 10.0.1.5/32 denied by "Block", ' +
      '203.0.113.128/25 tcp/80-90, tcp/100 and 203.0.113.0/25 to 10.0.1.6/32 tcp/80-90, tcp/100 by "Web in", ' +
      'the rest reaches "Clean up"',
  );
});

test('of many rules the first five are told and the others counted', () => {
  const rules = Array.from({ length: 9 }, (_, n) => rule(`R${n}`, { source: [`203.0.113.${n}`] }));
  const text = explanation(rules, [candidate()]);
  assert.match(
    text,
    /^203\.0\.113\.0\/32 by "R0", .*203\.0\.113\.4\/32 by "R4", other parts by 4 more rules, the rest reaches "Clean up"$/,
  );
  const seven = Array.from({ length: 6 }, (_, n) => rule(`R${n}`, { source: [`203.0.113.${n}`] }));
  assert.doesNotMatch(explanation(seven, [candidate()]), /more rules/);
});

test('rules that could not be judged are told with the reason and what they may do', () => {
  const rules = [
    rule('Block list', { source: ['bad'], action: 'drop' }),
    rule('Staff', { restrictions: ['source-user', 'category'] }),
    rule('Web in'),
  ];
  const judged = judge(rules, [candidate()], { vsys: { externalLists: ['bad'] } });
  assert.equal(
    judged[0]?.verdict.explanation,
    'all of it by "Web in"; except what "Block list" (external list "bad") may deny first, ' +
      '"Staff" (category, source-user) may allow first',
  );
  assert.deepEqual(judged[0]?.verdict.reservations, ['Block list', 'Staff']);
  assert.deepEqual(judged[0]?.doubts, [
    { rule: 'Block list', action: 'drop', because: ['external list "bad"'] },
    { rule: 'Staff', action: 'allow', because: ['category', 'source-user'] },
  ]);
});

test('an intrazone rule that lists the zone on one side only says what is odd about it', () => {
  const judged = judge(
    [rule('R', { ruleType: 'intrazone', from: ['trust'], to: ['dmz'] })],
    [candidate({ from: 'trust' })],
  );
  assert.deepEqual(judged[0]?.doubts, [
    { rule: 'R', action: 'allow', because: ['intrazone, with different zones on its two sides'] },
  ]);
});

test('every reason for a doubt says what it is about', () => {
  const because = (said: Parameters<typeof rule>[1], scopes: Scopes = {}) =>
    judge([rule('R', said)], [candidate({ application: ['ssl'] })], scopes)[0]?.doubts.flatMap(
      (doubt) => doubt.because,
    );
  const objects: Scopes = {
    vsys: {
      addresses: {
        cdn: { kind: 'fqdn', value: 'cdn.example.com' },
        odd: { kind: 'ip-netmask', value: '10.0.0' },
        back: { kind: 'ip-range', value: '10.0.0.9-10.0.0.1' },
        wild: { kind: 'ip-wildcard', value: '10.0.0.1' },
        twice: { kind: 'ip-netmask', value: '10.0.0.1' },
        web: { kind: 'ip-netmask', value: '10.0.0.1' },
      },
      addressGroups: {
        dag: { kind: 'dynamic', filter: 'x' },
        loop: { kind: 'static', members: ['loop'] },
        twice: { kind: 'static', members: [] },
      },
      services: {
        s: { protocol: 'tcp', port: 'x', sourcePort: null },
        t: { protocol: 'tcp', port: '1', sourcePort: null },
        u: { protocol: 'tcp', port: '1', sourcePort: null },
      },
      serviceGroups: { loop: ['loop'], t: [] },
      applicationGroups: { loop: ['loop'], ssh: [], dns: ['ssl'] },
      applicationFilters: ['filter', 'ssh'],
      regions: ['DE'],
    },
    shared: {
      addresses: { web: { kind: 'ip-netmask', value: '10.0.0.2' } },
      addressGroups: { mixed: { kind: 'static', members: ['web'] } },
      services: { u: { protocol: 'tcp', port: '2', sourcePort: null } },
      serviceGroups: { mixed: ['u'] },
      applicationGroups: { dns: ['ssh'], mixed: ['dns'] },
    },
  };
  const facts: readonly (readonly [Parameters<typeof rule>[1], readonly string[]])[] = [
    [{ source: ['cdn'] }, ['FQDN object "cdn"']],
    [{ source: ['odd'] }, ['address object "odd" (10.0.0)']],
    [{ source: ['back'] }, ['address object "back" (10.0.0.9-10.0.0.1)']],
    [{ source: ['wild'] }, ['address object "wild" (10.0.0.1)']],
    [{ source: ['dag'] }, ['dynamic address group "dag"']],
    [{ source: ['loop'] }, ['address group "loop" contains itself']],
    [{ source: ['DE'] }, ['region "DE"']],
    [{ source: ['twice'] }, ['"twice" is the name of several objects']],
    [{ source: ['nothing'] }, ['"nothing" is neither an address nor defined']],
    [{ source: [] }, ['no address is given']],
    [{ service: ['s'] }, ['service "s"']],
    [{ service: ['loop'] }, ['service group "loop" contains itself']],
    [{ service: ['t'] }, ['"t" is the name of several services']],
    [{ service: ['mixed'] }, ['"u" means different services in different scopes']],
    [{ service: ['nothing'] }, ['service "nothing" is not defined']],
    [{ service: [] }, ['no service is given']],
    [{ application: ['loop'] }, ['application group "loop" contains itself']],
    [{ application: ['filter'] }, ['application filter "filter"']],
    [{ application: ['ssh'] }, ['"ssh" is the name of several applications']],
    [{ application: ['mixed'] }, ['"dns" means different applications in different scopes']],
    [{ application: ['nothing'] }, ['application "nothing" is not defined']],
    [{ application: [] }, ['no application is given']],
  ];
  for (const [said, reasons] of facts) assert.deepEqual(because(said, objects), reasons, JSON.stringify(said));
  assert.deepEqual(because({ destination: ['mixed', '10.0.1.5'] }, objects), [], 'sure enough for the candidate');
  assert.deepEqual(
    judge([rule('R', { destination: ['mixed'] })], [candidate({ destinations: ['10.0.0.2/32'] })], objects)[0]?.doubts,
    [{ rule: 'R', action: 'allow', because: ['"web" means different objects in different scopes'] }],
  );
  const netflow = judge(
    [rule('R', { application: ['netflow'], service: ['application-default'] })],
    [candidate({ application: ['netflow'], service: 'udp/2055' })],
  );
  assert.deepEqual(netflow[0]?.doubts[0]?.because, ['default ports of application "netflow"']);
  assert.deepEqual(judge([rule('R', { service: ['application-default'] })], [candidate()])[0]?.doubts[0]?.because, [
    'application-default of applications without known default ports',
  ]);
});

test('a policy that cuts a candidate into too many parts is given up on, safely and in words', () => {
  const next = (seed: number) => {
    let state = seed;
    return (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
  };
  const pick = next(5);
  const crossing = Array.from({ length: 60 }, (_, n) =>
    rule(`R${n}`, {
      source: [`${pick(128)}.0.0.0-${128 + pick(127)}.0.0.0`],
      destination: [`10.0.0.${pick(128)}-10.0.0.${128 + pick(127)}`],
      service: [`s${pick(50)}`],
      application: Array.from({ length: 20 }, () => `a${pick(200)}`),
    }),
  );
  const objects: Scopes = {
    vsys: {
      services: Object.fromEntries(
        Array.from({ length: 50 }, (_, n) => [
          `s${n}`,
          { protocol: 'tcp', port: `${pick(30000)}-${30000 + pick(30000)}`, sourcePort: null } as const,
        ]),
      ),
      applications: Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`a${n}`, {}])),
    },
  };
  const destinations = [
    ...Array.from({ length: 100 }, (_, n) => `10.0.0.${n * 2}/32`),
    // One address on two interfaces, which no rule concerns: judged to the end where the others are given up on.
    ['eni-a', '10.0.0.255/32'],
    ['eni-b', '10.0.0.255/32'],
  ] as const;
  const asked = candidate({ sources: ['0.0.0.0/0'], destinations, service: 'tcp/0-65535' });
  const judged = judge(crossing, [asked], objects);
  assert.equal(judged[0]?.verdict.kind, 'needed');
  assert.match(
    judged[0].verdict.explanation,
    /the rest may reach "Clean up": the rules above cut it into too many parts to tell/,
  );
  assert(judged[0].verdict.explanation.length < 4000);
  assert.deepEqual(judged[0].doubts, [], 'a rule of which everything is known raises no doubt by being passed over');
});
