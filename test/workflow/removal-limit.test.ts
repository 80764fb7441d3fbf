import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateRouteCommand,
  CreateSecurityGroupCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { tableParts } from '../../shared/runtime/clients/table.ts';
import { digestOf } from '../../shared/runtime/digest.ts';
import { settingsFrom } from '../../shared/runtime/settings.ts';
import { calls, causeOf, colleague, fromAnywhere, outputOf, resync, resyncRun, ruleXpath } from '../support/calls.ts';
import { execute, interfaceId, lose, opened, reroute, serverId, serving, stateEvent } from '../support/many-servers.ts';
import type { TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);
const awaiting = (run: Parameters<typeof outputOf>[0]) =>
  (outputOf(run, 'TestRules')['tested'] as { awaitsApproval?: { interfaces: { count: number }; input: object } })
    .awaitsApproval;
const approval = (system: TestSystem): string => {
  const message = system.parts.sns.published
    .map(({ message: text }) => text)
    .findLast((text) => text.includes('approve'));
  return (
    message?.split('\n').find((line) => line.startsWith('{"operator"')) ?? assert.fail(`no approval in ${message}`)
  );
};

describe('the removal limit', () => {
  test('stops sixty events in a burst that each lose one interface: none goes beyond it, and no plan is split to fit', async () => {
    const system = await serving(60);
    lose(system, ...numbers(60));
    for (const at of numbers(60)) {
      system.executions.start({
        stateMachineArn: 'arn:aws:states:eu-central-1:111122223333:stateMachine:policy-sync-local',
        input: stateEvent(system, serverId(at), 'running'),
      });
    }
    await system.idle();
    assert.ok((await opened(system)).length >= 40, `${(await opened(system)).length} of 60 are left`);
  });

  test('counts over a day: events one after the other stop where one plan would have', async () => {
    const system = await serving(60);
    lose(system, ...numbers(60));
    const errors: (string | null | undefined)[] = [];
    for (const at of numbers(24)) {
      system.clock.advance(600_000);
      errors.push((await execute(system, stateEvent(system, serverId(at), 'running'))).error ?? null);
    }
    assert.equal((await opened(system)).length, 40);
    assert.deepEqual(errors.slice(0, 20).filter(Boolean), []);
    assert.deepEqual(new Set(errors.slice(20)), new Set(['TooMuchToRemove']));
    system.clock.advance(24 * 3_600_000);
    await execute(system, stateEvent(system, serverId(30), 'running'));
    assert.equal((await opened(system)).length, 39, 'a day later the next may go');
  });

  test('a failure for it is over when that was approved and carried out, not when a resync succeeds meanwhile', async () => {
    const system = await serving(60);
    lose(system, ...numbers(60));
    for (const at of numbers(24)) {
      system.clock.advance(600_000);
      await execute(system, stateEvent(system, serverId(at), 'running'));
    }
    const over = (): readonly string[] =>
      system.parts.sns.published.map(({ subject }) => subject).filter((subject) => subject.includes(', over'));
    await resync(system);
    await execute(system, stateEvent(system, serverId(30), 'pending'));
    await resync(system);
    assert.deepEqual(over(), []);
    const approved = await execute(system, approval(system));
    assert.equal(approved.status, 'SUCCEEDED', causeOf(approved));
    await resync(system);
    assert.deepEqual(await opened(system), []);
    assert.equal(over().length, 1);
    assert.match(over()[0] ?? '', /TooMuchToRemove, over after \d+ failures?/);
  });

  test('a prefix list that EC2 does not show takes nothing from a hundred interfaces', async () => {
    const list = 'pl-0123456789abcdef0';
    const system = await serving(100, { from: list });
    system.parts.ec2.rearrange((account) => ({ ...account, prefixLists: new Map() }));
    const run = await resync(system);
    assert.equal((await opened(system)).length, 100);
    assert.equal(awaiting(run)?.interfaces.count, 100);
  });

  test('over it, what EC2 shows closed is closed and what it grants is opened: only what vanished stays', async () => {
    const system = await serving(30);
    await calls(system).grant(ids.webGroup, fromAnywhere(9443));
    system.clock.advance(3_600_000);
    lose(system, ...numbers(25));
    const run = await calls(system).revoke(ids.webGroup, fromAnywhere(9443));
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.equal((await opened(system)).length, 30);
    const ports = async () => new Set((await system.rules()).filter(({ owned }) => owned).flatMap((r) => r.service));
    assert.deepEqual(await ports(), new Set(['tcp-8443']));
    await calls(system).grant(ids.webGroup, fromAnywhere(7443));
    assert.deepEqual(await ports(), new Set(['tcp-8443', 'tcp-7443']));
    await calls(system).stop(serverId(29));
    assert.ok(!(await opened(system)).includes('10.0.1.40/32'));
  });

  test('counts a loss before it is written: a run that dies in between cannot make the next one forget it', async () => {
    let dies = false;
    const system = await serving(30, {
      around: ({ stateName }, run) => {
        if (stateName !== 'Commit' || !dies) return run();
        throw Object.assign(new Error('ended by hand'), { name: 'CommitFailed' });
      },
    });
    lose(system, 0, 1);
    dies = true;
    assert.equal((await resyncRun(system)).error, 'CommitFailed');
    const { removalCount } = tableParts(system.surroundings, settingsFrom(system.surroundings.world.environment));
    assert.deepEqual((await removalCount.read()).lost, [interfaceId(0), interfaceId(1)]);
  });

  test('losing everything always asks, and more than half of at least three', async () => {
    for (const [servers, lost, left] of [
      [1, 1, 1],
      [2, 2, 2],
      [2, 1, 1],
      [5, 3, 5],
      [6, 3, 3],
    ] as const) {
      const system = await serving(servers);
      lose(system, ...numbers(lost));
      await resync(system);
      assert.equal((await opened(system)).length, left, `${lost} of ${servers}`);
    }
  });
});

describe('an approval', () => {
  test('is pasted as the message gives it, holds for whatever run comes, and covers those it names and no others', async () => {
    const system = await serving(30);
    lose(system, ...numbers(26));
    await resync(system);
    const input = approval(system);
    assert.deepEqual(JSON.parse(input), { operator: { approve: numbers(26).map(interfaceId) } });
    assert.equal((await opened(system)).length, 30);
    system.parts.simulator.control({
      kind: 'add-fault',
      when: { type: 'commit' },
      fault: { kind: 'commit-fails', lines: ['no'] },
    });
    const failed = await execute(system, input);
    assert.equal(failed.error, 'CommitFailed');
    system.parts.simulator.control({ kind: 'clear-faults' });
    lose(system, 26, 27, 28);
    await resync(system);
    assert.deepEqual(await opened(system), ['10.0.1.37/32', '10.0.1.38/32', '10.0.1.39/32', '10.0.1.40/32']);
    assert.deepEqual(JSON.parse(approval(system)), { operator: { approve: [26, 27, 28].map(interfaceId) } });
  });

  test('covers fewer than it names: what came back keeps its rules', async () => {
    const system = await serving(30);
    const comeBack = lose(system, ...numbers(26));
    await resync(system);
    const input = approval(system);
    comeBack(0, 1, 2);
    const approved = await execute(system, input);
    assert.equal(approved.status, 'SUCCEEDED', causeOf(approved));
    assert.equal((await opened(system)).length, 7);
  });

  test('ends after a day', async () => {
    const system = await serving(30);
    const comeBack = lose(system, ...numbers(26));
    await resync(system);
    const input = approval(system);
    comeBack(...numbers(26));
    assert.equal((await execute(system, input)).status, 'SUCCEEDED');
    system.clock.advance(23 * 3_600_000);
    lose(system, 0);
    await resync(system);
    assert.equal((await opened(system)).length, 29);
    system.clock.advance(3_600_000);
    lose(system, ...numbers(26));
    const held = await resync(system);
    assert.equal((await opened(system)).length, 29);
    assert.equal(awaiting(held)?.interfaces.count, 25);
  });

  test('of the release before, by the hash of a plan, is still understood', async () => {
    const system = await serving(30);
    lose(system, ...numbers(26));
    const hash = digestOf(numbers(26).map(interfaceId).join(' ')).slice(0, 16);
    await resyncRun(system, { approvePlan: '0123456789abcdef' });
    assert.equal((await opened(system)).length, 30);
    const run = await resyncRun(system, { approvePlan: hash });
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.equal((await opened(system)).length, 4);
  });

  test('that names something else than interfaces is refused by name', async () => {
    const system = await serving(2);
    const run = await execute(system, JSON.stringify({ operator: { approve: ['i-1'] } }));
    assert.equal(run.error, 'EventNotUnderstood');
    assert.match(causeOf(run), /operator\.approve.*eni-/);
  });
});

describe('a wrong digit in FIREWALL_TARGETS', () => {
  /** To the code it is the same whether the setting or every route names another interface. */
  const wrong = (route: Readonly<Record<string, unknown>>) => ({
    ...route,
    NetworkInterfaceId: 'eni-0f1ea110000000002',
    InstanceId: undefined,
  });

  test('removes nothing and is named, while what EC2 shows closed is closed', async () => {
    const system = await serving(20);
    await calls(system).grant(ids.webGroup, fromAnywhere(9443));
    system.clock.advance(3_600_000);
    reroute(system, wrong);
    const run = await resyncRun(system);
    assert.equal(run.error, 'Misconfigured', causeOf(run));
    assert.match(causeOf(run), /FIREWALL_TARGETS: no route table .* names i-0f1ea11000000000f/);
    assert.equal((await opened(system)).length, 20);
    const revoked = await calls(system).revoke(ids.webGroup, fromAnywhere(9443));
    assert.equal(revoked.status, 'SUCCEEDED', causeOf(revoked));
    await calls(system).stop(serverId(3));
    assert.equal((await opened(system)).length, 19);
    const services = (await system.rules()).filter(({ owned }) => owned).flatMap((rule) => rule.service);
    assert.deepEqual(new Set(services), new Set(['tcp-8443']));
  });

  test('is said on the very first run, of an event as of a resync', async () => {
    const { createTestSystem } = await import('../support/system.ts');
    const system = await createTestSystem();
    reroute(system, wrong);
    const started = await calls(system).start(ids.webServers[1]);
    assert.equal(started.error, 'Misconfigured', causeOf(started));
    const first = await resyncRun(system);
    assert.equal(first.error, 'Misconfigured', causeOf(first));
  });

  test('beside a right target is a warning', async () => {
    const system = await serving(3, {
      environment: { FIREWALL_TARGETS: `${ids.firewallInside},eni-0f1ea110000000002` },
    });
    const run = await resync(system);
    assert.match(JSON.stringify(outputOf(run, 'ResolveInterfaces')), /eni-0f1ea110000000002.*no route/);
  });
});

describe('a route to the firewall that is a blackhole for a moment', () => {
  test('removes nothing and opens nothing; what EC2 shows closed meanwhile is closed', async () => {
    const system = await serving(2);
    const before = await system.rules();
    reroute(system, (route) => ({ ...route, State: 'blackhole' }));
    await resync(system);
    assert.deepEqual(await system.rules(), before);
    const granted = await calls(system).grant(ids.webGroup, fromAnywhere(9443));
    assert.equal(granted.status, 'SUCCEEDED', causeOf(granted));
    assert.deepEqual(await system.rules(), before);
    await calls(system).stop(serverId(0));
    assert.deepEqual(await opened(system), ['10.0.1.12/32']);
    reroute(system, (route) => ({ ...route, State: 'active' }));
    await resync(system);
    const services = (await system.rules()).filter(({ owned }) => owned).flatMap((rule) => rule.service);
    assert.deepEqual(services.toSorted(), ['tcp-8443', 'tcp-9443'], 'what was granted meanwhile is opened now');
  });
});

describe('what was positively shown', () => {
  test('a scale-in announced by its event and carried out when EC2 has forgotten the instance is not held back', async () => {
    const system = await serving(30, { environment: { BRAKE_INTERFACES: '0', BRAKE_PERCENT: '0' } });
    lose(system, ...numbers(25));
    for (const at of numbers(25)) {
      const run = await execute(system, stateEvent(system, serverId(at), 'terminated', 300));
      assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    }
    assert.equal((await opened(system)).length, 5);
    lose(system, 25);
    await resync(system);
    assert.equal((await opened(system)).length, 5, 'nobody announced this one');
  });

  test('is found for an interface that another group brings in: the group it left lets nothing in any more, unasked', async () => {
    const system = await serving(2, { environment: { BRAKE_INTERFACES: '0', BRAKE_PERCENT: '0' } });
    const { GroupId: other = '' } = await system.ec2.send(
      new CreateSecurityGroupCommand({ GroupName: 'other', Description: 'other', VpcId: ids.vpc }),
    );
    system.parts.ec2.rearrange((account) => ({
      ...account,
      interfaces: new Map(
        [...account.interfaces].map(([id, one]) => [
          id,
          id === interfaceId(0) ? { ...one, Groups: [{ GroupId: other, GroupName: 'other' }] } : one,
        ]),
      ),
    }));
    const run = await calls(system).grant(other, fromAnywhere(9443));
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    const ours = (await system.rules()).filter(({ owned }) => owned);
    assert.deepEqual(ours.map(({ destination, service }) => `${destination} ${service}`).sort(), [
      '10.0.1.11/32 tcp-9443',
      '10.0.1.12/32 tcp-8443',
    ]);
  });

  test('stays evidence: what a run saw terminated and could not close goes when EC2 shows nothing of it any more', async () => {
    const system = await serving(2);
    const [rule] = (await system.rules()).filter(({ destination }) => destination.includes('10.0.1.11/32'));
    const other = colleague(system);
    other.edit(`${ruleXpath(rule?.name ?? '')}/description`, '<description>mine</description>');
    await calls(system).stop(serverId(0), serverId(1));
    assert.deepEqual(await opened(system), ['10.0.1.11/32'], 'a colleague is editing the rule');
    other.commit();
    lose(system, 0, 1);
    system.clock.advance(3_600_000);
    await resync(system);
    assert.deepEqual(await opened(system), []);
  });
});

test('a stop that was undone by a start is no evidence when EC2 shows nothing later', async () => {
  const system = await serving(4);
  const rules = (await system.rules()).filter(({ owned }) => owned);
  const other = colleague(system);
  for (const rule of rules) other.edit(`${ruleXpath(rule.name)}/description`, '<description>mine</description>');
  const all = [0, 1, 2, 3].map(serverId);
  await calls(system).stop(...all);
  assert.equal((await opened(system)).length, 4, 'a colleague is editing the rule');
  system.clock.advance(60_000);
  const started = await calls(system).start(...all);
  assert.equal(started.status, 'SUCCEEDED', causeOf(started));
  other.commit();
  system.clock.advance(3_600_000);
  await resync(system);
  await resync(system);
  assert.equal((await opened(system)).length, 4);
  lose(system, 0, 1, 2, 3);
  system.clock.advance(3_600_000);
  await resyncRun(system);
  assert.equal((await opened(system)).length, 4, 'losing everything always asks');
});

test('an unrelated route call explains nothing', async () => {
  const system = await serving(10, { moreEvents: true });
  reroute(system, (route) => ({ ...route, NetworkInterfaceId: 'eni-0f1ea110000000002', InstanceId: undefined }));
  await resyncRun(system);
  let table = '';
  system.parts.ec2.rearrange((account) => {
    table = [...account.routeTables.keys()].at(-1) ?? '';
    return account;
  });
  await system.ec2.send(
    new CreateRouteCommand({
      RouteTableId: table,
      DestinationCidrBlock: '192.0.2.0/24',
      NetworkInterfaceId: 'eni-0abc0000000000009',
    }),
  );
  await system.idle();
  assert.equal((await opened(system)).length, 10);
});

test('with a wrong digit in FIREWALL_TARGETS, what only closes does not report as done what others ask to be opened', async () => {
  const system = await serving(3);
  await calls(system).grant(ids.webGroup, fromAnywhere(9443));
  reroute(system, (route) => ({ ...route, NetworkInterfaceId: 'eni-0f1ea110000000002', InstanceId: undefined }));
  const before = system.runs().length;
  await Promise.all([
    system.ec2.send(
      new RevokeSecurityGroupIngressCommand({ GroupId: ids.webGroup, IpPermissions: [fromAnywhere(9443)] }),
    ),
    system.ec2.send(
      new AuthorizeSecurityGroupIngressCommand({ GroupId: ids.webGroup, IpPermissions: [fromAnywhere(9002)] }),
    ),
  ]);
  await system.idle();
  const runs = system.runs().slice(before);
  assert.deepEqual(
    runs.map(({ status, error }) => `${status} ${error ?? ''}`.trim()).sort(),
    ['FAILED Misconfigured', 'SUCCEEDED'],
    runs.map(causeOf).join('\n'),
  );
});

test('a route call for another table explains nothing', async () => {
  const system = await serving(10, { moreEvents: true });
  reroute(system, (route) => ({ ...route, NetworkInterfaceId: 'eni-0f1ea110000000002', InstanceId: undefined }));
  let main = '';
  system.parts.ec2.rearrange((account) => {
    main =
      [...account.routeTables.values()].find(({ Associations }) => Associations.some(({ Main }) => Main))
        ?.RouteTableId ?? '';
    return account;
  });
  await system.ec2.send(
    new CreateRouteCommand({
      RouteTableId: main,
      DestinationCidrBlock: '0.0.0.0/0',
      NetworkInterfaceId: ids.firewallInside,
    }),
  );
  await system.idle();
  assert.equal((await opened(system)).length, 10);
});
