import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ErrorName, NamedError } from '../../../shared/domain/errors.ts';
import type { Edit } from '../../../shared/domain/plan/edits.ts';
import type { Firewall } from '../../../shared/panos/firewall.ts';
import { ours } from '../../support/owned-rule-name.ts';
import { type Answer, always, got, nothing, scripted, testKey } from './scripted-send.ts';

const raises = async (work: Promise<unknown>, name: ErrorName, words: RegExp): Promise<NamedError> => {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof NamedError, String(error));
    assert.equal(error.name, name, error.message);
    assert.match(error.message, words);
    assert.ok(!`${error.message}${error.stack}`.includes(testKey), 'the key is shown');
    return error;
  }
  assert.fail('nothing was raised');
};

const deletion: readonly Edit[] = [{ kind: 'delete-rule', name: ours('R') }];
const write = (firewall: Firewall) => firewall.write(deletion, { auditComment: null });
const commit = (firewall: Firewall) => firewall.commit({ description: 'd', full: false });
const read = (firewall: Firewall) => firewall.pendingEdits();
const configError = (code: string, ...lines: readonly string[]) =>
  `<response status="error"${code}><msg>${lines.map((line) => `<line>${line}</line>`).join('')}</msg></response>`;

describe('a refusal at the door', () => {
  const door = (status: number, words: string) => ({
    status,
    reason: 'Invalid Credential',
    body: `<response status = 'error' code = '${status}'><result><msg>${words}</msg></result></response>`,
  });
  test('a bad key is FirewallDenied with the words of the web layer', async () => {
    await raises(
      read(always(door(403, 'Invalid Credential')).firewall),
      'FirewallDenied',
      /Invalid Credential.*HTTP 403/,
    );
  });
  test('a role without a request type is FirewallDenied with the type', async () => {
    const { firewall } = always(door(403, 'Type [commit] not authorized for user role'));
    await raises(commit(firewall), 'FirewallDenied', /Type \[commit\]/);
  });
  test('a 403 while a job is polled may be a firewall that starts up, so it is FirewallUnreachable', async () => {
    const { firewall } = always(door(403, 'Invalid Credential'));
    await raises(firewall.job('4'), 'FirewallUnreachable', /starts up/);
    await raises(firewall.findCommit('x'), 'FirewallUnreachable', /starts up/);
    await raises(commit(firewall), 'FirewallDenied', /Invalid Credential/);
  });
  test('an expired key is FirewallDenied and is never shown, whichever key the firewall echoes', async () => {
    for (const echoed of [testKey, encodeURIComponent(testKey), 'ANOTHERKEY123=']) {
      const { firewall } = always({
        status: 400,
        reason: `Key Expired: ${echoed} has expired.`,
        contentType: 'text/html',
        body: '',
      });
      const error = await raises(read(firewall), 'FirewallDenied', /Key Expired: \[API-key\] has expired/);
      assert.ok(!error.message.includes(echoed));
    }
  });
  test('a role that refuses an item is FirewallDenied although the HTTP status is 200', async () => {
    const { firewall } = always(
      '<response status="unauth" code="16"><msg><line>Unauthorized request</line></msg></response>',
    );
    await raises(read(firewall), 'FirewallDenied', /Unauthorized request \(code 16\)/);
  });
  test('HTTP 401 without XML is FirewallDenied', async () => {
    await raises(read(always({ status: 401, reason: 'Unauthorized', body: '' }).firewall), 'FirewallDenied', /401/);
  });
  test('HTTP 503, an empty body and a session time-out under load are FirewallUnreachable', async () => {
    await raises(
      read(always({ status: 503, reason: 'x', body: 'device not ready' }).firewall),
      'FirewallUnreachable',
      /503/,
    );
    await raises(read(always('').firewall), 'FirewallUnreachable', /empty body/);
    await raises(
      read(always('<response status="error" code="22"><msg><line>Session timed out</line></msg></response>').firewall),
      'FirewallUnreachable',
      /Session timed out/,
    );
  });
  test('an invalid vsys is Misconfigured', async () => {
    await raises(read(always(configError(' code="17"', 'vsys99 is invalid vsys')).firewall), 'Misconfigured', /vsys99/);
  });
});

describe('what is no XML API reply is ReplyNotUnderstood and shown', () => {
  const cases: readonly (readonly [string, Answer, RegExp])[] = [
    [
      'the login page',
      { contentType: 'text/html', body: '<!DOCTYPE html><html><body>Login</body></html>' },
      /web page.*Login/,
    ],
    ['an exported configuration', '<config version="10.2.0"><devices/></config>', /<config> instead of a <response>/],
    ['a truncated body', '<response status="success"><result><jour', /no well-formed XML/],
    [
      'a declared entity',
      '<!DOCTYPE r [<!ENTITY a "b">]><response status="success"><result>&a;</result></response>',
      /no well-formed XML/,
    ],
    ['an undeclared entity', '<response status="success"><result>&a;</result></response>', /entity &a; is not defined/],
    ['a response without a status', '<response><result/></response>', /without a status/],
    ['an error without words', '<response status="error" code="11"/>', /no message/],
    ['an unknown command', configError(' code="17"', 'show -> frobnicate  is unexpected'), /frobnicate/],
  ];
  for (const [title, answer, words] of cases) {
    test(title, async () => {
      await raises(read(always(answer).firewall), 'ReplyNotUnderstood', words);
    });
  }
  test('the whole reply is shown without the key and cut to a length', async () => {
    const { firewall } = always(`<odd>${testKey}${'x'.repeat(100_000)}<key>${testKey}</key></odd>`);
    const error = await raises(read(firewall), 'ReplyNotUnderstood', /\[API-key\]xxx/);
    assert.ok(error.message.length < 3000);
  });
});

describe('a "no" to a write', () => {
  test('a bad reference is FirewallRejected with every line, general to specific, CDATA or not', async () => {
    const { firewall } = always(
      `<response status="error" code="12"><msg><line><![CDATA[ R -> source 'X' is not a valid reference]]></line><line> R -> source is invalid</line></msg></response>`,
    );
    await raises(
      write(firewall),
      'FirewallRejected',
      /R -> source 'X' is not a valid reference \| R -> source is invalid/,
    );
  });
  test('a multi-config shows the words of the failing operation', async () => {
    const { firewall } = always(
      `<response status="error" code="13"><response status="success" code="20" id="1109"><msg>command succeeded</msg></response><response status="success" code="7"><msg>Object doesn't exist</msg></response><response status="error" code="12" id="1110"><msg><line><![CDATA[ test-new unexpected here]]></line></msg></response></response>`,
    );
    const error = await raises(write(firewall), 'FirewallRejected', /test-new unexpected here/);
    assert.doesNotMatch(error.message, /command succeeded|doesn't exist/);
  });
  test('a referenced object is FirewallRejected, even when names in the words look like states', async () => {
    const { firewall } = always(
      `<response status="error" code="10"><msg><line> <![CDATA[ another commit/validate is in progress]]> cannot be deleted because of references from:</line></msg></response>`,
    );
    await raises(write(firewall), 'FirewallRejected', /references from/);
  });
  test('nested lines of a load error are found', async () => {
    const { firewall } = always(
      '<response status="error" code="12"><msg><line><msg><line>deep words</line></msg></line></msg></response>',
    );
    await raises(write(firewall), 'FirewallRejected', /deep words/);
  });
  test('a success with a refused operation inside is not taken for done', async () => {
    const { firewall } = always(
      '<response status="success" code="20"><response status="error" code="12"><msg><line>no</line></msg></response></response>',
    );
    await raises(write(firewall), 'ReplyNotUnderstood', /success with a refused operation: no/);
  });
  const states: readonly (readonly [string, string, ErrorName])[] = [
    ['13', 'A commit is pending. Please try again later.', 'CommitInProgress'],
    ['13', 'Another commit/validate is in progress. Please try again later', 'CommitInProgress'],
    ['13', 'Configuration is locked by alice', 'ConfigLocked'],
    ['13', 'Other administrators are holding config locks ', 'ConfigLocked'],
    ['13', 'Timed out while getting config lock. Please try again.', 'ConfigLocked'],
    ['14', 'Other administrators are holding device wide commit locks.', 'CommitLocked'],
    ['15', 'Operation denied', 'FirewallNotActive'],
    ['13', 'set failed, may need to override template object first', 'FirewallRejected'],
    ['12', 'Maximum number of addresses exceeded', 'FirewallFull'],
    ['11', 'internal error', 'ReplyNotUnderstood'],
  ];
  for (const [code, words, name] of states) {
    test(`"${words}" (code ${code}) is ${name}`, async () => {
      await raises(
        write(always(configError(` code="${code}"`, words)).firewall),
        name,
        new RegExp(words.trim().slice(0, 20)),
      );
      await raises(
        commit(always(configError(` code="${code}"`, words)).firewall),
        name,
        new RegExp(words.trim().slice(0, 20)),
      );
    });
  }
});

describe('what the transport says', () => {
  test('an error without a name is FirewallUnreachable and may have been carried out', async () => {
    await raises(
      write(always(new Error(`socket hang up ${testKey}`)).firewall),
      'FirewallUnreachable',
      /may have been carried out/,
    );
  });
  test('a named error keeps its name and says what was asked', async () => {
    await raises(
      write(always(new NamedError('FirewallUnreachable', 'nothing was sent')).firewall),
      'FirewallUnreachable',
      /multi-config.*nothing was sent$/,
    );
  });
  test('a read whose connection broke is sent once more, a write never', async () => {
    let failures = 1;
    const flaky = scripted(({ fields }) => {
      if (fields['action'] === 'multi-config' || failures-- > 0) return new Error('ECONNRESET');
      return fields['xpath']?.includes('/vsys') === true ? got('<entry name="vsys1"/>') : nothing;
    });
    await flaky.firewall.candidate();
    const before = flaky.seen.length;
    await raises(write(flaky.firewall), 'FirewallUnreachable', /ECONNRESET/);
    assert.equal(flaky.seen.length, before + 1);
  });
  test('an API key that no header can carry is refused before anything is sent', async () => {
    const { firewall, seen } = always(nothing, { apiKey: async () => 'a\r\nb' });
    await raises(read(firewall), 'Misconfigured', /API key/);
    const failing = always(nothing, { apiKey: async () => Promise.reject(new Error('no secret')) });
    await raises(read(failing.firewall), 'Misconfigured', /could not be read/);
    assert.equal(seen.length + failing.seen.length, 0);
  });
});

test('secrets of a configuration are not shown with a reply that cannot be read', async () => {
  const { firewall } = always(
    '<config><phash>$1$abc</phash><private-key x="y">-----BEGIN</private-key><phash>$5$def</config>',
  );
  const error = await raises(
    read(firewall),
    'ReplyNotUnderstood',
    /<phash>\[secret\]<\/phash><private-key x="y">\[secret\]/,
  );
  assert.doesNotMatch(error.message, /abc|BEGIN|def/);
});

test('long words of the firewall are cut to a length', async () => {
  const lines = Array.from({ length: 2000 }, (_, index) => `line ${index}`);
  const error = await raises(
    write(always(configError(' code="12"', ...lines)).firewall),
    'FirewallRejected',
    /line 0 \| line 1/,
  );
  assert.ok(error.message.length < 5000);
});

test('an empty refusal such as HTTP 413 is not taken for a firewall that cannot be reached', async () => {
  await raises(write(always({ status: 413, reason: 'Too Large', body: '' }).firewall), 'ReplyNotUnderstood', /413/);
});

test('a vsys or administrator that no firewall has is Misconfigured at once', () => {
  for (const options of [{ vsys: "vsys1']" }, { vsys: '' }, { administrator: '' }, { administrator: 'a<b' }]) {
    assert.throws(() => always(nothing, options), { name: 'Misconfigured' });
  }
});

test('every request is a form with its vsys, and the key only in its header', async () => {
  const { firewall, seen } = always('<response status="success"><result></result></response>');
  await firewall.pendingEdits();
  const [only] = seen;
  assert.equal(only?.headers['x-pan-key'], testKey);
  assert.equal(only?.headers['content-type'], 'application/x-www-form-urlencoded');
  assert.deepEqual(only?.fields, {
    type: 'op',
    cmd: '<show><config><list><changes/></list></config></show>',
    vsys: 'vsys1',
  });
  assert.ok(!only?.body.includes(encodeURIComponent(testKey)));
});

test('at most four requests are under way at once', async () => {
  let running = 0;
  let most = 0;
  const { firewall } = scripted(() => null, {
    send: async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return {
        status: 200,
        reason: 'OK',
        contentType: 'application/xml',
        body: '<response status="success"><result/></response>',
      };
    },
  });
  await Promise.all(Array.from({ length: 20 }, () => firewall.pendingEdits()));
  assert.equal(most, 4);
});
