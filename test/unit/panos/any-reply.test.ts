import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { errorCatalogue, NamedError } from '../../../shared/domain/errors.ts';
import type { Firewall } from '../../../shared/panos/firewall.ts';
import { ours } from '../../support/owned-rule-name.ts';
import { rulesPath, scripted, testKey } from './scripted-send.ts';

const calls: Readonly<Record<string, (firewall: Firewall) => Promise<unknown>>> = {
  device: (firewall) => firewall.device(),
  snapshot: (firewall) => firewall.snapshot(),
  running: (firewall) => firewall.running(),
  pendingEdits: (firewall) => firewall.pendingEdits(),
  write: (firewall) =>
    firewall.write(
      [
        { kind: 'delete-rule', name: ours('R') },
        { kind: 'move-rule', name: ours('S'), before: 'T' },
      ],
      { auditComment: 'c' },
    ),
  withdraw: (firewall) => firewall.withdraw([`${rulesPath}/entry[@name='R']`]),
  unchangedAt: (firewall) => firewall.unchangedAt([`${rulesPath}/entry[@name='R']`, '/config/shared']),
  fullCommitRequired: (firewall) => firewall.fullCommitRequired(),
  commit: (firewall) => firewall.commit({ description: 'd', full: false }),
  job: (firewall) => firewall.job('4'),
  findCommit: (firewall) => firewall.findCommit('d'),
  unfinishedCommits: (firewall) => firewall.unfinishedCommits(),
  locks: (firewall) => firewall.locks(),
  takeConfigLock: (firewall) => firewall.takeConfigLock('c'),
  releaseConfigLock: (firewall) => firewall.releaseConfigLock(),
  policyMatch: (firewall) =>
    firewall.policyMatch({
      from: 'a',
      to: 'b',
      source: '1.1.1.1',
      destination: '2.2.2.2',
      protocol: 6,
      destinationPort: 1,
      application: 'any',
    }),
};

// Elements the client looks for, so that random trees reach deep into the readers.
const names =
  'response result msg line job id status user type description details warnings entry member rules security rulebase vsys panorama journal xpath owner action config-locks commit-locks name system serial sw-version enabled group local-info state from to source service application address static filter dynamic protocol tcp port default nat destination-translation translated-address profile-setting profiles log-settings functions __proto__ constructor'.split(
    ' ',
  );
const words = fc.constantFrom(
  '',
  ' ',
  'yes',
  'no',
  'FIN',
  'PEND',
  'OK',
  '4',
  '-1',
  '99999999999999999999',
  'any',
  'R',
  'S',
  'T',
  testKey,
  'x; index: 1',
  '"',
  ']]>',
  'No such node',
  'job 4 not found',
  'A commit is pending. Please try again later.',
  'Invalid Credential',
  `${rulesPath}/entry[@name="R"]`,
  '&#x41;',
  '&bad;',
  '<![CDATA[ <x> ]]>',
  '\u0000',
  '\ud800',
);
const { tree } = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 7, depthSize: 'large' },
    words,
    fc
      .tuple(
        fc.constantFrom(...names),
        fc.constantFrom('', ' name="R"', " name='vsys1'", ' status="error"', ' uuid="u" loc="x"', ' name="S" name="S"'),
        fc.array(tie('tree'), { maxLength: 5 }),
      )
      .map(([name, attributes, inner]) => `<${name}${attributes}>${inner.join('')}</${name}>`),
  ),
}));
const envelope = fc
  .tuple(
    fc.constantFrom('success', 'error', 'unauth', 'failed', ''),
    fc.constantFrom('', '0', '7', '10', '12', '13', '14', '15', '16', '17', '19', '20', '22', '403', 'x'),
    fc.array(tree, { maxLength: 5 }),
  )
  .map(
    ([status, code, inner]) =>
      `<response status="${status}"${code === '' ? '' : ` code="${code}"`}>${inner.join('')}</response>`,
  );
const body = fc.oneof(
  { weight: 8, arbitrary: envelope },
  { weight: 1, arbitrary: tree },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 1, arbitrary: fc.tuple(envelope, fc.nat(400)).map(([text, length]) => text.slice(0, length)) },
);
const reply = fc.record({
  body,
  status: fc.constantFrom(200, 200, 200, 200, 204, 302, 400, 401, 403, 404, 413, 429, 500, 503),
  reason: fc.constantFrom('OK', 'Invalid Credential', `Key Expired: ${testKey} has expired.`, ''),
  contentType: fc.constantFrom('application/xml', 'text/html', ''),
});

describe('law: whatever is answered, a call ends with a value or a named error that does not show the key', () => {
  for (const [name, call] of Object.entries(calls)) {
    test(name, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(reply, { minLength: 1, maxLength: 12 }), async (replies) => {
          let next = 0;
          const { firewall, seen } = scripted(() => replies[next++ % replies.length] ?? assert.fail(), {
            applications: ['ssl'],
          });
          try {
            await call(firewall);
          } catch (error) {
            assert.ok(error instanceof NamedError, `${error instanceof Error ? error.stack : String(error)}`);
            assert.ok(Object.hasOwn(errorCatalogue, error.name));
            assert.ok(!error.message.includes(testKey), error.message);
            assert.ok(error.message.length < 12_000, `${error.message.length} characters`);
          }
          assert.ok(seen.length < 200, `${seen.length} requests`);
        }),
        { numRuns: 400 },
      );
    });
  }
});

test('a reply nested a thousand deep is refused as such, and one of four megabytes is read to its end', async () => {
  const deep = `<response status="success"><result>${'<a>'.repeat(1000)}${'</a>'.repeat(1000)}</result></response>`;
  await assert.rejects(scripted(() => deep).firewall.pendingEdits(), {
    name: 'ReplyNotUnderstood',
    message: /nested/,
  });
  const many = `<entry name="R"><source><member>1.2.3.4</member></source></entry>`.repeat(60_000);
  const big = `<response status="success" code="19"><result><entry name="vsys1"><rulebase><security><rules>${many}</rules></security></rulebase></entry></result></response>`;
  const { firewall } = scripted(({ fields }) =>
    fields['xpath']?.endsWith("[@name='vsys1']") === true
      ? big
      : '<response status="success" code="7"><result/></response>',
  );
  assert.equal((await firewall.candidate()).rules.length, 60_002);
});
