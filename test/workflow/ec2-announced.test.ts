import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as ec2 from '@aws-sdk/client-ec2';
import type { HeldInterface, HeldRule } from '../local/ec2/account.ts';
import {
  interfaceOf,
  lagging,
  privateSubnet,
  publicSubnet,
  runOf,
  runsOf,
  startWith,
  tableOf,
  waitsOf,
} from '../support/announcing.ts';
import { calls, causeOf, fromAnywhere, outputOf, resync, web1, web2 } from '../support/calls.ts';
import type { TestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';

const list = 'pl-0a11ce00000000001';
const spare = 'eni-0a11ce00000000009';

/** Puts a prefix list of one entry behind tcp 8443 of the web servers' group. */
const withPrefixList = (system: TestSystem): void => {
  system.parts.ec2.rearrange((account) => {
    const rule = [...account.rules.values()].find(({ GroupId, IsEgress }) => GroupId === ids.webGroup && !IsEgress);
    assert.ok(rule !== undefined);
    const { CidrIpv4: _, ...rest } = rule;
    const named: HeldRule = {
      ...rest,
      SecurityGroupRuleId: 'sgr-0a11ce00000000001',
      PrefixListId: list,
      FromPort: 8443,
      ToPort: 8443,
    };
    return {
      ...account,
      rules: new Map([...account.rules, [named.SecurityGroupRuleId, named]]),
      prefixLists: new Map([
        ...account.prefixLists,
        [
          list,
          {
            PrefixListId: list,
            PrefixListName: 'partners',
            AddressFamily: 'IPv4',
            MaxEntries: 10,
            Version: 1,
            State: 'create-complete' as const,
            OwnerId: ids.account,
            entries: new Map([[1, [{ Cidr: '198.51.100.0/24' }]]]),
          },
        ],
      ]),
    };
  });
};

/** An interface with the web servers' group in the private subnet, attached to nothing. */
const withSpareInterface = (system: TestSystem): void => {
  system.parts.ec2.rearrange((account) => {
    const { Attachment: _, ...held } = interfaceOf(account, web2);
    const free: HeldInterface = {
      ...held,
      NetworkInterfaceId: spare,
      Status: 'available',
      PrivateIpAddress: '10.0.1.99',
      PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: '10.0.1.99' }],
    };
    return { ...account, interfaces: new Map([...account.interfaces, [spare, free]]) };
  });
};

const attachSpare = (system: TestSystem, instance: string) =>
  system.ec2.send(
    new ec2.AttachNetworkInterfaceCommand({ NetworkInterfaceId: spare, InstanceId: instance, DeviceIndex: 1 }),
  );

const eniOf = (system: TestSystem, instance: string): string =>
  interfaceOf(system.parts.ec2.account(), instance).NetworkInterfaceId;

const tableIn = (system: TestSystem, subnet: string) => tableOf(system.parts.ec2.account(), subnet);

const httpsOfWebGroup = (system: TestSystem): string => {
  const rule = [...system.parts.ec2.account().rules.values()].find(
    ({ GroupId, FromPort }) => GroupId === ids.webGroup && FromPort === 443,
  );
  return rule?.SecurityGroupRuleId ?? assert.fail('no rule for 443');
};

/** The intranet server, started: it counts once its subnet routes through the firewall. */
const withIntranet = (system: TestSystem) => calls(system).start(ids.intranet);

interface Announcing {
  readonly title: string;
  readonly prepare?: (system: TestSystem) => unknown;
  readonly call: (system: TestSystem) => Promise<unknown>;
  readonly named: string;
}

const startWeb2 = (system: TestSystem) => calls(system).start(web2);

/** Every call that an earlier read of EC2 can hide, with what makes its effect visible on the firewall. */
const announcing: readonly Announcing[] = [
  {
    title: 'other groups of an interface',
    named: 'ModifyNetworkInterfaceAttribute',
    call: (system) =>
      system.ec2.send(
        new ec2.ModifyNetworkInterfaceAttributeCommand({
          NetworkInterfaceId: eniOf(system, web1),
          Groups: [ids.webGroup],
        }),
      ),
  },
  {
    title: 'other groups of an instance',
    named: 'ModifyInstanceAttribute',
    call: (system) =>
      system.ec2.send(new ec2.ModifyInstanceAttributeCommand({ InstanceId: web1, Groups: [ids.webGroup] })),
  },
  {
    title: 'a rule with another content',
    named: 'ModifySecurityGroupRules',
    prepare: startWeb2,
    call: (system) =>
      system.ec2.send(
        new ec2.ModifySecurityGroupRulesCommand({
          GroupId: ids.webGroup,
          SecurityGroupRules: [
            {
              SecurityGroupRuleId: httpsOfWebGroup(system),
              SecurityGroupRule: { IpProtocol: 'tcp', FromPort: 9443, ToPort: 9443, CidrIpv4: '0.0.0.0/0' },
            },
          ],
        }),
      ),
  },
  {
    title: 'another address of an interface',
    named: 'AssignPrivateIpAddresses',
    prepare: startWeb2,
    call: (system) =>
      system.ec2.send(
        new ec2.AssignPrivateIpAddressesCommand({
          NetworkInterfaceId: eniOf(system, web2),
          SecondaryPrivateIpAddressCount: 1,
        }),
      ),
  },
  {
    title: 'an address less of an interface',
    named: 'UnassignPrivateIpAddresses',
    prepare: async (system) => {
      system.parts.ec2.rearrange((account) => {
        const held = interfaceOf(account, web2);
        const PrivateIpAddresses = [...held.PrivateIpAddresses, { Primary: false, PrivateIpAddress: '10.0.1.77' }];
        return {
          ...account,
          interfaces: new Map([...account.interfaces, [held.NetworkInterfaceId, { ...held, PrivateIpAddresses }]]),
        };
      });
      await startWeb2(system);
    },
    call: (system) =>
      system.ec2.send(
        new ec2.UnassignPrivateIpAddressesCommand({
          NetworkInterfaceId: eniOf(system, web2),
          PrivateIpAddresses: ['10.0.1.77'],
        }),
      ),
  },
  {
    title: 'an interface attached',
    named: 'AttachNetworkInterface',
    prepare: withSpareInterface,
    call: (system) => attachSpare(system, web1),
  },
  {
    title: 'an interface detached',
    named: 'DetachNetworkInterface',
    prepare: async (system) => {
      withSpareInterface(system);
      await attachSpare(system, web1);
      await system.idle();
    },
    call: (system) =>
      system.ec2.send(
        new ec2.DetachNetworkInterfaceCommand({
          AttachmentId: interfaceOf(system.parts.ec2.account(), web1, 1).Attachment?.AttachmentId,
        }),
      ),
  },
  {
    title: 'another entry of a prefix list',
    named: 'ModifyManagedPrefixList',
    prepare: async (system) => {
      withPrefixList(system);
      await startWeb2(system);
    },
    call: (system) =>
      system.ec2.send(
        new ec2.ModifyManagedPrefixListCommand({
          PrefixListId: list,
          CurrentVersion: 1,
          AddEntries: [{ Cidr: '203.0.113.0/24' }],
        }),
      ),
  },
  {
    title: 'an earlier version of a prefix list',
    named: 'RestoreManagedPrefixListVersion',
    prepare: async (system) => {
      withPrefixList(system);
      await startWeb2(system);
      await system.ec2.send(
        new ec2.ModifyManagedPrefixListCommand({
          PrefixListId: list,
          CurrentVersion: 1,
          RemoveEntries: [{ Cidr: '198.51.100.0/24' }],
        }),
      );
    },
    call: (system) =>
      system.ec2.send(
        new ec2.RestoreManagedPrefixListVersionCommand({
          PrefixListId: list,
          PreviousVersion: 1,
          CurrentVersion: 2,
        }),
      ),
  },
  {
    title: 'a further range of the VPC',
    named: 'AssociateVpcCidrBlock',
    prepare: async (system) => {
      withPrefixList(system);
      await startWeb2(system);
    },
    call: (system) =>
      system.ec2.send(new ec2.AssociateVpcCidrBlockCommand({ VpcId: ids.vpc, CidrBlock: '198.51.100.0/24' })),
  },
  {
    title: 'a range less of the VPC',
    named: 'DisassociateVpcCidrBlock',
    prepare: async (system) => {
      withPrefixList(system);
      await system.ec2.send(new ec2.AssociateVpcCidrBlockCommand({ VpcId: ids.vpc, CidrBlock: '198.51.100.0/24' }));
      await startWeb2(system);
    },
    call: (system) =>
      system.ec2.send(
        new ec2.DisassociateVpcCidrBlockCommand({
          AssociationId: system.parts.ec2.account().vpcs.get(ids.vpc)?.CidrBlockAssociationSet.at(-1)?.AssociationId,
        }),
      ),
  },
  {
    title: 'a new route',
    named: 'CreateRoute',
    prepare: withIntranet,
    call: (system) =>
      system.ec2.send(
        new ec2.CreateRouteCommand({
          RouteTableId: tableIn(system, publicSubnet).table,
          DestinationCidrBlock: '198.51.100.0/24',
          NetworkInterfaceId: ids.firewallInside,
        }),
      ),
  },
  {
    title: 'a route with another target',
    named: 'ReplaceRoute',
    prepare: withIntranet,
    call: (system) =>
      system.ec2.send(
        new ec2.ReplaceRouteCommand({
          RouteTableId: tableIn(system, publicSubnet).table,
          DestinationCidrBlock: '0.0.0.0/0',
          NetworkInterfaceId: ids.firewallInside,
        }),
      ),
  },
  {
    title: 'another route table of a subnet',
    named: 'ReplaceRouteTableAssociation',
    prepare: withIntranet,
    call: (system) =>
      system.ec2.send(
        new ec2.ReplaceRouteTableAssociationCommand({
          AssociationId: tableIn(system, publicSubnet).association,
          RouteTableId: tableIn(system, privateSubnet).table,
        }),
      ),
  },
  {
    title: 'a route table of a subnet that had none of its own',
    named: 'AssociateRouteTable',
    prepare: async (system) => {
      await system.ec2.send(
        new ec2.DisassociateRouteTableCommand({ AssociationId: tableIn(system, publicSubnet).association }),
      );
      await withIntranet(system);
    },
    call: (system) =>
      system.ec2.send(
        new ec2.AssociateRouteTableCommand({
          RouteTableId: tableIn(system, privateSubnet).table,
          SubnetId: publicSubnet,
        }),
      ),
  },
];

describe('what a call announced and EC2 does not show yet', () => {
  for (const { title, prepare, call, named } of announcing) {
    test(`${title}: is waited for, then carried out`, async () => {
      const lag = { milliseconds: 0 };
      const system = await lagging(lag);
      await prepare?.(system);
      await system.idle();
      system.clock.advance(600_000);
      const before = await system.rules();
      lag.milliseconds = 45_000;
      await call(system);
      await system.idle();
      const run = runOf(system, named);
      assert.equal(run.status, 'SUCCEEDED', causeOf(run));
      assert.ok(waitsOf(run) > 0, 'it was waited for');
      assert.equal(outputOf(run, 'RecordChange')['because'], null);
      const after = await system.rules();
      assert.notDeepEqual(after, before);
      system.clock.advance(600_000);
      await resync(system);
      assert.deepEqual(await system.rules(), after, 'nothing was left to a resync');
    });
  }
});

describe('instances that EC2 shows in part', () => {
  test('a launch that EC2 shows without its interface is waited for, then carried out', async () => {
    let hidden = 0;
    const hiding: { launch: string | null } = { launch: null };
    const system: TestSystem = await lagging(
      { milliseconds: 0 },
      {
        around: async ({ stateName }, run) => {
          if (stateName !== 'RecordChange' || hidden === 3) return run();
          hidden += 1;
          const { ec2: endpoint } = system.parts;
          hiding.launch ??= [...endpoint.account().instances.keys()].find((id) => !before.has(id)) ?? null;
          const launched = [...endpoint.account().interfaces].filter(
            ([, { Attachment }]) => Attachment?.InstanceId === hiding.launch,
          );
          const without = new Map(
            [...endpoint.account().interfaces].filter(([id]) => !launched.some(([one]) => one === id)),
          );
          endpoint.rearrange((account) => ({ ...account, interfaces: without }));
          try {
            return await run();
          } finally {
            endpoint.rearrange((account) => ({
              ...account,
              interfaces: new Map([...account.interfaces, ...launched]),
            }));
          }
        },
      },
    );
    const before = new Set(system.parts.ec2.account().instances.keys());
    await system.ec2.send(
      new ec2.RunInstancesCommand({
        ImageId: 'ami-0123456789abcdef0',
        MinCount: 1,
        MaxCount: 1,
        SubnetId: privateSubnet,
        SecurityGroupIds: [ids.webGroup],
      }),
    );
    await system.idle();
    const run = runOf(system, 'RunInstances');
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.ok(waitsOf(run) > 0, 'it was waited for');
    assert.ok((await system.rules()).some(({ owned }) => owned));
  });

  for (const [call, state] of [
    ['StartInstances', 'stopped'],
    ['StopInstances', 'running'],
  ] as const) {
    test(`${call} whose answer CloudTrail left out is waited for, as its request says`, async () => {
      const lag = { milliseconds: 0 };
      const system = await lagging(lag, { copies: () => 0 });
      if (call === 'StopInstances') {
        await calls(system)
          .start(web2)
          .catch(() => undefined);
        await system.idle();
        await resync(system);
      }
      system.clock.advance(600_000);
      lag.milliseconds = 45_000;
      const command =
        call === 'StartInstances'
          ? new ec2.StartInstancesCommand({ InstanceIds: [web2] })
          : new ec2.StopInstancesCommand({ InstanceIds: [web2] });
      await system.ec2.send(command as ec2.StartInstancesCommand);
      const sent = system.bus.sent.findLast(({ detail }) => 'eventName' in detail && detail['eventName'] === call);
      assert.ok(sent !== undefined, state);
      const run = await startWith(system, { ...sent, detail: { ...sent.detail, responseElements: { omitted: true } } });
      assert.equal(run.status, 'SUCCEEDED', causeOf(run));
      assert.ok(waitsOf(run) > 0, 'it was waited for');
      assert.equal((await system.rules()).length, call === 'StartInstances' ? 5 : 4);
    });
  }
});

describe('what a later event settles', () => {
  const open = fromAnywhere(8443);
  const permission = { GroupId: ids.webGroup, IpPermissions: [open] };
  const authorize = (system: TestSystem) => system.ec2.send(new ec2.AuthorizeSecurityGroupIngressCommand(permission));
  const revoke = (system: TestSystem) => system.ec2.send(new ec2.RevokeSecurityGroupIngressCommand(permission));

  test('a grant revoked two seconds later is not waited for, and its execution says what undid it', async () => {
    const system = await lagging({ milliseconds: 0 });
    await startWeb2(system);
    await system.idle();
    const before = await system.rules();
    await authorize(system);
    system.clock.advance(2_000);
    await revoke(system);
    await system.idle();
    const run = runOf(system, 'AuthorizeSecurityGroupIngress');
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.ok(waitsOf(run) <= 3, `waited ${waitsOf(run)} times`);
    assert.match(
      String(outputOf(run, 'RecordChange')['because']),
      /was created, EC2 does not show it; a later RevokeSecurityGroupIngress says otherwise/,
    );
    assert.deepEqual(await system.rules(), before);
  });

  for (const seconds of [0, 1, 20]) {
    test(`a permission revoked and granted again ${seconds} seconds later is not waited for to go`, async () => {
      const system = await lagging({ milliseconds: 0 });
      await startWeb2(system);
      await authorize(system);
      await system.idle();
      system.clock.advance(600_000);
      const before = await system.rules();
      await revoke(system);
      system.clock.advance(seconds * 1000);
      await authorize(system);
      await system.idle();
      const run = runOf(system, 'RevokeSecurityGroupIngress');
      assert.equal(run.status, 'SUCCEEDED', causeOf(run));
      // Which of two events of one second was the later is not told: then the younger state is given half a minute.
      assert.ok(waitsOf(run) <= (seconds === 0 ? 7 : 3), `waited ${waitsOf(run)} times`);
      assert.doesNotMatch(String(outputOf(run, 'RecordChange')['because']), /old enough/);
      const open = (rules: typeof before) => rules.flatMap(({ service }) => service);
      assert.deepEqual(open(await system.rules()), open(before));
    });
  }

  test('what EC2 does not show of both is waited for: the later one brings the firewall where it must be', async () => {
    const lag = { milliseconds: 0 };
    const system = await lagging(lag);
    await startWeb2(system);
    await authorize(system);
    await system.idle();
    system.clock.advance(600_000);
    const before = await system.rules();
    lag.milliseconds = 45_000;
    await revoke(system);
    system.clock.advance(2_000);
    await authorize(system);
    system.clock.advance(2_000);
    await revoke(system);
    await system.idle();
    const [, last] = runsOf(system, 'RevokeSecurityGroupIngress');
    assert.ok(last !== undefined && waitsOf(last) > 0);
    assert.equal((await system.rules()).length, before.length - 1);
  });

  test('a start and a stop within seconds: neither is waited for in vain', async () => {
    const system = await lagging(
      { milliseconds: 0 },
      { ec2: { timing: { pendingMilliseconds: 500, stoppingMilliseconds: 500 } } },
    );
    await system.ec2.send(new ec2.StartInstancesCommand({ InstanceIds: [web2] }));
    system.clock.advance(1_000);
    await system.ec2.send(new ec2.StopInstancesCommand({ InstanceIds: [web2] }));
    system.clock.advance(1_000);
    await system.idle();
    for (const run of system.runs()) assert.ok(waitsOf(run) <= 3, `waited ${waitsOf(run)} times`);
    assert.equal((await system.rules()).length, 4);
  });

  test('an address assigned and then given to another interface is not waited for on the first', async () => {
    const system = await lagging({ milliseconds: 0 });
    await startWeb2(system);
    await system.idle();
    const assign = (instance: string) =>
      system.ec2.send(
        new ec2.AssignPrivateIpAddressesCommand({
          NetworkInterfaceId: eniOf(system, instance),
          PrivateIpAddresses: ['10.0.1.77'],
          AllowReassignment: true,
        }),
      );
    await assign(web2);
    system.clock.advance(2_000);
    await assign(web1);
    await system.idle();
    for (const run of runsOf(system, 'AssignPrivateIpAddresses')) {
      assert.equal(run.status, 'SUCCEEDED', causeOf(run));
      assert.ok(waitsOf(run) <= 3, `waited ${waitsOf(run)} times`);
    }
  });
});

describe('what EC2 of this account never shows', () => {
  test('a launch of another account in a subnet shared with it is not waited for, and is said to be that', async () => {
    const system = await lagging({ milliseconds: 0 });
    await system.ec2.send(
      new ec2.RunInstancesCommand({
        ImageId: 'ami-0123456789abcdef0',
        MinCount: 1,
        MaxCount: 1,
        SubnetId: privateSubnet,
        SecurityGroupIds: [ids.webGroup],
      }),
    );
    await system.idle();
    const sent = system.bus.sent.find(({ detail }) => 'eventName' in detail && detail['eventName'] === 'RunInstances');
    assert.ok(sent !== undefined);
    const other = JSON.parse(JSON.stringify(sent.detail).replace(/"i-[0-9a-f]+"/g, '"i-0ffffffffffffffff"')) as Record<
      string,
      Record<string, unknown>
    >;
    const run = await startWith(system, {
      ...sent,
      detail: {
        ...other,
        userIdentity: { ...other['userIdentity'], accountId: '444455556666' },
        responseElements: { ...other['responseElements'], ownerId: '444455556666' },
        recipientAccountId: ids.account,
      },
    });
    assert.equal(run.status, 'SUCCEEDED', causeOf(run));
    assert.equal(waitsOf(run), 0);
    assert.match(String(outputOf(run, 'RecordChange')['because']), /444455556666/);
  });
});

describe('what EC2 does in the background', () => {
  const background = { prefixListMilliseconds: 30_000, rangeMilliseconds: 30_000 };

  test('a change of a prefix list is waited for until EC2 says that it is complete', async () => {
    const system = await lagging({ milliseconds: 0 }, { ec2: { timing: background } });
    withPrefixList(system);
    await startWeb2(system);
    await system.idle();
    await system.ec2.send(
      new ec2.ModifyManagedPrefixListCommand({
        PrefixListId: list,
        CurrentVersion: 1,
        AddEntries: [{ Cidr: '203.0.113.0/24' }],
      }),
    );
    await system.idle();
    assert.ok(waitsOf(runOf(system, 'ModifyManagedPrefixList')) > 0);
    assert.ok((await system.rules()).some(({ source }) => source.includes('203.0.113.0/24')));
  });

  test('a range of the VPC is waited for until it is associated', async () => {
    const system = await lagging({ milliseconds: 0 }, { ec2: { timing: background } });
    withPrefixList(system);
    await startWeb2(system);
    await system.idle();
    assert.ok((await system.rules()).some(({ source }) => source.includes('198.51.100.0/24')));
    await system.ec2.send(new ec2.AssociateVpcCidrBlockCommand({ VpcId: ids.vpc, CidrBlock: '198.51.100.0/24' }));
    await system.idle();
    assert.ok(waitsOf(runOf(system, 'AssociateVpcCidrBlock')) > 0);
    assert.ok(!(await system.rules()).some(({ source }) => source.includes('198.51.100.0/24')));
  });
});
