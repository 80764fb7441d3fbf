import assert from 'node:assert/strict';
import type { BusEvent } from '../local/bus-event.ts';
import type { Account, HeldInterface } from '../local/ec2/account.ts';
import type { Execution } from '../local/step-functions/executions.ts';
import { ids } from '../system/demo-account.ts';
import { stateMachineArn } from '../system/local-system.ts';
import { errorsAt } from './attempts.ts';
import { createTestSystem, type TestSystem, type TestSystemOptions } from './system.ts';

/** A system that hears of every call, whose reads of EC2 are as old as `lag` says by now, in milliseconds. */
export const lagging = async (lag: { milliseconds: number }, options: TestSystemOptions = {}): Promise<TestSystem> =>
  createTestSystem({
    moreEvents: true,
    ...options,
    ec2: { faults: () => ({ readLagMilliseconds: lag.milliseconds }), ...options.ec2 },
  });

/** The executions that calls of this name started, in order. */
export const runsOf = (system: TestSystem, eventName: string): readonly Execution[] =>
  system.runs().filter(({ input }) => {
    const { detail } = JSON.parse(input) as { readonly detail?: { readonly eventName?: string } };
    return detail?.eventName === eventName;
  });

export const runOf = (system: TestSystem, eventName: string): Execution => {
  const [run, ...more] = runsOf(system, eventName);
  assert.ok(run !== undefined && more.length === 0, `${eventName}: ${more.length + (run === undefined ? 0 : 1)} runs`);
  return run;
};

/** How often RecordChange found that EC2 does not show the change yet. */
export const waitsOf = (run: Execution): number =>
  errorsAt(run, 'RecordChange').filter((error) => error === 'NotYetVisible').length;

/** Starts an execution with an event as written, past the bus. */
export const startWith = async (system: TestSystem, event: BusEvent): Promise<Execution> => {
  const { arn } = system.executions.start({ stateMachineArn, input: JSON.stringify(event) });
  await system.idle();
  return system.executions.find(arn);
};

/** The interface of an instance, the first or the one at a device. */
export const interfaceOf = (account: Account, instance: string, device = 0): HeldInterface => {
  const found = [...account.interfaces.values()].find(
    ({ Attachment }) => Attachment?.InstanceId === instance && Attachment.DeviceIndex === device,
  );
  assert.ok(found !== undefined, `${instance} has no interface ${device}`);
  return found;
};

/** The route table that a subnet is explicitly associated with, and the association. */
export const tableOf = (account: Account, subnet: string) => {
  for (const table of account.routeTables.values()) {
    const association = table.Associations.find(({ SubnetId }) => SubnetId === subnet)?.RouteTableAssociationId;
    if (association !== undefined) return { table: table.RouteTableId, association };
  }
  return assert.fail(`${subnet} has no route table of its own`);
};

export const { privateSubnet, publicSubnet } = ids;
