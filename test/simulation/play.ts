import assert from 'node:assert/strict';
import { NamedError } from '../../shared/domain/errors.ts';
import { type Blow, type Call, type CrashSystem, createCrashSystem, isRead } from '../crash/crash-system.ts';
import { grantsOf } from '../crash/house.ts';
import type { Opening } from '../crash/sessions.ts';
import { grant, revoke, start, stop } from '../crash/worlds.ts';
import { demoAccount, ids } from '../system/demo-account.ts';
import { stateMachineArn } from '../system/local-system.ts';
import { administer } from './administrator.ts';
import { type Act, type History, sourcesOfPorts } from './history.ts';
import { checkEnd, checkTable } from './quiet.ts';
import { isManaged, isShut, openingsOf, othersText, rulesOf, shutBy } from './rules.ts';

/** Even numbers in [0, 1) from a seed (a linear congruential generator with Knuth's constants). */
const chances = (seed: number): (() => number) => {
  let state = BigInt(seed) * 2_654_435_761n + 1n;
  return () => {
    state = (state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) & 0xffff_ffff_ffff_ffffn;
    return Number(state >> 33n) / 2 ** 31;
  };
};

/** Errors that name no act which would end them. */
const nameless = /^(States\.Runtime|States\.TaskFailed|Error|TypeError|RangeError|AssertionError|SyntaxError)$/;

/**
 * Plays one history to its quiet end: faults over, pending edits committed or reverted, and resyncs for as long as what was
 * put aside may wait. @throws AssertionError with what is broken and the history as it went
 */
export const play = async (history: History): Promise<void> => {
  const chance = chances(history.noise);
  const trace: string[] = [];
  /** Faults, lost events and late reads: from when the first rules stand until all is to become quiet. */
  let disturbed = false;
  let check = (_moment: string): void => undefined;
  let broken: Error | null = null;

  const blowAt = (call: Call): Blow | null => {
    if (!disturbed || chance() * 100_000 >= history.faults) return null;
    const lost =
      call.service === 'firewall'
        ? new NamedError('FirewallUnreachable', 'the connection broke; the request may have been carried out')
        : Object.assign(new Error('the connection broke'), { name: 'TimeoutError' });
    const how = (['fails', 'fails', 'dies', 'ends'] as const)[Math.floor(chance() * 4)] ?? 'fails';
    const when = isRead(call) || chance() < 0.5 ? 'before' : 'after';
    tell(`${call.invocation.stateName} ${how} ${when} call ${call.n}, ${call.operation}`);
    return { how, when, error: lost };
  };
  const system: CrashSystem = await createCrashSystem({
    account: demoAccount,
    simulator: { jobMilliseconds: ({ type }) => (type === 'Commit' ? 20_000 : 0) },
    ec2: { faults: () => ({ readLagMilliseconds: disturbed ? history.lagMilliseconds : 0 }) },
    copies: () => (disturbed && history.faults > 0 ? ([0, 2][Math.floor(chance() * 20)] ?? 1) : 1),
    strike: blowAt,
    watch: async (moment, call) => {
      if (moment === 'before') await system.clock.sleep(Math.floor(chance() * (chance() < 0.02 ? 8_000 : 300)));
      check(`${moment} ${call.invocation.stateName}'s ${call.operation}`);
    },
  });
  const { clock, simulator } = system;
  const tell = (what: string): void => {
    trace.push(`${new Date(system?.clock.now() ?? 0).toISOString().slice(5, 19)}  ${what}`);
  };

  const configurations = () => {
    const { running, workspace } = simulator.state();
    return { running, candidate: workspace.candidate };
  };
  let last = configurations();
  let others = othersText(last.candidate);
  const othersCommitted = new Set([othersText(last.running)]);
  const granted = new Map<Opening, number>();
  const staged = new Set<Opening>(openingsOf(last.candidate, rulesOf(last.candidate).filter(isManaged)));
  /** What the administrator closed by a rule, by its uuid, while he has not opened it again. */
  const closed = new Map<string, { readonly at: number; readonly openings: ReadonlySet<Opening> }>();
  /** What he opened again in a rule that he had closed, by its uuid. */
  const openedAgain = new Map<string, { readonly at: number; readonly openings: ReadonlySet<Opening> }>();
  /** What may be closed or open: it was closed, or opened again, and the rule went before a resync saw it. */
  const either = new Set<Opening>();
  const noteGrants = (): void => {
    for (const one of grantsOf(system.parts.ec2.account())) granted.set(one, clock.now());
  };
  noteGrants();

  /** A run writes what it read; the longest-running one says how long ago that may be. */
  const oldestRead = (): number =>
    Math.min(
      clock.now(),
      ...system.runs().map((run) => (run.status === 'RUNNING' ? (run.redriveDate ?? run.startDate) : Infinity)),
    ) - history.lagMilliseconds;

  check = (moment) => {
    if (broken !== null) throw broken;
    noteGrants();
    const now = configurations();
    if (now.running === last.running && now.candidate === last.candidate) return;
    try {
      assert.equal(othersText(now.candidate), others, 'what is not ours has changed in the candidate configuration');
      assert.ok(othersCommitted.has(othersText(now.running)), "an administrator's edit was committed or undone by us");
      const before = openingsOf(last.candidate, rulesOf(last.candidate).filter(isManaged));
      for (const one of openingsOf(now.candidate, rulesOf(now.candidate).filter(isManaged))) {
        const at = granted.get(one);
        assert.ok(
          before.has(one) || staged.has(one) || (at !== undefined && at >= oldestRead()),
          `${one} is staged without a grant`,
        );
        staged.add(one);
      }
      for (const one of openingsOf(now.running, rulesOf(now.running).filter(isManaged)))
        assert.ok(staged.has(one), `${one} runs, and was never staged`);
    } catch (error) {
      broken = new Error(`${moment}: ${(error as Error).message}`, { cause: error });
      throw broken;
    }
    last = now;
  };

  /** What the administrator did at once or by his commit: what is his stands as he left it, and his closings count. */
  const afterHim = (act: Act): void => {
    const now = configurations();
    others = othersText(now.candidate);
    if (act.does === 'commit') othersCommitted.add(others);
    last = now;
    for (const one of openingsOf(now.candidate, rulesOf(now.candidate).filter(isManaged))) staged.add(one);
  };
  /** Compares what runs with what ran before, once a commit of his has run. */
  const noteClosings = (stoodBefore: ReadonlySet<string>): void => {
    const { running } = configurations();
    const managed = rulesOf(running).filter(isManaged);
    const open = openingsOf(running, managed);
    for (const rule of managed) {
      if (!isShut(rule)) {
        const { openings } = closed.get(rule.uuid) ?? {};
        if (openings !== undefined) openedAgain.set(rule.uuid, { at: clock.now(), openings });
        closed.delete(rule.uuid);
      } else if (!closed.has(rule.uuid)) {
        const shut = [...shutBy(running, rule)].filter((one) => !open.has(one));
        closed.set(rule.uuid, { at: clock.now(), openings: new Set(shut) });
      }
    }
    // Deleting is not closing: whether a run read it shut, or open again, before he deleted it is not known unless it was a resync.
    const stands = new Set(managed.map(({ uuid }) => uuid));
    for (const uuid of [...stoodBefore].filter((each) => !stands.has(each))) {
      const { at, openings } = closed.get(uuid) ?? openedAgain.get(uuid) ?? { at: 0, openings: [] };
      if (system.runs().some((run) => isResync(run) && run.startDate >= at && run.status === 'SUCCEEDED')) continue;
      closed.delete(uuid);
      for (const one of openings) either.add(one);
    }
  };

  const resync = (): string => {
    const time = new Date(clock.now()).toISOString();
    const event = {
      version: '0',
      id: clock.newId(),
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      time,
      resources: [],
    };
    const input = JSON.stringify({ ...event, account: ids.account, region: ids.region, detail: {} });
    return system.executions.start({ stateMachineArn, input }).arn;
  };
  const commitAsHim = async (does: 'commit' | 'revert'): Promise<string> => {
    const act = { who: 'administrator', does } as const;
    const stoodBefore = new Set(rulesOf(simulator.state().running).map(({ uuid }) => uuid));
    const came = administer(simulator, act);
    tell(`the administrator: ${does}: ${came}`);
    afterHim(act);
    do {
      await clock.pace.sleep(10_000);
      simulator.act('colleague', { type: 'op', cmd: '<show><jobs><all></all></jobs></show>' });
    } while (simulator.state().jobs.some(({ status }) => status !== 'FIN'));
    noteClosings(stoodBefore);
    return came;
  };
  const onAws = async (act: Extract<Act, { who: 'EC2 user' }>): Promise<void> => {
    if (act.does === 'stop and start') {
      await onAws({ ...act, does: 'stop' });
      await clock.sleep(60_000);
      return onAws({ ...act, does: 'start' });
    }
    // Granted until now, also to what reads EC2 as it was a moment ago.
    noteGrants();
    const call =
      'instance' in act
        ? (act.does === 'start' ? start : stop)(act.instance)
        : (act.does === 'grant' ? grant : revoke)(act.group, [act.port, sourcesOfPorts[act.port] ?? '']);
    const refused = await call(system.ec2).then(
      () => '',
      (error: Error) => `, refused: ${error.name}`,
    );
    tell(`an EC2 user: ${act.does} ${'instance' in act ? act.instance : `${act.port} in ${act.group}`}${refused}`);
    noteGrants();
  };
  const operate = async (does: 'resync' | 'redrive' | 'stop'): Promise<void> => {
    const runs = system.runs();
    const failed = runs.findLast(({ status }) => status !== 'RUNNING' && status !== 'SUCCEEDED');
    const running = runs.find(({ status }) => status === 'RUNNING');
    tell(`the operator: ${does}`);
    if (does === 'resync') resync();
    else if (does === 'redrive' && failed !== undefined) system.executions.redrive(failed.arn);
    else if (does === 'stop' && running !== undefined)
      await system.executions.stop(running.arn, { error: 'Stopped', cause: 'by hand' });
  };
  const checkFailures = (): void => {
    for (const run of system.runs())
      if (run.status === 'FAILED')
        assert.doesNotMatch(
          run.error ?? '',
          nameless,
          `an execution failed namelessly: ${run.error} ${run.cause?.slice(0, 400)}`,
        );
  };

  try {
    // Every history begins with managed rules of an instance and of a group.
    await clock.working(() => onAws({ who: 'EC2 user', does: 'start', instance: ids.webServers[1] ?? '' }));
    await clock.working(() => onAws({ who: 'EC2 user', does: 'grant', group: ids.commonGroup, port: 9002 }));
    await system.idle();
    disturbed = true;
    for (const { after, act } of history.moments) {
      await clock.pace.sleep(after);
      if (act.who === 'EC2 user') await clock.working(() => onAws(act));
      else if (act.who === 'operator') await operate(act.does);
      else if (act.who === 'firewall') {
        tell(`the firewall ${act.does}`);
        if (act.does === 'reboots') simulator.control({ kind: 'restart', what: 'reboot', refusedMilliseconds: 90_000 });
        else
          simulator.control({
            kind: 'add-fault',
            fault: { kind: 'commit-fails', lines: ['Commit failed: management server'] },
          });
        afterHim(act);
      } else if (act.does === 'commit' || act.does === 'revert') await commitAsHim(act.does);
      else {
        tell(`the administrator: ${act.does}${'port' in act ? ` ${act.port}` : ''}: ${administer(simulator, act)}`);
        afterHim(act);
        if ('commits' in act && act.commits) {
          await clock.pace.sleep(5_000);
          await commitAsHim('commit');
        }
      }
    }
    disturbed = false;
    simulator.control({ kind: 'clear-faults' });
    tell('quiet');
    await system.idle();
    const last = chance() < 0.5 ? 'commit' : 'revert';
    // Refused, as while the firewall boots, he tries again.
    for (let tries = 0; tries < 10 && (await commitAsHim(last)) !== 'done'; tries += 1) await clock.pace.sleep(60_000);
    let arn = '';
    for (const hours of [0, 1, 6, 24]) {
      await clock.pace.sleep(hours * 3_600_000 + 60_000);
      arn = resync();
      await system.idle();
      const run = system.executions.find(arn);
      tell(`a resync: ${run.status} ${run.error ?? ''} ${run.cause?.slice(0, 500) ?? ''}`);
    }
    if (broken !== null) throw broken;
    const run = system.executions.find(arn);
    assert.equal(run.status, 'SUCCEEDED', `the last resync: ${run.error} ${run.cause?.slice(0, 600)}`);
    checkFailures();
    noteClosings(new Set());
    checkEnd(system, new Set([...closed.values()].flatMap(({ openings }) => [...openings])), either);
    await checkTable(system);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${[...trace, ...runLines(system)].join('\n')}`, { cause: error });
  }
};

const isResync = ({ input }: { readonly input: string }): boolean => input.includes('Scheduled Event');

const runLines = (system: CrashSystem): readonly string[] =>
  system
    .runs()
    .map(
      ({ startDate, status, error, input, cause }) =>
        `run of ${new Date(startDate).toISOString().slice(5, 19)}: ${status} ${error ?? ''} ${/"eventName":"(\w+)"/.exec(input)?.[1] ?? 'resync'} ${cause?.slice(0, 200) ?? ''}`,
    );
