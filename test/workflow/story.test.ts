import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  AuthorizeSecurityGroupIngressCommand,
  RevokeSecurityGroupIngressCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { createTestSystem } from '../support/system.ts';
import { ids } from '../system/demo-account.ts';

const [, web2 = ''] = ids.webServers;
const fromAnywhere = (port: number) => ({
  IpProtocol: 'tcp',
  FromPort: port,
  ToPort: port,
  IpRanges: [{ CidrIp: '0.0.0.0/0' }],
});

describe('the demonstration', () => {
  test('a start adds what is not allowed yet, a grant adds rules named after the group, a revoke and a stop remove them', async () => {
    const system = await createTestSystem();
    const before = system.parts.simulator.exportConfiguration('running');
    const names = async () => system.ruleNames();
    await system.ec2.send(new StartInstancesCommand({ InstanceIds: [web2] }));
    await system.idle();
    assert.deepEqual(await names(), ['Web out', 'Web in', 'Clear text', `${web2}-1`, 'Clean up']);
    const added = (await system.rules()).find((rule) => rule.owned);
    assert.deepEqual(added?.application, ['ssl']);
    await system.ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: ids.webGroup,
        IpPermissions: [fromAnywhere(22), fromAnywhere(8080)],
      }),
    );
    await system.idle();
    assert.deepEqual((await names()).slice(3, 6), [`${web2}-1`, `${ids.webGroup}-1`, `${ids.webGroup}-2`]);
    await system.ec2.send(
      new RevokeSecurityGroupIngressCommand({ GroupId: ids.webGroup, IpPermissions: [fromAnywhere(22)] }),
    );
    await system.idle();
    assert.deepEqual(await names(), ['Web out', 'Web in', 'Clear text', `${web2}-1`, `${ids.webGroup}-2`, 'Clean up']);
    system.clock.advance(60_000);
    await system.ec2.send(new StopInstancesCommand({ InstanceIds: [web2] }));
    await system.idle();
    assert.deepEqual(
      system.runs().map((run) => run.status),
      ['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED'],
    );
    assert.equal(system.parts.simulator.exportConfiguration('running'), before);
    assert.equal(system.parts.simulator.exportConfiguration('candidate'), before);
  });
});
