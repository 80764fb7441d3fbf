import { CreateTableCommand, type CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as ec2 from '@aws-sdk/client-ec2';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { fromAnywhere } from '../../support/calls.ts';
import { resourceProperties } from '../../support/deployment.ts';
import { secretName, tableName } from '../../system/parts.ts';

/** The demonstration's account as moto holds it, with the ids that moto gave. */
export interface DemoInMoto {
  readonly webServers: readonly string[];
  readonly webGroup: string;
  readonly firewall: string;
  readonly firewallInside: string;
}

const given = (id: string | undefined, what: string): string => {
  if (id === undefined) throw new Error(`moto made no ${what}`);
  return id;
};

/** Builds the demonstration's account by the calls of an administrator. */
export const buildDemo = async (client: ec2.EC2Client): Promise<DemoInMoto> => {
  const { Vpc } = await client.send(new ec2.CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
  const VpcId = given(Vpc?.VpcId, 'VPC');
  const subnet = async (CidrBlock: string): Promise<string> =>
    given((await client.send(new ec2.CreateSubnetCommand({ VpcId, CidrBlock }))).Subnet?.SubnetId, 'subnet');
  const [publicSubnet, privateSubnet] = [await subnet('10.0.0.0/24'), await subnet('10.0.1.0/24')];
  const group = async (GroupName: string, ...IpPermissions: ec2.IpPermission[]): Promise<string> => {
    const made = await client.send(new ec2.CreateSecurityGroupCommand({ GroupName, Description: GroupName, VpcId }));
    const GroupId = given(made.GroupId, 'group');
    await client.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
    return GroupId;
  };
  const commonGroup = await group('common_sg', fromAnywhere(80), fromAnywhere(22, '10.0.0.0/16'));
  const webGroup = await group('webserver_sg', fromAnywhere(80), fromAnywhere(443));
  const run = async (...interfaces: (readonly [subnet: string, address: string, group: string])[]): Promise<string> => {
    const { Instances } = await client.send(
      new ec2.RunInstancesCommand({
        ImageId: 'ami-0123456789abcdef0',
        InstanceType: 't4g.small',
        MinCount: 1,
        MaxCount: 1,
        NetworkInterfaces: interfaces.map(([SubnetId, PrivateIpAddress, one], DeviceIndex) => ({
          DeviceIndex,
          SubnetId,
          PrivateIpAddress,
          Groups: [one],
        })),
      }),
    );
    return given(Instances?.[0]?.InstanceId, 'instance');
  };
  const firewall = await run([publicSubnet, '10.0.0.4', commonGroup], [privateSubnet, '10.0.1.4', commonGroup]);
  const webServers = [
    await run([privateSubnet, '10.0.1.11', commonGroup]),
    await run([privateSubnet, '10.0.1.12', webGroup]),
    await run([privateSubnet, '10.0.1.13', commonGroup]),
  ];
  const intranet = await run([publicSubnet, '10.0.0.50', webGroup]);
  await client.send(new ec2.StopInstancesCommand({ InstanceIds: [webServers[1] ?? '', intranet] }));
  const { NetworkInterfaces = [] } = await client.send(
    new ec2.DescribeNetworkInterfacesCommand({
      Filters: [
        { Name: 'attachment.instance-id', Values: [firewall] },
        { Name: 'subnet-id', Values: [privateSubnet] },
      ],
    }),
  );
  const firewallInside = given(NetworkInterfaces[0]?.NetworkInterfaceId, 'interface');
  const { RouteTable } = await client.send(new ec2.CreateRouteTableCommand({ VpcId }));
  const RouteTableId = given(RouteTable?.RouteTableId, 'route table');
  await client.send(new ec2.AssociateRouteTableCommand({ RouteTableId, SubnetId: privateSubnet }));
  await client.send(
    new ec2.CreateRouteCommand({
      RouteTableId,
      DestinationCidrBlock: '0.0.0.0/0',
      NetworkInterfaceId: firewallInside,
    }),
  );
  return { webServers, webGroup, firewall, firewallInside };
};

/** The table as the template describes it, and the secret with the API key. */
export const buildTableAndSecret = async (apiKey: string): Promise<void> => {
  const table = resourceProperties<Omit<CreateTableCommandInput, 'TableName'>>('Table');
  const { AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, BillingMode, DeletionProtectionEnabled } = table;
  await new DynamoDBClient({}).send(
    new CreateTableCommand({
      TableName: tableName,
      AttributeDefinitions,
      KeySchema,
      GlobalSecondaryIndexes,
      BillingMode,
      DeletionProtectionEnabled,
    }),
  );
  await new SecretsManagerClient({}).send(
    new CreateSecretCommand({ Name: secretName, SecretString: JSON.stringify({ apiKey }) }),
  );
};
