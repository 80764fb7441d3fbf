import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ours } from '../../support/owned-rule-name.ts';
import { type Answer, always, opResult, scripted } from './scripted-send.ts';
import { benches } from './simulated.ts';

const queued =
  '<response status="success" code="19"><result><msg><line>Commit job enqueued with jobid 4</line></msg><job>4</job></result></response>';
const sameAsBefore =
  'The result of this commit would be the same as the previous commit queued/processed. No edits have been made between these subsequent commits. Please check the previous commit status. If still needed, use commit force instead.';
const job = (fields: Readonly<Record<string, string>>) =>
  `<job>${Object.entries({
    tenq: '2026/01/01 00:00:00',
    id: '4',
    user: 'sync',
    type: 'Commit',
    status: 'FIN',
    result: 'OK',
    ...fields,
  })
    .map(([name, text]) => `<${name}>${text}</${name}>`)
    .join('')}</job>`;
const commit = (answer: Answer) => always(answer).firewall.commit({ description: 'd', full: false });

describe('a commit', () => {
  test('names our administrator and nothing else, with its description', async () => {
    const { firewall, seen } = always(queued);
    assert.deepEqual(await firewall.commit({ description: 'run <1>', full: false }), { kind: 'queued', job: '4' });
    assert.deepEqual(seen[0]?.fields, {
      type: 'commit',
      action: 'partial',
      cmd: '<commit><description>run &lt;1&gt;</description><partial><admin><member>sync</member></admin></partial></commit>',
      vsys: 'vsys1',
    });
  });
  test('of everything has no partial in it', async () => {
    const { firewall, seen } = always(queued);
    await firewall.commit({ description: 'all', full: true });
    assert.equal(seen[0]?.fields['cmd'], '<commit><description>all</description></commit>');
    assert.equal(seen[0]?.fields['action'], undefined);
  });
  test('with nothing to do is told apart in both ways, whatever the code', async () => {
    for (const reply of [
      '<response status="success" code="19"><msg>There are no changes to commit.</msg></response>',
      `<response status="success" code="13"><msg>${sameAsBefore}</msg></response>`,
      `<response status="error" code="13"><msg><line>${sameAsBefore}</line></msg></response>`,
    ]) {
      assert.deepEqual(await commit(reply), { kind: 'nothing' });
    }
  });
  test('that a firewall demands in full is FullCommitNeeded', async () => {
    await assert.rejects(
      commit(
        '<response status="error"><msg><line>Partial commit is not allowed. Full system commit must be completed.</line></msg></response>',
      ),
      { name: 'FullCommitNeeded' },
    );
  });
  test('during an installation, or blocked by something, is CommitInProgress', async () => {
    for (const words of [
      'You cannot commit while an install is in progress. Please try again later.',
      'This operation is blocked because of something',
      'A commit is in progress.',
    ]) {
      await assert.rejects(commit(`<response status="error" code="13"><msg><line>${words}</line></msg></response>`), {
        name: 'CommitInProgress',
      });
    }
  });
  test('answered with neither job nor "nothing" is ReplyNotUnderstood', async () => {
    await assert.rejects(commit('<response status="success" code="19"><msg>Fine.</msg></response>'), {
      name: 'ReplyNotUnderstood',
      message: /Fine/,
    });
  });
  test('with a description over 512 characters is Misconfigured', async () => {
    await assert.rejects(always(queued).firewall.commit({ description: 'd'.repeat(513), full: false }), {
      name: 'Misconfigured',
    });
  });
});

describe('a job', () => {
  test('that has finished has its details and warnings, nested and in CDATA', async () => {
    const { firewall, seen } = always(
      opResult(
        job({
          description: 'run 1',
          progress: '2026/01/01 00:00:20',
          details:
            '<line>Configuration committed successfully</line><line><line><![CDATA[ Local configuration size: 9 KB]]></line></line>',
          warnings: '<line>w1</line><line>w2</line>',
        }),
      ),
    );
    assert.deepEqual(await firewall.job('4'), {
      id: '4',
      user: 'sync',
      type: 'Commit',
      description: 'run 1',
      status: 'FIN',
      result: 'OK',
      details: ['Configuration committed successfully', 'Local configuration size: 9 KB'],
      warnings: ['w1', 'w2'],
    });
    assert.equal(seen[0]?.fields['cmd'], '<show><jobs><id>4</id></jobs></show>');
  });
  test('that runs has no result yet', async () => {
    const read = await always(
      opResult(job({ status: 'ACT', result: 'PEND', tfin: 'Still Active', warnings: '' })),
    ).firewall.job('4');
    assert.deepEqual([read?.status, read?.result, read?.warnings], ['ACT', 'PEND', []]);
  });
  test('that the firewall does not know any more is null', async () => {
    assert.equal(
      await always('<response status="error" code="7"><msg><line>job 4 not found</line></msg></response>').firewall.job(
        '4',
      ),
      null,
    );
  });
  test('with a status or an outcome nobody knows is ReplyNotUnderstood', async () => {
    await assert.rejects(always(opResult(job({ status: 'ODD' }))).firewall.job('4'), {
      name: 'ReplyNotUnderstood',
      message: /ODD/,
    });
    await assert.rejects(always(opResult(job({ result: 'ODD' }))).firewall.job('4'), {
      name: 'ReplyNotUnderstood',
      message: /ODD/,
    });
    await assert.rejects(always(opResult('')).firewall.job('4'), { name: 'ReplyNotUnderstood' });
    await assert.rejects(always(opResult(job({ id: '5' }))).firewall.job('4'), { name: 'ReplyNotUnderstood' });
  });
  test('that comes without an id is one the firewall lost when its configuration daemon restarted: it is not known', async () => {
    const lost =
      '<job><type>Failed-Job</type><status>FIN</status><details><line>job failed because of configd restart</line></details></job>';
    assert.equal(await always(opResult(lost)).firewall.job('4'), null);
    assert.equal((await always(opResult(lost + job({}))).firewall.job('4'))?.id, '4');
  });
  test('id that is no number is refused before anything is sent', async () => {
    const { firewall, seen } = always(opResult(''));
    await assert.rejects(firewall.job('4</id>'), { name: 'StateNotUnderstood' });
    assert.equal(seen.length, 0);
  });
  test('is found again by administrator and description, the newest first', async () => {
    const jobs = [
      job({ id: '9', description: 'run 1', user: 'alice' }),
      job({ id: '10', description: 'run 1', result: 'FAIL' }),
      job({ id: '8', description: 'run 1' }),
      job({ id: '12', description: 'run 1', type: 'Validate' }),
      '<job><type>Failed-Job</type><status>FIN</status><details><line>job failed because of configd restart</line></details></job>',
      job({ id: '11', description: 'run 2' }),
    ].join('');
    const { firewall } = always(opResult(jobs));
    assert.equal((await firewall.findCommit('run 1'))?.id, '10');
    assert.equal(await firewall.findCommit('run 3'), null);
  });
  test('whose description the list leaves out is looked at singly', async () => {
    const { firewall, seen } = scripted(({ fields }) => {
      const id = /<id>(\d+)/.exec(fields['cmd'] ?? '')?.[1];
      return opResult(
        id === undefined
          ? job({ id: '5' }) + job({ id: '6', user: 'alice' }) + job({ id: '7' })
          : job({ id, description: `run ${id}` }),
      );
    });
    assert.equal((await firewall.findCommit('run 5'))?.id, '5');
    assert.equal(seen.length, 3);
  });
  test('is unfinished until it is FIN; automatic commits count, other jobs do not', async () => {
    const jobs = [
      job({ id: '1' }),
      job({ id: '2', status: 'ACT', result: 'PEND', user: 'alice' }),
      job({ id: '3', status: 'PEND', result: 'PEND', type: 'AutoCom' }),
      job({ id: '4', status: 'ACT', result: 'PEND', type: 'Downld' }),
    ].join('');
    assert.deepEqual(
      (await always(opResult(jobs)).firewall.unfinishedCommits()).map(({ id }) => id),
      ['2', '3'],
    );
  });
});

describe('locks', () => {
  const list = (kind: string, entries: string) => opResult(`<${kind}-locks>${entries}</${kind}-locks>`);
  test('of both kinds and all scopes are listed', async () => {
    const { firewall, seen } = scripted(({ fields }) =>
      fields['cmd']?.includes('config-locks') === true
        ? list(
            'config',
            '<entry name="alice"><type>shared</type><name>shared</name><created>x</created><comment><![CDATA[working]]></comment></entry>',
          )
        : list('commit', '<entry name="bob"><type>vsys</type><name>vsys1</name><comment>(null)</comment></entry>'),
    );
    assert.deepEqual(await firewall.locks(), [
      { kind: 'config', holder: 'alice', scope: 'shared', comment: 'working' },
      { kind: 'commit', holder: 'bob', scope: 'vsys1', comment: '' },
    ]);
    assert.ok(seen.every(({ fields }) => fields['cmd']?.includes('<vsys>all</vsys>') === true));
    assert.deepEqual(
      await scripted(({ fields }) =>
        opResult(fields['cmd']?.includes('config-') === true ? '<config-locks />' : '<commit-locks></commit-locks>'),
      ).firewall.locks(),
      [],
    );
  });
  test('are taken device-wide; one that is ours already is success', async () => {
    const { firewall, seen } = always(
      opResult(
        'Successfully acquired lock. Other administrators will not be able to modify configuration until lock is released by sync.',
      ),
    );
    await firewall.takeConfigLock('why & what');
    assert.deepEqual(seen[0]?.fields, {
      type: 'op',
      cmd: '<request><config-lock><add><comment>why &amp; what</comment></add></config-lock></request>',
    });
    for (const words of ['Config lock is already held by sync', 'You already own a config lock for scope shared']) {
      await always(`<response status="error"><msg><line>${words}</line></msg></response>`).firewall.takeConfigLock('c');
    }
  });
  test("somebody else's is ConfigLocked, also when that name begins with ours", async () => {
    for (const words of [
      'Config lock is already held by sync2',
      'Config for scope shared is currently locked by alice',
    ]) {
      await assert.rejects(
        always(`<response status="error"><msg><line>${words}</line></msg></response>`).firewall.takeConfigLock('c'),
        { name: 'ConfigLocked', message: new RegExp(words) },
      );
    }
  });
  test('are given back once; gone already is success', async () => {
    await always(opResult('Config lock released for sync')).firewall.releaseConfigLock();
    await always(
      '<response status="error"><msg><line>Config is not currently locked for scope shared</line></msg></response>',
    ).firewall.releaseConfigLock();
    await assert.rejects(
      always('<response status="error"><msg><line>Odd</line></msg></response>').firewall.releaseConfigLock(),
      { name: 'ReplyNotUnderstood' },
    );
  });
});

describe('the policy match', () => {
  const session = {
    from: 'untrust',
    to: 'trust',
    source: '1.2.3.4',
    destination: '10.0.1.11',
    protocol: 6,
    destinationPort: 80,
    application: 'web-browsing',
  } as const;
  const match = (body: string) => always(body).firewall.policyMatch(session);
  const status = (result: string) => `<response cmd="status" status="success">${result}</response>`;
  const shapes: readonly (readonly [string, string, string | null])[] = [
    [
      'text in an entry (up to 8.0)',
      '<result><rules>\n\t<entry>deny all and log; index: 3</entry>\n</rules>\n</result>',
      'deny all and log',
    ],
    [
      'a line of text (some 8.1)',
      '<result><msg><line><![CDATA["Rule Name; index: 1" {\nfrom any;\n}]]></line></msg></result>',
      'Rule Name',
    ],
    [
      'an entry with a name (newer)',
      '<result><rules><entry name="DenyAll"><index>9</index><to><member>x</member></to><action>deny</action></entry></rules></result>',
      'DenyAll',
    ],
    [
      'a default rule with its vsys',
      '<result><rules><entry name="vsys1+interzone-default"><index>9</index></entry></rules></result>',
      'interzone-default',
    ],
    [
      'a rule whose own name has a plus',
      '<result><rules><entry name="vsys1+mine"><index>9</index></entry></rules></result>',
      'vsys1+mine',
    ],
    ['nothing', '<result/>', null],
    ['no rules', '<result><rules/></result>', null],
    ['no result', '', null],
  ];
  for (const [title, result, name] of shapes) {
    test(`reads ${title}`, async () => {
      assert.equal(await match(status(result)), name);
    });
  }
  test('words without a rule name are ReplyNotUnderstood', async () => {
    await assert.rejects(match(status('<result>gibberish</result>')), {
      name: 'ReplyNotUnderstood',
      message: /gibberish/,
    });
    await assert.rejects(match(status('<result><rules><entry/></rules></result>')), { name: 'ReplyNotUnderstood' });
  });
  test('asks with a protocol number, and with a port only where the protocol has ports', async () => {
    const { firewall, seen } = always(status('<result/>'));
    await firewall.policyMatch(session);
    await firewall.policyMatch({ ...session, protocol: 1, destinationPort: null, application: 'ping' });
    await firewall.policyMatch({ ...session, application: 'any' });
    const asked = seen.map(({ fields }) => fields['cmd']?.replace(/<\/?(test|security-policy-match)>/g, ''));
    const head = '<from>untrust</from><to>trust</to><source>1.2.3.4</source><destination>10.0.1.11</destination>';
    assert.deepEqual(asked, [
      `${head}<protocol>6</protocol><destination-port>80</destination-port><application>web-browsing</application>`,
      `${head}<protocol>1</protocol><application>ping</application>`,
      `${head}<protocol>6</protocol><destination-port>80</destination-port>`,
    ]);
  });
});

describe('against the simulated firewall', () => {
  const bench = benches();
  const session = {
    from: 'untrust',
    to: 'trust',
    source: '1.2.3.4',
    destination: '10.0.1.11',
    protocol: 6,
    destinationPort: 80,
    application: 'web-browsing',
  } as const;
  const narrow = (name: string) =>
    [{ kind: 'set-members', name: ours(name), field: 'source', members: ['8.8.8.8/32'] }] as const;

  test('a partial commit carries our edits and not those of a colleague', async () => {
    const { firewall, colleague } = bench();
    await firewall.write(narrow('Web in'), { auditComment: null });
    await colleague.write(narrow('Web out'), { auditComment: null });
    const reply = await firewall.commit({ description: 'run 7', full: false });
    assert.equal(reply.kind, 'queued');
    const job = await firewall.findCommit('run 7');
    assert.deepEqual([job?.user, job?.status, job?.result], ['policy-sync', 'FIN', 'OK']);
    const running = (await firewall.running()).rules;
    assert.deepEqual(running.find(({ name }) => name === 'Web in')?.source, ['8.8.8.8/32']);
    assert.deepEqual(running.find(({ name }) => name === 'Web out')?.source, ['any']);
    assert.deepEqual(
      (await firewall.pendingEdits()).map(({ administrator }) => administrator),
      ['colleague'],
    );
    assert.deepEqual(await firewall.commit({ description: 'run 8', full: false }), { kind: 'nothing' });
  });

  test('the policy match answers for the running policy', async () => {
    const { firewall } = bench();
    assert.equal(await firewall.policyMatch(session), 'Web in');
    await firewall.write([{ kind: 'delete-rule', name: ours('Web in') }], { auditComment: null });
    assert.equal(await firewall.policyMatch(session), 'Web in');
    await firewall.commit({ description: 'd', full: false });
    assert.equal(await firewall.policyMatch(session), 'Clean up');
  });

  test('a config lock keeps a colleague out until it is given back', async () => {
    const { firewall, colleague } = bench();
    await firewall.takeConfigLock('full commit');
    await firewall.takeConfigLock('again');
    await assert.rejects(colleague.write(narrow('Web in'), { auditComment: null }), { name: 'ConfigLocked' });
    await assert.rejects(colleague.takeConfigLock('mine'), { name: 'ConfigLocked', message: /policy-sync/ });
    assert.deepEqual(
      (await colleague.locks()).map(({ kind, holder, comment }) => [kind, holder, comment]),
      [['config', 'policy-sync', 'full commit']],
    );
    await firewall.releaseConfigLock();
    await firewall.releaseConfigLock();
    await colleague.write(narrow('Web in'), { auditComment: null });
  });

  test('a role without commit rights is FirewallDenied', async () => {
    const { simulator } = bench();
    const robot = bench({}, { apiKey: async () => simulator.keyOf('robot') });
    await assert.rejects(robot.firewall.commit({ description: 'd', full: false }), { name: 'FirewallDenied' });
  });

  test('what is pushed, predefined, limited and set comes with a snapshot', async () => {
    const { firewall, seen } = bench();
    const snapshot = await firewall.snapshot();
    assert.deepEqual(snapshot.pending, []);
    assert.equal(snapshot.running, snapshot.candidate);
    assert.ok(snapshot.candidate.scopes.predefined.applications.has('ssl'));
    assert.ok(snapshot.candidate.scopes.predefined.services.has('service-https'));
    assert.ok(snapshot.candidate.scopes.predefined.applicationContainers.has('snmp'));
    assert.ok(seen.length <= 12, `${seen.length} requests`);
    assert.equal((await firewall.device()).writable, true);
    assert.equal(await firewall.fullCommitRequired(), false);
    assert.deepEqual(await firewall.unfinishedCommits(), []);
  });
});
