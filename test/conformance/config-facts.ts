import assert from 'node:assert/strict';
import { asks, bodyIs, type Fact, written } from './fact.ts';
import { harmlessRule, ruleAt, rules, type Target, vsys } from './target.ts';

const config = (action: string, xpath: string, more: Readonly<Record<string, string>> = {}) => ({
  type: 'config',
  action,
  xpath,
  ...more,
});
const make = async (target: Target, changes: { readonly [field: string]: string | null } = {}): Promise<string> => {
  const name = target.madeUpName();
  bodyIs(await target.ask(config('set', rules, { element: harmlessRule(name, changes) })), written);
  return name;
};
const candidate = async (target: Target, xpath: string): Promise<string> =>
  (await target.ask(config('get', xpath))).body;
const refusedWrite = (
  title: string,
  evidence: Fact['evidence'],
  changes: { readonly [field: string]: string | null },
  expected: RegExp,
  action: 'set' | 'edit' = 'set',
): Fact => ({
  title,
  evidence,
  needs: 'write',
  check: async (target) => {
    const name = target.madeUpName();
    const xpath = action === 'set' ? rules : ruleAt(name);
    bodyIs(await target.ask(config(action, xpath, { element: harmlessRule(name, changes) })), expected);
  },
});
const object = (list: string, element: string) => config('set', `${vsys}/${list}`, { element });
const multi = (inner: string) => ({
  type: 'config',
  action: 'multi-config',
  element: `<multi-configure-request>${inner}</multi-configure-request>`,
});

/** Configuration actions and what is refused at write. */
export const configFacts: readonly Fact[] = [
  asks(
    'get of nothing is success with code 7',
    'captured',
    'read',
    config('get', ruleAt('no rule has this name')),
    '<response status="success" code="7"><result/></response>',
  ),
  asks(
    'a broken xpath cannot be told from one that finds nothing',
    'captured',
    'read',
    config('get', '/config/[[[x'),
    '<response status="success" code="7"><result/></response>',
  ),
  asks(
    'get of something has code 19 and its count',
    'captured',
    'read',
    config('get', `${vsys}/zone/entry[1]`),
    /^<response status="success" code="19"><result total-count="1" count="1">\s*<entry /,
  ),
  asks(
    'show of nothing is an error without a code',
    'captured',
    'read',
    config('show', ruleAt('no rule has this name')),
    '<response status="error"><msg><line>No such node</line></msg></response>',
  ),
  asks(
    'predefined applications carry their default ports',
    'captured',
    'read',
    config('get', "/config/predefined/application/entry[@name='ssh']/default"),
    /<member>tcp\/22<\/member>/,
  ),
  asks(
    'icmp is an application known by its protocol',
    'captured',
    'read',
    config('get', "/config/predefined/application/entry[@name='icmp']/default"),
    /<ident-by-ip-protocol[^>]*>1</,
  ),
  asks(
    'a plain word is no App-ID: there is no https',
    'captured',
    'read',
    config('get', "/config/predefined/application/entry[@name='https']"),
    /code="7"/,
  ),
  asks(
    'an unmanaged firewall has no pushed rules',
    'captured',
    'read',
    config('get', "/config/panorama/vsys/entry[@name='vsys1']/pre-rulebase/security/rules"),
    /code="7"/,
  ),
  asks(
    'default rules are in no rulebase until somebody overrides them',
    'captured',
    'simulator',
    config('get', `${vsys}/rulebase/default-security-rules/rules/entry[@name='intrazone-default']`),
    /code="7"/,
  ),
  asks(
    'platform limits can be read',
    'captured',
    'read',
    config('get', '/config/devices/entry/platform/limits'),
    /<max-policy-rule>\d+</,
  ),
  {
    title: 'a set answers command succeeded with code 20',
    evidence: 'documented',
    needs: 'write',
    check: async (target) => void (await make(target)),
  },
  {
    title: 'a set adds members and never takes any away',
    evidence: 'documented',
    needs: 'write',
    check: async (target) => {
      const name = await make(target);
      await target.ask(config('set', ruleAt(name), { element: '<source><member>192.0.2.9</member></source>' }));
      bodyIs(await target.ask(config('get', `${ruleAt(name)}/source`)), /192\.0\.2\.1<.*192\.0\.2\.9</);
    },
  },
  {
    title: 'an edit replaces the node and keeps the uuid',
    evidence: 'captured',
    needs: 'write',
    check: async (target) => {
      const name = await make(target);
      const uuid = /uuid="([^"]+)"/.exec(await candidate(target, ruleAt(name)))?.[1];
      assert.ok(uuid);
      bodyIs(
        await target.ask(
          config('edit', ruleAt(name), {
            element: harmlessRule(name, { source: '<source><member>192.0.2.7</member></source>' }),
          }),
        ),
        written,
      );
      const after = await candidate(target, ruleAt(name));
      assert.ok(after.includes(uuid));
      assert.ok(!after.includes('192.0.2.1<'));
    },
  },
  {
    title: 'a rename keeps the uuid',
    evidence: 'captured',
    needs: 'write',
    check: async (target) => {
      const name = await make(target);
      const uuid = /uuid="([^"]+)"/.exec(await candidate(target, ruleAt(name)))?.[1] ?? 'none';
      const newname = target.madeUpName();
      bodyIs(await target.ask(config('rename', ruleAt(name), { newname })), written);
      assert.ok((await candidate(target, ruleAt(newname))).includes(uuid));
    },
  },
  {
    title: 'a clone has a uuid of its own',
    evidence: 'client',
    needs: 'write',
    check: async (target) => {
      const name = await make(target);
      const newname = target.madeUpName();
      bodyIs(await target.ask(config('clone', rules, { from: ruleAt(name), newname })), written);
      const uuid = /uuid="([^"]+)"/.exec(await candidate(target, ruleAt(name)))?.[1] ?? 'none';
      assert.ok(!(await candidate(target, ruleAt(newname))).includes(uuid));
    },
  },
  {
    title: 'uncommitted nodes carry admin, dirtyId and time down to members',
    evidence: 'captured',
    needs: 'write',
    check: async (target) => {
      const name = await make(target);
      assert.match(
        await candidate(target, ruleAt(name)),
        /<member admin="[^"]+" dirtyId="\d+" time="\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d">192\.0\.2\.1</,
      );
    },
  },
  {
    title: 'defaults stay absent and an explicit no is kept',
    evidence: 'captured',
    needs: 'write',
    check: async (target) => {
      const name = await make(target, { 'negate-source': '<negate-source>no</negate-source>' });
      const text = await candidate(target, ruleAt(name));
      assert.match(text, /<negate-source[^>]*>no</);
      assert.doesNotMatch(text, /negate-destination|log-end|rule-type/);
    },
  },
  asks(
    'delete of nothing is success with code 7',
    'captured',
    'write',
    config('delete', ruleAt('no rule has this name')),
    /^<response status="success" code="7"><msg>Object doesn't exist<\/msg><\/response>$/,
  ),
  {
    title: 'a rule that is created stands at the end of the rulebase',
    evidence: 'client',
    needs: 'write',
    check: async (target) => {
      await make(target);
      const last = await make(target);
      const { body } = await target.ask(config('get', `${ruleAt(last)}/following-sibling::entry`));
      assert.match(body, /code="7"/);
    },
  },
  {
    title: 'no rule can be moved before a default rule',
    evidence: 'unknown',
    needs: 'write',
    check: async (target) => {
      const name = await make(target);
      bodyIs(
        await target.ask(config('move', ruleAt(name), { where: 'before', dst: 'interzone-default' })),
        /status="error"/,
      );
    },
  },
  {
    title: 'a move before another rule puts it there',
    evidence: 'client',
    needs: 'write',
    check: async (target) => {
      const [first, second] = [await make(target), await make(target)];
      bodyIs(await target.ask(config('move', ruleAt(second), { where: 'before', dst: first })), written);
      bodyIs(
        await target.ask(config('get', `${ruleAt(first)}/preceding-sibling::entry[1][@name='${second}']/@name`)),
        /count="1"/,
      );
    },
  },
  {
    title: 'a move before or after without dst is error 7, no target specified in move',
    evidence: 'captured',
    needs: 'write',
    check: async (target) => {
      const name = await make(target);
      bodyIs(
        await target.ask(config('move', ruleAt(name), { where: 'after' })),
        /status="error" code="7".*no target specified in move/,
      );
    },
  },
  {
    title: 'a move to the bottom of the rule already there is refused with code 14',
    evidence: 'documented',
    needs: 'write',
    check: async (target) => {
      const name = await make(target);
      bodyIs(await target.ask(config('move', ruleAt(name), { where: 'bottom' })), /status="error" code="14"/);
    },
  },
  {
    title: 'a move before a rule that does not exist is refused',
    evidence: 'unknown',
    needs: 'write',
    check: async (target) => {
      const name = await make(target);
      bodyIs(
        await target.ask(config('move', ruleAt(name), { where: 'before', dst: 'no rule has this name' })),
        /status="error"/,
      );
    },
  },
  asks(
    'rename of what is not one object is refused',
    'captured',
    'write',
    config('rename', ruleAt('no rule has this name'), { newname: 'x' }),
    /Can rename only one obj at a time/,
  ),
  asks(
    'set on a path the device does not have is error 13',
    'captured',
    'write',
    config('set', '/config/shared/security/rules', { element: '<entry name="x"/>' }),
    /code="13"><msg><line>Could not find schema node for xpath \/config\/shared\/security\/rules<\/line>/,
  ),
  refusedWrite(
    'a source that names nothing is refused at write, line by line',
    'captured',
    { source: '<source><member>no-such-object</member></source>' },
    /code="12"><msg><line> [^ ]+ -&gt; source 'no-such-object' is not a valid reference<\/line><line>'no-such-object' is not an allowed keyword<\/line><line>no-such-object is an invalid ipv4\/v6 address<\/line><line>no-such-object range separator\('-'\) not found<\/line><line> [^ ]+ -&gt; source is invalid<\/line>/,
  ),
  refusedWrite(
    'an element the release does not know is unexpected here',
    'captured',
    { 'no-such-element': '<no-such-element>x</no-such-element>' },
    /code="12".*-(&gt;|>) no-such-element unexpected here/,
  ),
  refusedWrite(
    'any beside another destination is refused at write',
    'captured',
    { destination: '<destination><member>any</member><member>192.0.2.2</member></destination>' },
    /code="12".*destination is invalid\. 'any' should not be used with another destination/,
  ),
  refusedWrite(
    'application-default beside another service is refused at write',
    'captured',
    { service: '<service><member>application-default</member><member>service-http</member></service>' },
    /code="12".*'application-default' should not be used with another service/,
  ),
  refusedWrite(
    'an edit without from is refused at write',
    'captured',
    { from: null },
    /code="12".* {2}is missing 'from'/,
    'edit',
  ),
  refusedWrite('an unknown tag is refused', 'schema', { tag: '<tag><member>no-such-tag</member></tag>' }, /code="12"/),
  refusedWrite(
    'an unknown log setting is refused',
    'schema',
    { 'log-setting': '<log-setting>no-such-profile</log-setting>' },
    /code="12"/,
  ),
  refusedWrite(
    'a description above 1024 characters is refused',
    'schema',
    { description: `<description>${'x'.repeat(1025)}</description>` },
    /code="12"/,
  ),
  refusedWrite(
    'an action the schema does not list is refused',
    'schema',
    { action: '<action>maybe</action>' },
    /code="12"/,
  ),
  refusedWrite(
    'a target element is refused in a local rulebase',
    'captured',
    { target: '<target><negate>no</negate></target>' },
    /status="error"/,
  ),
  {
    title: 'source-hip is unexpected before 10.0',
    evidence: 'captured',
    needs: 'simulator',
    options: { swVersion: '9.1.0' },
    check: async (target) =>
      bodyIs(
        await target.ask(
          config('set', rules, {
            element: harmlessRule('X', { hip: '<source-hip><member>any</member></source-hip>' }),
          }),
        ),
        / X -(&gt;|>) source-hip unexpected here/,
      ),
  },
  {
    title: 'a rule without service is let in at write',
    evidence: 'captured',
    needs: 'write',
    check: async (target) => void (await make(target, { service: null })),
  },
  {
    title: 'a rule name above 63 characters is refused with its length',
    evidence: 'captured',
    needs: 'write',
    check: async (target) =>
      bodyIs(
        await target.ask(config('set', rules, { element: harmlessRule('n'.repeat(64)) })),
        /n{64} can be at most 63 characters, but current length: 64/,
      ),
  },
  {
    title: 'a referenced object cannot be deleted, code 10, and the reply says where it is used',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(object('address', '<entry name="used"><ip-netmask>192.0.2.0/24</ip-netmask></entry>'));
      const name = await make(target, { source: '<source><member>used</member></source>' });
      const reply = await target.ask(config('delete', `${vsys}/address/entry[@name='used']`));
      bodyIs(
        reply,
        new RegExp(
          `code="10"><msg><line> <!\\[CDATA\\[ used\\]\\]> cannot be deleted because of references from:</line><line> vsys -&gt; vsys1 -&gt; rulebase -&gt; security -&gt; rules -&gt; ${name} -&gt; source</line>`,
        ),
      );
      bodyIs(await target.ask(config('delete', `${vsys}/address`)), /code="10"/);
      bodyIs(
        await target.ask(
          multi(
            `<edit xpath="${ruleAt(name)}/source"><source><member>any</member></source></edit><delete xpath="${vsys}/address/entry[@name='used']"/>`,
          ),
        ),
        /^<response status="success" code="20">/,
      );
    },
  },
  {
    title: 'an address may not have a group’s name',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(object('address', '<entry name="a"><ip-netmask>192.0.2.1</ip-netmask></entry>'));
      bodyIs(
        await target.ask(object('address-group', '<entry name="a"><static><member>a</member></static></entry>')),
        /code="12"/,
      );
    },
  },
  {
    title: 'a vsys application may not take the name of a shared one',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      const application =
        '<entry name="mine"><category>networking</category><subcategory>ip-protocol</subcategory><technology>network-protocol</technology><risk>1</risk></entry>';
      bodyIs(await target.ask(config('set', '/config/shared/application', { element: application })), written);
      bodyIs(await target.ask(object('application', application)), /'mine' is already in use/);
    },
  },
  asks(
    'a bad match criteria of a dynamic group is refused',
    'schema',
    'simulator',
    object('address-group', `<entry name="d"><dynamic><filter>'a' and</filter></dynamic></entry>`),
    /Invalid match criteria/,
  ),
  asks(
    'more addresses than the platform takes are refused',
    'schema',
    'simulator',
    object(
      'address',
      '<entry name="a1"><ip-netmask>192.0.2.1</ip-netmask></entry><entry name="a2"><ip-netmask>192.0.2.2</ip-netmask></entry>',
    ),
    /Maximum number of addresses exceeded/,
    { limits: { address: 1 } },
  ),
  asks(
    'a service port above 65535 is refused',
    'schema',
    'simulator',
    object('service', '<entry name="s"><protocol><tcp><port>70000</port></tcp></protocol></entry>'),
    /code="12"/,
  ),
  asks(
    'override needs something a template pushed',
    'captured',
    'simulator',
    config('override', `${vsys}/tag`, { element: '<tag/>' }),
    /Object cannot be overridden/,
  ),
  asks(
    'complete on a path the device does not have is code 6',
    'captured',
    'read',
    config('complete', '/config/nowhere'),
    /code="6".*Invalid sequence/,
  ),
  {
    title: 'a good multi-config answers for each operation and echoes its id',
    evidence: 'documented',
    needs: 'write',
    check: async (target) => {
      const name = target.madeUpName();
      bodyIs(
        await target.ask(
          multi(
            `<set xpath="${rules}" id="7">${harmlessRule(name)}</set><delete xpath="${ruleAt('no rule has this name')}"/>`,
          ),
        ),
        /^<response status="success" code="20"><response status="success" code="20" id="7"><msg>command succeeded<\/msg><\/response><response status="success" code="7"><msg>Object doesn't exist<\/msg><\/response><\/response>$/,
      );
    },
  },
  {
    title: 'a multi-config with one bad operation changes nothing and stops its answers there',
    evidence: 'documented',
    needs: 'write',
    check: async (target) => {
      const name = target.madeUpName();
      const reply = await target.ask(
        multi(
          `<set xpath="${rules}" id="1">${harmlessRule(name)}</set><set xpath="${ruleAt(name)}" id="2"><nonsense/></set><set xpath="${rules}" id="3">${harmlessRule(`${name}x`)}</set>`,
        ),
      );
      bodyIs(
        reply,
        /^<response status="error" code="1[23]"><response status="success" code="20" id="1">.*<response status="error" code="12" id="2"><msg><line><!\[CDATA\[[^\]]*nonsense unexpected here\]\]><\/line><\/msg><\/response><\/response>$/,
      );
      bodyIs(await target.ask(config('get', ruleAt(name))), /code="7"/);
    },
  },
  {
    title: 'strict-transactional first rolls back the caller’s own uncommitted changes, and only those',
    evidence: 'documented',
    needs: 'simulator',
    check: async (target) => {
      const mine = await make(target);
      target.simulator?.act('colleague', {
        type: 'config',
        action: 'set',
        xpath: rules,
        element: harmlessRule('theirs'),
      });
      await target.ask({
        ...multi(`<set xpath="${rules}">${harmlessRule('after')}</set>`),
        'strict-transactional': 'yes',
      });
      bodyIs(await target.ask(config('get', ruleAt(mine))), /code="7"/);
      bodyIs(await target.ask(config('get', ruleAt('theirs'))), /code="19"/);
      bodyIs(await target.ask(config('get', ruleAt('after'))), /code="19"/);
    },
  },
  {
    title: 'a passive peer refuses writes with code 15',
    evidence: 'documented',
    needs: 'simulator',
    options: { ha: { enabled: true, state: 'passive', peerState: 'active' } },
    check: async (target) =>
      bodyIs(await target.ask(config('set', rules, { element: harmlessRule('x') })), /status="error" code="15"/),
  },
  {
    title: 'pushed nodes carry the device group on entry, container and member, and cannot be written',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      target.simulator?.control({
        kind: 'push',
        xml: `<panorama><vsys><entry name="vsys1"><pre-rulebase><security><rules>${harmlessRule('pushed')}</rules></security></pre-rulebase></entry></vsys></panorama>`,
      });
      const pushed = "/config/panorama/vsys/entry[@name='vsys1']/pre-rulebase/security/rules";
      bodyIs(
        await target.ask(config('get', pushed)),
        /<rules loc="branch"><entry name="pushed" uuid="[^"]+" loc="branch">.*<member loc="branch">/,
      );
      bodyIs(
        await target.ask(config('set', pushed, { element: harmlessRule('x') })),
        /may need to override template object first/,
      );
    },
  },
  {
    title: 'a required tag is demanded of rule writes',
    evidence: 'inferred',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(
        config('set', "/config/devices/entry[@name='localhost.localdomain']/deviceconfig/setting/management", {
          element: '<rule-require-tag>yes</rule-require-tag>',
        }),
      );
      await target.ask({ type: 'commit', cmd: '<commit></commit>' });
      bodyIs(await target.ask(config('set', rules, { element: harmlessRule('x') })), /is missing 'tag'/);
      bodyIs(
        await target.ask(
          config('set', rules, { element: harmlessRule('x', { tag: '<tag><member>aws-policy-sync</member></tag>' }) }),
        ),
        written,
      );
    },
  },
  {
    title: 'a required audit comment may come with the write, or be set before it',
    evidence: 'client',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(
        config('set', "/config/devices/entry[@name='localhost.localdomain']/deviceconfig/setting/management", {
          element:
            '<rule-require-audit-comment>yes</rule-require-audit-comment><rule-audit-comment-regex>^T-[0-9]+</rule-audit-comment-regex>',
        }),
      );
      await target.ask({ type: 'commit', cmd: '<commit></commit>' });
      bodyIs(await target.ask(config('set', rules, { element: harmlessRule('x') })), /audit-comment/);
      bodyIs(
        await target.ask(config('set', rules, { element: harmlessRule('x'), 'audit-comment': 'none' })),
        /does not match/,
      );
      bodyIs(await target.ask(config('set', rules, { element: harmlessRule('x'), 'audit-comment': 'T-12' })), written);
    },
  },
];
