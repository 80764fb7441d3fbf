import assert from 'node:assert/strict';
import type { SimulatorOptions } from '../simulator/simulator.ts';
import { asks, bodyIs, type Fact } from './fact.ts';
import { harmlessRule, ruleAt, rules, type Target, vsys } from './target.ts';

const op = (cmd: string, more: Readonly<Record<string, string>> = {}) => ({ type: 'op', cmd, ...more });
const set = (name: string, changes: { readonly [field: string]: string | null } = {}) => ({
  type: 'config',
  action: 'set',
  xpath: rules,
  element: harmlessRule(name, changes),
});
const commitAll = { type: 'commit', cmd: '<commit></commit>' };
const commitFor = (admin: string) => ({
  type: 'commit',
  cmd: `<commit><partial><admin><member>${admin}</member></admin></partial></commit>`,
});
const job = (id: number | string) => op(`<show><jobs><id>${id}</id></jobs></show>`);
const pending = op('<check><pending-changes></pending-changes></check>');
const changes = op('<show><config><list><changes/></list></config></show>');
const lock = (kind: 'config' | 'commit', what: string) => op(`<request><${kind}-lock>${what}</${kind}-lock></request>`);
const running = (target: Target): string => target.simulator?.exportConfiguration('running') ?? '';

/** A simulator whose jobs take ten seconds of a clock that stands still until told. */
const clocked = (
  more: SimulatorOptions = {},
): { readonly options: SimulatorOptions; readonly pass: (milliseconds: number) => void } => {
  let now = Date.UTC(2026, 0, 2, 3, 4, 5);
  return {
    options: { ...more, now: () => now, jobMilliseconds: 10_000 },
    pass: (milliseconds) => {
      now += milliseconds;
    },
  };
};

const inTime = (
  title: string,
  evidence: Fact['evidence'],
  check: (target: Target, pass: (milliseconds: number) => void) => Promise<void>,
  more: SimulatorOptions = {},
): Fact => {
  const clock = clocked(more);
  return { title, evidence, needs: 'simulator', options: clock.options, check: (target) => check(target, clock.pass) };
};

const fails = (
  title: string,
  evidence: Fact['evidence'],
  changed: { readonly [field: string]: string | null },
  expected: RegExp,
): Fact => ({
  title,
  evidence,
  needs: 'simulator',
  check: async (target) => {
    bodyIs(await target.ask(set('R', changed)), /code="20"/);
    await target.ask(commitAll);
    bodyIs(await target.ask(job(1)), expected);
    assert.ok(!running(target).includes('"R"'));
  },
});

/** Commits, jobs, pending changes, reverts and locks. */
export const commitFacts: readonly Fact[] = [
  {
    title: 'a commit is queued with code 19 and a job number',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(set('R'));
      bodyIs(
        await target.ask(commitAll),
        '<response status="success" code="19"><result><msg><line>Commit job enqueued with jobid 1</line></msg><job>1</job></result></response>',
      );
    },
  },
  inTime(
    'a job goes from ACT and PEND to FIN and OK, and only then the change runs',
    'captured',
    async (target, pass) => {
      await target.ask(set('R'));
      await target.ask(commitAll);
      bodyIs(
        await target.ask(job(1)),
        /<status>ACT<\/status>.*<stoppable>yes<\/stoppable><result>PEND<\/result><tfin>Still Active<\/tfin>/,
      );
      assert.ok(!running(target).includes('"R"'));
      pass(10_000);
      bodyIs(
        await target.ask(job(1)),
        /<tenq>2026\/01\/02 03:04:05<\/tenq>.*<status>FIN<\/status>.*<result>OK<\/result><tfin>2026\/01\/02 03:04:15<\/tfin>.*<line>Configuration committed successfully<\/line>/,
      );
      assert.ok(running(target).includes('"R"'));
    },
  ),
  inTime('jobs wait in a queue, first in first out', 'documented', async (target, pass) => {
    await target.ask(set('R'));
    await target.ask(commitAll);
    await target.ask(set('S'));
    await target.ask(commitAll);
    bodyIs(await target.ask(job(2)), /<status>PEND<\/status>/);
    pass(10_000);
    bodyIs(await target.ask(job(2)), /<status>ACT<\/status>/);
  }),
  inTime('a write while a commit waits in the queue is refused with code 13', 'captured', async (target) => {
    await target.ask(set('R'));
    await target.ask(commitAll);
    await target.ask(set('S'));
    await target.ask(commitAll);
    bodyIs(await target.ask(set('T')), /code="13"><msg><line>A commit is pending\. Please try again later\.</);
  }),
  asks(
    'a superuser’s commit of nothing is code 19, There are no changes to commit',
    'captured',
    'simulator',
    commitAll,
    '<response status="success" code="19"><msg>There are no changes to commit.</msg></response>',
  ),
  asks(
    'a partial commit of nothing is success with code 13',
    'captured',
    'simulator',
    commitFor('admin'),
    /^<response status="success" code="13"><msg>The result of this commit would be the same as the previous commit queued\/processed\. .*use commit force instead\.<\/msg><\/response>$/,
  ),
  asks(
    'a forced commit of nothing is queued all the same',
    'documented',
    'commit',
    { type: 'commit', cmd: '<commit><force></force></commit>' },
    /code="19"><result><msg><line>Commit job enqueued/,
  ),
  asks(
    'a validation is queued as a job of its own',
    'captured',
    'read',
    op('<validate><full></full></validate>'),
    /Validate job enqueued with jobid \d+/,
  ),
  asks(
    'an unknown job is error 7',
    'captured',
    'read',
    job(999_999),
    /status="error" code="7"><msg><line>job 999999 not found</,
  ),
  {
    title: 'a partial commit takes one administrator’s changes and leaves the others’ pending',
    evidence: 'documented',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(set('theirs'), 'colleague');
      await target.ask(set('ours'));
      await target.ask(commitFor('admin'));
      assert.ok(running(target).includes('"ours"') && !running(target).includes('"theirs"'));
      bodyIs(await target.ask(pending), /yes/);
    },
  },
  {
    title: 'another administrator’s full commit carries what we staged',
    evidence: 'documented',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(set('ours'), 'policy-sync');
      await target.ask(commitAll, 'colleague');
      assert.ok(running(target).includes('"ours"'));
      bodyIs(await target.ask(commitFor('policy-sync'), 'policy-sync'), /code="13"/);
    },
  },
  {
    title: 'of two administrators’ changes in one rule, a partial commit takes its own node',
    evidence: 'inferred',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(set('R'));
      await target.ask(commitAll);
      await target.ask(
        { type: 'config', action: 'set', xpath: ruleAt('R'), element: '<description>theirs</description>' },
        'colleague',
      );
      await target.ask({
        type: 'config',
        action: 'edit',
        xpath: `${ruleAt('R')}/source`,
        element: '<source><member>192.0.2.8</member></source>',
      });
      await target.ask(commitFor('admin'));
      assert.match(running(target), /name="R".*192\.0\.2\.8/);
      assert.doesNotMatch(running(target), /theirs/);
      assert.match(target.simulator?.exportConfiguration('candidate') ?? '', /theirs/);
    },
  },
  {
    title: 'an edit and its reversal leave changes pending: the list is a journal',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(set('R'));
      await target.ask({ type: 'config', action: 'delete', xpath: ruleAt('R') });
      bodyIs(await target.ask(pending), '<response status="success"><result>yes</result></response>');
    },
  },
  asks(
    'nothing pending is an empty list',
    'captured',
    'simulator',
    changes,
    '<response status="success"><result></result></response>',
  ),
  {
    title: 'the change list names xpath, owner and action, with a space before the action',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(set('R'));
      bodyIs(
        await target.ask(changes),
        /<journal><entry><xpath>\/config\/devices\/entry\[@name='localhost\.localdomain'\]\/vsys\/entry\[@name='vsys1'\]\/rulebase\/security\/rules\/entry\[@name='R'\]<\/xpath><owner>admin<\/owner><action> CREATE<\/action>/,
      );
    },
  },
  fails(
    'a rule without service fails its commit',
    'captured',
    { service: null },
    /<result>FAIL<\/result>.*<line>Validation Error:<\/line>.*R is missing 'service'/,
  ),
  fails('a rule without action fails its commit', 'captured', { action: null }, /R is missing 'action'/),
  fails(
    'negating any fails its commit',
    'captured',
    { 'negate-source': '<negate-source>yes</negate-source>', source: '<source><member>any</member></source>' },
    /Negate cannot be enabled for security rule R with source address as 'any'<\/line><line>Configuration is invalid/,
  ),
  fails(
    'an intrazone rule between zones fails its commit',
    'schema',
    {
      'rule-type': '<rule-type>intrazone</rule-type>',
      from: '<from><member>trust</member></from>',
      to: '<to><member>untrust</member></to>',
    },
    /different set of source and destination for intrazone rule/,
  ),
  fails(
    'icmp-unreachable with deny fails its commit',
    'schema',
    { 'icmp-unreachable': '<icmp-unreachable>yes</icmp-unreachable>' },
    /icmp-unreachable is not valid for policy's action deny/,
  ),
  {
    title: 'two choices in one address are mutually exclusive at validation, not at write',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      const write = (element: string) =>
        target.ask({ type: 'config', action: 'set', xpath: `${vsys}/address/entry[@name='address-3']`, element });
      bodyIs(await write('<ip-netmask>192.0.2.1</ip-netmask>'), /code="20"/);
      bodyIs(await write('<ip-range>192.0.2.1-192.0.2.5</ip-range>'), /code="20"/);
      await target.ask(op('<validate><full></full></validate>'));
      bodyIs(
        await target.ask(job(1)),
        /<line>Validation Error:<\/line><line> address -&gt; address-3 Node ip-netmask and ip-range are mutually exclusive<\/line><line> address is invalid<\/line><line> vsys is invalid<\/line><line> devices is invalid/,
      );
    },
  },
  {
    title: 'an address with the name of an external list is let in at write and fails the commit',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      const write = (list: string, element: string) =>
        target.ask({ type: 'config', action: 'set', xpath: `${vsys}/${list}`, element });
      bodyIs(
        await write(
          'external-list',
          '<entry name="twice"><type><ip><url>https://192.0.2.1/l</url></ip></type></entry>',
        ),
        /code="20"/,
      );
      bodyIs(await write('address', '<entry name="twice"><ip-netmask>192.0.2.1</ip-netmask></entry>'), /code="20"/);
      await target.ask(commitAll);
      bodyIs(await target.ask(job(1)), /<result>FAIL<\/result>/);
    },
  },
  {
    title: 'an address with the name of a region is warned of: the region wins',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      const write = (list: string, element: string) =>
        target.ask({ type: 'config', action: 'set', xpath: `${vsys}/${list}`, element });
      await write('region', '<entry name="twice"><address><member>192.0.2.0/24</member></address></entry>');
      await write('address', '<entry name="twice"><ip-netmask>198.51.100.1</ip-netmask></entry>');
      await target.ask(commitAll);
      bodyIs(await target.ask(job(1)), /<result>OK<\/result>.*<line>twice is used as a region, not an address object</);
    },
  },
  {
    title: 'NAT rules are written, checked and read like security rules',
    evidence: 'schema',
    needs: 'simulator',
    check: async (target) => {
      const nat = `${vsys}/rulebase/nat/rules`;
      const rule = (destination: string) =>
        `<entry name="inbound"><from><member>untrust</member></from><to><member>untrust</member></to><source><member>any</member></source><destination><member>${destination}</member></destination><service>any</service><destination-translation><translated-address>10.0.1.11</translated-address></destination-translation></entry>`;
      bodyIs(
        await target.ask({ type: 'config', action: 'set', xpath: nat, element: rule('no-such-object') }),
        /code="12"/,
      );
      bodyIs(await target.ask({ type: 'config', action: 'set', xpath: nat, element: rule('192.0.2.10') }), /code="20"/);
      await target.ask(commitAll);
      assert.match(running(target), /<nat><rules><entry name="inbound" uuid="[^"]+">/);
    },
  },
  {
    title: 'validation names one invalid object; correcting it shows the next',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(set('R', { service: null }));
      await target.ask(set('S', { service: null }));
      await target.ask(commitAll);
      const reply = await target.ask(job(1));
      bodyIs(reply, /R is missing/);
      assert.doesNotMatch(reply.body, /S is missing/);
    },
  },
  {
    title: 'a rule that a rule above covers is warned of',
    evidence: 'documented',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(set('R', { disabled: null }));
      await target.ask(commitAll);
      bodyIs(await target.ask(job(1)), /<warnings><line>[^<]*Clean up[^<]*shadows[^<]*R/);
    },
  },
  {
    title: 'marks vanish with the commit',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(set('R'));
      await target.ask(commitAll);
      assert.doesNotMatch((await target.ask({ type: 'config', action: 'get', xpath: ruleAt('R') })).body, /dirtyId/);
    },
  },
  {
    title: 'a revert takes every uncommitted change back',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(set('R'));
      bodyIs(
        await target.ask(op('<revert><config></config></revert>')),
        /<result><msg><line>All changes were reverted from configuration<\/line><\/msg><\/result>/,
      );
      bodyIs(await target.ask(pending), /no/);
    },
  },
  {
    title: 'a partial revert takes back one administrator’s changes only',
    evidence: 'client',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(set('ours'));
      await target.ask(set('theirs'), 'colleague');
      await target.ask(
        op('<revert><config><partial><admin><member>admin</member></admin></partial></config></revert>'),
      );
      const candidate = target.simulator?.exportConfiguration('candidate') ?? '';
      assert.ok(!candidate.includes('"ours"') && candidate.includes('"theirs"'));
    },
  },
  {
    title: 'a partial revert is refused while a full commit is required',
    evidence: 'client',
    needs: 'simulator',
    check: async (target) => {
      target.simulator?.control({ kind: 'full-commit-required', required: true });
      bodyIs(await target.ask(op('<check><full-commit-required/></check>')), />yes</);
      bodyIs(
        await target.ask(
          op('<revert><config><partial><admin><member>admin</member></admin></partial></config></revert>'),
        ),
        /Partial revert is not allowed\. Full system commit must be completed\./,
      );
    },
  },
  {
    title: 'a partial commit is refused while a full commit is required',
    evidence: 'inferred',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(set('R'));
      target.simulator?.control({ kind: 'full-commit-required', required: true });
      bodyIs(await target.ask(commitFor('admin')), /status="error"/);
      bodyIs(await target.ask(commitAll), /code="19"/);
      bodyIs(await target.ask(op('<check><full-commit-required/></check>')), />no</);
    },
  },
  inTime('a revert is refused while commits are queued', 'client', async (target) => {
    await target.ask(set('R'));
    await target.ask(commitAll);
    bodyIs(
      await target.ask(op('<revert><config></config></revert>')),
      /Local commit jobs are queued\. Revert operation is not allowed\./,
    );
  }),
  {
    title: 'before 11.0.1 a move makes a full commit necessary',
    evidence: 'inferred',
    needs: 'simulator',
    options: { reorderNeedsFullCommit: true },
    check: async (target) => {
      await target.ask(set('R'));
      await target.ask({ type: 'config', action: 'move', xpath: ruleAt('R'), where: 'top' });
      bodyIs(await target.ask(op('<check><full-commit-required/></check>')), />yes</);
    },
  },
  {
    title: 'an older configuration can be loaded over the candidate',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(set('R'));
      await target.ask(commitAll);
      bodyIs(
        await target.ask(op('<load><config><version>1</version></config></load>')),
        /<msg><line><msg><line>Config loaded from/,
      );
      await target.ask(commitAll);
      assert.ok(!running(target).includes('"R"'));
    },
  },
  {
    title: 'a config lock is taken, seen, in others’ way, and given back',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      bodyIs(
        await target.ask(lock('config', '<add><comment>c</comment></add>')),
        '<response status="success"><result>Successfully acquired lock. Other administrators will not be able to modify configuration until lock is released by admin.</result></response>',
      );
      bodyIs(
        await target.ask(op('<show><config-locks><vsys>all</vsys></config-locks></show>')),
        /<entry name="admin"><type>shared<\/type><name>shared<\/name><created>.*<comment><!\[CDATA\[c\]\]><\/comment>/,
      );
      bodyIs(
        await target.ask(lock('config', '<add/>'), 'colleague'),
        '<response status="error"><msg><line>Config lock is already held by admin</line></msg></response>',
      );
      bodyIs(await target.ask(set('R'), 'colleague'), /Configuration is locked by admin/);
      bodyIs(
        await target.ask(lock('config', '<remove></remove>')),
        '<response status="success"><result>Config lock released for admin</result></response>',
      );
      bodyIs(await target.ask(lock('config', '<remove></remove>')), /Config is not currently locked for scope shared/);
    },
  },
  {
    title: 'a commit lock stops others’ commits with code 14',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(lock('commit', '<add/>'), 'colleague');
      bodyIs(await target.ask(op('<show><commit-locks><vsys>all</vsys></commit-locks></show>')), /CDATA\[\(null\)\]/);
      await target.ask(set('R'));
      bodyIs(
        await target.ask(commitAll),
        '<response status="error" code="14"><msg><line>Other administrators are holding device wide commit locks.</line></msg></response>',
      );
    },
  },
  {
    title: 'locks go with their holder’s commit',
    evidence: 'documented',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(lock('config', '<add/>'));
      await target.ask(lock('commit', '<add/>'));
      await target.ask(set('R'));
      await target.ask(commitAll);
      bodyIs(await target.ask(op('<show><config-locks><vsys>all</vsys></config-locks></show>')), /<config-locks ?\/>/);
      bodyIs(await target.ask(op('<show><commit-locks><vsys>all</vsys></commit-locks></show>')), /<commit-locks ?\/>/);
    },
  },
  {
    title: 'read-only administrators cannot lock',
    evidence: 'documented',
    needs: 'simulator',
    check: async (target) => bodyIs(await target.ask(lock('config', '<add/>'), 'auditor'), /status="unauth"/),
  },
  asks(
    'listing locks without a vsys is refused',
    'captured',
    'simulator',
    op('<show><config-locks/></show>'),
    /vsys not provided/,
  ),
  {
    title: 'auto-acquire-commit-lock takes a commit lock with the first write',
    evidence: 'schema',
    needs: 'simulator',
    check: async (target) => {
      await target.ask({
        type: 'config',
        action: 'set',
        xpath: "/config/devices/entry[@name='localhost.localdomain']/deviceconfig/setting/management",
        element: '<auto-acquire-commit-lock>yes</auto-acquire-commit-lock>',
      });
      await target.ask(commitAll);
      await target.ask(set('R'), 'colleague');
      await target.ask(set('S'));
      bodyIs(await target.ask(commitAll), /code="14"/);
    },
  },
  {
    title: 'a restart of the configuration daemon loses running jobs',
    evidence: 'captured',
    needs: 'simulator',
    options: { jobMilliseconds: 10_000, now: () => 0 },
    check: async (target) => {
      await target.ask(set('R'));
      await target.ask(commitAll);
      target.simulator?.control({ kind: 'restart', what: 'configd' });
      bodyIs(await target.ask(job(1)), /code="7".*job 1 not found/);
      bodyIs(
        await target.ask(op('<show><jobs><all></all></jobs></show>')),
        /<type>Failed-Job<\/type>.*job failed because of configd restart/,
      );
    },
  },
  {
    title: 'a reboot drops what was not committed',
    evidence: 'documented',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(set('R'));
      target.simulator?.control({ kind: 'restart', what: 'reboot' });
      bodyIs(await target.ask({ type: 'config', action: 'get', xpath: ruleAt('R') }), /code="7"/);
    },
  },
];
