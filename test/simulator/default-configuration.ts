/** Users of the default configuration and their passwords. */
export const defaultPasswords: Readonly<Record<string, string>> = {
  admin: 'superuser-secret-1',
  'policy-sync': 'dedicated-secret-2',
  colleague: 'colleague-secret-3',
  auditor: 'read-only-secret-4',
  robot: 'custom-role-secret-5',
};

/** The dedicated administrator whose key `npm run simulator` prints. */
export const defaultAdministrator = 'policy-sync';

const members = (tag: string, values: readonly string[]): string =>
  `<${tag}>${values.map((value) => `<member>${value}</member>`).join('')}</${tag}>`;

const rule = (
  name: string,
  content: {
    from: string;
    to: string;
    destination?: readonly string[];
    application?: readonly string[];
    service?: readonly string[];
    action: string;
    profiled: boolean;
  },
): string =>
  [
    `<entry name="${name}">`,
    members('to', [content.to]),
    members('from', [content.from]),
    members('source', ['any']),
    members('destination', content.destination ?? ['any']),
    members('source-user', ['any']),
    members('category', ['any']),
    members('application', content.application ?? ['any']),
    members('service', content.service ?? ['any']),
    `<action>${content.action}</action>`,
    content.profiled ? '<profile-setting><group><member>default-profile</member></group></profile-setting>' : '',
    '<log-setting>default</log-setting>',
    '</entry>',
  ].join('');

const tcp = (name: string, port: string): string =>
  `<entry name="${name}"><protocol><tcp><port>${port}</port></tcp></protocol></entry>`;

const superuser = (name: string): string =>
  `<entry name="${name}"><permissions><role-based><superuser>yes</superuser></role-based></permissions></entry>`;

/**
 * The four rules of the demonstration: all of the web servers 10.0.1.11 to .13 are reachable on tcp 80, 81 and 8000, clear
 * text protocols are denied, and `Clean up` denies the rest.
 */
export const defaultConfiguration = `<config version="11.1.0" urldb="paloaltonetworks">
<mgt-config><users>${superuser('admin')}${superuser('policy-sync')}${superuser('colleague')}
<entry name="auditor"><permissions><role-based><superreader>yes</superreader></role-based></permissions></entry>
<entry name="robot"><permissions><role-based><custom><profile>config-and-op</profile></custom></role-based></permissions></entry>
</users></mgt-config>
<shared><admin-role><entry name="config-and-op"><role><device><xmlapi><config>enable</config><op>enable</op><commit>disable</commit><report>disable</report></xmlapi></device></role></entry></admin-role></shared>
<devices><entry name="localhost.localdomain">
<deviceconfig><system><hostname>edge-firewall</hostname><ip-address>10.0.0.4</ip-address></system></deviceconfig>
<network><interface><ethernet><entry name="ethernet1/1"><layer3/></entry><entry name="ethernet1/2"><layer3/></entry></ethernet></interface></network>
<vsys><entry name="vsys1">
<zone><entry name="untrust"><network><layer3><member>ethernet1/1</member></layer3></network></entry><entry name="trust"><network><layer3><member>ethernet1/2</member></layer3></network></entry></zone>
<profile-group><entry name="default-profile"><virus><member>default</member></virus><spyware><member>default</member></spyware><vulnerability><member>default</member></vulnerability></entry></profile-group>
<log-settings><profiles><entry name="default"/></profiles></log-settings>
<tag><entry name="aws-policy-sync"><color>color3</color></entry></tag>
<service>${tcp('tcp-80', '80')}${tcp('tcp-81', '81')}${tcp('tcp-8000', '8000')}</service>
<rulebase><security><rules>${[
  rule('Web out', { from: 'trust', to: 'untrust', action: 'allow', profiled: true }),
  rule('Web in', {
    from: 'untrust',
    to: 'trust',
    destination: ['10.0.1.11', '10.0.1.12', '10.0.1.13'],
    service: ['tcp-80', 'tcp-81', 'tcp-8000'],
    action: 'allow',
    profiled: true,
  }),
  rule('Clear text', {
    from: 'any',
    to: 'any',
    application: ['ftp', 'telnet', 'tftp', 'rsync', 'snmp'],
    action: 'deny',
    profiled: false,
  }),
  rule('Clean up', { from: 'any', to: 'any', action: 'deny', profiled: false }),
].join('\n')}</rules></security></rulebase>
</entry></vsys></entry></devices></config>
`;
