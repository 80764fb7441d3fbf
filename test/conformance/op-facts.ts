import assert from 'node:assert/strict';
import { asks, bodyIs, type Fact } from './fact.ts';
import { harmlessRule, ruleAt, rules, type Target, vsys } from './target.ts';

const op = (cmd: string, more: Readonly<Record<string, string>> = {}) => ({ type: 'op', vsys: 'vsys1', cmd, ...more });
const match = (fields: Readonly<Record<string, string>>) =>
  op(
    `<test><security-policy-match>${Object.entries(fields)
      .map(([tag, value]) => `<${tag}>${value}</${tag}>`)
      .join('')}</security-policy-match></test>`,
  );
const inbound = {
  from: 'untrust',
  to: 'trust',
  source: '198.51.100.7',
  destination: '10.0.1.11',
  protocol: '6',
  'destination-port': '80',
  application: 'web-browsing',
};
const commitAll = { type: 'commit', cmd: '<commit></commit>' };
const setRule = (name: string, changes: { readonly [field: string]: string | null }) => ({
  type: 'config',
  action: 'set',
  xpath: rules,
  element: harmlessRule(name, { disabled: null, ...changes }),
});

/** Puts a rule at the top of the running policy and asks which rule a session meets. */
const met = async (
  target: Target,
  changes: { readonly [field: string]: string | null },
  session: Readonly<Record<string, string>>,
): Promise<string> => {
  bodyIs(
    await target.ask(
      setRule('R', {
        source: '<source><member>any</member></source>',
        destination: '<destination><member>any</member></destination>',
        ...changes,
      }),
    ),
    /code="20"/,
  );
  bodyIs(await target.ask({ type: 'config', action: 'move', xpath: ruleAt('R'), where: 'top' }), /code="20"/);
  bodyIs(await target.ask(commitAll), /code="19"/);
  const reply = await target.ask(match({ ...inbound, ...session }));
  return /<entry name="([^"]+)"/.exec(reply.body)?.[1] ?? reply.body;
};
const meets = (
  title: string,
  evidence: Fact['evidence'],
  changes: { readonly [field: string]: string | null },
  session: Readonly<Record<string, string>>,
  expected: string,
): Fact => ({
  title,
  evidence,
  needs: 'simulator',
  check: async (target) => assert.equal(await met(target, changes, session), expected),
});
const zones = (from: string, to: string) => ({
  from: `<from><member>${from}</member></from>`,
  to: `<to><member>${to}</member></to>`,
});
const application = (...names: readonly string[]) => ({
  application: `<application>${names.map((name) => `<member>${name}</member>`).join('')}</application>`,
});
const service = (name: string) => ({ service: `<service><member>${name}</member></service>` });
const uid = (payload: string) => ({
  type: 'user-id',
  vsys: 'vsys1',
  cmd: `<uid-message><version>2.0</version><type>update</type><payload>${payload}</payload></uid-message>`,
});

/** Op commands, the policy match, tags. */
export const opFacts: readonly Fact[] = [
  asks(
    'an op command the device does not have is error 17',
    'captured',
    'read',
    op('<configure></configure>'),
    '<response status="error" code="17"><msg><line><![CDATA[ configure  is unexpected]]></line></msg></response>',
  ),
  asks(
    'an argument a command does not have is error 17',
    'captured',
    'read',
    op('<show><system><nonsense/></system></show>'),
    /code="17".*nonsense/,
  ),
  asks(
    'an unknown vsys is error 17',
    'captured',
    'read',
    { ...op('<show><running><security-policy></security-policy></running></show>'), vsys: 'vsys99' },
    /code="17".*vsys99 is invalid vsys/,
  ),
  asks(
    'show system info tells host, model, serial and release',
    'captured',
    'read',
    op('<show><system><info></info></system></show>'),
    /<hostname>[^<]+<.*<model>[^<]+<.*<serial>[^<]*<.*<sw-version>[^<]+<.*<multi-vsys>/s,
  ),
  asks(
    'high availability that is off says so',
    'captured',
    'simulator',
    op('<show><high-availability><state></state></high-availability></show>'),
    '<response status="success"><result><enabled>no</enabled></result></response>',
  ),
  asks(
    'a pair’s state stands under group',
    'captured',
    'simulator',
    op('<show><high-availability><state></state></high-availability></show>'),
    /<enabled>yes<\/enabled><group><mode>Active-Passive<\/mode><local-info>.*<state>passive<\/state>.*<running-sync>synchronized<\/running-sync>/,
    { ha: { enabled: true, state: 'passive', peerState: 'active' } },
  ),
  asks(
    'show config running is the whole configuration',
    'documented',
    'read',
    op('<show><config><running></running></config></show>'),
    /<result>\s*<config /,
  ),
  asks(
    '8.1 to 10.0.0 may wrap the configuration twice',
    'client',
    'simulator',
    op('<show><config><running></running></config></show>'),
    /^<response status="success"><result><response status="success"><result><config /,
    { wrapsConfigTwice: true },
  ),
  asks(
    'the match names rule, index and action',
    'captured',
    'simulator',
    match(inbound),
    /^<response cmd="status" status="success"><result><rules><entry name="Web in"><index>2<\/index><from><member>untrust<\/member><\/from><source>any<\/source>.*<destinataion-device>any<\/destinataion-device>.*<action>allow<\/action>.*<terminal>yes<\/terminal><\/entry><\/rules><\/result><\/response>$/,
  ),
  asks(
    'up to 8.0 the match is one line of text',
    'captured',
    'simulator',
    match(inbound),
    '<response cmd="status" status="success"><result><rules>\n\t<entry>Web in; index: 2</entry>\n</rules>\n</result></response>',
    { policyMatchReply: 'text' },
  ),
  asks(
    'some 8.1 answer with a line in CDATA',
    'captured',
    'simulator',
    match(inbound),
    /<result><msg><line><!\[CDATA\["Web in; index: 2" \{ from untrust;.*action allow;.*terminal yes; \}\]\]><\/line><\/msg><\/result>/,
    { policyMatchReply: 'lines' },
  ),
  asks('any is not a zone of the match', 'captured', 'read', match({ ...inbound, from: 'any' }), /status="error"/),
  asks(
    'a match without protocol is refused',
    'client',
    'read',
    match({ source: '192.0.2.1', destination: '192.0.2.2' }),
    /status="error"/,
  ),
  asks(
    'with show-all lower rules are listed too',
    'captured',
    'simulator',
    match({ ...inbound, 'show-all': 'yes' }),
    /name="Web in".*name="Clean up"/,
  ),
  {
    title: 'no match is success with an empty result',
    evidence: 'client',
    needs: 'simulator',
    check: async (target) => {
      for (const name of ['Clean up', 'Clear text', 'Web in'])
        await target.ask({ type: 'config', action: 'delete', xpath: ruleAt(name) });
      await target.ask(commitAll);
      bodyIs(await target.ask(match(inbound)), '<response cmd="status" status="success"><result/></response>');
    },
  },
  {
    title: 'the match asks the running policy, not the candidate',
    evidence: 'documented',
    needs: 'simulator',
    check: async (target) => {
      await target.ask({ type: 'config', action: 'delete', xpath: ruleAt('Web in') });
      bodyIs(await target.ask(match(inbound)), /name="Web in"/);
    },
  },
  meets(
    'a universal rule matches within a zone',
    'documented',
    zones('trust', 'trust'),
    { from: 'trust', to: 'trust' },
    'R',
  ),
  meets(
    'an intrazone rule does not match between its zones',
    'documented',
    {
      'rule-type': '<rule-type>intrazone</rule-type>',
      from: '<from><member>trust</member><member>untrust</member></from>',
      to: '<to><member>trust</member><member>untrust</member></to>',
    },
    {},
    'Web in',
  ),
  meets(
    'an interzone rule does not match within a zone on both sides',
    'documented',
    { 'rule-type': '<rule-type>interzone</rule-type>', ...zones('trust', 'trust') },
    { from: 'trust', to: 'trust' },
    'Clean up',
  ),
  meets(
    'negation matches everything else',
    'documented',
    {
      destination: '<destination><member>10.0.1.11</member></destination>',
      'negate-destination': '<negate-destination>yes</negate-destination>',
    },
    {},
    'Web in',
  ),
  meets(
    'application-default matches on the application’s own port',
    'documented',
    { ...application('ssh'), ...service('application-default') },
    { application: 'ssh', 'destination-port': '22' },
    'R',
  ),
  meets(
    'application-default does not match on another application’s port',
    'client',
    { ...application('ssh', 'telnet'), ...service('application-default') },
    { application: 'ssh', 'destination-port': '23' },
    'Clean up',
  ),
  meets(
    'with an explicit service both application and service must fit',
    'documented',
    { ...application('ssl'), ...service('service-https') },
    { application: 'ssh', 'destination-port': '443' },
    'Clean up',
  ),
  meets('service-http is 80 and 8080', 'client', service('service-http'), { 'destination-port': '8080' }, 'R'),
  meets(
    'ping is matched by the application ping',
    'captured',
    { ...application('ping'), ...service('application-default') },
    { protocol: '1', 'destination-port': '', application: 'ping' },
    'R',
  ),
  {
    title: 'an object’s name comes before the address it looks like',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      const named = '<entry name="172.200.255.254"><ip-netmask>198.51.100.7</ip-netmask></entry>';
      await target.ask({ type: 'config', action: 'set', xpath: `${vsys}/address`, element: named });
      const source = '<source><member>172.200.255.254</member></source>';
      assert.equal(await met(target, { source }, {}), 'R');
      bodyIs(await target.ask(match({ ...inbound, source: '172.200.255.254' })), /name="Web in"/);
    },
  },
  meets(
    'a container stands for its functions',
    'schema',
    application('snmp'),
    { protocol: '17', 'destination-port': '161', application: 'snmpv3' },
    'R',
  ),
  meets('a disabled rule matches nothing', 'documented', { disabled: '<disabled>yes</disabled>' }, {}, 'Web in'),
  meets(
    '0.0.0.0/0 does not match IPv6',
    'client',
    { source: '<source><member>0.0.0.0/0</member></source>' },
    { source: '2001:db8::1', destination: '2001:db8::2' },
    'Clean up',
  ),
  {
    title: 'a content update that changes default ports changes what a rule matches',
    evidence: 'documented',
    needs: 'simulator',
    check: async (target) => {
      const session = { application: 'redis', 'destination-port': '26379' };
      assert.equal(await met(target, { ...application('redis'), ...service('application-default') }, session), 'R');
      target.simulator?.control({ kind: 'content', ports: { redis: ['tcp/6379'] } });
      bodyIs(await target.ask(match({ ...inbound, ...session })), /name="Clean up"/);
    },
  },
  {
    title: 'pushed pre rules come before local ones, pushed post rules after them',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      const pushed = (name: string) =>
        harmlessRule(name, {
          disabled: null,
          source: '<source><member>any</member></source>',
          destination: '<destination><member>any</member></destination>',
        });
      target.simulator?.control({
        kind: 'push',
        xml: `<panorama><vsys><entry name="vsys1"><pre-rulebase><security><rules>${pushed('pre')}</rules></security></pre-rulebase><post-rulebase><security><rules>${pushed('post')}</rules></security></post-rulebase></entry></vsys></panorama>`,
      });
      bodyIs(
        await target.ask(match({ ...inbound, 'show-all': 'yes' })),
        /name="pre".*name="Web in".*name="Clean up".*name="post"/,
      );
    },
  },
  {
    title:
      'what no other rule matches meets a default rule, with the action it was overridden with here or by a Panorama',
    evidence: 'documented',
    needs: 'simulator',
    check: async (target) => {
      const running = op('<show><running><security-policy></security-policy></running></show>');
      const actionOf = async (name: string): Promise<string | undefined> =>
        new RegExp(`"${name}; index: \\d+" \\{.*?action (\\w+);`, 's').exec((await target.ask(running)).body)?.[1];
      assert.deepEqual([await actionOf('intrazone-default'), await actionOf('interzone-default')], ['allow', 'deny']);
      const rules = (name: string, action: string) =>
        `<default-security-rules><rules><entry name="${name}"><action>${action}</action></entry></rules></default-security-rules>`;
      target.simulator?.control({
        kind: 'push',
        xml: `<panorama><vsys><entry name="vsys1"><post-rulebase>${rules('intrazone-default', 'deny')}</post-rulebase></entry></vsys></panorama>`,
      });
      assert.deepEqual([await actionOf('intrazone-default'), await actionOf('interzone-default')], ['deny', 'deny']);
    },
  },
  asks(
    'the running policy is text, with default rules at the end',
    'captured',
    'simulator',
    op('<show><running><security-policy></security-policy></running></show>'),
    /"Web out; index: 1" \{.*"intrazone-default; index: 5".*"interzone-default; index: 6"/s,
  ),
  {
    title: 'hit counts come per rule, default rules included',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      target.simulator?.control({ kind: 'hit', rule: 'Web in', count: 3 });
      bodyIs(
        await target.ask(
          op(
            "<show><rule-hit-count><vsys><vsys-name><entry name='vsys1'><rule-base><entry name='security'><rules><all/></rules></entry></rule-base></entry></vsys-name></vsys></rule-hit-count></show>",
          ),
        ),
        /<entry name="Web in"><latest>yes<\/latest><hit-count>3<\/hit-count>.*<entry name="interzone-default">/,
      );
    },
  },
  {
    title: 'registered tags need no commit and fill dynamic groups',
    evidence: 'documented',
    needs: 'simulator',
    check: async (target) => {
      await target.ask({
        type: 'config',
        action: 'set',
        xpath: `${vsys}/address-group`,
        element: `<entry name="web"><dynamic><filter>'role-web' and not 'drained'</filter></dynamic></entry>`,
      });
      const session = { destination: '203.0.113.9' };
      assert.equal(
        await met(target, { destination: '<destination><member>web</member></destination>' }, session),
        'Clean up',
      );
      bodyIs(
        await target.ask(
          uid('<register><entry ip="203.0.113.9"><tag><member>role-web</member></tag></entry></register>'),
        ),
        '<response status="success"><result><uid-response><version>2.0</version><payload><register></register></payload></uid-response></result></response>',
      );
      bodyIs(await target.ask(match({ ...inbound, ...session })), /name="R"/);
      bodyIs(
        await target.ask(
          op(
            '<show><object><registered-ip><tag><entry name="role-web"/></tag><limit>500</limit><start-point>1</start-point></registered-ip></object></show>',
          ),
        ),
        /<entry ip="203\.0\.113\.9" from_agent="0" persistent="1"><tag><member>role-web<\/member><\/tag><\/entry><count>1<\/count>/,
      );
      await target.ask(
        uid('<unregister><entry ip="203.0.113.9"><tag><member>role-web</member></tag></entry></unregister>'),
      );
      bodyIs(await target.ask(match({ ...inbound, ...session })), /name="Clean up"/);
    },
  },
  {
    title: 'registering a tag twice is told on old releases, and is no error on new ones',
    evidence: 'captured',
    needs: 'simulator',
    options: { strictUserId: true },
    check: async (target) => {
      const twice = uid('<register><entry ip="192.168.1.2"><tag><member>your-tag</member></tag></entry></register>');
      await target.ask(twice);
      bodyIs(
        await target.ask(twice),
        '<response status="error"><msg><line><uid-response><version>2.0</version><payload><register><entry ip="192.168.1.2" message="tag your-tag already exists, ignore"/></register></payload></uid-response></line></msg></response>',
      );
    },
  },
  {
    title: 'an audit comment can be set before the commit and read while it waits',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(setRule('R', {}));
      await target.ask(
        op(`<set><audit-comment><xpath>${ruleAt('R')}</xpath><comment>why</comment></audit-comment></set>`),
      );
      bodyIs(
        await target.ask(
          op(
            `<show><config><list><audit-comments><xpath>${ruleAt('R')}</xpath></audit-comments></list></config></show>`,
          ),
        ),
        /<entry><xpath>.*<dirtyId>\d+<\/dirtyId><comment>why<\/comment><prevdirtyId>0</,
      );
    },
  },
];
