import { dynamicMembers, type OutsideAddresses, parseAddress } from './address-sets.ts';
import { shadowWarnings } from './commit-checks.ts';
import { type ConfigNode, childNamed, descend, entriesOf, membersOf, nameOf, pathText, textOf } from './config-node.ts';
import type { Device } from './device.ts';
import { device as deviceName, hasZone, isIpv4, isIpv6, type Scopes, scopesOf, vsysNode } from './names.ts';
import { type Command, needVsys, type OpCall, onlyArguments } from './op.ts';
import { applicationServices, type CompiledRule, compilePolicy, matchPolicy, type Session } from './policy-match.ts';
import { daemonReply, opResult, Refusal, type SimulatorResponse } from './reply.ts';
import { cdata, escapeAttribute, escapeText } from './xml.ts';

const runningScopes = (device: Device, vsys: string): Scopes =>
  scopesOf(device.running, device.pushed, device.predefined, vsys);

/** Registered tags that have not timed out. */
export const liveTags = (device: Device, now: number): ReadonlyMap<string, readonly string[]> => {
  const live = new Map<string, readonly string[]>();
  for (const { ip, tags } of device.registered.values()) {
    const left = tags.filter(({ until }) => until === null || until > now).map(({ tag }) => tag);
    if (left.length > 0) live.set(ip, left);
  }
  return live;
};

export const outsideOf = (call: OpCall): OutsideAddresses => {
  const tags = liveTags(call.device, call.now);
  return { ...call.outside, tagsOf: (ip) => tags.get(ip) ?? [], registeredIps: [...tags.keys()] };
};

const badArgument = (field: string, value: string): Refusal =>
  new Refusal(
    17,
    [` security-policy-match -> ${field} '${value}' is invalid`, ` security-policy-match -> ${field} is invalid`],
    { plain: false },
  );

const matchArguments = [
  'from',
  'to',
  'source',
  'destination',
  'protocol',
  'destination-port',
  'application',
  'category',
  'source-user',
  'show-all',
];
const laterArguments = ['category', 'model', 'profile', 'vendor', 'os', 'osfamily'].flatMap((word) => [
  `source-${word}`,
  `destination-${word}`,
]);

const readSession = (argument: ConfigNode, scopes: Scopes): Session => {
  const value = (field: string): string | null => {
    const text = textOf(argument, field);
    return text === null || text === '' ? null : text;
  };
  const zone = (field: string): string | null => {
    const name = value(field);
    // Captured: `any` is not a zone here. The text is not known.
    if (name !== null && !hasZone(scopes, name)) throw badArgument(field, name);
    return name;
  };
  const address = (field: string) => {
    const text = value(field);
    if (text === null) throw new Refusal(17, [` security-policy-match  is missing '${field}'`], { plain: false });
    if (!isIpv4(text) && !isIpv6(text)) throw badArgument(field, text);
    return parseAddress(text);
  };
  const protocol = value('protocol');
  if (protocol === null) throw new Refusal(17, [" security-policy-match  is missing 'protocol'"], { plain: false });
  if (!/^\d{1,3}$/.test(protocol) || Number(protocol) < 1 || Number(protocol) > 255)
    throw badArgument('protocol', protocol);
  const port = value('destination-port');
  if (port !== null && (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)) throw badArgument('destination-port', port);
  const application = value('application');
  const known =
    application === null ||
    application === 'any' ||
    ['application', 'application-container'].some((list) =>
      [scopes.vsys, scopes.shared, scopes.predefined].some((scope) =>
        entriesOf(childNamed(scope, list)).some((found) => nameOf(found) === application),
      ),
    );
  if (!known && application !== null) throw badArgument('application', application);
  return {
    from: zone('from'),
    to: zone('to'),
    source: address('source'),
    destination: address('destination'),
    protocol: Number(protocol),
    port: port === null ? null : Number(port),
    application: application === 'any' ? null : application,
    category: value('category'),
    user: value('source-user'),
  };
};

const field = (tag: string, values: readonly string[]): string => {
  const keyword = values.length === 0 ? 'any' : values.length === 1 && values[0] === 'any' ? 'any' : null;
  return keyword === null
    ? `<${tag}>${values.map((value) => `<member>${escapeText(value)}</member>`).join('')}</${tag}>`
    : `<${tag}>${keyword}</${tag}>`;
};

const entryReply = ({ name, index, rule }: CompiledRule, scopes: Scopes): string => {
  const services = applicationServices(rule, scopes).map((text, at) => `${at}:${text}`);
  return [
    `<entry name="${escapeAttribute(name)}">`,
    `<index>${index}</index>`,
    field('from', membersOf(rule, 'from')),
    field('source', membersOf(rule, 'source')),
    '<source-region>none</source-region>',
    field('to', membersOf(rule, 'to')),
    field('destination', membersOf(rule, 'destination')),
    '<destination-region>none</destination-region>',
    field('user', membersOf(rule, 'source-user')),
    // The misspelling is the device's (10.0 and later).
    '<source-device>any</source-device><destinataion-device>any</destinataion-device>',
    field('category', membersOf(rule, 'category')),
    services.length === 1
      ? `<application_service>${escapeText(services[0] ?? '')}</application_service>`
      : field('application_service', services),
    `<action>${textOf(rule, 'action') ?? 'deny'}</action>`,
    `<icmp-unreachable>${textOf(rule, 'icmp-unreachable') ?? 'no'}</icmp-unreachable>`,
    '<terminal>yes</terminal>',
    '</entry>',
  ].join('');
};

const listText = (values: readonly string[]): string => {
  const all = values.length === 0 ? ['any'] : values;
  return all.length === 1 ? (all[0] ?? 'any') : `[ ${all.join(' ')} ]`;
};

const textReply = ({ name, index, rule }: CompiledRule, scopes: Scopes): string =>
  [
    `"${name}; index: ${index}" {`,
    `        from ${listText(membersOf(rule, 'from'))};`,
    `        source ${listText(membersOf(rule, 'source'))};`,
    '        source-region none;',
    `        to ${listText(membersOf(rule, 'to'))};`,
    `        destination ${listText(membersOf(rule, 'destination'))};`,
    '        destination-region none;',
    `        user ${listText(membersOf(rule, 'source-user'))};`,
    `        category ${listText(membersOf(rule, 'category'))};`,
    `        application/service ${listText(applicationServices(rule, scopes).map((text, at) => `${at}:${text}`))};`,
    `        action ${textOf(rule, 'action') ?? 'deny'};`,
    `        icmp-unreachable: ${textOf(rule, 'icmp-unreachable') ?? 'no'}`,
    '        terminal yes;',
    '}',
  ].join('\n');

const status = (inner: string): SimulatorResponse => ({
  ...daemonReply('success', null, ''),
  body: `<response cmd="status" status="success">${inner}</response>`,
});

const securityPolicyMatch: Command = (call, argument) => {
  onlyArguments(argument, [...matchArguments, ...laterArguments]);
  const vsys = needVsys(call);
  const scopes = runningScopes(call.device, vsys);
  const session = readSession(argument, scopes);
  const found = matchPolicy(
    compilePolicy(call.device.running, call.device.pushed, vsys),
    session,
    scopes,
    outsideOf(call),
    textOf(argument, 'show-all') === 'yes',
  );
  const told = call.noMatchReply === 'default-rule' ? found : found.filter(({ isDefault }) => !isDefault);
  if (told.length === 0) return status(call.noMatchReply === 'rules' ? '<result><rules/></result>' : '<result/>');
  switch (call.policyMatchReply) {
    case 'entries':
      return status(`<result><rules>${told.map((rule) => entryReply(rule, scopes)).join('')}</rules></result>`);
    case 'lines':
      return status(
        `<result><msg>${told.map((rule) => `<line>${cdata(textReply(rule, scopes).replace(/\s+/g, ' '))}</line>`).join('')}</msg></result>`,
      );
    case 'text':
      return status(
        `<result><rules>\n${told.map(({ name, index }) => `\t<entry>${escapeText(name)}; index: ${index}</entry>\n`).join('')}</rules>\n</result>`,
      );
  }
};

const hitEntry = (call: OpCall, name: string, uuid: string): string => {
  const hit = call.device.hits.get(uuid);
  const seconds = (at: number | undefined): number => (at === undefined ? 0 : Math.floor(at / 1000));
  return `<entry name="${escapeAttribute(name)}"><latest>yes</latest><hit-count>${hit?.count ?? 0}</hit-count><last-hit-timestamp>${seconds(hit?.last)}</last-hit-timestamp><last-reset-timestamp>0</last-reset-timestamp><first-hit-timestamp>${seconds(hit?.first)}</first-hit-timestamp><rule-creation-timestamp>${seconds(call.device.bootedAt)}</rule-creation-timestamp><rule-modification-timestamp>${seconds(call.device.bootedAt)}</rule-modification-timestamp></entry>`;
};

const ruleHitCount: Command = (call, argument) => {
  onlyArguments(argument, ['vsys-name']);
  const [vsysEntry] = entriesOf(childNamed(argument, 'vsys-name'));
  const vsys = vsysEntry === undefined ? null : nameOf(vsysEntry);
  const [base] = entriesOf(childNamed(vsysEntry ?? null, 'rule-base'));
  const rules = childNamed(base ?? null, 'rules');
  if (vsys === null || base === undefined || rules === null || nameOf(base) !== 'security')
    throw new Refusal(17, [' rule-hit-count  is incomplete'], { plain: false });
  if (vsysNode(call.device.running, vsys) === null)
    throw new Refusal(17, [`${vsys} is invalid vsys`], { plain: false });
  onlyArguments(rules, ['all', 'list']);
  const wanted = childNamed(rules, 'all') === null ? membersOf(rules, 'list') : null;
  const entries = compilePolicyWithDisabled(call, vsys)
    .filter(({ name }) => wanted === null || wanted.includes(name))
    .map(({ name, uuid }) => hitEntry(call, name, uuid));
  return opResult(
    `<rule-hit-count><vsys><entry name="${escapeAttribute(vsys)}"><rule-base><entry name="security"><rules>${entries.join('')}</rules></entry></rule-base></entry></vsys></rule-hit-count>`,
  );
};

const compilePolicyWithDisabled = (
  call: OpCall,
  vsys: string,
): readonly { readonly name: string; readonly uuid: string }[] => {
  const local = entriesOf(descend(vsysNode(call.device.running, vsys), 'rulebase', 'security', 'rules'));
  return [
    ...local.map((rule) => ({ name: nameOf(rule), uuid: rule.attributes['uuid'] ?? nameOf(rule) })),
    ...['intrazone-default', 'interzone-default'].map((name) => ({ name, uuid: name })),
  ];
};

const shadowed = (call: OpCall, vsys: string) => {
  const node = vsysNode(call.device.running, vsys);
  return node === null ? [] : shadowWarnings(node, entriesOf(descend(node, 'rulebase', 'security', 'rules')));
};

/** Commands about the policy that runs. */
export const policyCommands: Readonly<Record<string, Command>> = {
  'test security-policy-match': securityPolicyMatch,
  'show running security-policy': (call, argument) => {
    onlyArguments(argument, []);
    const vsys = needVsys(call);
    const scopes = runningScopes(call.device, vsys);
    return opResult(
      escapeText(
        compilePolicy(call.device.running, call.device.pushed, vsys)
          .map((rule) => textReply(rule, scopes))
          .join('\n\n'),
      ),
    );
  },
  'show rule-hit-count vsys': ruleHitCount,
  'show shadow-warning count': (call, argument) => {
    onlyArguments(argument, ['vsys']);
    const vsys = textOf(argument, 'vsys') ?? needVsys(call);
    const found = shadowed(call, vsys);
    return opResult(
      `<shadow-warnings-count><entry vsys="${escapeAttribute(vsys)}">${found.map(({ by }) => `<entry uuid="${by.attributes['uuid'] ?? ''}" ruletype="security">1</entry>`).join('')}</entry></shadow-warnings-count>`,
    );
  },
  'show shadow-warning warning-message': (call, argument) => {
    onlyArguments(argument, ['vsys', 'uuid']);
    const vsys = textOf(argument, 'vsys') ?? needVsys(call);
    const uuid = textOf(argument, 'uuid') ?? '';
    return opResult(
      `<warning-msg>${shadowed(call, vsys)
        .filter(({ by }) => by.attributes['uuid'] === uuid)
        .map(({ text }) => `<member>${escapeText(text)}</member>`)
        .join('')}</warning-msg>`,
    );
  },
  'show object dynamic-address-group': (call, argument) => {
    onlyArguments(argument, ['all', 'name']);
    const vsys = needVsys(call);
    const scopes = runningScopes(call.device, vsys);
    const groups = entriesOf(childNamed(vsysNode(call.device.running, vsys), 'address-group')).filter(
      (group) => childNamed(group, 'dynamic') !== null,
    );
    const wanted = textOf(argument, 'name');
    return opResult(
      `<dyn-addr-grp>${groups
        .filter((group) => wanted === null || nameOf(group) === wanted)
        .map((group) => {
          const { ips, objects } = dynamicMembers(group, scopes, outsideOf(call));
          const lines = [
            ...ips.map((ip) => `<entry name="${escapeAttribute(ip)}" type="registered-ip"/>`),
            ...objects.map((name) => `<entry name="${escapeAttribute(name)}" type="address-object"/>`),
          ];
          return `<entry><vsys>${vsys}</vsys><group-name>${escapeText(nameOf(group))}</group-name><filter>${escapeText(textOf(childNamed(group, 'dynamic'), 'filter') ?? '')}</filter><member-list>${lines.join('')}</member-list></entry>`;
        })
        .join('')}</dyn-addr-grp>`,
    );
  },
};

/** The xpath of a vsys's security rules, for hooks and tests. */
export const rulesXpath = (vsys: string): string =>
  pathText([
    { tag: 'devices', key: null },
    { tag: 'entry', key: deviceName },
    { tag: 'vsys', key: null },
    { tag: 'entry', key: vsys },
    { tag: 'rulebase', key: null },
    { tag: 'security', key: null },
    { tag: 'rules', key: null },
  ]);
