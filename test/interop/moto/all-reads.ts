import type { SeenRule } from '../../../shared/domain/grants/seen.ts';
import type { Side } from './two-accounts.ts';

/** The ids of an account, by the kind of name they were given. */
const known = (side: Pick<Side, 'names'>, prefix: string): readonly string[] =>
  [...side.names].filter(([, name]) => name.startsWith(prefix)).map(([id]) => id);

/** Rules have ids of their own on either side; what they are is their name. */
const ruleNames = (rules: readonly SeenRule[], nameOf: (id: string) => string): ReadonlyMap<string, string> =>
  new Map(
    rules.map(({ id, group, protocol, fromPort, toPort, source }) => [
      id,
      `sgr of ${nameOf(group)}: ${protocol} ${fromPort}-${toPort} from ${source.kind === 'cidr' ? source.cidr : nameOf(source.id)}`,
    ]),
  );

const compare = (a: unknown, b: unknown): number => {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
};

/** Everything with names for ids and lists in the order of names; moments are only there or not. */
const renamed = (value: unknown, nameOf: (id: string) => string, key = ''): unknown => {
  if (typeof value === 'string') return key === 'launchedAt' ? 'a moment' : nameOf(value);
  if (Array.isArray(value)) return value.map((one) => renamed(one, nameOf, key)).toSorted(compare);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, renamed(one, nameOf, name)]));
};

/** What a read answers, or that it does not. */
const answered = async (read: Promise<unknown>): Promise<unknown> => {
  try {
    return await read;
  } catch {
    return 'no answer';
  }
};

const unknownId = (prefix: string): string => `${prefix}0dead00000000beef`;

/** All that the workflow ever reads of EC2, asked about everything in the account and about ids that are not there. */
export const allReads = async ({ reads, names, freeIpv6 }: Side): Promise<Readonly<Record<string, unknown>>> => {
  const side = { names };
  const ids = (prefix: string): readonly string[] => [...known(side, prefix), unknownId(prefix)];
  const [vpc = ''] = known(side, 'vpc');
  const interfaces = await reads.interfaces(ids('eni-'));
  const groupRules = await reads.groupRules([...ids('sg-'), ...known(side, 'default-group')]);
  const ruleName = ruleNames(groupRules.rules, (id) => names.get(id) ?? id);
  const nameOf = (id: string): string => names.get(id) ?? ruleName.get(id) ?? id;
  const holders: Record<string, unknown> = {};
  for (const id of ids('eni-')) holders[nameOf(id)] = await reads.holderOfInterface(id);
  const answers = {
    instances: await reads.instances(ids('i-')),
    interfaces,
    interfacesOfGroups: await reads.interfacesOfGroups(ids('sg-')),
    interfacesInSubnets: await reads.interfacesInSubnets(ids('subnet-')),
    interfacesWithPrimaryAddresses: await reads.interfacesWithAddresses([
      '10.0.1.11/32',
      '10.0.1.12/32',
      '10.0.1.250/32',
    ]),
    interfacesWithSecondaryAddresses: await reads.interfacesWithAddresses(['10.0.1.21/32', '10.0.1.22/32']),
    interfacesWithIpv6Addresses: await answered(
      reads.interfacesWithAddresses([`${freeIpv6}/128`, '2001:db8::dead/128']),
    ),
    groupRules,
    groups: await reads.groups(ids('sg-')),
    groupsNamedWeb: await reads.groupsNamed('web'),
    groupsNamedNobody: await reads.groupsNamed('nobody'),
    groupsNamedByWildcard: await reads.groupsNamed('w*'),
    groupsWithPrefixList: await answered(reads.groupsWithPrefixList(known(side, 'pl-')[0] ?? '')),
    groupsWithUnknownPrefixList: await answered(reads.groupsWithPrefixList(unknownId('pl-'))),
    holders,
    routeTablesFor: await reads.routeTablesFor(ids('subnet-'), [vpc, unknownId('vpc-')]),
    // moto has a default VPC with a table of its own beside ours.
    allRouteTables: (await reads.allRouteTables()).filter((table) => table.vpc === vpc),
    subnetsOfVpcs: await reads.subnetsOfVpcs([vpc, unknownId('vpc-')]),
    vpcs: await reads.vpcs([vpc, unknownId('vpc-')]),
    prefixLists: await reads.prefixLists(ids('pl-')),
  };
  return Object.fromEntries(Object.entries(answers).map(([name, answer]) => [name, renamed(answer, nameOf)]));
};
