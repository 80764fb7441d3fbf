import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimulator, type Simulator } from './simulator.ts';

const rules = "/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']/rulebase/security/rules";

const asking =
  (simulator: Simulator, user = 'policy-sync') =>
  async (parameters: Readonly<Record<string, string>>): Promise<string> => {
    const response = await simulator.respond({
      method: 'POST',
      path: '/api/',
      headers: { 'x-pan-key': simulator.keyOf(user) },
      contentType: 'application/x-www-form-urlencoded',
      body: new URLSearchParams(parameters).toString(),
    });
    return response.body;
  };

const rule = (name: string, more = ''): string =>
  `<entry name="${name}"><from><member>untrust</member></from><to><member>trust</member></to><source><member>10.9.0.0/16</member></source><destination><member>10.0.1.12/32</member></destination><application><member>ssl</member></application><service><member>service-https</member></service><action>allow</action>${more}</entry>`;

test('a rule that is set, moved and committed runs; nothing ran before the commit', async () => {
  const simulator = createSimulator();
  const ask = asking(simulator);
  assert.match(
    await ask({ type: 'config', action: 'set', xpath: rules, element: rule('i-1') }),
    /code="20".*command succeeded/,
  );
  assert.match(
    await ask({
      type: 'config',
      action: 'move',
      xpath: `${rules}/entry[@name='i-1']`,
      where: 'before',
      dst: 'Clean up',
    }),
    /code="20"/,
  );
  assert.ok(!simulator.exportConfiguration('running').includes('i-1'));
  assert.match(await ask({ type: 'op', cmd: '<check><pending-changes></pending-changes></check>' }), />yes</);
  assert.match(
    await ask({
      type: 'commit',
      cmd: '<commit><partial><admin><member>policy-sync</member></admin></partial></commit>',
    }),
    /Commit job enqueued with jobid 1/,
  );
  assert.match(
    await ask({ type: 'op', cmd: '<show><jobs><id>1</id></jobs></show>' }),
    /<status>FIN<\/status>.*<result>OK/,
  );
  const names = [...simulator.exportConfiguration('running').matchAll(/<entry name="([^"]+)" uuid/g)].map(
    ([, name]) => name,
  );
  assert.deepEqual(names, ['Web out', 'Web in', 'Clear text', 'i-1', 'Clean up']);
  assert.match(await ask({ type: 'op', cmd: '<check><pending-changes></pending-changes></check>' }), />no</);
});

test('one administrator’s partial commit leaves a colleague’s change pending', async () => {
  const simulator = createSimulator();
  const [ours, theirs] = [asking(simulator), asking(simulator, 'colleague')];
  await theirs({ type: 'config', action: 'set', xpath: rules, element: rule('theirs') });
  await ours({ type: 'config', action: 'set', xpath: rules, element: rule('ours') });
  await ours({
    type: 'commit',
    cmd: '<commit><partial><admin><member>policy-sync</member></admin></partial></commit>',
  });
  const running = simulator.exportConfiguration('running');
  assert.ok(running.includes('"ours"'));
  assert.ok(!running.includes('"theirs"'));
  const changes = await ours({ type: 'op', cmd: '<show><config><list><changes/></list></config></show>' });
  assert.match(changes, /<owner>colleague<\/owner>/);
  assert.doesNotMatch(changes, /<owner>policy-sync<\/owner>/);
});

test('a fork made before the first request gives a new rule a uuid that no other rule has', async () => {
  const simulator = createSimulator().fork();
  await asking(simulator)({ type: 'config', action: 'set', xpath: rules, element: rule('i-1') });
  const uuids = [...simulator.exportConfiguration('candidate').matchAll(/uuid="([^"]+)"/g)].map(([, uuid]) => uuid);
  assert.equal(uuids.length, 5);
  assert.equal(new Set(uuids).size, 5);
});
