import { type ConfigNode, entry, leaf, members, node } from './config-node.ts';

/**
 * Default ports of predefined applications as of the content release of March 2020 (captured from a content export). A
 * device's own list changes weekly; tests of that use `installContent`.
 */
const ports: Readonly<Record<string, readonly string[]>> = {
  'active-directory': ['tcp/135,139,389,445,464,636,3268,3269,49152-65535', 'udp/88,137,138,389,464'],
  'amazon-redshift': ['tcp/5439'],
  amqp: ['tcp/5671,5672'],
  'apache-zookeeper': ['tcp/2181,3181,4181'],
  bgp: ['tcp/179'],
  cassandra: ['tcp/7000,7199,8888,9042,9160,61620,61621'],
  cotp: ['tcp/dynamic'],
  'couchbase-server': ['tcp/dynamic'],
  db2: ['tcp/50000,60000'],
  dhcp: ['udp/67,68'],
  dns: ['tcp/53', 'udp/53,5353'],
  'elastic-search': ['tcp/9200-9300'],
  ftp: ['tcp/21'],
  'git-base': ['tcp/80,443,9418'],
  'github-base': ['tcp/22,80,443,9418'],
  hbase: ['tcp/60000,60020'],
  hdfs: ['tcp/8020,8022,9000,50010,50020,50070'],
  ike: ['tcp/500', 'udp/500'],
  imap: ['tcp/143'],
  informix: ['tcp/dynamic'],
  ipp: ['tcp/631'],
  'ipsec-esp-udp': ['udp/4500,4501'],
  iscsi: ['tcp/3260'],
  jenkins: ['tcp/dynamic'],
  kerberos: ['tcp/88,464,749,750', 'udp/88,464,749,750'],
  ldap: ['tcp/389,636,3268,3269', 'udp/389,3268'],
  lpd: ['tcp/515'],
  memcached: ['tcp/11211', 'udp/11211'],
  mongodb: ['tcp/27017'],
  mqtt: ['tcp/1883,8883,8884'],
  'ms-ds-smb-base': ['tcp/139,445', 'udp/445'],
  'ms-ds-smbv1': ['tcp/139,445', 'udp/445'],
  'ms-ds-smbv2': ['tcp/139,445', 'udp/445'],
  'ms-ds-smbv3': ['tcp/139,445', 'udp/445'],
  'ms-netlogon': ['tcp/dynamic', 'udp/dynamic'],
  'ms-rdp': ['tcp/3389', 'udp/3389'],
  msrpc: ['tcp/dynamic', 'udp/dynamic'],
  'mssql-db': ['tcp/1433', 'udp/1433'],
  'mssql-mon': ['udp/1434'],
  mysql: ['tcp/3306'],
  nagios: ['tcp/dynamic'],
  'netbios-dg': ['udp/138'],
  'netbios-ns': ['tcp/137', 'udp/137'],
  'netbios-ss': ['tcp/139'],
  netflow: ['udp/dynamic'],
  nfs: ['tcp/2049', 'udp/2049'],
  mount: ['tcp/dynamic', 'udp/dynamic'],
  portmapper: ['tcp/111', 'udp/111'],
  ntp: ['tcp/123', 'udp/123'],
  'open-vpn': ['tcp/443,1194', 'udp/1194'],
  oracle: ['tcp/1521'],
  panorama: ['tcp/3978,28769,49160,49190'],
  pop3: ['tcp/110'],
  postgres: ['tcp/5432'],
  quic: ['udp/80,443'],
  rabbitmq: ['tcp/5671,5672'],
  radius: ['udp/1812,1813,1645,1646'],
  redis: ['tcp/6379,6380,26379'],
  rsync: ['tcp/873'],
  rtsp: ['tcp/554', 'udp/554'],
  sip: ['tcp/5060', 'udp/5060'],
  smtp: ['tcp/25,587'],
  'snmp-base': ['tcp/161', 'udp/161'],
  'snmp-trap': ['tcp/162', 'udp/162'],
  snmpv1: ['tcp/161', 'udp/161'],
  snmpv2: ['tcp/161', 'udp/161'],
  snmpv3: ['tcp/161', 'udp/161'],
  splunk: ['tcp/8000,8089,9997,9998'],
  ssh: ['tcp/22'],
  ssl: ['tcp/443'],
  stun: ['tcp/3478', 'udp/3478'],
  sybase: ['tcp/1498,2439,2638,5000'],
  syslog: ['tcp/1468,1514,6514', 'udp/514,1514'],
  't.120': ['tcp/1503'],
  'tacacs-plus': ['tcp/49'],
  telnet: ['tcp/23'],
  teradata: ['tcp/1025'],
  tftp: ['tcp/69', 'udp/69'],
  traceroute: ['icmp/dynamic', 'icmp6/dynamic', 'udp/33434-33534'],
  'unknown-tcp': ['tcp/dynamic'],
  'unknown-udp': ['udp/dynamic'],
  vertica: ['tcp/5433'],
  'vnc-base': ['tcp/5500,5900,5901'],
  'vnc-encrypted': ['tcp/5900,5901'],
  'vnc-http': ['tcp/5800'],
  'web-browsing': ['tcp/80'],
  x11: ['tcp/6000-6063'],
  zabbix: ['tcp/10050,10051,80'],
};

const byProtocol: Readonly<Record<string, number>> = {
  icmp: 1,
  'ipv6-icmp': 58,
  ospf: 89,
  gre: 47,
  'ipsec-esp': 50,
  l2tp: 115,
};

/** `ping` is ICMP type 8; `ping6` ICMPv6 type 128. */
const byIcmpType: Readonly<Record<string, { readonly element: string; readonly type: number }>> = {
  ping: { element: 'ident-by-icmp-type', type: 8 },
  ping6: { element: 'ident-by-icmp6-type', type: 128 },
};

const containers: Readonly<Record<string, readonly string[]>> = {
  snmp: ['snmp-base', 'snmpv1', 'snmpv2', 'snmpv3'],
  'ms-ds-smb': ['ms-ds-smb-base', 'ms-ds-smbv1', 'ms-ds-smbv2', 'ms-ds-smbv3'],
  vnc: ['vnc-base', 'vnc-encrypted', 'vnc-http'],
};

/** What an application needs beside it (`use-applications`) and brings with it (`implicit-use-applications`). */
const needs: Readonly<Record<string, readonly string[]>> = {
  'ms-rdp': ['cotp', 't.120'],
  nfs: ['portmapper', 'mount'],
};
const brings: Readonly<Record<string, readonly string[]>> = {
  'elastic-search': ['web-browsing'],
  'amazon-redshift': ['ssl'],
  'github-base': ['ssl', 'web-browsing'],
};

const application = (name: string, defaults: readonly ConfigNode[]): ConfigNode =>
  entry(name, [
    node('default', {}, defaults),
    ...(needs[name] === undefined ? [] : [members('use-applications', needs[name])]),
    ...(brings[name] === undefined ? [] : [members('implicit-use-applications', brings[name])]),
  ]);

const service = (name: string, port: string): ConfigNode =>
  entry(name, [node('protocol', {}, [node('tcp', {}, [leaf('port', port)])])]);

/** `/config/predefined`. `service-http` is tcp 80 and 8080 by the better of two disagreeing sources. */
export const predefinedContent = (changes: Readonly<Record<string, readonly string[]>> = {}): ConfigNode => {
  const applications = [
    ...Object.entries({ ...ports, ...changes }).map(([name, list]) => application(name, [members('port', list)])),
    ...Object.entries(byProtocol).map(([name, protocol]) =>
      application(name, [leaf('ident-by-ip-protocol', String(protocol))]),
    ),
    ...Object.entries(byIcmpType).map(([name, { element, type }]) =>
      application(name, [node(element, {}, [leaf('type', String(type))])]),
    ),
  ].sort((left, right) => ((left.attributes['name'] ?? '') < (right.attributes['name'] ?? '') ? -1 : 1));
  return node('predefined', {}, [
    node('application', {}, applications),
    node(
      'application-container',
      {},
      Object.entries(containers).map(([name, functions]) => entry(name, [members('functions', functions)])),
    ),
    node('service', {}, [service('service-http', '80,8080'), service('service-https', '443')]),
    node('tag', {}, []),
    node(
      'region',
      {},
      ['DE', 'FR', 'GB', 'JP', 'US'].map((code) => entry(code)),
    ),
  ]);
};
