import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Send } from '../../../shared/panos/firewall.ts';
import { firewallPart } from '../../../shared/runtime/clients/firewall.ts';
import { settingsFrom } from '../../../shared/runtime/settings.ts';
import type { Run } from '../../../shared/runtime/step.ts';
import { createSecrets, type HeldSecret } from '../../local/secrets.ts';
import { around, environment } from './around.ts';

const key = 'LUFRPT14MW5xOEo1R09KVlBZNnpnemh0VHRBOWl6TGM9';
const renewed = 'LUFRPT0newKeyNewKeyNewKeyNewKeyNewKeyNewKey0';
const yes = '<response status="success"><result><rules/></result></response>';
const refused = "<response status = 'error' code = '403'><result><msg>Invalid Credential</msg></result></response>";
const session = {
  from: 'a',
  to: 'b',
  source: '10.0.0.1',
  destination: '10.0.0.2',
  protocol: 6,
  destinationPort: 443,
  application: 'ssl',
};
const execution = { id: 'arn:run', name: 'run', startTime: '2026-11-02T08:00:00Z', redriveCount: 0 };

/** A firewall part over a secret, whose firewall takes exactly the keys in `good`. */
const begin = (secret: string, said: { readonly milliseconds?: number; readonly good?: readonly string[] } = {}) => {
  const held = { value: secret, reads: 0, denied: false };
  const good = new Set(said.good ?? [key]);
  const sent: { readonly key: string; readonly timeout: number }[] = [];
  const respond = createSecrets({
    ownerId: '111122223333',
    region: 'eu-central-1',
    secrets: (): readonly HeldSecret[] => {
      held.reads += 1;
      return held.value === '' ? [] : [{ name: 'firewall/key', value: held.value, createdAt: 0, versionId: 'v1' }];
    },
    denied: () => held.denied,
  });
  const send: Send = async ({ headers, timeoutMilliseconds }) => {
    const sentKey = headers['x-pan-key'] ?? '';
    sent.push({ key: sentKey, timeout: timeoutMilliseconds });
    const ok = good.has(sentKey);
    return {
      status: ok ? 200 : 403,
      reason: ok ? 'OK' : 'Invalid Credential',
      contentType: 'application/xml',
      body: ok ? yes : refused,
    };
  };
  const { surroundings, clock, log } = around({ respond, sendTo: () => send });
  const run = (milliseconds = said.milliseconds ?? 300_000): Run => ({
    execution,
    deadline: clock.now + milliseconds,
    unanswered: { until: 0 },
    log: () => undefined,
  });
  const firewall = () => firewallPart(surroundings, settingsFrom(environment), run());
  return { firewall, held, good, sent, clock, log };
};

test('the key is the text of the secret, or apiKey of its JSON', async () => {
  for (const secret of [key, `  ${key}\n`, `{"apiKey":"${key}"}`, ` {"user":"x", "apiKey":"${key}"} `]) {
    const { firewall, sent } = begin(secret);
    assert.equal(await firewall().policyMatch(session), null);
    assert.deepEqual(
      sent.map((one) => one.key),
      [key],
      secret,
    );
  }
});

test('a secret without a key is Misconfigured: it names the setting and the secret, and shows nothing of its content', async () => {
  for (const secret of [
    '{"apikey":"hush-hush"}',
    '{"apiKey":5,"x":"hush-hush"}',
    '{"apiKey":""}',
    '{hush-hush',
    '   ',
  ]) {
    const { firewall, sent } = begin(secret);
    await assert.rejects(firewall().policyMatch(session), (error: Error) => {
      assert.equal(error.name, 'Misconfigured');
      assert.match(error.message, /FIREWALL_API_KEY_SECRET: the secret firewall\/key holds neither/);
      assert.doesNotMatch(`${error.message} ${error.stack} ${String(error.cause)}`, /hush-hush/);
      return true;
    });
    assert.deepEqual(sent, []);
  }
});

test('a secret that does not exist, or must not be read, is told by name and permission', async () => {
  await assert.rejects(begin('').firewall().policyMatch(session), {
    name: 'Misconfigured',
    message: /secretsmanager:GetSecretValue/,
  });
  const { firewall, held } = begin(key);
  held.denied = true;
  await assert.rejects(firewall().policyMatch(session), {
    name: 'AwsDenied',
    message: /secretsmanager:GetSecretValue/,
  });
});

test('the secret is read once in five minutes, also by later attempts in the same process', async () => {
  const { firewall, held, clock } = begin(key);
  await firewall().policyMatch(session);
  clock.now += 299_999;
  await firewall().policyMatch(session);
  assert.equal(held.reads, 1);
  clock.now += 1;
  await firewall().policyMatch(session);
  assert.equal(held.reads, 2);
});

test('a key that is refused is read again once, and the request sent with the renewed one', async () => {
  const { firewall, held, good, sent } = begin(key);
  await firewall().policyMatch(session);
  good.delete(key);
  good.add(renewed);
  held.value = renewed;
  assert.equal(await firewall().policyMatch(session), null);
  assert.deepEqual([sent.map((one) => one.key), held.reads], [[key, key, renewed], 2]);
  // The request was refused at the door: what it asked for was not begun, so this holds for a write as well.
  good.delete(renewed);
  good.add(key);
  held.value = key;
  await assert.rejects(firewall().commit({ description: 'd', full: false }), { name: 'ReplyNotUnderstood' });
  assert.deepEqual(
    sent.slice(-2).map((one) => one.key),
    [renewed, key],
  );
});

test('a key that is refused and has not changed in the secret is FirewallDenied: the request is not sent again', async () => {
  const { firewall, held, good, sent } = begin(key);
  good.delete(key);
  await assert.rejects(firewall().policyMatch(session), { name: 'FirewallDenied', message: /Invalid Credential/ });
  assert.deepEqual([sent.length, held.reads], [1, 2]);
});

test('a renewed key that is refused as well is FirewallDenied: nothing is read or sent a third time', async () => {
  const { firewall, held, good, sent } = begin(key);
  await firewall().policyMatch(session);
  good.delete(key);
  held.value = renewed;
  await assert.rejects(firewall().policyMatch(session), { name: 'FirewallDenied' });
  assert.deepEqual([sent.length, held.reads], [3, 2]);
});

test('the key is in no message, whatever the firewall or the transport says', async () => {
  const failing = (send: Send) => {
    const { surroundings, clock } = around({
      respond: createSecrets({
        ownerId: '1',
        region: 'eu-central-1',
        secrets: () => [{ name: 'firewall/key', value: key, createdAt: 0, versionId: 'v1' }],
      }),
      sendTo: () => send,
    });
    const run = { execution, deadline: clock.now + 60_000, unanswered: { until: 0 }, log: () => undefined };
    return firewallPart(surroundings, settingsFrom(environment), run);
  };
  const reply = (status: number, body: string) => async () => ({
    status,
    reason: key,
    contentType: 'application/xml',
    body,
  });
  const sends: readonly Send[] = [
    reply(403, refused.replace('Invalid', key)),
    reply(200, `<response status="error"><msg><line>no ${key}</line></msg></response>`),
    reply(200, `<html>${key}</html>`),
    reply(500, key),
    async () => {
      throw new Error(`connect failed with header x-pan-key: ${key}`);
    },
  ];
  for (const send of sends) {
    await assert.rejects(failing(send).policyMatch(session), (error: Error) => {
      let text = '';
      for (let at: unknown = error; at instanceof Error; at = at.cause) text += `${at.name} ${at.message} ${at.stack}`;
      assert.doesNotMatch(text, new RegExp(key));
      return true;
    });
  }
});

test('no request is given more time than the attempt has left', async () => {
  const { firewall, sent, clock } = begin(key, { milliseconds: 45_000 });
  const part = firewall();
  await part.policyMatch(session);
  clock.now += 44_000;
  await part.policyMatch(session);
  assert.deepEqual(
    sent.map(({ timeout }) => timeout),
    [45_000, 1_000],
  );
  const long = begin(key, { milliseconds: 900_000 });
  await long.firewall().policyMatch(session);
  assert.deepEqual(
    long.sent.map(({ timeout }) => timeout),
    [60_000],
    'and never more than it asks for',
  );
});

test('nothing is sent at or past the deadline', async () => {
  const { firewall, sent, clock } = begin(key, { milliseconds: 10_000 });
  const part = firewall();
  for (const past of [10_000, 1, 3_600_000]) {
    clock.now += past;
    await assert.rejects(part.policyMatch(session), {
      name: 'FirewallUnreachable',
      message: /time of this step is over.*not sent/,
    });
    await assert.rejects(part.commit({ description: 'd', full: false }), { name: 'FirewallUnreachable' });
  }
  assert.deepEqual(sent, []);
});

test('the peers of a pair are given a short time each to say which is active, and the active one its whole time then', async () => {
  const asked: (readonly [endpoint: string, timeout: number])[] = [];
  const state = (at: string) => (at.endsWith('.1') ? 'passive' : 'active');
  const answers = (at: string, body: string): string =>
    body.includes('high-availability')
      ? `<enabled>yes</enabled><group><local-info><state>${state(at)}</state></local-info></group>`
      : body.includes('system')
        ? `<system><serial>${at}</serial><sw-version>11.1.4</sw-version></system>`
        : '<rules/>';
  const { surroundings, clock } = around({
    respond: createSecrets({
      ownerId: '1',
      region: 'eu-central-1',
      secrets: () => [{ name: 'firewall/key', value: key, createdAt: 0, versionId: 'v1' }],
    }),
    sendTo:
      (endpoint) =>
      async ({ body, timeoutMilliseconds }) => {
        asked.push([endpoint, timeoutMilliseconds]);
        const said = `<response status="success"><result>${answers(endpoint, body)}</result></response>`;
        return { status: 200, reason: 'OK', contentType: 'application/xml', body: said };
      },
  });
  const [first, second] = ['https://192.0.2.1', 'https://192.0.2.2'];
  const settings = settingsFrom({ ...environment, FIREWALL_ENDPOINT: `${first},${second}` });
  const run = { execution, deadline: clock.now + 300_000, unanswered: { until: 0 }, log: () => undefined };
  const pair = firewallPart(surroundings, settings, run);
  await pair.policyMatch(session);
  assert.deepEqual(asked.toSorted(), [
    [first, 15_000],
    [first, 15_000],
    [second, 15_000],
    [second, 15_000],
    [second, 60_000],
  ]);
  assert.deepEqual((await pair.device()).peerSerials, [first]);
});
