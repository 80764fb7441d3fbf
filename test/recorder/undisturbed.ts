/** The crash suite's worlds without a blow: each event, then the calls that come beside it and after it, then a resync. */
import { type CrashSystem, createCrashSystem } from '../crash/crash-system.ts';
import { prepare, worlds } from '../crash/worlds.ts';
import { ids } from '../system/demo-account.ts';
import { stateMachineArn } from '../system/local-system.ts';
import { recorder } from './recorder.ts';

const resync = (system: CrashSystem): void => {
  const id = system.clock.newId();
  const time = new Date(system.clock.now()).toISOString();
  const event = { version: '0', id, 'detail-type': 'Scheduled Event', source: 'aws.events', time, resources: [] };
  system.executions.start({
    stateMachineArn,
    input: JSON.stringify({ ...event, account: ids.account, region: ids.region, detail: {} }),
  });
};

for (const world of worlds) {
  recorder?.begin(`undisturbed ${world.title}: before the event`);
  const from = await prepare(world);
  for (const later of ['other', 'same'] as const) {
    recorder?.begin(`undisturbed ${world.title}: then a call about the ${later} subject`);
    const system = await createCrashSystem({ from });
    await world.event(system.ec2);
    await system.idle();
    system.clock.advance(60_000);
    await world[later](system.ec2);
    await system.idle();
    system.clock.advance(60_000);
    resync(system);
    await system.idle();
    const failed = system.runs().filter(({ status }) => status !== 'SUCCEEDED');
    if (failed.length > 0) throw new Error(`${world.title}: ${failed.map(({ error }) => error).join()}`);
  }
}
