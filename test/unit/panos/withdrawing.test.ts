import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isNamed } from '../../../shared/domain/errors.ts';
import type { Edit } from '../../../shared/domain/plan/edits.ts';
import type { Policy } from '../../../shared/domain/policy/policy.ts';
import type { RuleContent } from '../../../shared/domain/rules/rule-content.ts';
import type { Firewall } from '../../../shared/panos/firewall.ts';
import { ours } from '../../support/owned-rule-name.ts';
import { rulesPath } from './scripted-send.ts';
import { type Bench, benches } from './simulated.ts';

const content = (changes: Partial<RuleContent> = {}): RuleContent => ({
  from: ['untrust'],
  to: ['trust'],
  source: ['0.0.0.0/0'],
  destination: ['10.0.1.5/32'],
  application: ['any'],
  service: ['tcp-80'],
  action: 'allow',
  logSetting: null,
  profileGroup: null,
  tags: [],
  description: '',
  ...changes,
});
const add = (name: string, changes: Partial<RuleContent> = {}, before = 'Clean up'): Edit => ({
  kind: 'add-rule',
  name,
  content: content(changes),
  before,
});
const drop = (name: string): Edit => ({ kind: 'delete-rule', name: ours(name) });
const narrow = (name: string, member = '1.2.3.4/32'): Edit => ({
  kind: 'set-members',
  name: ours(name),
  field: 'source',
  members: [member],
});
const move = (name: string, before: string): Edit => ({ kind: 'move-rule', name: ours(name), before });
const service = (name: string): Edit => ({
  kind: 'add-service',
  name,
  service: { protocol: 'tcp', port: '1234', sourcePort: null },
  tag: null,
  description: 'made by a test',
});
const plain = { auditComment: null };
const local = ({ rules }: Policy) => rules.filter(({ rulebase }) => rulebase === 'local');
const refusingRevert = (cmd: string | undefined): string | null =>
  cmd?.startsWith('<revert') === true
    ? '<response status="error"><result><msg><line>Partial revert is not allowed. Full system commit must be completed.</line></msg></result></response>'
    : null;

const withRules = async (made: Bench, ...rules: readonly string[]): Promise<Bench> => {
  await made.firewall.write(
    rules.map((name) => add(name)),
    plain,
  );
  await made.firewall.commit({ description: 'before', full: false });
  return made;
};
const writeAndWithdraw = async (firewall: Firewall, edits: readonly Edit[]) => {
  await firewall.write(edits, plain);
  return firewall.withdraw(edits.flatMap((edit) => firewall.xpathsOf(edit)));
};

describe('withdrawing', () => {
  const bench = benches();
  const everyKind: readonly Edit[] = [
    service('s-new'),
    add('i-9', { service: ['s-new'] }),
    drop('i-2'),
    narrow('i-1'),
    move('i-3', 'Web in'),
  ];

  for (const [how, revert] of [
    ['by the firewall itself', true],
    ['at exact xpaths', false],
  ] as const) {
    test(`${how} brings back content, place and absence`, async () => {
      const { firewall, intercept, seen } = await withRules(bench(), 'i-1', 'i-2', 'i-3', 'i-4');
      if (!revert) intercept(({ cmd }) => refusingRevert(cmd));
      const before = local(await firewall.running());
      const { left } = await writeAndWithdraw(firewall, everyKind);
      const after = local(await firewall.candidate());
      const comparable = (rules: typeof after) => (revert ? rules : rules.map((rule) => ({ ...rule, uuid: null })));
      assert.deepEqual(comparable(after), comparable(before));
      assert.ok(!(await firewall.candidate()).scopes.vsys.services.has('s-new'));
      // A rule put back by hand may get another uuid; then it is not as it was, and is reported.
      const changed = after.filter((rule, index) => rule.uuid !== before[index]?.uuid).map(({ name }) => name);
      assert.deepEqual(
        left,
        changed.map((name) => `${rulesPath}/entry[@name='${name}']`),
      );
      assert.ok(
        seen.some(
          ({ cmd }) =>
            cmd?.startsWith(
              '<revert><config><partial><admin><member>policy-sync</member></admin></partial></config></revert>',
            ) === true,
        ),
      );
    });
  }

  test('a rule that was the last comes back as the last', async () => {
    const { firewall, colleague, intercept } = await withRules(bench(), 'i-1');
    intercept(({ cmd }) => refusingRevert(cmd));
    await colleague.write([move('Clean up', 'i-1')], plain);
    await colleague.commit({ description: 'moved', full: false });
    await firewall.write([move('i-1', 'Web in')], plain);
    const xpaths = firewall.xpathsOf(drop('i-1'));
    assert.deepEqual(await firewall.withdraw(xpaths), { withdrawn: xpaths, left: [] });
    assert.equal(local(await firewall.candidate()).at(-1)?.name, 'i-1');
  });

  test('only what is asked for goes, what else is ours stays', async () => {
    const { firewall, seen } = await withRules(bench(), 'i-1', 'i-2');
    await firewall.write([narrow('i-1'), narrow('i-2')], plain);
    const [xpath = ''] = firewall.xpathsOf(narrow('i-1'));
    assert.deepEqual(await firewall.withdraw([xpath]), { withdrawn: [xpath], left: [] });
    const rules = local(await firewall.candidate());
    assert.deepEqual(rules.find(({ name }) => name === 'i-1')?.source, ['0.0.0.0/0']);
    assert.deepEqual(rules.find(({ name }) => name === 'i-2')?.source, ['1.2.3.4/32']);
    assert.ok(!seen.some(({ cmd }) => cmd?.startsWith('<revert') === true), 'the firewall would take back everything');
  });

  test("a colleague's edits stay, elsewhere and in other nodes of the same rule, and a node he edits is left and named", async () => {
    const { firewall, colleague } = await withRules(bench(), 'i-1', 'i-2', 'i-3');
    await colleague.write(
      [
        narrow('Web in', '8.8.8.8/32'),
        { kind: 'set-members', name: ours('i-2'), field: 'destination', members: ['9.9.9.9/32'] },
      ],
      plain,
    );
    await firewall.write([narrow('i-1'), narrow('i-2'), narrow('i-3')], plain);
    await colleague.write([narrow('i-3', '7.7.7.7/32')], plain);
    const { withdrawn, left } = await firewall.withdraw(
      [narrow('i-1'), narrow('i-2'), narrow('i-3')].flatMap((edit) => firewall.xpathsOf(edit)),
    );
    assert.deepEqual(withdrawn, [`${rulesPath}/entry[@name='i-1']/source`, `${rulesPath}/entry[@name='i-2']/source`]);
    assert.deepEqual(left, [`${rulesPath}/entry[@name='i-3']/source`]);
    const rules = local(await firewall.candidate());
    assert.deepEqual(rules.find(({ name }) => name === 'Web in')?.source, ['8.8.8.8/32']);
    assert.deepEqual(rules.find(({ name }) => name === 'i-2')?.source, ['0.0.0.0/0']);
    assert.deepEqual(rules.find(({ name }) => name === 'i-3')?.source, ['7.7.7.7/32']);
    assert.deepEqual(rules.find(({ name }) => name === 'i-2')?.destination, ['9.9.9.9/32']);
  });

  test("a service that a colleague's staged rule uses by now is left, the rest goes", async () => {
    const { firewall, colleague, intercept } = await withRules(bench(), 'i-1');
    intercept(({ cmd }) => refusingRevert(cmd));
    const edits = [service('s-1'), service('s-2'), narrow('i-1'), add('i-9', { service: ['s-1'] })];
    await firewall.write(edits, plain);
    await colleague.write([add('colleague rule', { service: ['s-1'] })], plain);
    const { left } = await firewall.withdraw(edits.flatMap((edit) => firewall.xpathsOf(edit)));
    assert.deepEqual(left, firewall.xpathsOf(service('s-1')));
    const candidate = await firewall.candidate();
    assert.deepEqual(
      local(candidate).map(({ name }) => name),
      ['Web out', 'Web in', 'Clear text', 'i-1', 'colleague rule', 'Clean up'],
    );
    assert.ok(!candidate.scopes.vsys.services.has('s-2'));
  });

  test('what is pending under others alone stays and is no leftover; what is nothing this client writes is left', async () => {
    const { firewall, colleague } = await withRules(bench(), 'i-1');
    await colleague.write([narrow('i-1')], plain);
    const [rule, other] = [`${rulesPath}/entry[@name='i-1']`, '/config/shared/address'];
    assert.deepEqual(await firewall.withdraw([rule, other]), { withdrawn: [rule], left: [other] });
    assert.deepEqual(local(await firewall.candidate()).find(({ name }) => name === 'i-1')?.source, ['1.2.3.4/32']);
  });

  test('what others have deleted of it keeps nothing from the own revert of the firewall, which keeps the uuids of deleted rules', async () => {
    const { firewall, colleague } = await withRules(bench(), 'i-1', 'i-2');
    const before = local(await firewall.running());
    const edits = [add('i-9'), drop('i-1'), narrow('i-2')];
    await firewall.write(edits, plain);
    await colleague.write([drop('i-9')], plain);
    const { left } = await firewall.withdraw(edits.flatMap((edit) => firewall.xpathsOf(edit)));
    assert.deepEqual(left, []);
    assert.deepEqual(local(await firewall.candidate()), before);
  });

  test('a rule that does not run yet is left as long as others edit anything in it', async () => {
    const { firewall, colleague } = await withRules(bench());
    await firewall.write([add('i-9')], plain);
    await colleague.write([narrow('i-9')], plain);
    const [rule] = firewall.xpathsOf(add('i-9'));
    assert.deepEqual(await firewall.withdraw([rule ?? '']), { withdrawn: [], left: [rule] });
  });

  test('nothing staged is withdrawn without a write', async () => {
    const { firewall, seen } = await withRules(bench(), 'i-1');
    const before = seen.length;
    const [xpath = ''] = firewall.xpathsOf(drop('i-1'));
    assert.deepEqual(await firewall.withdraw([xpath]), { withdrawn: [xpath], left: [] });
    assert.deepEqual(await firewall.withdraw([]), { withdrawn: [], left: [] });
    assert.ok(
      seen.slice(before).every(({ action, cmd }) => action !== 'multi-config' && cmd?.startsWith('<revert') !== true),
    );
  });

  test('a commit in progress stops it with that name', async () => {
    const { firewall, intercept } = await withRules(bench(), 'i-1');
    intercept(({ cmd }) =>
      cmd?.startsWith('<revert') === true
        ? '<response status="error"><msg><line>Local commit jobs are queued. Revert operation is not allowed.</line></msg></response>'
        : null,
    );
    await assert.rejects(writeAndWithdraw(firewall, [narrow('i-1')]), { name: 'CommitInProgress' });
  });

  test('law: after any edits of both, ours are as running or reported, and those of the colleague are untouched', async () => {
    const ourEdit = fc.oneof(
      fc.constantFrom('i-1', 'i-2', 'i-3').map(drop),
      fc.constantFrom('i-1', 'i-2', 'i-3').map((name) => narrow(name)),
      fc.constantFrom('n-1', 'n-2').map((name) => add(name)),
      fc
        .tuple(fc.constantFrom('i-1', 'i-2', 'i-3'), fc.constantFrom('Web out', 'Clear text', 'Clean up'))
        .map(([name, before]) => move(name, before)),
      fc.constantFrom('s-1', 's-2').map(service),
    );
    const theirEdit = fc.oneof(
      fc.constantFrom('Web out', 'Web in', 'i-2').map((name) => narrow(name, '8.8.8.8/32')),
      fc.constant(add('theirs')),
      fc.constant(move('Web out', 'Clean up')),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(ourEdit, { minLength: 1, maxLength: 6, selector: ({ name }) => name }),
        fc.uniqueArray(theirEdit, { maxLength: 2, selector: ({ name }) => name }),
        fc.boolean(),
        async (ours, theirs, reverts) => {
          const { firewall, colleague, intercept } = await withRules(bench(), 'i-1', 'i-2', 'i-3');
          if (!reverts) intercept(({ cmd }) => refusingRevert(cmd));
          const accepted: Edit[] = [];
          const write = async (client: Firewall, edit: Edit): Promise<boolean> => {
            try {
              await client.write([edit], plain);
              return true;
            } catch (error) {
              if (!isNamed(error, 'PlanStale', 'FirewallRejected')) throw error;
              return false;
            }
          };
          for (const edit of ours) if (await write(firewall, edit)) accepted.push(edit);
          for (const edit of theirs) await write(colleague, edit);
          const theirsPending = (await firewall.pendingEdits()).filter(
            ({ administrator }) => administrator === 'colleague',
          );
          const { withdrawn, left } = await firewall.withdraw(accepted.flatMap((edit) => firewall.xpathsOf(edit)));
          const [candidate, running] = [await firewall.candidate(), await firewall.running()];
          for (const edit of accepted) {
            const xpaths = firewall.xpathsOf(edit);
            if (xpaths.some((xpath) => left.includes(xpath))) continue;
            assert.ok(xpaths.every((xpath) => withdrawn.includes(xpath)));
            const of = (policy: Policy) =>
              edit.kind === 'add-service'
                ? policy.scopes.vsys.services.get(edit.name)
                : policy.rules.find(({ name }) => name === edit.name);
            if (edit.kind === 'set-members') continue;
            const isEdited = theirs.some((their) => their.kind === 'set-members' && their.name === edit.name);
            const beside = (policy: Policy) => (isEdited ? { ...of(policy), source: null } : of(policy));
            assert.deepEqual(beside(candidate), beside(running));
          }
          const still = (await firewall.pendingEdits()).filter(({ administrator }) => administrator === 'colleague');
          assert.deepEqual(still, theirsPending);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('unchanged', () => {
  const bench = benches();
  test('is what equals running in content and place, however often it was edited', async () => {
    const { firewall } = await withRules(bench(), 'i-1', 'i-2', 'i-3');
    await firewall.write([narrow('i-1')], plain);
    await firewall.write(
      [
        { kind: 'set-members', name: ours('i-1'), field: 'source', members: ['0.0.0.0/0'] },
        narrow('i-2'),
        move('i-3', 'Web out'),
      ],
      plain,
    );
    const rule = (name: string) => `${rulesPath}/entry[@name='${name}']`;
    assert.deepEqual(
      await firewall.unchangedAt([
        rule('i-1'),
        rule('i-2'),
        rule('i-3'),
        `${rule('i-2')}/destination`,
        '/config/shared/tag',
        rulesPath,
      ]),
      [rule('i-1'), `${rule('i-2')}/destination`, '/config/shared/tag'],
    );
    assert.deepEqual(await firewall.unchangedAt([]), []);
  });
});
