import assert from 'node:assert/strict';
import { asks, bodyIs, type Fact } from './fact.ts';
import { vsys } from './target.ts';

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const infoCommand = '<show><system><info></info></system></show>';
const body = (parameters: Readonly<Record<string, string>>): string => new URLSearchParams(parameters).toString();

/** At the door: keys, roles, envelopes. */
export const accessFacts: readonly Fact[] = [
  {
    title: 'keygen answers with a key in single-quoted XML',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      const reply = await target.send({
        method: 'POST',
        path: '/api/',
        headers: form,
        body: body({ type: 'keygen', user: 'admin', password: target.simulator?.passwordOf('admin') ?? '' }),
      });
      bodyIs(reply, /^<response status = 'success'><result><key>[^<]+<\/key><\/result><\/response>$/);
    },
  },
  {
    title: 'a bad password is 403 with the reason Invalid Credential and a body of 97 bytes',
    evidence: 'captured',
    needs: 'read',
    check: async (target) => {
      const reply = await target.send({
        method: 'POST',
        path: '/api/',
        headers: form,
        body: body({ type: 'keygen', user: 'nobody-of-this-name', password: 'wrong' }),
      });
      assert.equal(reply.status, 403);
      assert.equal(reply.reason, 'Invalid Credential');
      assert.equal(reply.contentType, 'application/xml; charset=UTF-8');
      bodyIs(
        reply,
        "<response status = 'error' code = '403'><result><msg>Invalid Credential</msg></result></response>",
      );
      assert.equal(Buffer.byteLength(reply.body), 97);
    },
  },
  {
    title: 'a wrong key is 403 Invalid Credential',
    evidence: 'captured',
    needs: 'read',
    check: async (target) => {
      const reply = await target.send({
        method: 'POST',
        path: '/api/',
        headers: { ...form, 'x-pan-key': 'no-such-key' },
        body: body({ type: 'op', cmd: infoCommand }),
      });
      assert.equal(reply.status, 403);
      bodyIs(reply, /Invalid Credential/);
    },
  },
  {
    title: 'a key works as a parameter too',
    evidence: 'documented',
    needs: 'read',
    check: async (target) =>
      bodyIs(
        await target.send({
          method: 'POST',
          path: '/api/',
          headers: form,
          body: body({ type: 'op', cmd: infoCommand, key: target.key }),
        }),
        /<hostname>/,
      ),
  },
  {
    title: 'HTTP basic authentication works',
    evidence: 'documented',
    needs: 'simulator',
    check: async (target) => {
      const authorization = `Basic ${Buffer.from(`admin:${target.simulator?.passwordOf('admin')}`).toString('base64')}`;
      bodyIs(
        await target.send({
          method: 'POST',
          path: '/api/',
          headers: { ...form, authorization },
          body: body({ type: 'op', cmd: infoCommand }),
        }),
        /<hostname>/,
      );
    },
  },
  {
    title: 'an expired key is 400 and its reason echoes the key',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      target.simulator?.control({ kind: 'expire-keys' });
      const reply = await target.send({
        method: 'POST',
        path: '/api/',
        headers: { ...form, 'x-pan-key': target.key },
        body: body({ type: 'op', cmd: infoCommand }),
      });
      assert.equal(reply.status, 400);
      assert.equal(reply.reason, `Key Expired: ${target.key} has expired.`);
    },
  },
  {
    title: 'a new master key makes every key worthless',
    evidence: 'documented',
    needs: 'simulator',
    check: async (target) => {
      target.simulator?.control({ kind: 'change-master-key' });
      const reply = await target.send({
        method: 'POST',
        path: '/api/',
        headers: { ...form, 'x-pan-key': target.key },
        body: body({ type: 'op', cmd: infoCommand }),
      });
      assert.equal(reply.status, 403);
    },
  },
  {
    title: 'without a key lifetime a user always gets the same key',
    evidence: 'inferred',
    needs: 'simulator',
    check: async (target) => assert.equal(target.simulator?.keyOf('admin'), target.key),
  },
  {
    title: 'a wrong content type gets the log-in page with status 200',
    evidence: 'captured',
    needs: 'read',
    check: async (target) => {
      const reply = await target.send({
        method: 'POST',
        path: '/api/',
        headers: { 'content-type': 'application/json', 'x-pan-key': target.key },
        body: '{}',
      });
      assert.equal(reply.status, 200);
      assert.match(reply.contentType, /^text\/html/);
      assert.ok(reply.body.length > 10_000);
    },
  },
  {
    title: 'a mistyped address gets the log-in page with status 200',
    evidence: 'captured',
    needs: 'read',
    check: async (target) => {
      const reply = await target.send({
        method: 'POST',
        path: '/apis/',
        headers: form,
        body: body({ type: 'op', cmd: infoCommand, key: target.key }),
      });
      assert.equal(reply.status, 200);
      assert.match(reply.contentType, /^text\/html/);
    },
  },
  {
    title: 'a role without a request type is refused in the web envelope with 403',
    evidence: 'client',
    needs: 'simulator',
    check: async (target) => {
      const reply = await target.ask({ type: 'commit', cmd: '<commit></commit>' }, 'robot');
      assert.equal(reply.status, 403);
      bodyIs(reply, /code = '403'><result><msg>Type \[commit\] not authorized for user role/);
    },
  },
  {
    title: 'a read-only administrator’s write has the third status, unauth',
    evidence: 'client',
    needs: 'simulator',
    check: async (target) =>
      bodyIs(
        await target.ask(
          { type: 'config', action: 'set', xpath: `${vsys}/tag`, element: '<entry name="x"/>' },
          'auditor',
        ),
        '<response status="unauth" code="16"><msg><line>Unauthorized request</line></msg></response>',
      ),
  },
  asks(
    'an xpath not rooted at /config is unauthorized, code 16',
    'captured',
    'read',
    { type: 'config', action: 'get', xpath: '/nonsense' },
    '<response status="unauth" code="16"><msg><line>Unauthorized request</line></msg></response>',
  ),
  asks(
    'version answers with release, model and serial',
    'client',
    'read',
    { type: 'version' },
    /^<response status = "success"><result><sw-version>[^<]+<\/sw-version><multi-vsys>(on|off)<\/multi-vsys><model>[^<]+<\/model><serial>[^<]+<\/serial><\/result><\/response>$/,
  ),
  asks(
    'export of the configuration is a bare config element',
    'captured',
    'read',
    { type: 'export', category: 'configuration' },
    /^(<\?xml[^>]*\?>\s*)?<config /,
  ),
  asks(
    'an illegal action is answered with the legal ones',
    'captured',
    'read',
    { type: 'config', action: 'nonsense', xpath: '/config' },
    /status="error".*get/,
  ),
  {
    title: 'while the authentication daemon starts, a good key is Invalid Credential',
    evidence: 'client',
    needs: 'simulator',
    check: async (target) => {
      target.simulator?.control({ kind: 'restart', what: 'reboot', deniedMilliseconds: 60_000 });
      assert.equal((await target.ask({ type: 'op', cmd: infoCommand })).status, 403);
    },
  },
  {
    title: 'while the device boots, no connection comes about',
    evidence: 'client',
    needs: 'simulator',
    check: async (target) => {
      target.simulator?.control({ kind: 'restart', what: 'reboot', refusedMilliseconds: 60_000 });
      await assert.rejects(target.ask({ type: 'op', cmd: infoCommand }), /ECONNRESET|socket hang up/);
    },
  },
];
