/** A refusal of the EC2 API: `code` as the API answers it, without CloudTrail's `Client.` prefix. */
export class Ec2Error extends Error {
  override readonly name = 'Ec2Error';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const statuses: Readonly<Record<string, number>> = {
  DryRunOperation: 412,
  UnauthorizedOperation: 403,
  RequestLimitExceeded: 503,
};

/** The HTTP status that goes with an error code: 400 except for a few (documented in the EC2 error code list). */
export const statusOf = (code: string): number => statuses[code] ?? 400;

/** The `errorCode` of the CloudTrail record: captured as `Client.X`; throttling is a client error as well. */
export const trailCodeOf = (code: string): string => `Client.${code}`;

interface Identified {
  readonly prefix: string;
  readonly code: string;
  readonly noun: string;
}

/** The kinds of id, with the words of the real messages. */
export const idKinds = {
  instance: { prefix: 'i-', code: 'InvalidInstanceID', noun: 'instance ID' },
  interface: { prefix: 'eni-', code: 'InvalidNetworkInterfaceID', noun: 'networkInterface ID' },
  group: { prefix: 'sg-', code: 'InvalidGroup', noun: 'security group' },
  rule: { prefix: 'sgr-', code: 'InvalidSecurityGroupRuleId', noun: 'security group rule ID' },
  subnet: { prefix: 'subnet-', code: 'InvalidSubnetID', noun: 'subnet ID' },
  vpc: { prefix: 'vpc-', code: 'InvalidVpcID', noun: 'vpc ID' },
  routeTable: { prefix: 'rtb-', code: 'InvalidRouteTableID', noun: 'routeTable ID' },
  association: { prefix: 'rtbassoc-', code: 'InvalidAssociationID', noun: 'association ID' },
  attachment: { prefix: 'eni-attach-', code: 'InvalidAttachmentID', noun: 'attachment ID' },
  prefixList: { prefix: 'pl-', code: 'InvalidPrefixListID', noun: 'prefix list ID' },
  endpoint: { prefix: 'vpce-', code: 'InvalidVpcEndpointId', noun: 'Vpc Endpoint Id' },
} as const satisfies Readonly<Record<string, Identified>>;

export type IdKind = keyof typeof idKinds;

const malformed = (kind: IdKind): string =>
  kind === 'group' ? 'InvalidGroupId.Malformed' : `${idKinds[kind].code}.Malformed`;

/** @throws Ec2Error when an id has not the form of its kind. */
export const requireWellFormed = (kind: IdKind, ids: readonly string[]): void => {
  const bad = ids.find((id) => !new RegExp(`^${idKinds[kind].prefix}[0-9a-f]{1,32}$`).test(id));
  if (bad !== undefined)
    throw new Ec2Error(malformed(kind), `Invalid id: "${bad}" (expecting "${idKinds[kind].prefix}...")`);
};

/** The refusal for ids that do not exist. */
export const notFound = (kind: IdKind, ids: readonly string[]): Ec2Error => {
  const { code, noun } = idKinds[kind];
  return new Ec2Error(
    `${code}.NotFound`,
    ids.length === 1 ? `The ${noun} '${ids[0]}' does not exist` : `The ${noun}s '${ids.join(', ')}' do not exist`,
  );
};

/** Looks ids up in order. @throws Ec2Error `….Malformed` or `….NotFound` naming all that are missing. */
export const lookUp = <T>(kind: IdKind, held: ReadonlyMap<string, T>, ids: readonly string[]): readonly T[] => {
  requireWellFormed(kind, ids);
  const missing = ids.filter((id) => !held.has(id));
  if (missing.length > 0) throw notFound(kind, missing);
  return ids.flatMap((id) => {
    const one = held.get(id);
    return one === undefined ? [] : [one];
  });
};

/** Looks one id up. @throws Ec2Error MissingParameter when it is absent, else as {@link lookUp}. */
export const lookUpOne = <T>(
  kind: IdKind,
  held: ReadonlyMap<string, T>,
  id: string | undefined,
  parameter: string,
): T => {
  const [one] = lookUp(kind, held, [required(id, parameter)]);
  if (one === undefined) throw notFound(kind, [String(id)]);
  return one;
};

/** @throws Ec2Error MissingParameter when the value is absent. */
export const required = <T>(value: T | undefined, parameter: string): T => {
  if (value === undefined) {
    throw new Ec2Error('MissingParameter', `The request must contain the parameter ${parameter}`);
  }
  return value;
};
