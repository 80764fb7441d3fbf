/** A rule that the firewall refuses is put aside alone; everything else goes on. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AuthorizeSecurityGroupIngressCommand, RevokeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import {
  calls,
  causeOf,
  colleague,
  fromAnywhere,
  outputOf,
  resync,
  resyncRun,
  statesOf,
  vsysXpath,
  web1,
  web2,
} from '../support/calls.ts';
import { createTestSystem, type TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';
import { administrator } from '../system/parts.ts';

/** Events can be lost, so that a resync finds several things at once. */
const house = async () => {
  let isDeaf = false;
  const system = await createTestSystem({ copies: (_event, rule) => (isDeaf && rule === 'ChangeRule' ? 0 : 1) });
  await calls(system).start(web2);
  return Object.assign(system, {
    deafen: (deaf = true) => {
      isDeaf = deaf;
    },
  });
};

const answer = (line: string): string =>
  `<response status="error" code="12"><msg><line><![CDATA[${line}]]></line></msg></response>`;

/** From now on the firewall refuses to write a rule that uses this service, naming the rule's service. */
const refuseToWrite = (
  system: TestSystem,
  service: string,
  line = `security -> rules -> service '${service}' is invalid`,
) =>
  system.parts.simulator.control({
    kind: 'add-fault',
    when: { type: 'config', action: 'multi-config', contains: `'${service}'` },
    times: 10_000,
    fault: { kind: 'reply', status: 200, body: answer(line) },
  });
const letWrite = (system: TestSystem) => system.parts.simulator.control({ kind: 'clear-faults' });

const ports = async (system: TestSystem): Promise<readonly string[]> =>
  (await system.rules()).filter(({ owned }) => owned).flatMap(({ service }) => service);

const writes = (system: TestSystem): number =>
  system.parts.simulator.state().jobs.filter(({ user }) => user === administrator).length;
const messages = (system: TestSystem): string => system.parts.sns.published.map(({ message }) => message).join('\n');
const putAside = (run: Parameters<typeof outputOf>[0]): readonly string[] =>
  (outputOf(run, 'TestRules')['tested'] as { putAside?: { first: readonly string[] } }).putAside?.first ?? [];

const grantUnheard = async (system: TestSystem & { deafen: (deaf?: boolean) => void }, ...some: readonly number[]) => {
  system.deafen();
  for (const port of some) {
    await system.ec2.send(
      new AuthorizeSecurityGroupIngressCommand({ GroupId: ids.webGroup, IpPermissions: [fromAnywhere(port)] }),
    );
  }
  system.deafen(false);
  system.clock.advance(600_000);
};

describe('one grant of several that the firewall refuses to write', () => {
  test('is put aside alone by a resync, which opens the others, closes what is revoked, lists it and succeeds', async () => {
    const system = await house();
    await calls(system).grant(ids.webGroup, fromAnywhere(9000));
    await grantUnheard(system, 9001, 9002, 9003);
    system.deafen();
    await system.ec2.send(
      new RevokeSecurityGroupIngressCommand({ GroupId: ids.webGroup, IpPermissions: [fromAnywhere(9000)] }),
    );
    system.clock.advance(600_000);
    refuseToWrite(system, 'tcp-9002');
    const run = await resync(system);
    const now = await ports(system);
    assert.deepEqual(
      [9000, 9001, 9002, 9003].map((port) => now.includes(`tcp-${port}`)),
      [false, true, false, true],
    );
    const [line, ...more] = putAside(run);
    assert.match(line ?? '', /sg-\S+ tcp 9002 from 0\.0\.0\.0\/0 .*'tcp-9002' is invalid.* an hour after/);
    assert.deepEqual(more, []);
    assert.match(messages(system), /put aside: sg-\S+ tcp 9002/);
  });

  test('leaves no record of what was refused, however often', async () => {
    const system = await house();
    await grantUnheard(system, 9001, 9002, 9003);
    refuseToWrite(system, 'tcp-9001');
    refuseToWrite(system, 'tcp-9002');
    await resync(system);
    assert.deepEqual(new Set((await system.records()).map(({ state }) => state)), new Set(['owned']));
  });

  test('is not tried again by the next resyncs, each of which lists it and writes nothing', async () => {
    const system = await house();
    await grantUnheard(system, 9001, 9002);
    refuseToWrite(system, 'tcp-9002');
    await resync(system);
    const before = writes(system);
    for (let round = 0; round < 3; round += 1) {
      const run = await resync(system);
      assert.equal(putAside(run).length, 1);
      assert.equal(outputOf(run, 'TestRules')['work'], 'none');
      assert.match(
        String(outputOf(run, 'TestRules')['because']),
        /tcp 9002 .*put aside, since the firewall refused it/,
      );
    }
    assert.equal(writes(system), before);
    assert.equal(system.parts.sns.published.filter(({ subject }) => subject?.includes('refuses a rule')).length, 1);
  });

  test('is tried again at growing intervals, and written once the firewall takes it', async () => {
    const system = await house();
    await grantUnheard(system, 9002);
    refuseToWrite(system, 'tcp-9002');
    await resync(system);
    const tried: number[] = [];
    const from = system.clock.now();
    let tries = 1;
    for (let hour = 0; hour < 80; hour += 1) {
      system.clock.advance(3_600_000);
      const run = await resync(system);
      const plans = run.states.filter(({ name }) => name === 'TestRules').length;
      if (plans > 1) {
        tried.push(Math.round((system.clock.now() - from) / 3_600_000));
        tries += 1;
      }
    }
    const gaps = tried.map((at, index) => at - (tried[index - 1] ?? 0));
    assert.deepEqual(
      gaps.map((gap, index) => gap >= Math.min(24, 2 ** index) && gap <= Math.min(24, 2 ** index) + 1),
      gaps.map(() => true),
      `${gaps}`,
    );
    assert.equal(tries, gaps.length + 1);
    assert.ok(tries >= 6, `${gaps}`);
    letWrite(system);
    system.clock.advance(25 * 3_600_000);
    const last = await resync(system);
    assert.ok((await ports(system)).includes('tcp-9002'));
    assert.deepEqual(putAside(last), []);
    assert.deepEqual(putAside(await resync(system)), []);
  });

  test('is tried again at once when what the words name has changed on the firewall', async () => {
    const system = await house();
    await grantUnheard(system, 9002);
    refuseToWrite(system, 'tcp-9002', `tcp-9002: 'Special group' is not a valid reference`);
    await resync(system);
    letWrite(system);
    assert.equal((await ports(system)).includes('tcp-9002'), false);
    await resync(system);
    assert.equal((await ports(system)).includes('tcp-9002'), false, 'nothing has changed');
    const other = colleague(system);
    other.set(`${vsysXpath}/address/entry[@name='Bystander']`, '<ip-netmask>192.0.2.1/32</ip-netmask>');
    other.commit();
    await resync(system);
    assert.equal((await ports(system)).includes('tcp-9002'), false, 'nothing that the words name has changed');
    other.set(`${vsysXpath}/address/entry[@name='Special group']`, '<ip-netmask>192.0.2.1/32</ip-netmask>');
    other.commit();
    await resync(system);
    assert.ok((await ports(system)).includes('tcp-9002'));
  });

  test('is never tried again because of our own commits', async () => {
    const system = await house();
    await grantUnheard(system, 9002);
    refuseToWrite(system, 'tcp-9002');
    await resync(system);
    const run = await calls(system).grant(ids.webGroup, fromAnywhere(9003));
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.equal(run.states.filter(({ name }) => name === 'TestRules').length, 1);
    assert.equal((await ports(system)).includes('tcp-9003'), true);
  });

  test('fails the execution of its own event by name, once; a redrive tries it again', async () => {
    const system = await house();
    refuseToWrite(system, 'tcp-9002');
    const run = await calls(system).grant(ids.webGroup, fromAnywhere(9001), fromAnywhere(9002));
    assert.deepEqual([run.status, run.error], ['FAILED', 'FirewallRejected'], causeOf(run));
    assert.match(
      causeOf(run),
      /put aside: sg-\S+ tcp 9002 .*'tcp-9002' is invalid.* The rest of the plan was committed/,
    );
    assert.deepEqual(statesOf(run).slice(-1), ['Commit']);
    assert.deepEqual(
      [(await ports(system)).includes('tcp-9001'), (await ports(system)).includes('tcp-9002')],
      [true, false],
    );
    assert.match(messages(system), /Not opened:\n {2}sg-\S+ tcp 9002/);
    // The failed change stays open: a resync says so and does not report it as done.
    await resync(system);
    letWrite(system);
    system.executions.redrive(run.arn);
    await system.idle();
    assert.equal(system.executions.find(run.arn).status, 'SUCCEEDED', causeOf(system.executions.find(run.arn)));
    assert.ok((await ports(system)).includes('tcp-9002'));
  });

  test('does not keep other changes of the same batch, or an instance with its group, from being carried out', async () => {
    const system = await house();
    refuseToWrite(system, 'tcp-9002');
    await Promise.all(
      [9001, 9002, 9003, 9004].map((port) =>
        system.ec2.send(
          new AuthorizeSecurityGroupIngressCommand({
            GroupId: port === 9002 ? ids.commonGroup : ids.webGroup,
            IpPermissions: [fromAnywhere(port)],
          }),
        ),
      ),
    );
    await system.idle();
    const runs = system.runs().slice(-4);
    assert.deepEqual(runs.map(({ status }) => status).toSorted(), ['FAILED', 'SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
    const failed = runs.find(({ status }) => status === 'FAILED');
    assert.match(failed?.input ?? '', new RegExp(ids.commonGroup));
    const now = await ports(system);
    assert.deepEqual(
      [9001, 9002, 9003, 9004].map((port) => now.includes(`tcp-${port}`)),
      [true, false, true, true],
    );
    // An instance that stops and starts again gets the rest of what its groups grant.
    await calls(system).grant(ids.commonGroup, fromAnywhere(9005));
    const stopped = await calls(system).stop(web1);
    assert.equal(stopped.status, 'SUCCEEDED', causeOf(stopped));
    system.clock.advance(600_000);
    const started = await calls(system).start(web1);
    assert.equal(started.error, 'FirewallRejected', causeOf(started));
    const rules = (await system.rules()).filter(({ destination }) => destination.includes('10.0.1.11/32'));
    assert.deepEqual(
      rules.flatMap(({ service }) => service),
      ['tcp-9005'],
    );
  });
});

describe('that only the commit finds out about', () => {
  const refuseToCommit = (system: TestSystem, lines: readonly string[], times = 1) =>
    system.parts.simulator.control({
      kind: 'add-fault',
      when: { type: 'commit' },
      times,
      fault: { kind: 'commit-fails', lines: [...lines] },
    });

  test('the rule that the job names is put aside, and the rest is committed', async () => {
    const system = await house();
    await grantUnheard(system, 9001, 9002);
    refuseToCommit(system, ["service 'tcp-9002' is too much for this release"]);
    const run = await resync(system);
    assert.deepEqual(
      [(await ports(system)).includes('tcp-9001'), (await ports(system)).includes('tcp-9002')],
      [true, false],
    );
    assert.match(putAside(run).join(), /tcp 9002/);
  });

  test('no rule is guilty when the rest is refused as well: nothing is put aside, what closes goes alone, the run fails', async () => {
    const system = await house();
    await grantUnheard(system, 9001, 9002);
    // The words name one of ours first, and then, without it, only something else.
    refuseToCommit(system, ["service 'tcp-9002' was looked at when the disk was full"]);
    refuseToCommit(system, ['the disk is full'], 20);
    const run = await resyncRun(system);
    assert.deepEqual([run.status, run.error], ['FAILED', 'CommitFailed'], causeOf(run));
    letWrite(system);
    const again = await resync(system);
    assert.deepEqual(putAside(again), []);
    assert.deepEqual(
      [(await ports(system)).includes('tcp-9001'), (await ports(system)).includes('tcp-9002')],
      [true, true],
    );
  });

  test('words that name nothing of ours put nothing aside', async () => {
    const system = await house();
    await grantUnheard(system, 9001, 9002);
    refuseToCommit(system, ['the disk is full'], 20);
    const run = await resyncRun(system);
    assert.deepEqual([run.status, run.error], ['FAILED', 'CommitFailed'], causeOf(run));
    letWrite(system);
    assert.deepEqual(putAside(await resync(system)), []);
    assert.equal((await ports(system)).includes('tcp-9002'), true);
  });
});

test('thirteen of twenty that are refused one at a time do not use up the plans of a run', async () => {
  const system = await house();
  const all = Array.from({ length: 20 }, (_, at) => 9100 + at);
  await grantUnheard(system, ...all);
  for (const port of all.slice(0, 13)) refuseToWrite(system, `tcp-${port}`);
  const run = await resyncRun(system);
  assert.equal(run.status, 'SUCCEEDED', causeOf(run));
  const now = await ports(system);
  assert.deepEqual(
    all.filter((port) => now.includes(`tcp-${port}`)),
    all.slice(13),
  );
});
