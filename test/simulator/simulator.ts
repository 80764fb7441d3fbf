import { setTimeout as delay } from 'node:timers/promises';
import { authenticate, type Caller, issueKey, keygen, type Passwords, refuseType, roleOf } from './auth.ts';
import { advance, type CommitOptions, enqueueOther } from './commit.ts';
import { configRequest } from './config-actions.ts';
import { type ConfigNode, descend, entriesOf, nameOf, unmarked } from './config-node.ts';
import { hit, installContent, push, restart } from './control.ts';
import { defaultPasswords } from './default-configuration.ts';
import type { Device } from './device.ts';
import { ConnectionLost, type Control, controlSchema, type FaultKind, FaultList } from './faults.ts';
import { newDevice } from './new-device.ts';
import { basicCommands, type Command, commitRequest, type OpCall, opRequest } from './op.ts';
import { policyCommands } from './op-policy.ts';
import { defaultLimits, type SimulatorOptions } from './options.ts';
import { loginPage, Refusal, rawXml, type SimulatorRequest, type SimulatorResponse, webRefusal } from './reply.ts';
import { registeredCommands, userIdRequest } from './user-id.ts';
import { render } from './xml.ts';

export type { SimulatorOptions } from './options.ts';
export type { SimulatorRequest, SimulatorResponse } from './reply.ts';

export interface Simulator {
  /** @throws ConnectionLost where a connection would be refused or broken */
  readonly respond: (request: SimulatorRequest) => Promise<SimulatorResponse>;
  /** Makes a request as a user at once, past faults, hooks and authentication; answers the body. */
  readonly act: (user: string, parameters: Readonly<Record<string, string>>) => string;
  /** Arms faults and changes the device, as `POST /control` does. @throws Error for what it does not know */
  readonly control: (command: Control) => void;
  /** The configuration as XML, without marks. */
  readonly exportConfiguration: (which: 'candidate' | 'running') => string;
  /** The API key of a user, as keygen would issue it. */
  readonly keyOf: (user: string) => string;
  readonly passwordOf: (user: string) => string;
  /** Names of the administrators of the running configuration. */
  readonly administrators: () => readonly string[];
  /** A second device in exactly this state, independent from now on. */
  readonly fork: (changes?: Partial<SimulatorOptions>) => Simulator;
  /** What the device remembers; to look at, not to touch. */
  readonly state: () => Readonly<Device>;
  /** Takes over a peer's running configuration, as an HA-Sync does. */
  readonly receiveSync: (running: ConfigNode) => void;
}

const parametersOf = (request: SimulatorRequest): Map<string, string> => {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(request.query ?? '')) parameters.set(name, value);
  if (request.method === 'POST')
    for (const [name, value] of new URLSearchParams(request.body)) parameters.set(name, value);
  return parameters;
};

const commands: ReadonlyMap<string, Command> = new Map(
  Object.entries({ ...basicCommands, ...policyCommands, ...registeredCommands }),
);

const mapOf = <Value>(record: Readonly<Record<string, Value>> | undefined): ReadonlyMap<string, Value> =>
  new Map(Object.entries(record ?? {}));

/** A PAN-OS firewall in memory: a function from request to response, with no clock, timers or chance of its own. */
export const createSimulator = (options: SimulatorOptions = {}): Simulator => {
  const faults = new FaultList();
  for (const fault of options.faults ?? []) faults.add(fault);
  return assemble(options, null, faults);
};

const assemble = (options: SimulatorOptions, existing: Device | null, faults: FaultList): Simulator => {
  const now = options.now ?? (() => Date.now());
  const sleep = options.sleep ?? (async (milliseconds: number) => void (await delay(milliseconds)));
  const facts = {
    serial: options.serial ?? '007000001222',
    peerSerial: options.peerSerial ?? null,
    model: options.model ?? 'PA-VM',
    swVersion: options.swVersion ?? '11.1.4',
  };
  const { jobMilliseconds = 0, passwords = defaultPasswords } = options;
  const commit: CommitOptions = {
    jobMilliseconds: typeof jobMilliseconds === 'number' ? () => jobMilliseconds : jobMilliseconds,
    haSync: true,
    autoCommitMilliseconds: options.autoCommitMilliseconds ?? 0,
  };
  const known: Passwords = {
    passwordOf: (user) => (Object.hasOwn(passwords, user) ? (passwords[user] ?? null) : `${user}-secret`),
  };
  const limits = new Map<string, number>(Object.entries({ ...defaultLimits, ...options.limits }));
  const outside = {
    fqdn: mapOf(options.fqdn),
    externalLists: mapOf(options.externalLists),
    regions: mapOf(options.regions),
  };
  const unknownElements = new Set(
    Number.parseInt(facts.swVersion, 10) < 10 ? ['source-hip', 'destination-hip'] : ['hip-profiles'],
  );
  let uuids = existing?.uuidCounter ?? 0;
  const newUuid = (): string => {
    uuids += 1;
    const random = options.random === undefined ? 0 : Math.floor(options.random() * 0x1_0000_0000);
    return `${random.toString(16).padStart(8, '0')}-0000-4000-8000-${uuids.toString(16).padStart(12, '0')}`;
  };
  const device = existing ?? newDevice(options, now(), newUuid);
  // A fork may be made before the first request.
  device.uuidCounter = uuids;

  const dispatch = (
    caller: Caller,
    parameters: ReadonlyMap<string, string>,
    failWith: readonly string[] | null,
  ): SimulatorResponse => {
    const at = now();
    const type = parameters.get('type') ?? '';
    const refused = refuseType(caller, type);
    if (refused !== null) return refused;
    const call: OpCall = {
      device,
      caller,
      vsys: parameters.get('vsys') ?? null,
      now: at,
      facts,
      commit,
      outside,
      lockTexts: options.lockTexts ?? '11.1',
      changeList: {
        names: options.changeList ?? 'entry',
        owners: options.changeOwners ?? 'each',
        moves: options.moveLine ?? 'entry',
      },
      haSerials: options.haSerials ?? true,
      policyMatchReply: options.policyMatchReply ?? 'entries',
      noMatchReply: options.noMatchReply ?? 'empty',
      wrapsConfigTwice: options.wrapsConfigTwice ?? false,
      failWith,
    };
    switch (type) {
      case 'config':
        return configRequest({
          device,
          caller,
          parameters,
          now: at,
          options: {
            limits,
            reorderNeedsFullCommit: options.reorderNeedsFullCommit ?? false,
            writesDuringCommit: options.writesDuringCommit ?? 'refused-while-queued',
            newUuid,
            multiConfig: options.multiConfig ?? true,
            unknownElements,
          },
        });
      case 'op':
        return opRequest(call, commands, parameters.get('cmd') ?? '');
      case 'commit':
        return commitRequest(call, parameters.get('cmd') ?? '');
      case 'user-id':
        return userIdRequest(
          device,
          parameters.get('cmd') ?? '',
          call.vsys ?? 'vsys1',
          at,
          options.strictUserId ?? false,
        );
      case 'version':
        return rawXml(
          `<response status = "success"><result><sw-version>${facts.swVersion}</sw-version><multi-vsys>off</multi-vsys><model>${facts.model}</model><serial>${facts.serial}</serial></result></response>`,
        );
      case 'export':
        // Captured: a bare <config> without an envelope.
        if (parameters.get('category') === 'configuration') return rawXml(render(device.running, false));
        return webRefusal(
          400,
          'Bad Request',
          `Illegal value for parameter "category" [${parameters.get('category') ?? ''}]. Allowed values: configuration`,
        );
      default:
        return webRefusal(400, 'Bad Request', `Illegal value for parameter "type" [${type}].`);
    }
  };

  const settle = (work: () => SimulatorResponse): SimulatorResponse => {
    advance(device, commit, now());
    try {
      return work();
    } catch (error) {
      if (error instanceof Refusal) return error.reply();
      throw error;
    } finally {
      advance(device, commit, now());
      device.uuidCounter = uuids;
    }
  };

  const act = (user: string, parameters: Readonly<Record<string, string>>): string => {
    const role = roleOf(device.running, user);
    if (role === null) throw new Error(`no administrator ${user}`);
    return settle(() => dispatch({ user, role }, new Map(Object.entries(parameters)), null)).body;
  };

  const control = (input: Control): void => {
    const command = controlSchema.parse(input);
    const at = now();
    advance(device, commit, at);
    switch (command.kind) {
      case 'add-fault': {
        const { kind: _, ...fault } = command;
        faults.add(fault);
        return;
      }
      case 'clear-faults':
        faults.clear();
        return;
      case 'restart':
        restart(device, commit, command, at);
        return;
      case 'act':
        act(command.user, command.parameters);
        return;
      case 'ha': {
        const { kind: _, ...ha } = command;
        device.ha = ha;
        return;
      }
      case 'content':
        installContent(device, command.version, command.ports);
        return;
      case 'expire-keys': {
        const keys = new Map([...device.keys].map(([key, issued]) => [key, { ...issued, expired: true }]));
        for (const user of administrators()) keys.set(keyOf(user), { user, until: null, expired: true });
        device.keys = keys;
        device.keyGeneration += 1;
        return;
      }
      case 'change-master-key':
        device.keys = new Map();
        device.keyGeneration += 1;
        return;
      case 'full-commit-required':
        device.fullCommitForced = command.required;
        return;
      case 'push':
        push(device, command.xml, command.deviceGroup, newUuid);
        return;
      case 'hit':
        hit(device, command.rule, command.count, at);
        return;
      case 'install':
        enqueueOther(device, commit, 'Install', '', at);
        return;
    }
  };

  const administrators = (): readonly string[] => entriesOf(descend(device.running, 'mgt-config', 'users')).map(nameOf);
  const keyOf = (user: string): string => issueKey(device, user, known.passwordOf(user) ?? '', now());

  /** The API proper, with the faults this request meets already known. */
  const answer = (
    request: SimulatorRequest,
    parameters: ReadonlyMap<string, string>,
    met: readonly FaultKind[],
  ): SimulatorResponse => {
    const at = now();
    if (at < device.refusedUntil) throw new ConnectionLost('ECONNREFUSED');
    if (request.path !== '/api/' && request.path !== '/api') return loginPage();
    if (
      request.method === 'POST' &&
      !/^(application\/x-www-form-urlencoded|multipart\/form-data)/i.test(request.contentType)
    )
      return loginPage();
    if (request.method !== 'GET' && request.method !== 'POST') return webRefusal(400, 'Bad Request', 'Bad Request');
    if (at < device.deniedUntil || met.some(({ kind }) => kind === 'deny'))
      return webRefusal(403, 'Invalid Credential', 'Invalid Credential');
    if (parameters.get('type') === 'keygen')
      return keygen(device, known, parameters.get('user') ?? '', parameters.get('password') ?? '', at);
    const caller = authenticate(
      device,
      known,
      {
        key: request.headers['x-pan-key'] ?? parameters.get('key') ?? null,
        authorization: request.headers['authorization'] ?? null,
      },
      at,
    );
    if ('status' in caller) return caller;
    let failWith: readonly string[] | null = null;
    for (const fault of met) {
      if (fault.kind === 'html') return loginPage();
      if (fault.kind === 'reply')
        return { status: fault.status, reason: fault.reason, contentType: fault.contentType, body: fault.body };
      if (fault.kind === 'session-timeout') throw new Refusal(22, ['Session timed out']);
      if (fault.kind === 'config-lock-timeout')
        throw new Refusal(13, ['Timed out while getting config lock. Please try again.']);
      if (fault.kind === 'commit-fails') failWith = fault.lines;
    }
    return dispatch(caller, parameters, failWith);
  };

  const respond = async (request: SimulatorRequest): Promise<SimulatorResponse> => {
    if (options.control === true && request.path === '/control' && request.method === 'POST') {
      try {
        control(controlSchema.parse(JSON.parse(request.body)));
        return { status: 200, reason: 'OK', contentType: 'application/json', body: '{}' };
      } catch (error) {
        return {
          status: 400,
          reason: 'Bad Request',
          contentType: 'application/json',
          body: JSON.stringify({ error: error instanceof Error ? error.message : String(error) }),
        };
      }
    }
    device.requests += 1;
    const verdict =
      options.beforeRequest === undefined ? undefined : await options.beforeRequest(device.requests, request);
    if (verdict === 'drop-before') throw new ConnectionLost('ECONNRESET');
    const parameters = parametersOf(request);
    const met = faults.empty
      ? []
      : faults.meet({
          type: parameters.get('type') ?? '',
          action: parameters.get('action') ?? '',
          user: userOf(request, parameters),
          values: [...parameters.values()],
        });
    for (const fault of met) {
      if (fault.kind === 'drop-before') throw new ConnectionLost('ECONNRESET');
      if (fault.kind === 'delay') await sleep(fault.milliseconds);
      if (fault.kind === 'restart') restart(device, commit, fault, now());
      if (fault.kind === 'somebody') act(fault.user, fault.parameters);
    }
    const response = settle(() => answer(request, parameters, met));
    if (verdict === 'drop-after') throw new ConnectionLost('ECONNRESET');
    let sent = response;
    for (const fault of met) {
      if (fault.kind === 'drop-after') throw new ConnectionLost('ECONNRESET');
      if (fault.kind === 'empty') sent = { ...sent, body: '' };
      if (fault.kind === 'truncate')
        sent = { ...sent, body: sent.body.slice(0, fault.bytes), promisedBytes: Buffer.byteLength(sent.body) };
    }
    return sent;
  };

  const userOf = (request: SimulatorRequest, parameters: ReadonlyMap<string, string>): string => {
    const caller = authenticate(
      device,
      known,
      {
        key: request.headers['x-pan-key'] ?? parameters.get('key') ?? null,
        authorization: request.headers['authorization'] ?? null,
      },
      now(),
    );
    return 'status' in caller ? '' : caller.user;
  };

  return {
    respond,
    act,
    control,
    exportConfiguration: (which) => {
      advance(device, commit, now());
      return render(which === 'running' ? device.running : unmarked(device.workspace.candidate), false);
    },
    keyOf,
    passwordOf: (user) => known.passwordOf(user) ?? '',
    administrators,
    fork: (changes = {}) => assemble({ ...options, ...changes }, { ...device }, faults.copy()),
    state: () => {
      advance(device, commit, now());
      return device;
    },
    receiveSync: (running) => {
      device.running = running;
      device.workspace = { ...device.workspace, candidate: running, journal: [], removals: [], fullCommitReasons: [] };
    },
  };
};
