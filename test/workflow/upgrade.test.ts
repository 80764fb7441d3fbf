/** What an earlier release left in the table, on the firewall and in executions under way: this code carries on with it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type CrashSystem, createCrashSystem } from '../crash/crash-system.ts';
import { watchHouse } from '../crash/house.ts';
import { stop, web2 } from '../crash/worlds.ts';
import type { Moment } from '../fixtures/moments.ts';
import { startResync } from '../fixtures/resync.ts';
import type { Outcome } from '../local/step-functions/interpreter.ts';
import { tasks } from '../support/deployment.ts';
import {
  changesOf,
  goesOn,
  oldStory,
  policyOf,
  recordsOf,
  succeeded,
  withConfiguration,
} from '../support/old-release.ts';

const planned = oldStory('release-1', 'planned');
const rejected = oldStory('release-1', 'rejected');
const house = oldStory('release-1', 'house');

const itemsOf = ({ outside }: Moment) =>
  outside.items.map((item) => unmarshall(item as Parameters<typeof unmarshall>[0]));

const ended = (outcome: Outcome): void => assert.equal(outcome.status, 'SUCCEEDED', JSON.stringify(outcome));

const resyncs = async (system: CrashSystem, after = 3_600_000): Promise<void> => {
  system.clock.advance(after);
  startResync(system);
  await system.idle();
  succeeded(system);
};

/** The end as the old release reached it: its policy, and its records in so far as they were there before. */
const endsAsBefore = async (system: CrashSystem, { moment, end }: { moment: Moment; end: Moment }): Promise<void> => {
  const items = await system.items();
  assert.deepEqual(policyOf(system, items).toSorted(), policyOf(end.outside, itemsOf(end)).toSorted());
  const records = recordsOf(items);
  const expected = recordsOf(itemsOf(end));
  for (const [id, record] of recordsOf(itemsOf(moment))) {
    if (record['state'] !== 'intended') assert.deepEqual(records.get(id), expected.get(id));
  }
  assert.deepEqual([...changesOf(items, 'pending'), ...changesOf(items, 'failed')], []);
};

describe('an execution of release 1 that is under way', () => {
  const end = planned.momentOf('is over');
  const looked = planned.momentOf('is over, and looked at');
  const underWay = planned.moments.filter(({ entering }) => entering !== null);

  test('has every state of the workflow among those it may be about to enter', () => {
    const entered = underWay.flatMap(({ title }) => /^enters (.*)/.exec(title)?.[1] ?? []);
    assert.deepEqual(
      entered,
      tasks().map(([name]) => name),
    );
  });

  for (const moment of underWay) {
    const { title, entering } = moment;
    if (entering === null) continue;
    /** Rules that are staged and not yet known by their uuid are nobody's to one who looks only now. */
    const watched = async (): Promise<{ system: CrashSystem; quiet: () => Promise<void> }> => {
      const system = await planned.systemAt(title);
      const watch = title === 'written, not answered' ? null : await watchHouse(system);
      return { system, quiet: async () => watch?.checkQuiet() };
    };

    test(`${title}: goes on to the same end`, async () => {
      const { system, quiet } = await watched();
      ended(await goesOn(system, entering));
      await quiet();
      await endsAsBefore(system, { moment, end });
    });

    test(`${title}: ends the same when it is redriven a day later`, async () => {
      const { system, quiet } = await watched();
      system.clock.advance(24 * 3_600_000);
      ended(await goesOn(system, entering, 1));
      await quiet();
      await endsAsBefore(system, { moment, end });
    });

    // Before its first state nothing was written down of it.
    if (title === 'enters RecordChange') continue;
    test(`${title}: when it never goes on, the next resync carries its change out`, async () => {
      const { system, quiet } = await watched();
      await resyncs(system);
      await quiet();
      await endsAsBefore(system, { moment, end: looked });
    });
  }
});

describe('a plan of release 1 that the firewall refused', () => {
  const afterwards = async (system: CrashSystem): Promise<void> => {
    // Batches grow again one by one.
    for (let round = 0; round < 3; round += 1) await resyncs(system);
    const items = await system.items();
    assert.deepEqual([...changesOf(items, 'pending'), ...changesOf(items, 'failed')], []);
    const ours = policyOf(system, items).filter((rule) => rule.startsWith('ours'));
    for (const port of [9103, 9104, 9105, 9106])
      assert.ok(
        ours.some((rule) => rule.includes(`tcp-${port}`)),
        `${port}`,
      );
  };
  const underWay = ({ entering }: Moment) => entering ?? assert.fail('an execution is under way');

  test('with a smaller batch it goes on, and the next resyncs carry the others out', async () => {
    const moment = rejected.momentOf('a smaller batch');
    const system = await rejected.systemAt(moment.title);
    ended(await goesOn(system, underWay(moment)));
    await afterwards(system);
  });

  test('without its additions it still closes what is no longer granted, says so, and the next resyncs open the rest', async () => {
    const moment = rejected.momentOf('additions withheld');
    const system = await rejected.systemAt(moment.title);
    const stopped = (): boolean => policyOf(system, itemsOf(moment)).some((rule) => rule.includes('| 10.0.1.11/32'));
    assert.equal(stopped(), true);
    const outcome = await goesOn(system, underWay(moment));
    assert.equal('error' in outcome && outcome.error, 'FirewallRejected');
    assert.match('cause' in outcome ? outcome.cause : '', /this firewall does not take everything/);
    assert.equal(stopped(), false);
    await afterwards(system);
  });

  test('a redrive of it tries its additions again', async () => {
    const moment = rejected.momentOf('additions withheld');
    const system = await rejected.systemAt(moment.title);
    system.clock.advance(3_600_000);
    ended(await goesOn(system, underWay(moment), 1));
    assert.ok(
      policyOf(system, await system.items()).some((rule) => rule.startsWith('ours') && rule.includes('tcp-9105')),
    );
  });
});

describe('a house that release 1 furnished', () => {
  for (const title of ['all is quiet', 'an administrator has closed what is still granted']) {
    test(`${title}: a resync writes nothing, and leaves every record as it was`, async () => {
      const system = await house.systemAt(title);
      const before = [await system.items(), system.simulator.exportConfiguration('candidate')] as const;
      const jobs = system.simulator.state().jobs.length;
      await resyncs(system);
      const [after, past] = [recordsOf(await system.items()), recordsOf(before[0])];
      const isDeclining = ({ declined }: Readonly<Record<string, unknown>>): boolean => declined !== null;
      const undeclined = [...past].map(([key, record]) => [key, { ...record, declined: null }] as const);
      assert.deepEqual(after, new Map(undeclined));
      const declining = [...past].filter(([, record]) => isDeclining(record)).map(([key]) => key);
      const closures = (await system.items()).filter(({ pk }) => pk === 'closure');
      const closedIn = new Set(closures.map(({ record }) => record));
      for (const key of declining) assert.ok(closedIn.has(key), 'what was declined in a record is a closure now');
      assert.equal(system.simulator.exportConfiguration('candidate'), before[1]);
      assert.equal(system.simulator.exportConfiguration('running'), before[1]);
      assert.equal(system.simulator.state().jobs.length, jobs);
    });
  }

  test('one wrong digit in the targets removes none of it: the resync fails by that name', async () => {
    const { outside } = house.momentOf('all is quiet');
    const environment = { ...house.environment, FIREWALL_TARGETS: 'i-0f1ea11000000000e' };
    const system = await createCrashSystem({ from: outside, environment });
    const before = policyOf(system, await system.items());
    system.clock.advance(3_600_000);
    startResync(system);
    await system.idle();
    const [run] = system.executions.all();
    assert.equal(run?.error, 'Misconfigured');
    assert.match(String(run?.cause), /FIREWALL_TARGETS: no route table .* names i-0f1ea11000000000e/);
    assert.deepEqual(policyOf(system, await system.items()), before);
  });

  test('what is recorded for an instance goes when it stops, and nothing else does', async () => {
    const system = await house.systemAt('all is quiet');
    const before = await system.items();
    const isOnlyHers = ({ contributions }: Readonly<Record<string, unknown>>): boolean =>
      (contributions as { destinations: { instance: string }[] }).destinations.every(
        ({ instance }) => instance === web2,
      );
    const owned = before.filter(({ pk, state }) => pk === 'rule' && state === 'owned');
    const hers = owned.filter(isOnlyHers);
    assert.ok(hers.length > 3 && hers.length < owned.length);
    system.clock.advance(3_600_000);
    await stop(web2)(system.ec2);
    await system.idle();
    succeeded(system);
    const records = recordsOf(await system.items());
    for (const { sk } of hers) assert.equal(records.get(sk)?.['state'], 'tombstone');
    const old = recordsOf(before);
    for (const { sk } of owned.filter((one) => !isOnlyHers(one))) assert.deepEqual(records.get(sk), old.get(sk));
    const gone = new Set(hers.map(({ uuid }) => uuid));
    const configuration = system.simulator.exportConfiguration('running');
    assert.deepEqual(
      [...gone].filter((uuid) => configuration.includes(String(uuid))),
      [],
    );
  });

  test('a rule that comes back with an old configuration is known by its tombstone and removed again', async () => {
    const quiet = house.momentOf('all is quiet');
    const fallen = itemsOf(quiet).find(
      ({ pk, state, traffic }) => pk === 'rule' && state === 'tombstone' && JSON.stringify(traffic).includes('9004'),
    );
    assert.ok(fallen !== undefined);
    const field = (tag: string, member: string) => `<${tag}><member>${member}</member></${tag}>`;
    const old = [
      `<entry name="${fallen['name']}" uuid="${fallen['uuid']}">`,
      field('from', 'untrust') + field('to', 'trust') + field('source', 'any') + field('destination', '10.0.1.11/32'),
      `${field('application', 'any')}${field('service', 'any')}<action>allow</action></entry>`,
    ].join('');
    const loaded = (xml: string) => xml.replace('<entry name="Clean up"', `${old}<entry name="Clean up"`);
    const system = await createCrashSystem({
      from: withConfiguration(quiet.outside, loaded),
      environment: house.environment,
    });
    assert.match(system.simulator.exportConfiguration('running'), new RegExp(String(fallen['uuid'])));
    await resyncs(system);
    assert.doesNotMatch(system.simulator.exportConfiguration('running'), new RegExp(String(fallen['uuid'])));
  });

  for (const [title, port] of [
    ['a run has failed and was cleaned up', 9008],
    ['a run has died with the turn in hand', 9009],
  ] as const) {
    const moment = house.momentOf(title);
    const carriedOut = async (system: CrashSystem): Promise<void> => {
      const items = await system.items();
      assert.ok(policyOf(system, items).some((rule) => rule.startsWith('ours') && rule.includes(`tcp-${port}`)));
      const [change] = items.filter(({ pk }) => pk === `change#${moment.entering?.execution.Name}`);
      assert.equal(change?.['state'], 'handled');
    };

    test(`${title}: the next resync carries its change out`, async () => {
      const system = await house.systemAt(title);
      assert.ok(!system.simulator.exportConfiguration('running').includes(`tcp-${port}`));
      await resyncs(system);
      await carriedOut(system);
    });

    test(`${title}: redriven, it carries its change out itself`, async () => {
      const system = await house.systemAt(title);
      system.clock.advance(3_600_000);
      assert.ok(moment.entering !== null);
      ended(await goesOn(system, moment.entering, 1));
      await carriedOut(system);
    });
  }
});
