import { EC2Client } from '@aws-sdk/client-ec2';
import { tableParts } from '../../shared/runtime/clients/table.ts';
import { settingsFrom } from '../../shared/runtime/settings.ts';
import { inProcessHandler, type Respond, type WireRequest } from '../local/http.ts';
import type { Execution } from '../local/step-functions/executions.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { demoAccount, ids } from '../system/demo-account.ts';
import { createLocalSystem, type LocalSystem, type LocalSystemOptions } from '../system/local-system.ts';
import { runningRules, type ShownRule, shownRules } from '../system/rulebase.ts';
import { type Answering, inProcess } from '../system/surroundings.ts';
import { createVirtualClock, type VirtualClock } from '../system/virtual-clock.ts';

/** A system in a test: one process, virtual time, the demonstration's account and firewall unless told otherwise. */
export interface TestSystem extends LocalSystem {
  readonly clock: VirtualClock;
  readonly ec2: EC2Client;
  readonly log: readonly string[];
  /** The running configuration's local rules, ours marked. */
  readonly rules: () => Promise<readonly ShownRule[]>;
  readonly ruleNames: () => Promise<readonly string[]>;
  /** What the ownership table holds. */
  readonly records: () => ReturnType<ReturnType<typeof tableParts>['records']['rules']>;
  readonly closures: () => ReturnType<ReturnType<typeof tableParts>['records']['closures']>;
  /** Executions in the order they were started. */
  readonly runs: () => readonly Execution[];
}

export type TestSystemOptions = Partial<Omit<LocalSystemOptions, 'clock' | 'pace' | 'surroundings'>> & {
  /** Around what Step Functions answers the functions. */
  readonly aroundStates?: (request: WireRequest, respond: Respond) => ReturnType<Respond>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Where several firewalls answer: the one at an address, made from the embedded one or being it. */
  readonly firewallAt?: (endpoint: string, embedded: Simulator) => Answering;
};

export const createTestSystem = async (options: TestSystemOptions = {}): Promise<TestSystem> => {
  const clock = createVirtualClock();
  const log: string[] = [];
  const around = options.around ?? ((_invocation, run) => run());
  const system = await createLocalSystem({
    account: options.account ?? demoAccount(clock),
    ...options,
    clock,
    pace: clock.pace,
    surroundings: (parts, states) =>
      inProcess(parts, clock, {
        states: (request) => options.aroundStates?.(request, states) ?? states(request),
        environment: options.environment ?? {},
        firewallAt: (endpoint) => options.firewallAt?.(endpoint, parts.simulator) ?? parts.simulator,
        writeLog: (line) => {
          log.push(line);
        },
      }),
    around: (invocation, run) => clock.working(() => around(invocation, run)),
    afterFailure: (event, run) => clock.working(() => options.afterFailure?.(event, run) ?? run()),
  });
  const ec2 = new EC2Client({
    region: ids.region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: inProcessHandler(system.parts.ec2.respond) as never,
  });
  const { records } = tableParts(system.surroundings, settingsFrom(system.surroundings.world.environment));
  const rules = async () => {
    const owned = (await records.rules()).filter((record) => record.state === 'owned');
    return shownRules(await runningRules(system.parts.simulator), new Set(owned.flatMap(({ uuid }) => uuid ?? [])));
  };
  return {
    ...system,
    clock,
    ec2,
    log,
    rules,
    ruleNames: async () => (await rules()).map((rule) => rule.name),
    records: records.rules,
    closures: records.closures,
    runs: () => system.executions.all().toSorted((a, b) => a.startDate - b.startDate),
  };
};
