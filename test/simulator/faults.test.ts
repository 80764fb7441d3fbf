import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import type { Fault } from './faults.ts';
import { listen } from './http-shell.ts';
import type { SimulatorOptions } from './options.ts';
import { createPair } from './pair.ts';
import { createSimulator, type Simulator } from './simulator.ts';

const rules = "/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']/rulebase/security/rules";
const form = 'application/x-www-form-urlencoded';
const element =
  '<entry name="R"><from><member>any</member></from><to><member>any</member></to><source><member>any</member></source><destination><member>any</member></destination><application><member>any</member></application><service><member>any</member></service><action>deny</action></entry>';
const setRule = { type: 'config', action: 'set', xpath: rules, element };
const commitAll = { type: 'commit', cmd: '<commit></commit>' };
const job = (id: number) => ({ type: 'op', cmd: `<show><jobs><id>${id}</id></jobs></show>` });

const ask = async (simulator: Simulator, parameters: Readonly<Record<string, string>>): Promise<string> => {
  const response = await simulator.respond({
    method: 'POST',
    path: '/api/',
    headers: { 'x-pan-key': simulator.keyOf('admin') },
    contentType: form,
    body: new URLSearchParams(parameters).toString(),
  });
  return response.body;
};
const staged = (simulator: Simulator): boolean => simulator.exportConfiguration('candidate').includes('"R"');
const facing = (fault: Fault['fault'], more: Omit<Fault, 'fault'> = {}, options: SimulatorOptions = {}): Simulator =>
  createSimulator({ ...options, faults: [{ fault, ...more }] });

test('a connection dropped before the work leaves nothing done', async () => {
  const simulator = facing({ kind: 'drop-before' });
  await assert.rejects(ask(simulator, setRule), { name: 'ConnectionLost', code: 'ECONNRESET' });
  assert.ok(!staged(simulator));
});

test('a connection dropped after the work leaves it done', async () => {
  const simulator = facing({ kind: 'drop-after' });
  await assert.rejects(ask(simulator, setRule), { name: 'ConnectionLost' });
  assert.ok(staged(simulator));
});

test('a fault waits for the request it names, skips some, and strikes as often as told', async () => {
  const simulator = facing(
    { kind: 'empty' },
    { when: { type: 'config', action: 'get', contains: 'zone' }, skip: 1, times: 2 },
  );
  const get = { type: 'config', action: 'get', xpath: '/config/devices/entry/vsys/entry/zone' };
  const bodies = [await ask(simulator, setRule)];
  for (let n = 0; n < 4; n += 1) bodies.push(await ask(simulator, get));
  assert.deepEqual(
    bodies.map((body) => body === ''),
    [false, false, true, true, false],
  );
});

test('a delay uses the injected sleep', async () => {
  const slept: number[] = [];
  const simulator = facing(
    { kind: 'delay', milliseconds: 4000 },
    {},
    { sleep: async (milliseconds) => void slept.push(milliseconds) },
  );
  await ask(simulator, setRule);
  assert.deepEqual(slept, [4000]);
  assert.ok(staged(simulator));
});

test('html, false denials, timeouts and made-up replies come without the work', async () => {
  const expected: readonly (readonly [Fault['fault'], RegExp])[] = [
    [{ kind: 'html' }, /^<!DOCTYPE html>/],
    [{ kind: 'deny' }, /Invalid Credential/],
    [{ kind: 'session-timeout' }, /code="22"><msg><line>Session timed out/],
    [{ kind: 'config-lock-timeout' }, /Timed out while getting config lock\. Please try again\./],
    [{ kind: 'reply', status: 500, reason: 'oops', body: 'device not ready' }, /^device not ready$/],
  ];
  for (const [fault, reply] of expected) {
    const simulator = facing(fault);
    assert.match(await ask(simulator, setRule), reply);
    assert.ok(!staged(simulator));
  }
});

test('a commit fails with the given lines and changes nothing that runs', async () => {
  const simulator = facing({
    kind: 'commit-fails',
    lines: [
      'Client logrcvr registered in the middle of a commit/validate. Aborting current commit/validate.',
      'Commit failed',
    ],
  });
  await ask(simulator, setRule);
  await ask(simulator, commitAll);
  assert.match(await ask(simulator, job(1)), /<result>FAIL<\/result>.*<line>Client logrcvr.*<line>Commit failed</);
  assert.ok(!simulator.exportConfiguration('running').includes('"R"'));
  assert.ok(staged(simulator));
});

test('a job lost by a restart may have done its work, or not', async () => {
  for (const committed of [true, false]) {
    const simulator = createSimulator({ now: () => 1000, jobMilliseconds: 60_000 });
    await ask(simulator, setRule);
    await ask(simulator, commitAll);
    simulator.control({ kind: 'restart', what: 'reboot', committed });
    assert.equal(simulator.exportConfiguration('running').includes('"R"'), committed);
    assert.ok(committed || !staged(simulator));
    assert.doesNotMatch(await ask(simulator, job(1)), /<type>Commit</);
  }
});

test('while it boots it refuses connections, then denies everybody, then works', async () => {
  let now = 0;
  const simulator = createSimulator({ now: () => now });
  simulator.control({ kind: 'restart', what: 'reboot', refusedMilliseconds: 1000, deniedMilliseconds: 500 });
  await assert.rejects(ask(simulator, setRule), { code: 'ECONNREFUSED' });
  now = 1200;
  assert.match(await ask(simulator, setRule), /Invalid Credential/);
  now = 1500;
  assert.match(await ask(simulator, setRule), /command succeeded/);
});

test('somebody edits, commits or takes a lock just before a request', async () => {
  const locked = facing(
    {
      kind: 'somebody',
      user: 'colleague',
      parameters: { type: 'op', cmd: '<request><config-lock><add/></config-lock></request>' },
    },
    { when: { action: 'set' } },
  );
  assert.match(await ask(locked, setRule), /Configuration is locked by colleague/);
  const committed = facing(
    { kind: 'somebody', user: 'colleague', parameters: commitAll },
    { when: { type: 'commit' } },
  );
  await ask(committed, setRule);
  assert.match(await ask(committed, commitAll), /There are no changes to commit/);
  assert.ok(committed.exportConfiguration('running').includes('"R"'));
});

test('the hook sees every request by number and can break each one', async () => {
  const seen: string[] = [];
  const simulator: Simulator = createSimulator({
    beforeRequest: (n, incoming) => {
      seen.push(`${n} ${new URLSearchParams(incoming.body).get('type')}`);
      if (n === 2) simulator.act('colleague', commitAll);
      return n === 3 ? 'drop-after' : undefined;
    },
  });
  await ask(simulator, setRule);
  await ask(simulator, job(1));
  await assert.rejects(ask(simulator, commitAll), { name: 'ConnectionLost' });
  assert.deepEqual(seen, ['1 config', '2 op', '3 commit']);
  assert.ok(simulator.exportConfiguration('running').includes('"R"'));
});

test('over HTTP a truncated body ends the connection short of its length', async () => {
  const simulator = createSimulator({ control: true });
  const shell = await listen(simulator, { port: 0, tls: false });
  const post = (path: string, body: string, type: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        `${shell.url}${path}`,
        { method: 'POST', agent: false, headers: { 'content-type': type, 'x-pan-key': simulator.keyOf('admin') } },
        (incoming) => {
          let text = '';
          incoming.on('data', (chunk: Buffer) => {
            text += chunk.toString();
          });
          incoming.on('error', () => reject(new Error(`broken after ${text.length}`)));
          incoming.on('end', () => resolve(text));
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  try {
    assert.equal(
      await post(
        '/control',
        JSON.stringify({ kind: 'add-fault', fault: { kind: 'truncate', bytes: 20 } }),
        'application/json',
      ),
      '{}',
    );
    await assert.rejects(post('/api/', 'type=version', form), /broken after 20/);
    assert.match(await post('/api/', 'type=version', form), /sw-version/);
    assert.match(await post('/control', '{"kind":"nonsense"}', 'application/json'), /"error"/);
  } finally {
    await shell.close();
  }
});

test('the control endpoint is the log-in page unless it was asked for', async () => {
  const simulator = createSimulator();
  const response = await simulator.respond({
    method: 'POST',
    path: '/control',
    headers: {},
    contentType: 'application/json',
    body: '{"kind":"clear-faults"}',
  });
  assert.match(response.contentType, /html/);
});

test('of a pair only the active peer takes writes, and a failover leaves uncommitted changes behind', async () => {
  const pair = createPair();
  assert.match(await ask(pair.second, setRule), /code="15"/);
  await ask(pair.first, setRule);
  await ask(pair.first, commitAll);
  pair.sync();
  await ask(pair.first, { ...setRule, element: element.replace('"R"', '"S"') });
  pair.failover();
  assert.equal(pair.active(), pair.second);
  assert.match(await ask(pair.first, setRule), /code="15"/);
  assert.ok(staged(pair.second));
  assert.ok(!pair.second.exportConfiguration('candidate').includes('"S"'));
});
