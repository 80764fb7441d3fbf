import type { Account } from '../local/ec2/account.ts';
import { seedAccount } from '../local/ec2/seed.ts';

/** The ids of the demonstration's account. */
export const ids = {
  account: '111122223333',
  region: 'eu-central-1',
  vpc: 'vpc-0a11ce00000000001',
  privateSubnet: 'subnet-0a11ce00000000001',
  publicSubnet: 'subnet-0a11ce00000000002',
  firewall: 'i-0f1ea11000000000f',
  firewallInside: 'eni-0f1ea110000000001',
  webServers: ['i-0eb5e4e4000000001', 'i-0eb5e4e4000000002', 'i-0eb5e4e4000000003'],
  intranet: 'i-01274ae7000000001',
  commonGroup: 'sg-0c033033000000001',
  webGroup: 'sg-0eb5e4e4000000002',
} as const;

/**
 * Three web servers in a subnet whose default route leads to the firewall instance. 1 and 3 run with a group whose grants are
 * allowed already; 2 alone has `webserver_sg` and is stopped. A fourth instance sits in a subnet that does not route
 * through the firewall.
 */
export const demoAccount = (clock: { readonly now: () => number; readonly newId: () => string }): Account => {
  const seed = seedAccount({ ownerId: ids.account, region: ids.region, newId: clock.newId, now: clock.now });
  seed.vpc({ id: ids.vpc, cidrs: ['10.0.0.0/16'] });
  seed.subnet({ id: ids.privateSubnet, vpcId: ids.vpc, cidr: '10.0.1.0/24' });
  seed.subnet({ id: ids.publicSubnet, vpcId: ids.vpc, cidr: '10.0.0.0/24' });
  seed.group({
    id: ids.commonGroup,
    vpcId: ids.vpc,
    name: 'common_sg',
    ingress: [
      { protocol: 'tcp', from: 80, sources: ['0.0.0.0/0'] },
      { protocol: 'tcp', from: 22, sources: ['10.0.0.0/16'] },
    ],
  });
  seed.group({
    id: ids.webGroup,
    vpcId: ids.vpc,
    name: 'webserver_sg',
    ingress: [
      { protocol: 'tcp', from: 80, sources: ['0.0.0.0/0'] },
      { protocol: 'tcp', from: 443, sources: ['0.0.0.0/0'] },
    ],
  });
  seed.instance({
    id: ids.firewall,
    state: 'running',
    interfaces: [
      { subnetId: ids.publicSubnet, address: '10.0.0.4' },
      { id: ids.firewallInside, subnetId: ids.privateSubnet, address: '10.0.1.4' },
    ],
  });
  ids.webServers.forEach((id, index) => {
    seed.instance({
      id,
      state: index === 1 ? 'stopped' : 'running',
      interfaces: [
        {
          subnetId: ids.privateSubnet,
          address: `10.0.1.${11 + index}`,
          groupIds: [index === 1 ? ids.webGroup : ids.commonGroup],
        },
      ],
    });
  });
  seed.instance({
    id: ids.intranet,
    state: 'stopped',
    interfaces: [{ subnetId: ids.publicSubnet, address: '10.0.0.50', groupIds: [ids.webGroup] }],
  });
  seed.routeTable({
    vpcId: ids.vpc,
    subnetIds: [ids.privateSubnet],
    routes: [{ destination: '0.0.0.0/0', target: ids.firewallInside }],
  });
  seed.routeTable({
    vpcId: ids.vpc,
    subnetIds: [ids.publicSubnet],
    routes: [{ destination: '0.0.0.0/0', target: 'igw-0a11ce00000000001' }],
  });
  return seed.build();
};
