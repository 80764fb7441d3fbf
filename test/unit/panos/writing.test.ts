import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Edit } from '../../../shared/domain/plan/edits.ts';
import type { RuleContent } from '../../../shared/domain/rules/rule-content.ts';
import type { Firewall } from '../../../shared/panos/firewall.ts';
import { roundsOf } from '../../../shared/panos/write.ts';
import { places } from '../../../shared/panos/xpath.ts';
import { ours } from '../../support/owned-rule-name.ts';
import { benches } from './simulated.ts';

const content: RuleContent = {
  from: ['untrust'],
  to: ['trust'],
  source: ['0.0.0.0/0'],
  destination: ['10.0.1.5/32'],
  application: ['ssl'],
  service: ['aws-tcp-443'],
  action: 'allow',
  logSetting: 'default',
  profileGroup: 'default-profile',
  tags: ['aws-policy-sync'],
  description: `AuthorizeSecurityGroupIngress by "x" <&> 'y'`,
};
const add = (name: string, changes: Partial<RuleContent> = {}): Edit => ({
  kind: 'add-rule',
  name,
  content: { ...content, ...changes },
  before: 'Clean up',
});
const service: Edit = {
  kind: 'add-service',
  name: 'aws-tcp-443',
  service: { protocol: 'tcp', port: '443', sourcePort: null },
  tag: 'aws-policy-sync',
  description: 'made by a test',
};
const plain = { auditComment: null };
const names = async (firewall: Firewall): Promise<readonly string[]> =>
  (await firewall.candidate()).rules.filter(({ rulebase }) => rulebase === 'local').map(({ name }) => name);
const administrators = ['Web out', 'Web in', 'Clear text'];

describe('writing', () => {
  const bench = benches();
  const withRules = async (...rules: readonly string[]) => {
    const made = bench();
    await made.firewall.write([service, ...rules.map((name) => add(name))], plain);
    await made.firewall.commit({ description: 'before', full: false });
    return made;
  };

  test('an added rule stands directly above the bottom rule, several in the order given', async () => {
    const { firewall, seen } = bench();
    await firewall.write([add('i-1'), service, add('i-2')], plain);
    assert.deepEqual(await names(firewall), [...administrators, 'i-1', 'i-2', 'Clean up']);
    const rule = (await firewall.candidate()).rules.find(({ name }) => name === 'i-1');
    const {
      rulebase: _,
      uuid,
      negateSource,
      negateDestination,
      ruleType,
      disabled,
      restrictions,
      others,
      name,
      ...read
    } = rule ?? assert.fail();
    assert.deepEqual(read, content);
    assert.ok(uuid !== null);
    assert.equal(seen.filter(({ action }) => action === 'multi-config').length, 1);
    assert.ok(!seen.some((fields) => 'strict-transactional' in fields));
  });

  test('a set of members replaces the node and leaves the rest of the rule', async () => {
    const { firewall } = await withRules('i-1');
    await firewall.write(
      [{ kind: 'set-members', name: ours('i-1'), field: 'source', members: ['1.2.3.0/24', '5.6.7.8/32'] }],
      plain,
    );
    const rule = (await firewall.candidate()).rules.find(({ name }) => name === 'i-1');
    assert.deepEqual(rule?.source, ['1.2.3.0/24', '5.6.7.8/32']);
    assert.deepEqual(rule?.destination, content.destination);
  });

  test('a service goes together with the last rule that uses it, in any order of the edits', async () => {
    const { firewall } = await withRules('i-1');
    await firewall.write(
      [
        { kind: 'delete-service', name: 'aws-tcp-443' },
        { kind: 'delete-rule', name: ours('i-1') },
      ],
      plain,
    );
    assert.deepEqual(await names(firewall), [...administrators, 'Clean up']);
    assert.ok(!(await firewall.candidate()).scopes.vsys.services.has('aws-tcp-443'));
  });

  test('a rule of ours below the bottom rule is moved above it', async () => {
    const { firewall, colleague } = await withRules('i-1');
    await colleague.write([{ kind: 'move-rule', name: ours('Clean up'), before: 'i-1' }], plain);
    await firewall.write([{ kind: 'move-rule', name: ours('i-1'), before: 'Clean up' }], plain);
    assert.deepEqual(await names(firewall), [...administrators, 'i-1', 'Clean up']);
  });

  test('deleting what is gone already is success', async () => {
    const { firewall } = bench();
    await firewall.write(
      [
        { kind: 'delete-rule', name: ours('i-9') },
        { kind: 'delete-service', name: 'gone' },
      ],
      plain,
    );
  });

  test('a refused edit leaves nothing of the others behind', async () => {
    const { firewall, simulator } = bench();
    const before = simulator.exportConfiguration('candidate');
    await assert.rejects(firewall.write([service, add('i-1'), add('i-2', { source: ['nonsense'] })], plain), {
      name: 'FirewallRejected',
      message: /'nonsense' is not a valid reference/,
    });
    assert.equal(simulator.exportConfiguration('candidate'), before);
  });

  test('a service that a rule still uses is refused with the words that name the rule', async () => {
    const { firewall } = await withRules('i-1');
    await assert.rejects(firewall.write([{ kind: 'delete-service', name: 'aws-tcp-443' }], plain), {
      name: 'FirewallRejected',
      message: /references from.*i-1/,
    });
  });

  test('another rule of that name is neither merged into nor replaced: the plan is stale', async () => {
    const { firewall, colleague, simulator } = bench();
    await colleague.write([service, add('i-1', { description: "a colleague's" })], plain);
    const before = simulator.exportConfiguration('candidate');
    await assert.rejects(firewall.write([add('i-1')], plain), {
      name: 'PlanStale',
      message: /another rule called "i-1"/,
    });
    await assert.rejects(
      firewall.write([{ ...service, service: { protocol: 'tcp', port: '8443', sourcePort: null } }], plain),
      {
        name: 'PlanStale',
        message: /another service/,
      },
    );
    assert.equal(simulator.exportConfiguration('candidate'), before);
  });

  test('writing the same again changes nothing', async () => {
    const { firewall, simulator } = bench();
    await firewall.write([service, add('i-1')], plain);
    const once = simulator.exportConfiguration('candidate');
    await firewall.write([service, add('i-1')], plain).catch((error: Error) => {
      // A release may refuse to move a rule to where it stands.
      assert.equal(error.name, 'FirewallRejected');
    });
    assert.equal(simulator.exportConfiguration('candidate'), once);
  });

  test('a rule that has gone is not created anew by changing or moving it: the plan is stale', async () => {
    const { firewall, simulator } = bench();
    const before = simulator.exportConfiguration('candidate');
    for (const edit of [
      { kind: 'set-members', name: ours('i-9'), field: 'source', members: ['1.1.1.1/32'] },
      { kind: 'move-rule', name: ours('i-9'), before: 'Clean up' },
      { ...add('i-1'), before: 'No such bottom' },
    ] as const) {
      await assert.rejects(firewall.write([edit], plain), { name: 'PlanStale' });
    }
    assert.equal(simulator.exportConfiguration('candidate'), before);
  });

  test('an audit comment goes to every rule added, changed or moved', async () => {
    const { firewall, seen } = await withRules('i-1', 'i-2');
    await firewall.write(
      [
        add('i-3'),
        { kind: 'set-members', name: ours('i-1'), field: 'source', members: ['1.1.1.1/32'] },
        { kind: 'delete-rule', name: ours('i-2') },
      ],
      { auditComment: 'CHG <1>' },
    );
    const comments = seen.flatMap(({ cmd }) => (cmd?.startsWith('<set><audit-comment>') === true ? [cmd] : []));
    assert.deepEqual(comments.map((cmd) => /name='([^']+)'\]<\/xpath>/.exec(cmd)?.[1]).sort(), ['i-1', 'i-3']);
    assert.ok(comments.every((cmd) => cmd.includes('<comment>CHG &lt;1&gt;</comment>')));
    assert.equal(seen.find(({ action }) => action === 'multi-config' && true)?.['audit-comment'], undefined);
    assert.equal(seen.filter(({ action }) => action === 'multi-config').at(-1)?.['audit-comment'], 'CHG <1>');
  });

  test('a round whose audit comment is refused is taken back', async () => {
    const { firewall, simulator, intercept } = bench();
    const before = simulator.exportConfiguration('candidate');
    intercept(({ cmd }) =>
      cmd?.startsWith('<set><audit-comment>') === true
        ? '<response status="error" code="12"><msg><line>comment does not match regex</line></msg></response>'
        : null,
    );
    await assert.rejects(firewall.write([service, add('i-1')], { auditComment: 'x' }), {
      name: 'FirewallRejected',
      message: /regex/,
    });
    assert.equal(simulator.exportConfiguration('candidate'), before);
  });

  test('a write during a queued commit is CommitInProgress', async () => {
    const { firewall, colleague, intercept } = bench();
    assert.ok(colleague);
    intercept(({ action }) =>
      action === 'multi-config'
        ? '<response status="error" code="13"><msg><line>A commit is pending. Please try again later.</line></msg></response>'
        : null,
    );
    await assert.rejects(firewall.write([service], plain), { name: 'CommitInProgress' });
  });
});

describe('rounds', () => {
  const place = places('vsys1');
  test('hold at most 500 operations, a rule never apart from its move, removals in the first', () => {
    const edits: Edit[] = [
      ...Array.from({ length: 400 }, (_, index) => add(`i-${index}`)),
      ...Array.from({ length: 3 }, (_, index): Edit => ({ kind: 'delete-service', name: `s-${index}` })),
      ...Array.from({ length: 3 }, (_, index): Edit => ({ kind: 'delete-rule', name: ours(`d-${index}`) })),
    ];
    const rounds = roundsOf(place, edits);
    assert.deepEqual(
      rounds.map((round) => round.length),
      [3 + 248, 152 + 3],
    );
    assert.ok(rounds[0]?.slice(0, 3).every(({ kind }) => kind === 'delete-rule'));
    assert.ok(
      rounds
        .at(-1)
        ?.slice(-3)
        .every(({ kind }) => kind === 'delete-service'),
    );
  });
  test('hold at most 4 MB as sent', () => {
    const members = Array.from({ length: 500 }, (_, index) => `10.${index % 250}.${Math.floor(index / 250)}.0/24`);
    const rounds = roundsOf(
      place,
      Array.from({ length: 200 }, (_, index) => add(`i-${index}`, { source: members, destination: members })),
    );
    assert.ok(rounds.length > 1);
  });
  test('a later round that fails says that earlier ones are staged', async () => {
    const { scripted, ok, nothing, got } = await import('./scripted-send.ts');
    let writes = 0;
    const { firewall } = scripted(({ fields }) => {
      if (fields['action'] !== 'multi-config')
        return fields['xpath']?.includes('/rules/') === true ? got('<entry name="Clean up"/>') : nothing;
      writes += 1;
      return writes === 1 ? ok : '<response status="error" code="12"><msg><line>no</line></msg></response>';
    });
    await assert.rejects(
      firewall.write(
        Array.from({ length: 260 }, (_, index) => add(`i-${index}`)),
        plain,
      ),
      {
        name: 'FirewallRejected',
        message: /no .*round 2 of 2; the rounds before it are staged/,
      },
    );
  });
});

describe('checked before anything is sent', () => {
  const cases: readonly (readonly [string, Edit, RegExp])[] = [
    ['a rule name over 63 characters', add('x'.repeat(64)), /64 characters, a firewall takes 63/],
    ['a rule name with other characters', add("a'b"), /characters other than/],
    ['a rule name with a blank at its end', add('a '), /characters other than/],
    ['an empty name', add(''), /is empty/],
    ['a reserved name', add('any'), /reserved/],
    ['the name of a default rule', { kind: 'delete-rule', name: ours('interzone-default') }, /reserved/],
    ['an empty side', add('a', { source: [] }), /source has no members/],
    ['an empty set', { kind: 'set-members', name: ours('a'), field: 'destination', members: [] }, /no members/],
    ['any beside others', add('a', { destination: ['any', '10.0.0.0/8'] }), /"any" must stand alone/],
    ['application-default beside others', add('a', { service: ['application-default', 'x'] }), /must stand alone/],
    ['a member twice', add('a', { source: ['1.1.1.1/32', '1.1.1.1/32'] }), /twice/],
    ['a zone over 31 characters', add('a', { from: ['z'.repeat(32)] }), /takes 31/],
    ['a description over 1024 characters', add('a', { description: 'd'.repeat(1025) }), /takes 1024/],
    ['more than 64 tags', add('a', { tags: Array.from({ length: 65 }, (_, index) => `t${index}`) }), /more than 64/],
    ['a control character', add('a', { description: 'a\u0000b' }), /U\+0000/],
    [
      'a bad port',
      {
        kind: 'add-service',
        name: 's',
        service: { protocol: 'tcp', port: '70000', sourcePort: null },
        tag: null,
        description: 'made by a test',
      },
      /comma list/,
    ],
    [
      'a range turned round',
      {
        kind: 'add-service',
        name: 's',
        service: { protocol: 'tcp', port: '90-80', sourcePort: null },
        tag: null,
        description: 'made by a test',
      },
      /comma list/,
    ],
    [
      'a bad source port',
      {
        kind: 'add-service',
        name: 's',
        service: { protocol: 'tcp', port: '80', sourcePort: 'x' },
        tag: null,
        description: 'made by a test',
      },
      /source port/,
    ],
    ['a rule before itself', { kind: 'move-rule', name: ours('a'), before: 'a' }, /before itself/],
  ];
  for (const [title, edit, words] of cases) {
    test(`${title} is Misconfigured`, async () => {
      const { scripted, nothing } = await import('./scripted-send.ts');
      const { firewall, seen } = scripted(({ fields }) => (fields['action'] === 'get' ? nothing : null));
      await assert.rejects(firewall.write([edit], plain), { name: 'Misconfigured', message: words });
      assert.ok(!seen.some(({ fields }) => fields['action'] === 'multi-config'));
    });
  }
  test('an audit comment over 256 characters is Misconfigured', async () => {
    const { scripted } = await import('./scripted-send.ts');
    await assert.rejects(scripted(() => null).firewall.write([add('a')], { auditComment: 'c'.repeat(257) }), {
      name: 'Misconfigured',
    });
  });
});

describe('writing at the end of the local rulebase', () => {
  const bench = benches();
  const atEnd = (name: string): Edit => ({ ...add(name), before: null }) as Edit;

  test('an added rule stands last without being moved; a rule that is moved there stands below the others', async () => {
    const { firewall, seen } = bench();
    await firewall.write([service, atEnd('i-1'), atEnd('i-2')], plain);
    assert.deepEqual(await names(firewall), [...administrators, 'Clean up', 'i-1', 'i-2']);
    assert.ok(seen.every(({ element = '' }) => !element.includes('<move')));
    await firewall.write([{ kind: 'move-rule', name: ours('i-1'), before: null }], plain);
    assert.deepEqual(await names(firewall), [...administrators, 'Clean up', 'i-2', 'i-1']);
  });

  test('what was added or moved there is taken back', async () => {
    const { firewall } = bench();
    await firewall.write([service, atEnd('i-1'), atEnd('i-2')], plain);
    await firewall.commit({ description: 'before', full: false });
    const edits: readonly Edit[] = [{ kind: 'move-rule', name: ours('i-1'), before: null }, atEnd('i-3')];
    await firewall.write(edits, plain);
    await firewall.withdraw(edits.flatMap(firewall.xpathsOf));
    assert.deepEqual(await names(firewall), [...administrators, 'Clean up', 'i-1', 'i-2']);
  });

  test('a default rule is no rule to move before, and nothing is sent', async () => {
    const { firewall, seen } = bench();
    const wrong: Edit = { ...add('i-1'), before: 'interzone-default' } as Edit;
    await assert.rejects(firewall.write([service, wrong], plain), { name: 'Misconfigured', message: /is reserved/ });
    assert.deepEqual(seen, []);
  });
});

describe('a firewall without multi-config', () => {
  const bench = benches();
  const without = () => {
    const made = bench();
    made.intercept(({ action }) =>
      action === 'multi-config'
        ? `<response status = 'error' code = '400'><result><msg>Illegal value for parameter "action" [multi-config]. Allowed values: show, get, set, edit, delete, move</msg></result></response>`
        : null,
    );
    return made;
  };

  test('gets one call per operation, with the same outcome', async () => {
    const { firewall, seen } = without();
    await firewall.write([service, add('i-1'), add('i-2')], plain);
    assert.deepEqual(await names(firewall), [...administrators, 'i-1', 'i-2', 'Clean up']);
    assert.deepEqual(
      seen.flatMap(({ action }) => (action === 'set' || action === 'move' ? [action] : [])),
      ['set', 'set', 'move', 'set', 'move'],
    );
  });

  test('a refused call undoes those before it', async () => {
    const { firewall, simulator } = without();
    await firewall.write([service, add('i-1'), add('i-2')], plain);
    await firewall.commit({ description: 'd', full: false });
    const before = simulator.exportConfiguration('candidate');
    await assert.rejects(
      firewall.write(
        [
          { kind: 'set-members', name: ours('i-2'), field: 'source', members: ['9.9.9.9/32'] },
          { ...service, name: 'aws-tcp-444' },
          add('i-3'),
          { kind: 'delete-rule', name: ours('i-1') },
          // Still used by i-2 and i-3.
          { kind: 'delete-service', name: 'aws-tcp-443' },
        ],
        plain,
      ),
      { name: 'FirewallRejected', message: /references from/ },
    );
    assert.equal(
      simulator.exportConfiguration('candidate').replace(/ uuid="[^"]*"/g, ''),
      before.replace(/ uuid="[^"]*"/g, ''),
    );
  });

  test('deletes last, so that a refused addition never has a rule put back under another uuid', async () => {
    const { firewall, seen } = without();
    await assert.rejects(
      firewall.write([{ kind: 'delete-rule', name: ours('Web in') }, add('i-1', { service: ['nonsense'] })], plain),
      { name: 'FirewallRejected' },
    );
    assert.deepEqual(
      seen.flatMap(({ action }) => (action === 'delete' || action === 'set' ? [action] : [])),
      ['set'],
    );
  });

  test('when undoing fails too, the message says so', async () => {
    const { firewall, intercept } = without();
    intercept(({ action, xpath }) => {
      if (action === 'multi-config')
        return '<response status="error" code="17"><msg><line>multi-config is unexpected</line></msg></response>';
      if (action === 'delete') return '<response status="error" code="13"><msg><line>edit lock</line></msg></response>';
      return xpath?.includes("'i-1'") === true && action === 'set'
        ? '<response status="error" code="12"><msg><line>bad rule</line></msg></response>'
        : null;
    });
    await assert.rejects(firewall.write([service, add('i-1')], plain), {
      name: 'FirewallRejected',
      message: /bad rule.*could not all be undone.*edit lock/,
    });
  });
});
