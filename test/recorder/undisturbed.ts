/** The crash suite's worlds without a blow: each event, then the calls that come beside it and after it, then a resync. */
import { createCrashSystem } from '../crash/crash-system.ts';
import { prepare, worlds } from '../crash/worlds.ts';
import { startResync } from '../fixtures/resync.ts';
import { recorder } from './recorder.ts';

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
    startResync(system);
    await system.idle();
    const failed = system.runs().filter(({ status }) => status !== 'SUCCEEDED');
    if (failed.length > 0) throw new Error(`${world.title}: ${failed.map(({ error }) => error).join()}`);
  }
}
