import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FirewallSnapshot } from '../../../shared/panos/firewall.ts';
import { type Answer, got, nothing, opResult, type Seen, scripted, vsysPath } from './scripted-send.ts';

const noSuchNode = '<response status="error"><msg><line>No such node</line></msg></response>';
const marks = 'admin="alice" dirtyId="4" time="2026/01/02 03:04:05"';
const rule = (name: string, inner = '', attributes = '') =>
  `<entry name="${name}" uuid="u-${name}"${attributes}><from><member>a</member></from><to><member>b</member></to><source><member>any</member></source><destination><member>any</member></destination><application><member>any</member></application><service><member>any</member></service><action>allow</action>${inner}</entry>`;
const security = (...rules: readonly string[]) =>
  `<rulebase><security><rules>${rules.join('')}</rules></security></rulebase>`;
const vsysEntry = (inner: string) => `<entry name="vsys1">${inner}</entry>`;

interface Device {
  readonly vsys: string;
  /** Null: not shown, as a vsys that only a template supplies. */
  readonly runningVsys?: string | null;
  readonly shared?: string;
  readonly panorama?: string;
  readonly journal?: string;
  readonly predefined?: Readonly<Record<string, string>>;
  readonly limits?: string;
  readonly settings?: string;
}

const named = (xpath: string): readonly string[] =>
  [...xpath.matchAll(/@name='([^']*)'/g)].map(([, name]) => name ?? '');

const answers =
  (device: Device) =>
  ({ fields }: Seen): Answer | null => {
    const xpath = fields['xpath'] ?? '';
    if (fields['type'] === 'op')
      return opResult(device.journal === undefined ? '' : `<journal>${device.journal}</journal>`);
    if (fields['action'] === 'show') {
      if (xpath === vsysPath && device.runningVsys === null) return noSuchNode;
      if (xpath === vsysPath) return got(vsysEntry(device.runningVsys ?? device.vsys));
      return device.shared === undefined ? noSuchNode : got(`<shared>${device.shared}</shared>`);
    }
    if (xpath === vsysPath) return got(vsysEntry(device.vsys));
    if (xpath === '/config/shared')
      return device.shared === undefined ? nothing : got(`<shared>${device.shared}</shared>`);
    if (xpath === '/config/panorama')
      return device.panorama === undefined ? nothing : got(`<panorama>${device.panorama}</panorama>`);
    if (xpath.endsWith('/platform/limits'))
      return device.limits === undefined ? nothing : got(`<limits>${device.limits}</limits>`);
    if (xpath.endsWith('/setting/management'))
      return device.settings === undefined ? nothing : got(`<management>${device.settings}</management>`);
    const container = /^\/config\/predefined\/([a-z-]+)\//.exec(xpath)?.[1] ?? '';
    const found = named(xpath).flatMap((name) => device.predefined?.[`${container} ${name}`] ?? []);
    return found.length === 0 ? nothing : got(found.join(''));
  };

const snapshot = async (device: Device, applications: readonly string[] = []) => {
  const { firewall, seen } = scripted(answers(device), { applications });
  return { snapshot: await firewall.snapshot(), seen };
};
test('a vsys that only a template supplies is read from the candidate; nothing of its own runs yet', async () => {
  const edited = `<entry><xpath>${vsysPath}/rulebase</xpath><owner>sync</owner><action> SET</action></entry>`;
  const device = { vsys: `<zone><entry name="a"/></zone>${security(rule('New'))}`, runningVsys: null };
  const { firewall } = scripted(answers({ ...device, journal: edited }));
  const { candidate, running } = await firewall.snapshot();
  assert.deepEqual([...candidate.scopes.vsys.zones], ['a']);
  const local = ({ rules }: typeof candidate) => rules.filter(({ rulebase }) => rulebase === 'local');
  assert.deepEqual([local(candidate).map(({ name }) => name), local(running)], [['New'], []]);
  assert.deepEqual(local(await firewall.running()), []);
});

const ruleOf = ({ candidate }: FirewallSnapshot, name: string) => {
  const found = candidate.rules.find((one) => one.name === name);
  assert.ok(found);
  return found;
};

describe('security rules', () => {
  test('come in evaluation order: pushed pre, local, pushed post, default', async () => {
    const { snapshot: read } = await snapshot({
      vsys: security(rule('L1'), rule('L2')),
      panorama: `<vsys><entry name="vsys2"><pre-rulebase><security><rules>${rule('other vsys')}</rules></security></pre-rulebase></entry><entry name="vsys1"><pre-rulebase><security><rules>${rule('PRE', '', ' loc="DG"')}</rules></security></pre-rulebase><post-rulebase><security><rules>${rule('POST')}</rules></security></post-rulebase></entry></vsys>`,
    });
    assert.deepEqual(
      read.candidate.rules.map(({ name, rulebase }) => `${rulebase} ${name}`),
      [
        'pushed-pre PRE',
        'local L1',
        'local L2',
        'pushed-post POST',
        'default intrazone-default',
        'default interzone-default',
      ],
    );
  });

  test('an absent element and its written-out default are the same rule', async () => {
    const defaults =
      '<negate-source>no</negate-source><negate-destination>no</negate-destination><disabled>no</disabled><rule-type>universal</rule-type><log-start>no</log-start><log-end>yes</log-end><source-user><member>any</member></source-user><category><member>any</member></category><source-hip><member>any</member></source-hip><icmp-unreachable>no</icmp-unreachable><option><disable-server-response-inspection>no</disable-server-response-inspection></option><tag/><description/><profile-setting><group/></profile-setting><target><negate>no</negate></target>';
    const plain = ruleOf((await snapshot({ vsys: security(rule('R')) })).snapshot, 'R');
    const explicit = ruleOf((await snapshot({ vsys: security(rule('R', defaults)) })).snapshot, 'R');
    assert.deepEqual(explicit, plain);
    assert.deepEqual(plain.restrictions, []);
    assert.deepEqual(plain.others, {});
  });

  test('who edited a rule, when, and where it was pushed from make no difference', async () => {
    const marked = rule(
      'R',
      `<qos><marking><ip-dscp ${marks}>af11</ip-dscp></marking></qos>`,
      ` ${marks} loc="DG" src="tpl" ptpl="T"`,
    ).replaceAll('<member>', `<member ${marks} loc="DG">`);
    const clean = rule('R', '<qos><marking><ip-dscp>af11</ip-dscp></marking></qos>');
    assert.deepEqual(
      ruleOf((await snapshot({ vsys: security(marked) })).snapshot, 'R'),
      ruleOf((await snapshot({ vsys: security(clean) })).snapshot, 'R'),
    );
  });

  test('what narrows a rule, and what nobody knows, are restrictions; what only has effects is not', async () => {
    const inner =
      '<source-user><member>corp\\bob</member></source-user><schedule>nights</schedule><category><member>gambling</member></category><brand-new>x</brand-new><log-end>no</log-end><qos><marking><ip-dscp>af11</ip-dscp></marking></qos><profile-setting><profiles><virus><member>strict</member></virus></profiles></profile-setting><group-tag>g</group-tag>';
    const read = ruleOf((await snapshot({ vsys: security(rule('R', inner)) })).snapshot, 'R');
    assert.deepEqual([...read.restrictions].sort(), ['brand-new', 'category', 'schedule', 'source-user']);
    assert.deepEqual(Object.keys(read.others).sort(), [
      'brand-new',
      'category',
      'group-tag',
      'log-end',
      'profile-setting',
      'qos',
      'schedule',
      'source-user',
    ]);
    assert.equal(read.others['schedule'], '<schedule>nights</schedule>');
    assert.equal(read.profileGroup, null);
  });

  test('a rule without a readable action or type is unsure, never allowing', async () => {
    const read = ruleOf(
      (
        await snapshot({
          vsys: security(rule('R', '<rule-type>sideways</rule-type>').replace('<action>allow</action>', '')),
        })
      ).snapshot,
      'R',
    );
    assert.equal(read.action, 'deny');
    assert.deepEqual([...read.restrictions].sort(), ['action', 'rule-type']);
  });

  test('an overridden default rule keeps its type, and its built-in action unless that is overridden', async () => {
    const override = (inner: string) =>
      `<rulebase><default-security-rules><rules><entry name="interzone-default">${inner}</entry></rules></default-security-rules></rulebase>`;
    const logged = ruleOf((await snapshot({ vsys: override('<log-end>yes</log-end>') })).snapshot, 'interzone-default');
    assert.deepEqual(
      [logged.action, logged.ruleType, logged.restrictions, logged.from],
      ['deny', 'interzone', [], ['any']],
    );
    const opened = ruleOf((await snapshot({ vsys: override('<action>allow</action>') })).snapshot, 'interzone-default');
    assert.equal(opened.action, 'allow');
    assert.equal(ruleOf((await snapshot({ vsys: '' })).snapshot, 'intrazone-default').action, 'allow');
  });

  test('one member and many, CDATA and entities are read alike', async () => {
    const inner =
      '<tag><member>t1</member><member>t2</member></tag><description><![CDATA[a & b]]> &lt;c&gt; &#233;</description><log-setting>fwd</log-setting><profile-setting><group><member>pg</member></group></profile-setting>';
    const read = ruleOf((await snapshot({ vsys: security(rule('R', inner)) })).snapshot, 'R');
    assert.deepEqual(read.tags, ['t1', 't2']);
    assert.equal(read.description, 'a & b <c> é');
    assert.deepEqual([read.logSetting, read.profileGroup, read.uuid], ['fwd', 'pg', 'u-R']);
  });
});

describe('objects', () => {
  test('every kind is read in its scope', async () => {
    const objects =
      '<address><entry name="a"><ip-netmask>10.0.0.0/8</ip-netmask></entry><entry name="r"><ip-range>1.1.1.1-1.1.1.9</ip-range></entry><entry name="10.9.9.9"><new-kind>x</new-kind></entry></address><address-group><entry name="s"><static><member>a</member></static></entry><entry name="d"><dynamic><filter>\'t\'</filter></dynamic></entry></address-group><service><entry name="svc"><protocol><udp><port>53</port><source-port>1-9</source-port></udp></protocol></entry><entry name="odd"><protocol><quic/></protocol></entry></service><service-group><entry name="sg"><members><member>svc</member></members></entry></service-group><application><entry name="mine"><default><ident-by-icmp-type><type>3</type><code>4</code></ident-by-icmp-type></default></entry></application><application-group><entry name="ag"><members><member>mine</member></members></entry></application-group><application-filter><entry name="af"/></application-filter><external-list><entry name="edl"/></external-list><region><entry name="reg"/></region><tag><entry name="t"/></tag><zone><entry name="z"/></zone><profile-group><entry name="pg"/></profile-group><log-settings><profiles><entry name="lp"/></profiles></log-settings>';
    const { snapshot: read } = await snapshot({
      vsys: objects,
      shared: '<address><entry name="a"><fqdn>x.example</fqdn></entry></address>',
    });
    const { vsys, shared } = read.candidate.scopes;
    assert.deepEqual(vsys.addresses.get('a'), { kind: 'ip-netmask', value: '10.0.0.0/8' });
    // A name wins over a literal, so an object of unknown kind must stay a name.
    assert.deepEqual(vsys.addresses.get('10.9.9.9'), { kind: 'fqdn', value: '' });
    assert.deepEqual(shared.addresses.get('a'), { kind: 'fqdn', value: 'x.example' });
    assert.deepEqual(vsys.addressGroups.get('s'), { kind: 'static', members: ['a'] });
    assert.deepEqual(vsys.addressGroups.get('d'), { kind: 'dynamic', filter: "'t'" });
    assert.deepEqual(vsys.services.get('svc'), { protocol: 'udp', port: '53', sourcePort: '1-9' });
    assert.deepEqual(vsys.services.get('odd'), { protocol: 'tcp', port: '', sourcePort: null });
    assert.deepEqual(vsys.serviceGroups.get('sg'), ['svc']);
    assert.deepEqual(vsys.applications.get('mine')?.icmp, { family: 4, type: 3, code: 4 });
    assert.equal(vsys.applications.get('mine')?.custom, true);
    assert.deepEqual(vsys.applicationGroups.get('ag'), ['mine']);
    for (const [set, name] of [
      [vsys.applicationFilters, 'af'],
      [vsys.externalLists, 'edl'],
      [vsys.regions, 'reg'],
      [vsys.tags, 't'],
      [vsys.zones, 'z'],
      [vsys.profileGroups, 'pg'],
      [vsys.logSettings, 'lp'],
    ] as const) {
      assert.deepEqual([...set], [name]);
    }
  });

  test('an address group is what it says it is, and unknown where it says nothing: never empty', async () => {
    const groups = {
      members: '<static><member>a</member></static>',
      filter: "<dynamic><filter>'t'</filter></dynamic>",
      described: '<description>to be filled</description>',
      bare: '',
      'no members': '<static/>',
      'no filter': '<dynamic/>',
      'of a kind to come': '<learned><from>x</from></learned>',
    };
    const entries = Object.entries(groups).map(([name, inner]) => `<entry name="${name}">${inner}</entry>`);
    const { snapshot: read } = await snapshot({ vsys: `<address-group>${entries.join('')}</address-group>` });
    const kinds = [...read.candidate.scopes.vsys.addressGroups].map(([name, { kind }]) => [name, kind]);
    const unknown = Object.keys(groups).slice(2);
    assert.deepEqual(kinds, [
      ['members', 'static'],
      ['filter', 'dynamic'],
      ...unknown.map((name) => [name, 'unknown']),
    ]);
  });

  test('what a Panorama pushed is a scope of its own', async () => {
    const { snapshot: read } = await snapshot({
      vsys: '',
      panorama:
        '<vsys><entry name="vsys1"><address><entry name="p" loc="DG"><ip-netmask>10.1.0.0/16</ip-netmask></entry></address></entry></vsys><address><entry name="q"><fqdn>q.example</fqdn></entry></address>',
    });
    assert.deepEqual([...read.candidate.scopes.pushed.addresses.keys()], ['p', 'q']);
  });

  test('only predefined objects that something names are asked for, with members and what they rely on', async () => {
    const application = (name: string, inner: string) => `<entry name="${name}">${inner}</entry>`;
    const { snapshot: read, seen } = await snapshot(
      {
        vsys: `<application><entry name="own"/></application><application-group><entry name="grp"><members><member>ssl</member></members></entry></application-group>${security(
          rule('R').replace(
            '<application><member>any</member>',
            '<application><member>snmp</member><member>own</member><member>grp</member>',
          ),
          rule('S').replace('<service><member>any</member>', '<service><member>application-default</member>'),
        )}`,
        predefined: {
          'application ssl': application(
            'ssl',
            '<default><port><member>tcp/443</member></port></default><implicit-use-applications><member>web-browsing</member></implicit-use-applications>',
          ),
          'application web-browsing': application(
            'web-browsing',
            '<default><port><member>tcp/80</member></port></default>',
          ),
          'application snmp-base': application(
            'snmp-base',
            '<default><port><member>tcp/161</member><member>udp/161</member></port></default>',
          ),
          'application ospf': application('ospf', '<default><ident-by-ip-protocol>89</ident-by-ip-protocol></default>'),
          'application-container snmp': application('snmp', '<functions><member>snmp-base</member></functions>'),
          'service service-http': application('service-http', '<protocol><tcp><port>80,8080</port></tcp></protocol>'),
        },
      },
      ['ospf'],
    );
    const { predefined } = read.candidate.scopes;
    assert.deepEqual([...predefined.applications.keys()].sort(), ['ospf', 'snmp-base', 'ssl', 'web-browsing']);
    assert.deepEqual(predefined.applications.get('ssl')?.implicitlyUses, ['web-browsing']);
    assert.equal(predefined.applications.get('ospf')?.ipProtocol, 89);
    assert.deepEqual(predefined.applicationContainers.get('snmp'), ['snmp-base']);
    assert.deepEqual(predefined.services.get('service-http'), { protocol: 'tcp', port: '80,8080', sourcePort: null });
    const asked = seen
      .map(({ fields }) => fields['xpath'] ?? '')
      .filter((xpath) => xpath.startsWith('/config/predefined'));
    assert.ok(asked.every((xpath) => /\/entry\[@name=/.test(xpath)));
    assert.ok(!asked.some((xpath) => /'(own|grp|any|application-default)'/.test(xpath)));
    assert.ok(seen.length <= 11, `${seen.length} requests`);
  });

  test('a vsys that is not there is Misconfigured, never a vsys without rules', async () => {
    const { firewall } = scripted(() => nothing);
    await assert.rejects(firewall.candidate(), { name: 'Misconfigured', message: /no such vsys/ });
  });
});

describe('a snapshot', () => {
  test('with nothing pending is one read that serves as candidate and running', async () => {
    const { snapshot: read, seen } = await snapshot({ vsys: security(rule('R')) });
    assert.equal(read.running, read.candidate);
    assert.ok(!seen.some(({ fields }) => fields['action'] === 'show'));
  });

  test('with edits pending reads what runs, and lists who edits what, in one way of writing xpaths', async () => {
    const { snapshot: read } = await snapshot({
      vsys: security(rule('R'), rule('NEW')),
      runningVsys: security(rule('R')),
      journal: `<entry><xpath>/config/devices/entry[@name="localhost.localdomain"]/vsys/entry[ @name = "vsys1"]/rulebase/security/rules/entry[@name="NEW"]</xpath><owner>alice</owner><action> CREATE</action><admin-history/><component-type/></entry>`,
    });
    assert.deepEqual(read.pending, [
      { administrator: 'alice', xpath: `${vsysPath}/rulebase/security/rules/entry[@name='NEW']`, action: 'CREATE' },
    ]);
    assert.equal(read.candidate.rules.length, 4);
    assert.equal(read.running.rules.length, 3);
  });

  test('lists enabled NAT rules that translate destinations, also backwards through a bi-directional source translation', async () => {
    const nat =
      '<rulebase><nat><rules><entry name="D"><destination-translation><translated-address>web</translated-address></destination-translation></entry><entry name="off"><disabled>yes</disabled><destination-translation><translated-address>x</translated-address></destination-translation></entry><entry name="B"><source><member>10.0.0.1</member></source><source-translation><static-ip><bi-directional>yes</bi-directional><translated-address>1.2.3.4</translated-address></static-ip></source-translation></entry><entry name="S"><source><member>any</member></source><source-translation><dynamic-ip-and-port/></source-translation></entry></rules></nat></rulebase>';
    const { snapshot: read } = await snapshot({ vsys: nat });
    assert.deepEqual(read.destinationNat, [
      { name: 'D', translatedAddress: 'web' },
      { name: 'B', translatedAddress: '10.0.0.1' },
    ]);
  });

  test('lists enabled TLS decryption rules in evaluation order, of what runs and of what is staged each', async () => {
    const lists = (...names: readonly string[]) =>
      names.map((name) => `<${name}><member>x</member></${name}>`).join('');
    const inbound = '<type><ssl-inbound-inspection>web-certificate</ssl-inbound-inspection></type>';
    const local = [
      `<entry name="Full">${lists('from', 'to', 'source', 'destination', 'service')}<negate-source>yes</negate-source><action>decrypt</action>${inbound}</entry>`,
      `<entry name="Mirror"><negate-destination>yes</negate-destination><action>decrypt-and-forward</action><type><ssl-forward-proxy/></type></entry>`,
      `<entry name="Not"><action>no-decrypt</action>${inbound}</entry>`,
      `<entry name="No action">${inbound}</entry>`,
      '<entry name="Ssh"><action>decrypt</action><type><ssh-proxy/></type></entry>',
      `<entry name="Off"><disabled>yes</disabled><action>decrypt</action>${inbound}</entry>`,
      ...['source-user', 'category', 'source-hip', 'destination-hip'].map(
        (name) => `<entry name="${name}">${lists(name)}<action>decrypt</action>${inbound}</entry>`,
      ),
    ];
    const rulebase = (tag: string, ...entries: readonly string[]) =>
      `<${tag}><decryption><rules>${entries.join('')}</rules></decryption></${tag}>`;
    const pushed = (name: string) => `<entry name="${name}"><action>decrypt</action></entry>`;
    const { snapshot: read } = await snapshot({
      vsys: rulebase('rulebase', ...local),
      runningVsys: '',
      journal: `<entry><xpath>${vsysPath}/rulebase/decryption</xpath><owner>alice</owner><action>EDIT</action></entry>`,
      panorama: `<vsys><entry name="vsys1">${rulebase('pre-rulebase', pushed('Pre'))}${rulebase('post-rulebase', pushed('Post'))}</entry></vsys>`,
    });
    const any = ['any'];
    const plain = { from: any, to: any, source: any, negateSource: false, destination: any, negateDestination: false };
    const open = { ...plain, service: any, narrowed: false };
    const x = ['x'];
    assert.deepEqual(read.candidate.decryption, [
      { ...open, name: 'Pre', decrypts: true },
      {
        ...{ name: 'Full', from: x, to: x, source: x, negateSource: true, destination: x, negateDestination: false },
        ...{ service: x, decrypts: true, narrowed: false },
      },
      { ...open, name: 'Mirror', negateDestination: true, decrypts: true },
      { ...open, name: 'Not', decrypts: false },
      { ...open, name: 'No action', decrypts: false },
      ...['source-user', 'category', 'source-hip', 'destination-hip'].map((name) => ({
        ...open,
        name,
        decrypts: true,
        narrowed: true,
      })),
      { ...open, name: 'Post', decrypts: true },
    ]);
    assert.deepEqual(
      read.running.decryption?.map(({ name }) => name),
      ['Pre', 'Post'],
    );
  });

  test('has platform limits and the settings that change how rules are written', async () => {
    const { snapshot: read } = await snapshot({
      vsys: '',
      limits: '<max-policy-rule>10000</max-policy-rule><max-service>2000</max-service>',
      settings:
        '<rule-require-tag>yes</rule-require-tag><rule-require-audit-comment>yes</rule-require-audit-comment><rule-audit-comment-regex>^CHG</rule-audit-comment-regex>',
    });
    assert.deepEqual(read.limits, { securityRules: 10000, services: 2000 });
    assert.deepEqual(read.settings, {
      requireTag: true,
      requireAuditComment: true,
      auditCommentRegex: '^CHG',
    });
    const bare = (await snapshot({ vsys: '' })).snapshot;
    assert.deepEqual(bare.limits, { securityRules: null, services: null });
  });
});

describe('the running policy', () => {
  test('is empty where the firewall has no such node', async () => {
    const { firewall } = scripted(({ fields }) => (fields['action'] === 'show' ? noSuchNode : nothing));
    assert.deepEqual(
      (await firewall.running()).rules.map(({ name }) => name),
      ['intrazone-default', 'interzone-default'],
    );
  });
  test('an answer that PAN-OS 8.1 wraps twice is unwrapped', async () => {
    const wrapped = `<response status="success"><result><response status="success"><result>${vsysEntry(security(rule('R')))}</result></response></result></response>`;
    const { firewall } = scripted(({ fields }) =>
      fields['action'] === 'show' && fields['xpath'] === vsysPath
        ? wrapped
        : fields['action'] === 'show'
          ? noSuchNode
          : nothing,
    );
    assert.equal((await firewall.running()).rules[0]?.name, 'R');
  });
  test('any other refusal of a show is an error, not an empty policy', async () => {
    const { firewall } = scripted(({ fields }) =>
      fields['action'] === 'show'
        ? '<response status="error" code="11"><msg><line>Internal error</line></msg></response>'
        : nothing,
    );
    await assert.rejects(firewall.running(), { name: 'ReplyNotUnderstood', message: /Internal error/ });
  });
});

describe('the device', () => {
  const system = opResult(
    '<system><hostname>fw</hostname><serial>007</serial><model>PA-VM</model><sw-version>11.1.4</sw-version><multi-vsys>off</multi-vsys></system>',
  );
  const deviceWith = (ha: string) =>
    scripted(({ fields }) => (fields['cmd']?.includes('high-availability') ? opResult(ha) : system)).firewall.device();
  const pair = (state: string) =>
    `<enabled>yes</enabled><group><mode>Active-Passive</mode><local-info><state>${state}</state></local-info><peer-info><state>x</state><serial-num>008</serial-num></peer-info></group>`;

  test('without high availability is writable', async () => {
    assert.deepEqual(await deviceWith('<enabled>no</enabled>'), {
      serial: '007',
      hostname: 'fw',
      swVersion: '11.1.4',
      haState: 'none',
      writable: true,
      runningSync: null,
      peerSerials: [],
    });
  });
  test('is writable as active or active-primary only', async () => {
    for (const [state, writable] of [
      ['active', true],
      ['active-primary', true],
      ['active-secondary', false],
      ['passive', false],
      ['non-functional', false],
      ['initial', false],
    ] as const) {
      const read = await deviceWith(pair(state));
      assert.deepEqual([read.haState, read.writable, read.peerSerials], [state, writable, ['008']]);
    }
  });
  test('an answer that does not say its serial or its state is ReplyNotUnderstood', async () => {
    await assert.rejects(deviceWith(''), { name: 'ReplyNotUnderstood', message: /high availability/ });
    await assert.rejects(deviceWith('<enabled>yes</enabled>'), { name: 'ReplyNotUnderstood', message: /state/ });
    const { firewall } = scripted(({ fields }) =>
      fields['cmd']?.includes('high-availability') ? opResult('<enabled>no</enabled>') : opResult('<system/>'),
    );
    await assert.rejects(firewall.device(), { name: 'ReplyNotUnderstood', message: /serial/ });
  });
  test('pending edits in a shape nobody knows are ReplyNotUnderstood, not none', async () => {
    for (const odd of [
      opResult('<changes/>'),
      opResult('<journal><entry><owner>a</owner></entry></journal>'),
      opResult('yes'),
    ]) {
      await assert.rejects(scripted(() => odd).firewall.pendingEdits(), { name: 'ReplyNotUnderstood' });
    }
    assert.deepEqual(await scripted(() => opResult('')).firewall.pendingEdits(), []);
  });
  test('full-commit-required is yes or no and nothing else', async () => {
    assert.equal(await scripted(() => opResult('yes')).firewall.fullCommitRequired(), true);
    assert.equal(await scripted(() => opResult('no')).firewall.fullCommitRequired(), false);
    await assert.rejects(scripted(() => opResult('')).firewall.fullCommitRequired(), { name: 'ReplyNotUnderstood' });
  });
});
