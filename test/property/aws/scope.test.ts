import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as ec2 from '@aws-sdk/client-ec2';
import fc from 'fast-check';
import { createEc2Reads, type Ec2Reads } from '../../../shared/aws/ec2/ec2.ts';
import { changeFromEvent } from '../../../shared/aws/events/events.ts';
import { createSaid } from '../../../shared/aws/table/said.ts';
import type { Change, Subject } from '../../../shared/domain/change.ts';
import type { Grant } from '../../../shared/domain/grants/grants.ts';
import { lagsIn, viewOf } from '../../../shared/workflow/visibility.ts';
import type { BusEvent } from '../../local/bus-event.ts';
import { createEc2 } from '../../local/ec2/endpoint.ts';
import { inProcessHandler } from '../../local/http.ts';
import { countedIds, derive, firewallInterface, idsOfCalls, now } from '../../unit/aws/ec2-world.ts';
import { ownTable } from '../../unit/aws/own-table.ts';
import { networkCalls } from './network-calls.ts';
import { accountOf, accountPlan, groupId, instanceId, interfaceId, type Plan } from './random-accounts.ts';

type Client = ec2.EC2Client;
type Call = (client: Client, plan: Plan) => Promise<unknown>;

const instances = fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 2 }).map((ids) => ids.map(instanceId));
const place = fc.tuple(fc.nat(3), fc.nat(1)).map(([index, position]) => interfaceId(index, position));
const group = fc.nat(2).map(groupId);
const source = fc.constantFrom('0.0.0.0/0', '198.51.100.0/24', '10.0.5.0/24');
const destination = fc.constantFrom('0.0.0.0/0', '0.0.0.0/1', '198.51.100.0/24');

const permission = (CidrIp: string, port: number): ec2.IpPermission => ({
  IpProtocol: 'tcp',
  FromPort: port,
  ToPort: port,
  IpRanges: [{ CidrIp }],
});

const firstRuleOf = async (client: Client, GroupId: string): Promise<ec2.SecurityGroupRule | undefined> => {
  const answer = await client.send(
    new ec2.DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [GroupId] }] }),
  );
  return answer.SecurityGroupRules?.find((rule) => rule.IsEgress !== true);
};

/** Calls as callers make them, each in one of its forms. Some will fail: those must change nothing. */
const call: fc.Arbitrary<Call> = fc.oneof(
  instances.map(
    (InstanceIds): Call =>
      (client) =>
        client.send(new ec2.StartInstancesCommand({ InstanceIds })),
  ),
  instances.map(
    (InstanceIds): Call =>
      (client) =>
        client.send(new ec2.StopInstancesCommand({ InstanceIds })),
  ),
  instances.map(
    (InstanceIds): Call =>
      (client) =>
        client.send(new ec2.TerminateInstancesCommand({ InstanceIds })),
  ),
  fc.tuple(group, source, fc.constantFrom(22, 443)).map(
    ([GroupId, cidr, port]): Call =>
      (client) =>
        client.send(
          new ec2.AuthorizeSecurityGroupIngressCommand({
            GroupId,
            IpPermissions: [permission(cidr, port), permission('203.0.113.0/24', port + 1)],
          }),
        ),
  ),
  fc.tuple(group, source).map(
    ([GroupId, CidrIp]): Call =>
      (client) =>
        client.send(
          new ec2.AuthorizeSecurityGroupIngressCommand({
            GroupId,
            CidrIp,
            IpProtocol: 'tcp',
            FromPort: 8443,
            ToPort: 8443,
          }),
        ),
  ),
  group.map(
    (GroupId): Call =>
      async (client) => {
        const rule = await firstRuleOf(client, GroupId);
        if (rule?.SecurityGroupRuleId === undefined) return null;
        return client.send(
          new ec2.RevokeSecurityGroupIngressCommand({ GroupId, SecurityGroupRuleIds: [rule.SecurityGroupRuleId] }),
        );
      },
  ),
  group.map(
    (GroupId): Call =>
      async (client) => {
        const rule = await firstRuleOf(client, GroupId);
        if (rule?.CidrIpv4 === undefined) return null;
        return client.send(
          new ec2.RevokeSecurityGroupIngressCommand({
            GroupId,
            IpPermissions: [
              {
                IpProtocol: rule.IpProtocol,
                ...(rule.IpProtocol === '-1' ? {} : { FromPort: rule.FromPort, ToPort: rule.ToPort }),
                IpRanges: [{ CidrIp: rule.CidrIpv4 }],
              },
            ],
          }),
        );
      },
  ),
  group.map(
    (GroupId): Call =>
      async (client) => {
        const rule = await firstRuleOf(client, GroupId);
        if (rule?.SecurityGroupRuleId === undefined) return null;
        return client.send(
          new ec2.ModifySecurityGroupRulesCommand({
            GroupId,
            SecurityGroupRules: [
              {
                SecurityGroupRuleId: rule.SecurityGroupRuleId,
                SecurityGroupRule: { IpProtocol: 'tcp', FromPort: 25, ToPort: 25, CidrIpv4: '192.0.2.0/24' },
              },
            ],
          }),
        );
      },
  ),
  fc.tuple(place, fc.uniqueArray(group, { minLength: 1 })).map(
    ([NetworkInterfaceId, Groups]): Call =>
      (client) =>
        client.send(new ec2.ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, Groups })),
  ),
  fc.tuple(fc.nat(3).map(instanceId), fc.uniqueArray(group, { minLength: 1 })).map(
    ([InstanceId, Groups]): Call =>
      (client) =>
        client.send(new ec2.ModifyInstanceAttributeCommand({ InstanceId, Groups })),
  ),
  place.map(
    (NetworkInterfaceId): Call =>
      (client) =>
        client.send(new ec2.AssignPrivateIpAddressesCommand({ NetworkInterfaceId, SecondaryPrivateIpAddressCount: 1 })),
  ),
  fc.tuple(place, place).map(
    ([from, to]): Call =>
      async (client) => {
        const answer = await client.send(new ec2.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [from] }));
        const address = answer.NetworkInterfaces?.[0]?.PrivateIpAddresses?.find((each) => each.Primary !== true);
        const PrivateIpAddresses = [address?.PrivateIpAddress ?? ''];
        await client.send(new ec2.UnassignPrivateIpAddressesCommand({ NetworkInterfaceId: from, PrivateIpAddresses }));
        return client.send(new ec2.AssignPrivateIpAddressesCommand({ NetworkInterfaceId: to, PrivateIpAddresses }));
      },
  ),
  fc.tuple(place, fc.nat(3).map(instanceId)).map(
    ([NetworkInterfaceId, InstanceId]): Call =>
      (client) =>
        client.send(new ec2.AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId, DeviceIndex: 5 })),
  ),
  place.map(
    (id): Call =>
      async (client) => {
        const answer = await client.send(new ec2.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }));
        const AttachmentId = answer.NetworkInterfaces?.[0]?.Attachment?.AttachmentId;
        return AttachmentId === undefined ? null : client.send(new ec2.DetachNetworkInterfaceCommand({ AttachmentId }));
      },
  ),
  fc
    .tuple(fc.constantFrom('rtb-00', 'rtb-01', 'rtb-02'), destination, fc.constantFrom(firewallInterface, 'tgw-01'))
    .map(
      ([RouteTableId, DestinationCidrBlock, target]): Call =>
        async (client) => {
          const route = {
            RouteTableId,
            DestinationCidrBlock,
            ...(target === 'tgw-01' ? { TransitGatewayId: target } : { NetworkInterfaceId: target }),
          };
          try {
            return await client.send(new ec2.CreateRouteCommand(route));
          } catch {
            return client.send(new ec2.ReplaceRouteCommand(route));
          }
        },
    ),
  fc.tuple(fc.constantFrom('rtb-00', 'rtb-01'), destination).map(
    ([RouteTableId, DestinationCidrBlock]): Call =>
      (client) =>
        client.send(new ec2.DeleteRouteCommand({ RouteTableId, DestinationCidrBlock })),
  ),
  fc.constantFrom('198.18.0.0/24', '192.0.2.0/24').map(
    (Cidr): Call =>
      async (client) => {
        const answer = await client.send(new ec2.DescribeManagedPrefixListsCommand({ PrefixListIds: ['pl-0b'] }));
        const version = answer.PrefixLists?.[0]?.Version;
        return client.send(
          new ec2.ModifyManagedPrefixListCommand({
            PrefixListId: 'pl-0b',
            CurrentVersion: version,
            ...(Cidr === '192.0.2.0/24' ? { RemoveEntries: [{ Cidr }] } : { AddEntries: [{ Cidr }] }),
          }),
        );
      },
  ),
  networkCalls,
);

const everything: readonly Subject[] = [{ kind: 'everything' }];

const grantKeys = (grants: readonly Grant[]): ReadonlyMap<string, string> =>
  new Map(
    [...Map.groupBy(grants, (grant) => grant.interface)].map(([id, each]) => [
      id,
      each
        .map((grant) => JSON.stringify(grant))
        .toSorted()
        .join('\n'),
    ]),
  );

const changed = (before: readonly Grant[], after: readonly Grant[]): readonly string[] => {
  const [old, young] = [grantKeys(before), grantKeys(after)];
  return [...new Set([...old.keys(), ...young.keys()])].filter((id) => old.get(id) !== young.get(id));
};

/** What an ownership table that holds every grant would have recorded for these subjects. */
const recordedFor = (grants: readonly Grant[], subjects: readonly Subject[]) =>
  grants.filter((grant) =>
    subjects.some(
      (subject) => subject.kind === 'everything' || subject.id === grant.group || subject.id === grant.instance,
    ),
  );

const scopeOf = async (reads: Ec2Reads, change: Change, held: readonly Grant[]): Promise<ReadonlySet<string>> => {
  const recorded = recordedFor(held, change.subjects);
  const { resolved } = await derive(reads, { subjects: change.subjects, recorded, held });
  return new Set(resolved.inScope);
};

const atRest = { pendingMilliseconds: 2_000, stoppingMilliseconds: 4_000, shuttingDownMilliseconds: 3_000 };

/** Runs a history and hands each call's events on, together with the grants before and after it came to rest. */
const play = async (
  plan: Plan,
  calls: readonly Call[],
  { apartMilliseconds, withGrants }: { readonly apartMilliseconds: number; readonly withGrants: boolean },
  look: (step: {
    readonly reads: Ec2Reads;
    readonly changes: readonly Change[];
    readonly before: readonly Grant[];
    readonly after: readonly Grant[];
    /** Reads as they were before the call. */
    /** Milliseconds since the epoch, when EC2 has come to rest. */
    readonly at: number;
    readonly asBefore: <Value>(read: () => Promise<Value>) => Promise<Value>;
  }) => Promise<void>,
): Promise<void> => {
  let clock = now;
  let lag = 0;
  const asBefore = async <Value>(read: () => Promise<Value>): Promise<Value> => {
    lag = apartMilliseconds + 1;
    try {
      return await read();
    } finally {
      lag = 0;
    }
  };
  let events: BusEvent[] = [];
  const endpoint = createEc2({
    account: accountOf(plan, false),
    now: () => clock,
    newId: countedIds(idsOfCalls),
    timing: atRest,
    faults: () => ({ readLagMilliseconds: lag }),
    emit: (event) => void events.push(event),
  });
  const client = new ec2.EC2Client({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'EXAMPLE', secretAccessKey: 'EXAMPLE' },
    endpoint: 'http://127.0.0.1',
    maxAttempts: 1,
    requestHandler: inProcessHandler(endpoint.respond),
  });
  const reads = createEc2Reads(client);
  const all = async () => (withGrants ? (await derive(reads, { subjects: everything })).grants : []);
  let before = await all();
  for (const each of calls) {
    await each(client, plan).catch(() => null);
    clock += apartMilliseconds;
    endpoint.settle();
    const changes: Change[] = [];
    for (const event of events) {
      const meaning = await changeFromEvent(event, { account: '210987654321', region: 'eu-central-1' }, reads);
      if (meaning.kind === 'change') changes.push(meaning.change);
    }
    events = [];
    const after = await all();
    await look({ reads, changes, before, after, at: clock, asBefore });
    before = after;
  }
};

const histories = fc.array(call, { minLength: 4, maxLength: 10 });

test('every interface whose grants a call changed is in the scope of an event that the call sent', async () => {
  let looked = 0;
  await fc.assert(
    fc.asyncProperty(accountPlan, histories, async (plan, calls) => {
      await play(
        plan,
        calls,
        { apartMilliseconds: 10_000, withGrants: true },
        async ({ reads, changes, before, after }) => {
          const touched = changed(before, after);
          if (touched.length === 0) return;
          const scopes = await Promise.all(changes.map((change) => scopeOf(reads, change, before)));
          for (const id of touched) {
            looked += 1;
            assert.ok(
              scopes.some((scope) => scope.has(id)),
              `${id} is in no scope of ${changes.map((change) => JSON.stringify(change)).join(' ')}`,
            );
          }
        },
      );
    }),
    { numRuns: 40 },
  );
  assert.ok(looked > 30, `only ${looked} interfaces changed`);
});

test('what the last event of a call announced is visible once EC2 has come to rest', async () => {
  await fc.assert(
    fc.asyncProperty(accountPlan, histories, async (plan, calls) => {
      await play(plan, calls, { apartMilliseconds: 10_000, withGrants: true }, async ({ reads, changes }) => {
        const last = changes.at(-1);
        if (last !== undefined) assert.deepEqual(await lagsIn(reads, last), []);
      });
    }),
    { numRuns: 20 },
  );
});

test('reads from before a call that changed grants are believed by none of its events', async () => {
  let looked = 0;
  await fc.assert(
    fc.asyncProperty(accountPlan, histories, async (plan, calls) => {
      await play(
        plan,
        calls,
        { apartMilliseconds: 10_000, withGrants: true },
        async ({ reads, changes, before, after, asBefore }) => {
          if (changed(before, after).length === 0) return;
          looked += 1;
          // Passing states follow from the call: what they announce may be so before it in another way.
          for (const change of changes.filter(({ kind }) => !kind.endsWith('Notification')))
            assert.notDeepEqual(await asBefore(() => lagsIn(reads, change)), [], JSON.stringify(change));
        },
      );
    }),
    { numRuns: 40 },
  );
  assert.ok(looked > 30, `only ${looked} calls changed grants`);
});

const longHistories = fc.array(call, { minLength: 20, maxLength: 30 });

test('whatever was undone since is waited for no longer once the later events are written down', async () => {
  let settled = 0;
  await fc.assert(
    fc.asyncProperty(accountPlan, longHistories, fc.constantFrom(0, 1_000, 5_000), async (plan, calls, apart) => {
      const own = await ownTable();
      const said = createSaid(own.table, own.now);
      const all: Change[] = [];
      let end = 0;
      let last: Ec2Reads | null = null;
      await play(plan, calls, { apartMilliseconds: apart, withGrants: false }, async ({ reads, changes, at }) => {
        for (const change of changes) await said.put(change);
        all.push(...changes);
        [end, last] = [at, reads];
      });
      if (last === null) return;
      for (const change of all) {
        // Half a minute later, when events of one second settle each other too.
        const view = await viewOf({ ec2: last, said }, change, end + 30_000, { VISIBILITY_SECONDS: 600 });
        assert.notEqual(view.kind, 'awaited', `${JSON.stringify(view)} of ${JSON.stringify(change)}`);
        if (view.kind === 'believed') settled += 1;
      }
    }),
    { numRuns: 40 },
  );
  assert.ok(settled > 10, `only ${settled} changes were settled by a later event`);
});
