import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AssignPrivateIpAddressesCommand,
  AssociateRouteTableCommand,
  AttachNetworkInterfaceCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateRouteCommand,
  CreateSecurityGroupCommand,
  DeleteRouteCommand,
  DeleteSecurityGroupCommand,
  DescribeInstancesCommand,
  DescribeManagedPrefixListsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcEndpointsCommand,
  DescribeVpcsCommand,
  DetachNetworkInterfaceCommand,
  DisassociateRouteTableCommand,
  EC2Client,
  GetManagedPrefixListEntriesCommand,
  ModifyInstanceAttributeCommand,
  ModifyManagedPrefixListCommand,
  ModifyNetworkInterfaceAttributeCommand,
  ModifySecurityGroupRulesCommand,
  paginateDescribeSecurityGroupRules,
  ReplaceRouteCommand,
  RevokeSecurityGroupIngressCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
  UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2';
import type { BusEvent } from '../../local/bus-event.ts';
import { createEc2, type Ec2Faults } from '../../local/ec2/endpoint.ts';
import { seedAccount } from '../../local/ec2/seed.ts';
import { inProcessHandler, listen } from '../../local/http.ts';

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

const world = (faults: () => Ec2Faults = () => ({})) => {
  let now = Date.parse('2026-03-01T10:00:00Z');
  let count = 0;
  const newId = () => {
    count += 1;
    return `00000000-0000-4000-8000-${count.toString(16).padStart(12, '0')}`;
  };
  const seed = seedAccount({ ownerId: '111122223333', region: 'eu-central-1', newId, now: () => now });
  const { vpcId, mainRouteTableId, defaultGroupId } = seed.vpc({
    id: 'vpc-0a',
    cidrs: ['10.0.0.0/16', '10.1.0.0/16'],
    ipv6Cidrs: ['2001:db8::/56'],
  });
  const subnetId = seed.subnet({ id: 'subnet-0a', vpcId, cidr: '10.0.1.0/24', ipv6Cidrs: ['2001:db8:0:1::/64'] });
  const otherSubnetId = seed.subnet({ id: 'subnet-0b', vpcId, cidr: '10.0.2.0/24' });
  const listId = seed.prefixList({ id: 'pl-0a', name: 'offices', entries: ['192.0.2.0/24', '198.51.100.0/24'] });
  const groupId = seed.group({
    id: 'sg-0a',
    vpcId,
    name: 'webserver_sg',
    ingress: [
      { protocol: 'tcp', from: 80, sources: ['0.0.0.0/0', '::/0'] },
      { protocol: 'tcp', from: 443, sources: [listId] },
    ],
  });
  const firewall = seed.instance({
    id: 'i-0f',
    interfaces: [{ id: 'eni-0f', subnetId: otherSubnetId, groupIds: [defaultGroupId] }],
  });
  const webId = seed.instance({
    id: 'i-0a',
    state: 'stopped',
    tags: { Name: 'web <1> &lt; "co"' },
    interfaces: [
      {
        id: 'eni-0a',
        subnetId,
        groupIds: [groupId],
        address: '10.0.1.10',
        secondaryAddresses: ['10.0.1.11'],
        ipv6Addresses: ['2001:db8:0:1::10'],
        ipv4Prefixes: ['10.0.1.32/28'],
      },
    ],
  });
  const otherId = seed.instance({ id: 'i-0b', interfaces: [{ id: 'eni-0b', subnetId, groupIds: [groupId] }] });
  seed.interface({
    id: 'eni-0c',
    subnetId,
    groupIds: [groupId],
    type: 'load_balancer',
    requesterId: 'amazon-elb',
  });
  seed.interface({ id: 'eni-0d', subnetId: otherSubnetId, groupIds: [groupId] });
  seed.endpoint({ id: 'vpce-0a', vpcId, type: 'GatewayLoadBalancer', serviceName: 'com.example.gwlb' });
  const tableId = seed.routeTable({
    id: 'rtb-0a',
    vpcId,
    subnetIds: [subnetId],
    routes: [
      { destination: '0.0.0.0/0', target: 'eni-0f' },
      { destination: '::/0', target: 'vpce-0a' },
      { destination: '203.0.113.0/24', target: 'nat-0a', blackhole: true },
    ],
  });
  const events: BusEvent[] = [];
  const endpoint = createEc2({
    account: seed.build(),
    now: () => now,
    newId,
    emit: (event) => events.push(event),
    faults,
  });
  const client = new EC2Client({
    region: 'eu-central-1',
    credentials,
    requestHandler: inProcessHandler(endpoint.respond),
    maxAttempts: 1,
  });
  return {
    endpoint,
    client,
    events,
    ids: {
      vpcId,
      mainRouteTableId,
      defaultGroupId,
      subnetId,
      otherSubnetId,
      listId,
      groupId,
      firewall,
      webId,
      otherId,
      tableId,
    },
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    trail: () => events.filter((event) => event['detail-type'] === 'AWS API Call via CloudTrail'),
  };
};

const refusal = (code: string) => (error: unknown) => error instanceof Error && error.name === code;

test('an instance is read with its interfaces, addresses, groups and tags', async () => {
  const { client } = world();
  const { Reservations } = await client.send(new DescribeInstancesCommand({ InstanceIds: ['i-0a'] }));
  const instance = Reservations?.[0]?.Instances?.[0];
  assert.equal(instance?.State?.Name, 'stopped');
  assert.equal(instance.PrivateIpAddress, '10.0.1.10');
  assert.deepEqual(instance.Tags, [{ Key: 'Name', Value: 'web <1> &lt; "co"' }]);
  const [eni] = instance.NetworkInterfaces ?? [];
  assert.deepEqual(
    eni?.PrivateIpAddresses?.map((address) => [address.PrivateIpAddress, address.Primary]),
    [
      ['10.0.1.10', true],
      ['10.0.1.11', false],
    ],
  );
  assert.deepEqual(eni?.Ipv6Addresses, [{ Ipv6Address: '2001:db8:0:1::10', IsPrimaryIpv6: true }]);
  assert.deepEqual(eni?.Ipv4Prefixes, [{ Ipv4Prefix: '10.0.1.32/28' }]);
  assert.deepEqual(eni?.Groups, [{ GroupId: 'sg-0a', GroupName: 'webserver_sg' }]);
  assert.ok(eni?.Attachment?.AttachTime instanceof Date);
});

test('interfaces are filtered on the server: by group, instance, type and several at once', async () => {
  const { client } = world();
  const ids = async (...Filters: { Name: string; Values: string[] }[]) => {
    const { NetworkInterfaces } = await client.send(new DescribeNetworkInterfacesCommand({ Filters }));
    return NetworkInterfaces?.map((one) => one.NetworkInterfaceId);
  };
  assert.deepEqual(await ids({ Name: 'group-id', Values: ['sg-0a'] }), ['eni-0a', 'eni-0b', 'eni-0c', 'eni-0d']);
  assert.deepEqual(await ids({ Name: 'attachment.instance-id', Values: ['i-0a', 'i-0f'] }), ['eni-0f', 'eni-0a']);
  assert.deepEqual(
    await ids({ Name: 'group-id', Values: ['sg-0a'] }, { Name: 'requester-managed', Values: ['true'] }),
    ['eni-0c'],
  );
  assert.deepEqual(await ids({ Name: 'interface-type', Values: ['load*'] }), ['eni-0c']);
  assert.deepEqual(await ids({ Name: 'addresses.private-ip-address', Values: ['10.0.1.1?'] }), ['eni-0a']);
});

test('the main route table shows no subnet, an explicit association does, and a gateway load balancer endpoint comes back as GatewayId', async () => {
  const { client, ids } = world();
  const bySubnet = await client.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: 'association.subnet-id', Values: [ids.otherSubnetId] }] }),
  );
  assert.deepEqual(bySubnet.RouteTables, []);
  const main = await client.send(
    new DescribeRouteTablesCommand({
      Filters: [
        { Name: 'vpc-id', Values: [ids.vpcId] },
        { Name: 'association.main', Values: ['true'] },
      ],
    }),
  );
  assert.equal(main.RouteTables?.[0]?.RouteTableId, ids.mainRouteTableId);
  assert.equal(main.RouteTables[0]?.Associations?.[0]?.SubnetId, undefined);
  const { RouteTables } = await client.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: 'association.subnet-id', Values: [ids.subnetId] }] }),
  );
  const routes = RouteTables?.[0]?.Routes ?? [];
  const to = (destination: string) =>
    routes.find((one) => (one.DestinationCidrBlock ?? one.DestinationIpv6CidrBlock) === destination);
  assert.equal(to('10.0.0.0/16')?.GatewayId, 'local');
  assert.deepEqual([to('0.0.0.0/0')?.InstanceId, to('0.0.0.0/0')?.NetworkInterfaceId], ['i-0f', 'eni-0f']);
  assert.equal(to('::/0')?.GatewayId, 'vpce-0a');
  assert.equal(to('203.0.113.0/24')?.State, 'blackhole');
});

test('a VPC shows every CIDR block associated with it, both families', async () => {
  const { client } = world();
  const { Vpcs } = await client.send(new DescribeVpcsCommand({ VpcIds: ['vpc-0a'] }));
  assert.deepEqual(
    Vpcs?.[0]?.CidrBlockAssociationSet?.map((one) => one.CidrBlock),
    ['10.0.0.0/16', '10.1.0.0/16'],
  );
  assert.deepEqual(
    Vpcs[0]?.Ipv6CidrBlockAssociationSet?.map((one) => one.Ipv6CidrBlockState?.State),
    ['associated'],
  );
});

test('rules of a group are read one by one, groups gather them by protocol and port', async () => {
  const { client } = world();
  const { SecurityGroupRules } = await client.send(
    new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: ['sg-0a'] }] }),
  );
  const ingress = SecurityGroupRules?.filter((rule) => rule.IsEgress === false);
  assert.deepEqual(
    ingress?.map((rule) => [rule.FromPort, rule.CidrIpv4 ?? rule.CidrIpv6 ?? rule.PrefixListId]),
    [
      [80, '0.0.0.0/0'],
      [80, '::/0'],
      [443, 'pl-0a'],
    ],
  );
  const { SecurityGroups } = await client.send(
    new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'ip-permission.prefix-list-id', Values: ['pl-0a'] }] }),
  );
  assert.equal(SecurityGroups?.length, 1);
  assert.deepEqual(
    SecurityGroups[0]?.IpPermissions?.map((one) => one.IpRanges?.length),
    [1, 0],
  );
});

test('a page is never longer than asked, and the token leads to the rest', async () => {
  const { client } = world();
  const seen: (string | undefined)[] = [];
  let pages = 0;
  for await (const page of paginateDescribeSecurityGroupRules({ client, pageSize: 5 }, {})) {
    pages += 1;
    seen.push(...(page.SecurityGroupRules ?? []).map((rule) => rule.SecurityGroupRuleId));
  }
  assert.equal(pages, 2);
  assert.equal(new Set(seen).size, 6);
});

test('the endpoint pages by itself when told to, but not when ids are given', async () => {
  const { client } = world(() => ({ largestPage: 1 }));
  const first = await client.send(new DescribeSubnetsCommand({}));
  assert.equal(first.Subnets?.length, 1);
  const second = await client.send(new DescribeSubnetsCommand({ NextToken: first.NextToken }));
  assert.deepEqual([second.Subnets?.length, second.NextToken], [1, undefined]);
  const both = await client.send(new DescribeSubnetsCommand({ SubnetIds: ['subnet-0a', 'subnet-0b'] }));
  assert.equal(both.Subnets?.length, 2);
});

test('what the endpoint does not support it refuses with the error codes of EC2', async () => {
  const { client } = world();
  const cases: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['InvalidAction', () => client.send(new DescribeVolumesCommand({}))],
    [
      'InvalidParameterValue',
      () => client.send(new DescribeVpcsCommand({ Filters: [{ Name: 'no-such-filter', Values: ['x'] }] })),
    ],
    ['InvalidParameterValue', () => client.send(new DescribeVpcsCommand({ MaxResults: 4 }))],
    ['InvalidParameterCombination', () => client.send(new DescribeVpcsCommand({ VpcIds: ['vpc-0a'], MaxResults: 5 }))],
    ['InvalidInstanceID.NotFound', () => client.send(new DescribeInstancesCommand({ InstanceIds: ['i-0dead'] }))],
    ['InvalidInstanceID.Malformed', () => client.send(new DescribeInstancesCommand({ InstanceIds: ['x-1'] }))],
    ['InvalidGroup.NotFound', () => client.send(new DescribeSecurityGroupsCommand({ GroupIds: ['sg-0dead'] }))],
    [
      'InvalidNetworkInterfaceID.NotFound',
      () => client.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: ['eni-0dead'] })),
    ],
    [
      'InvalidSecurityGroupRuleId.NotFound',
      () => client.send(new DescribeSecurityGroupRulesCommand({ SecurityGroupRuleIds: ['sgr-0dead'] })),
    ],
    [
      'UnknownParameter',
      () => client.send(new RunInstancesCommand({ ImageId: 'ami-1', MinCount: 1, MaxCount: 1, KernelId: 'x' })),
    ],
  ];
  for (const [code, call] of cases) await assert.rejects(call, refusal(code), code);
});

test('starting passes through pending, stopping through stopping, and each state change is told', async () => {
  const { client, events, pass, endpoint } = world();
  const state = async () =>
    (await client.send(new DescribeInstancesCommand({ InstanceIds: ['i-0a'] }))).Reservations?.[0]?.Instances?.[0]
      ?.State?.Name;
  const { StartingInstances } = await client.send(new StartInstancesCommand({ InstanceIds: ['i-0a'] }));
  assert.deepEqual(StartingInstances, [
    { InstanceId: 'i-0a', CurrentState: { Code: 0, Name: 'pending' }, PreviousState: { Code: 80, Name: 'stopped' } },
  ]);
  assert.equal(await state(), 'pending');
  pass(2_000);
  assert.equal(await state(), 'running');
  await client.send(new StopInstancesCommand({ InstanceIds: ['i-0a'] }));
  assert.equal(await state(), 'stopping');
  pass(4_000);
  endpoint.settle();
  assert.deepEqual(
    events
      .filter((event) => event['detail-type'] === 'EC2 Instance State-change Notification')
      .map((event) => [event.detail['state'], event.time]),
    [
      ['pending', '2026-03-01T10:00:00Z'],
      ['running', '2026-03-01T10:00:02Z'],
      ['stopping', '2026-03-01T10:00:02Z'],
      ['stopped', '2026-03-01T10:00:06Z'],
    ],
  );
});

test('a start is recorded in the list form inside the EventBridge envelope', async () => {
  const { client, trail } = world();
  await client.send(new StartInstancesCommand({ InstanceIds: ['i-0a', 'i-0b'] }));
  const [event] = trail();
  assert.equal(event?.source, 'aws.ec2');
  assert.equal(event.time, '2026-03-01T10:00:00Z');
  assert.deepEqual(event.detail['requestParameters'], {
    instancesSet: { items: [{ instanceId: 'i-0a' }, { instanceId: 'i-0b' }] },
  });
  const { requestId, ...response } = event.detail['responseElements'] as Record<string, unknown>;
  assert.equal(requestId, event.detail['requestID']);
  assert.deepEqual(response, {
    instancesSet: {
      items: [
        {
          instanceId: 'i-0b',
          currentState: { code: 16, name: 'running' },
          previousState: { code: 16, name: 'running' },
        },
        {
          instanceId: 'i-0a',
          currentState: { code: 0, name: 'pending' },
          previousState: { code: 80, name: 'stopped' },
        },
      ],
    },
  });
});

test('one instance in the wrong state fails the whole stop, and the record names the error and has no answer', async () => {
  const { client, trail, endpoint } = world();
  await client.send(new StartInstancesCommand({ InstanceIds: ['i-0a'] }));
  await assert.rejects(
    client.send(new StopInstancesCommand({ InstanceIds: ['i-0b', 'i-0a'] })),
    refusal('IncorrectInstanceState'),
  );
  const detail = trail().at(-1)?.detail;
  assert.equal(detail?.['errorCode'], 'Client.IncorrectInstanceState');
  assert.equal(detail['responseElements'], null);
  assert.deepEqual(detail['requestParameters'], {
    instancesSet: { items: [{ instanceId: 'i-0b' }, { instanceId: 'i-0a' }] },
  });
  assert.equal(endpoint.account().instances.get('i-0b')?.state, 'running');
});

test('authorizing adds one rule for each source and records request and answer as captured records do', async () => {
  const { client, trail } = world();
  const { SecurityGroupRules } = await client.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: 'sg-0a',
      IpPermissions: [
        {
          IpProtocol: 'TCP',
          FromPort: 22,
          ToPort: 22,
          IpRanges: [{ CidrIp: '203.0.113.77/24', Description: 'office' }],
          Ipv6Ranges: [{ CidrIpv6: '2001:DB8:1::/48' }],
        },
      ],
    }),
  );
  const added = SecurityGroupRules?.map((rule) => [rule.IpProtocol, rule.CidrIpv4 ?? rule.CidrIpv6]);
  assert.deepEqual(added, [
    ['tcp', '203.0.113.0/24'],
    ['tcp', '2001:db8:1::/48'],
  ]);
  const detail = trail()[0]?.detail;
  assert.deepEqual(detail?.['requestParameters'], {
    groupId: 'sg-0a',
    ipPermissions: {
      items: [
        {
          ipProtocol: 'TCP',
          fromPort: 22,
          toPort: 22,
          groups: {},
          ipRanges: { items: [{ cidrIp: '203.0.113.77/24', description: 'office' }] },
          ipv6Ranges: { items: [{ cidrIpv6: '2001:DB8:1::/48' }] },
          prefixListIds: {},
        },
      ],
    },
  });
  const response = detail['responseElements'] as {
    _return: boolean;
    securityGroupRuleSet: { items: Record<string, unknown>[] };
  };
  assert.equal(response._return, true);
  const id = SecurityGroupRules?.[0]?.SecurityGroupRuleId;
  assert.deepEqual(response.securityGroupRuleSet.items[0], {
    groupOwnerId: '111122223333',
    groupId: 'sg-0a',
    securityGroupRuleId: id,
    securityGroupRuleArn: `arn:aws:ec2:eu-central-1:111122223333:security-group-rule/${id}`,
    isEgress: false,
    ipProtocol: 'tcp',
    fromPort: 22,
    toPort: 22,
    cidrIpv4: '203.0.113.0/24',
    description: 'office',
  });
});

test('the flat form is recorded flat, beside an empty list of permissions', async () => {
  const { client, trail } = world();
  await client.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: 'sg-0a',
      IpProtocol: 'tcp',
      FromPort: 8080,
      ToPort: 8080,
      CidrIp: '192.0.2.1/32',
    }),
  );
  assert.deepEqual(trail()[0]?.detail['requestParameters'], {
    groupId: 'sg-0a',
    ipPermissions: {},
    ipProtocol: 'tcp',
    fromPort: 8080,
    toPort: 8080,
    cidrIp: '192.0.2.1/32',
  });
});

test('a rule that exists cannot be authorized again, and a rule that does not cannot be revoked', async () => {
  const { client, trail } = world();
  const IpPermissions = [
    { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'x' }] },
  ];
  await assert.rejects(
    client.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: 'sg-0a', IpPermissions })),
    refusal('InvalidPermission.Duplicate'),
  );
  await client.send(new RevokeSecurityGroupIngressCommand({ GroupId: 'sg-0a', IpPermissions }));
  await assert.rejects(
    client.send(new RevokeSecurityGroupIngressCommand({ GroupId: 'sg-0a', IpPermissions })),
    refusal('InvalidPermission.NotFound'),
  );
  assert.deepEqual(
    trail().map((event) => event.detail['errorCode']),
    ['Client.InvalidPermission.Duplicate', undefined, 'Client.InvalidPermission.NotFound'],
  );
  const revoked = trail()[1]?.detail['responseElements'] as Record<string, unknown>;
  assert.deepEqual(Object.keys(revoked).toSorted(), ['_return', 'requestId']);
});

test('protocol -1 takes any ports and keeps none; icmp keeps type and code', async () => {
  const { client } = world();
  const { SecurityGroupRules } = await client.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: 'sg-0a',
      IpPermissions: [
        { IpProtocol: '-1', FromPort: 0, ToPort: 0, IpRanges: [{ CidrIp: '192.0.2.0/24' }] },
        { IpProtocol: '1', FromPort: 8, ToPort: -1, IpRanges: [{ CidrIp: '192.0.2.0/24' }] },
        { IpProtocol: '47', IpRanges: [{ CidrIp: '192.0.2.0/24' }] },
      ],
    }),
  );
  assert.deepEqual(
    SecurityGroupRules?.map((rule) => [rule.IpProtocol, rule.FromPort, rule.ToPort]),
    [
      ['-1', -1, -1],
      ['icmp', 8, -1],
      ['47', -1, -1],
    ],
  );
});

test('a rule is revoked by its id, and cannot be read afterwards', async () => {
  const { client, trail } = world();
  const { SecurityGroupRules } = await client.send(
    new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: ['sg-0a'] }] }),
  );
  const id = SecurityGroupRules?.find((rule) => rule.PrefixListId === 'pl-0a')?.SecurityGroupRuleId ?? '';
  const { RevokedSecurityGroupRules } = await client.send(
    new RevokeSecurityGroupIngressCommand({ GroupId: 'sg-0a', SecurityGroupRuleIds: [id] }),
  );
  assert.equal(RevokedSecurityGroupRules?.[0]?.PrefixListId, 'pl-0a');
  assert.deepEqual(trail()[0]?.detail['requestParameters'], {
    groupId: 'sg-0a',
    ipPermissions: {},
    securityGroupRuleIds: { items: [{ securityGroupRuleId: id }] },
  });
  await assert.rejects(
    client.send(new DescribeSecurityGroupRulesCommand({ SecurityGroupRuleIds: [id] })),
    refusal('InvalidSecurityGroupRuleId.NotFound'),
  );
});

test('a dry run changes nothing and is recorded as a failed call', async () => {
  const { client, trail, endpoint } = world();
  await assert.rejects(
    client.send(new StartInstancesCommand({ InstanceIds: ['i-0a'], DryRun: true })),
    refusal('DryRunOperation'),
  );
  assert.equal(endpoint.account().instances.get('i-0a')?.state, 'stopped');
  assert.equal(trail()[0]?.detail['errorCode'], 'Client.DryRunOperation');
});

test('a read lags by the given time, a call that changes does not', async () => {
  const { client, pass } = world(() => ({ readLagMilliseconds: 5_000 }));
  const state = async () =>
    (await client.send(new DescribeInstancesCommand({ InstanceIds: ['i-0a'] }))).Reservations?.[0]?.Instances?.[0]
      ?.State?.Name;
  await client.send(new StartInstancesCommand({ InstanceIds: ['i-0a'] }));
  assert.equal(await state(), 'stopped');
  pass(5_000);
  assert.equal(await state(), 'pending');
  pass(2_000);
  assert.equal(await state(), 'running');
});

test('every nth call is throttled, and a denied call is refused', async () => {
  let faults: Ec2Faults = { throttleEvery: 2 };
  const { client } = world(() => faults);
  await client.send(new DescribeVpcsCommand({}));
  await assert.rejects(client.send(new DescribeVpcsCommand({})), refusal('RequestLimitExceeded'));
  faults = { denied: ['DescribeVpcs'] };
  await assert.rejects(client.send(new DescribeVpcsCommand({})), refusal('UnauthorizedOperation'));
});

test('the further calls change what is read, and each is recorded', async () => {
  const { client, trail, endpoint, pass, ids } = world();
  const launched = await client.send(
    new RunInstancesCommand({
      ImageId: 'ami-1',
      MinCount: 1,
      MaxCount: 1,
      SubnetId: ids.subnetId,
      SecurityGroupIds: ['sg-0a'],
    }),
  );
  const newId = launched.Instances?.[0]?.InstanceId ?? '';
  assert.equal(launched.Instances?.[0]?.NetworkInterfaces?.[0]?.Groups?.[0]?.GroupId, 'sg-0a');
  pass(2_000);
  assert.equal(endpoint.account().instances.get(newId)?.state, 'running');

  await client.send(new ModifyInstanceAttributeCommand({ InstanceId: newId, Groups: [ids.defaultGroupId] }));
  const eniOf = (id: string) =>
    [...endpoint.account().interfaces.values()].find((one) => one.Attachment?.InstanceId === id);
  assert.deepEqual(
    eniOf(newId)?.Groups.map((group) => group.GroupId),
    [ids.defaultGroupId],
  );
  await client.send(
    new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: 'eni-0a', Groups: ['sg-0a', ids.defaultGroupId] }),
  );
  assert.equal(endpoint.account().interfaces.get('eni-0a')?.Groups.length, 2);
  await assert.rejects(
    client.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: 'eni-0c', Groups: ['sg-0a'] })),
    refusal('AuthFailure'),
  );

  const assigned = await client.send(
    new AssignPrivateIpAddressesCommand({ NetworkInterfaceId: 'eni-0a', SecondaryPrivateIpAddressCount: 1 }),
  );
  const address = assigned.AssignedPrivateIpAddresses?.[0]?.PrivateIpAddress ?? '';
  await client.send(
    new UnassignPrivateIpAddressesCommand({ NetworkInterfaceId: 'eni-0a', PrivateIpAddresses: [address] }),
  );
  assert.equal(endpoint.account().interfaces.get('eni-0a')?.PrivateIpAddresses.length, 2);

  const [first] = [...endpoint.account().rules.values()].filter((rule) => rule.GroupId === 'sg-0a' && !rule.IsEgress);
  await client.send(
    new ModifySecurityGroupRulesCommand({
      GroupId: 'sg-0a',
      SecurityGroupRules: [
        {
          SecurityGroupRuleId: first?.SecurityGroupRuleId,
          SecurityGroupRule: { IpProtocol: 'tcp', FromPort: 81, ToPort: 81, CidrIpv4: '0.0.0.0/0' },
        },
      ],
    }),
  );
  assert.equal(endpoint.account().rules.get(first?.SecurityGroupRuleId ?? '')?.FromPort, 81);

  await client.send(
    new ModifyManagedPrefixListCommand({
      PrefixListId: 'pl-0a',
      CurrentVersion: 1,
      AddEntries: [{ Cidr: '203.0.113.0/24' }],
      RemoveEntries: [{ Cidr: '192.0.2.0/24' }],
    }),
  );
  const { PrefixLists } = await client.send(new DescribeManagedPrefixListsCommand({ PrefixListIds: ['pl-0a'] }));
  assert.equal(PrefixLists?.[0]?.Version, 2);
  const entries = async (TargetVersion: number) =>
    (await client.send(new GetManagedPrefixListEntriesCommand({ PrefixListId: 'pl-0a', TargetVersion }))).Entries?.map(
      (entry) => entry.Cidr,
    );
  assert.deepEqual(await entries(1), ['192.0.2.0/24', '198.51.100.0/24']);
  assert.deepEqual(await entries(2), ['198.51.100.0/24', '203.0.113.0/24']);

  const RouteTableId = ids.tableId;
  await client.send(
    new CreateRouteCommand({ RouteTableId, DestinationCidrBlock: '198.51.100.0/24', NatGatewayId: 'nat-0b' }),
  );
  await client.send(new ReplaceRouteCommand({ RouteTableId, DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-0a' }));
  await client.send(new DeleteRouteCommand({ RouteTableId, DestinationCidrBlock: '203.0.113.0/24' }));
  const { AssociationId } = await client.send(
    new AssociateRouteTableCommand({ RouteTableId, SubnetId: ids.otherSubnetId }),
  );
  await client.send(new DisassociateRouteTableCommand({ AssociationId }));
  const { VpcEndpoints } = await client.send(new DescribeVpcEndpointsCommand({ VpcEndpointIds: ['vpce-0a'] }));
  assert.equal(VpcEndpoints?.[0]?.VpcEndpointType, 'GatewayLoadBalancer');

  await client.send(new TerminateInstancesCommand({ InstanceIds: [newId] }));
  pass(3_000);
  assert.equal(eniOf(newId), undefined);
  assert.equal(endpoint.account().instances.get(newId)?.state, 'terminated');
  assert.deepEqual(
    trail()
      .filter((event) => event.detail['errorCode'] === undefined)
      .map((event) => event.detail['eventName']),
    [
      'RunInstances',
      'ModifyInstanceAttribute',
      'ModifyNetworkInterfaceAttribute',
      'AssignPrivateIpAddresses',
      'UnassignPrivateIpAddresses',
      'ModifySecurityGroupRules',
      'ModifyManagedPrefixList',
      'CreateRoute',
      'ReplaceRoute',
      'DeleteRoute',
      'AssociateRouteTable',
      'DisassociateRouteTable',
      'TerminateInstances',
    ],
  );
});

test('an interface is attached and detached, and its route becomes a blackhole when its instance is terminated', async () => {
  const { client, endpoint, pass, ids } = world();
  const { AttachmentId } = await client.send(
    new AttachNetworkInterfaceCommand({ NetworkInterfaceId: 'eni-0d', InstanceId: 'i-0b', DeviceIndex: 1 }),
  );
  assert.equal(endpoint.account().interfaces.get('eni-0d')?.Attachment?.InstanceId, 'i-0b');
  await client.send(new DetachNetworkInterfaceCommand({ AttachmentId }));
  assert.equal(endpoint.account().interfaces.get('eni-0d')?.Status, 'available');
  await client.send(new TerminateInstancesCommand({ InstanceIds: [ids.firewall] }));
  pass(3_000);
  const { RouteTables } = await client.send(new DescribeRouteTablesCommand({ RouteTableIds: [ids.tableId] }));
  const route = RouteTables?.[0]?.Routes?.find((one) => one.DestinationCidrBlock === '0.0.0.0/0');
  assert.equal(route?.State, 'blackhole');
});

test('the same endpoint answers over HTTP on the loopback address', async () => {
  const { endpoint } = world();
  const server = await listen(endpoint.respond);
  const client = new EC2Client({ region: 'eu-central-1', credentials, endpoint: server.url });
  try {
    const { Vpcs } = await client.send(new DescribeVpcsCommand({}));
    assert.equal(Vpcs?.[0]?.VpcId, 'vpc-0a');
  } finally {
    client.destroy();
    await server.close();
  }
});

test('a group is deleted only when no interface carries it and no other group names it', async () => {
  const { client, trail, ids, endpoint } = world();
  const { GroupId } = await client.send(
    new CreateSecurityGroupCommand({ GroupName: 'new', Description: 'new', VpcId: ids.vpcId }),
  );
  const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, UserIdGroupPairs: [{ GroupId }] }];
  await client.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: 'sg-0a', IpPermissions }));
  const remove = (id: string | undefined) => client.send(new DeleteSecurityGroupCommand({ GroupId: id }));
  await assert.rejects(remove(GroupId), refusal('DependencyViolation'));
  await assert.rejects(remove('sg-0a'), refusal('DependencyViolation'));
  await assert.rejects(remove(ids.defaultGroupId), refusal('CannotDelete'));
  await client.send(new RevokeSecurityGroupIngressCommand({ GroupId: 'sg-0a', IpPermissions }));
  await remove(GroupId);
  assert.ok(![...endpoint.account().rules.values()].some((rule) => rule.GroupId === GroupId));
  assert.deepEqual(trail().at(-1)?.detail['requestParameters'], { groupId: GroupId });
});
