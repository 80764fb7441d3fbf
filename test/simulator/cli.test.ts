import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { request } from 'node:https';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('./cli.ts', import.meta.url));

test('an unknown option, a port out of range and an unreadable file are refused with exit code 2', () => {
  for (const [options, message] of [
    [['--bogus'], /Unknown option '--bogus'/],
    [['--port', '70000'], /--port must be a number from 0 to 65535/],
    [['--config', '/no/such/file.xml'], /cannot read \/no\/such\/file\.xml/],
    [['--config', cli], /not a PAN-OS configuration/],
    [['--change-list', 'lines'], /--change-list must be one of entry, node, container, written/],
    [['--user', 'nobody'], /no administrator nobody/],
  ] as const) {
    const ended = spawnSync(process.execPath, [cli, ...options], { encoding: 'utf8' });
    assert.equal(ended.status, 2, ended.stderr);
    assert.match(ended.stderr, message);
    assert.equal(ended.stdout, '');
  }
});

test('--json prints one line with what a client needs, and an interrupt ends it well', async () => {
  const child = spawn(process.execPath, [cli, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  let printed = '';
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      if (printed.includes('\n')) resolve();
    });
  });
  const started: unknown = JSON.parse(printed);
  assert.ok(typeof started === 'object' && started !== null);
  assert.deepEqual(Object.keys(started), ['url', 'user', 'password', 'apiKey']);
  const { url, apiKey } = started as { readonly url: string; readonly apiKey: string };
  const body = await new Promise<string>((resolve, reject) => {
    const outgoing = request(
      `${url}/api/?type=version`,
      { rejectUnauthorized: false, agent: false, headers: { 'x-pan-key': apiKey } },
      (incoming) => {
        let text = '';
        incoming.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        incoming.on('end', () => resolve(text));
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
  assert.match(body, /<model>PA-VM<\/model>/);
  child.kill('SIGINT');
  assert.equal(await closed, 0);
  assert.equal(printed.trim().split('\n').length, 1);
});
