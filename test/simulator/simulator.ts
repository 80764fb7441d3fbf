import { authenticate, issueKey, keygen, type Passwords, refuseType } from './auth.ts';
import { advance, type CommitOptions } from './commit.ts';
import { configRequest } from './config-actions.ts';
import { type ConfigNode, childNamed, descend, entriesOf, nameOf, unmarked } from './config-node.ts';
import { defaultConfiguration, defaultPasswords } from './default-configuration.ts';
import type { Device } from './device.ts';
import { vsysNode } from './names.ts';
import { basicCommands, type Command, commitRequest, type OpCall, opRequest } from './op.ts';
import { predefinedContent } from './predefined-content.ts';
import { loginPage, Refusal, rawXml, type SimulatorRequest, type SimulatorResponse, webRefusal } from './reply.ts';
import { parseElement, render } from './xml.ts';

export type { SimulatorRequest, SimulatorResponse } from './reply.ts';

export interface SimulatorOptions {
  /** A configuration in PAN-OS's own XML; `/config/panorama` in it is taken as pushed. */
  readonly configuration?: string;
  /** User → password, `NAME-secret` for those left out; roles come from the configuration's `mgt-config/users`. */
  readonly passwords?: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly sleep?: (milliseconds: number) => Promise<void>;
  /** In [0, 1). */
  readonly random?: () => number;
  /** How long a job takes; 0 ends it before its reply is sent. Default 0. */
  readonly jobMilliseconds?: number | CommitOptions['jobMilliseconds'];
  readonly swVersion?: string;
  readonly model?: string;
  readonly serial?: string;
}

export interface Simulator {
  readonly respond: (request: SimulatorRequest) => Promise<SimulatorResponse>;
  /** The configuration as XML, without marks. */
  readonly exportConfiguration: (which: 'candidate' | 'running') => string;
  /** The API key of a user, as keygen would issue it. */
  readonly keyOf: (user: string) => string;
  readonly passwordOf: (user: string) => string;
  /** Names of the administrators of the running configuration. */
  readonly administrators: () => readonly string[];
}

const withoutSpace = (text: string): ConfigNode => parseElement(text.replace(/^\s*<\?xml[^>]*\?>/, ''));

/** Gives every rule that has none a uuid, as a device does when it loads a configuration. */
const withUuids = (subject: ConfigNode, newUuid: () => string): ConfigNode => {
  if (subject.children.length === 0) return subject;
  return {
    ...subject,
    children: subject.children.map((child) => {
      const deeper = withUuids(child, newUuid);
      const isRule = subject.tag === 'rules' && child.tag === 'entry' && child.attributes['uuid'] === undefined;
      return isRule ? { ...deeper, attributes: { ...deeper.attributes, uuid: newUuid() } } : deeper;
    }),
  };
};

const newDevice = (options: SimulatorOptions, now: number, newUuid: () => string): Device => {
  const parsed = withUuids(unmarked(withoutSpace(options.configuration ?? defaultConfiguration)), newUuid);
  if (parsed.tag !== 'config') throw new Error(`the root element is <${parsed.tag}>, not <config>`);
  if (vsysNode(parsed, 'vsys1') === null) throw new Error('there is no vsys1 in it');
  const pushed = childNamed(parsed, 'panorama');
  const running: ConfigNode = {
    ...parsed,
    children: parsed.children.filter(({ tag }) => tag !== 'panorama' && tag !== 'predefined'),
  };
  return {
    workspace: {
      candidate: running,
      journal: [],
      removals: [],
      dirtyCounter: 0,
      fullCommitReasons: [],
      auditComments: new Map(),
    },
    running,
    pushed,
    predefined: predefinedContent(),
    contentVersion: '8247-5943',
    jobs: [],
    nextJob: 1,
    locks: [],
    versions: [{ version: 1, config: running, at: now }],
    saved: new Map(),
    auditLog: [],
    ha: { enabled: false, mode: 'Active-Passive', state: 'active', peerState: 'passive', runningSync: 'synchronized' },
    registered: new Map(),
    hits: new Map(),
    keys: new Map(),
    keyGeneration: 0,
    refusedUntil: 0,
    deniedUntil: 0,
    bootedAt: now,
    fullCommitForced: false,
    keyCounter: 0,
    requests: 0,
  };
};

const parametersOf = (request: SimulatorRequest): Map<string, string> => {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(request.query ?? '')) parameters.set(name, value);
  if (request.method === 'POST')
    for (const [name, value] of new URLSearchParams(request.body)) parameters.set(name, value);
  return parameters;
};

/** A PAN-OS firewall in memory: a function from request to response, with no clock, timers or chance of its own. */
export const createSimulator = (options: SimulatorOptions = {}): Simulator => {
  const now = options.now ?? (() => Date.now());
  const passwords = options.passwords ?? defaultPasswords;
  const facts = {
    serial: options.serial ?? '007000001222',
    peerSerial: '007000001223',
    model: options.model ?? 'PA-VM',
    swVersion: options.swVersion ?? '11.1.4',
  };
  const { jobMilliseconds = 0 } = options;
  const commit: CommitOptions = {
    jobMilliseconds: typeof jobMilliseconds === 'number' ? () => jobMilliseconds : jobMilliseconds,
    haSync: true,
  };
  const known: Passwords = {
    passwordOf: (user) => (Object.hasOwn(passwords, user) ? (passwords[user] ?? null) : `${user}-secret`),
  };
  const commands: ReadonlyMap<string, Command> = new Map(Object.entries(basicCommands));
  let uuids = 0;
  const newUuid = (): string => {
    uuids += 1;
    const random = options.random === undefined ? 0 : Math.floor(options.random() * 0x1_0000_0000);
    return `${random.toString(16).padStart(8, '0')}-0000-4000-8000-${uuids.toString(16).padStart(12, '0')}`;
  };

  const device = newDevice(options, now(), newUuid);

  const answer = (request: SimulatorRequest): SimulatorResponse => {
    const at = now();
    advance(device, commit, at);
    if (request.path !== '/api/' && request.path !== '/api') return loginPage();
    if (
      request.method === 'POST' &&
      !/^(application\/x-www-form-urlencoded|multipart\/form-data)/i.test(request.contentType)
    )
      return loginPage();
    if (request.method !== 'GET' && request.method !== 'POST') return webRefusal(400, 'Bad Request', 'Bad Request');
    const parameters = parametersOf(request);
    const type = parameters.get('type') ?? '';
    if (type === 'keygen')
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
    const refused = refuseType(caller, type);
    if (refused !== null) return refused;
    const call: OpCall = {
      device,
      caller,
      vsys: parameters.get('vsys') ?? null,
      now: at,
      facts,
      commit,
      lockTexts: '11.1',
      changeList: 'entry',
      policyMatchReply: 'entries',
      noMatchReply: 'empty',
      nextFailure: () => null,
    };
    switch (type) {
      case 'config':
        return configRequest({
          device,
          caller,
          parameters,
          now: at,
          options: {
            limits: new Map(),
            reorderNeedsFullCommit: false,
            writesDuringCommit: 'refused-while-queued',
            newUuid,
            multiConfig: true,
          },
        });
      case 'op':
        return opRequest(call, commands, parameters.get('cmd') ?? '');
      case 'commit':
        return commitRequest(call, parameters.get('cmd') ?? '');
      case 'version':
        return rawXml(
          `<response status = "success"><result><sw-version>${facts.swVersion}</sw-version><multi-vsys>off</multi-vsys><model>${facts.model}</model><serial>${facts.serial}</serial></result></response>`,
        );
      case 'export':
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

  return {
    respond: async (request) => {
      device.requests += 1;
      try {
        return answer(request);
      } catch (error) {
        if (error instanceof Refusal) return error.reply();
        throw error;
      } finally {
        advance(device, commit, now());
      }
    },
    exportConfiguration: (which) =>
      render(which === 'running' ? device.running : unmarked(device.workspace.candidate), false),
    keyOf: (user) => issueKey(device, user, known.passwordOf(user) ?? '', now()),
    passwordOf: (user) => known.passwordOf(user) ?? '',
    administrators: () => entriesOf(descend(device.running, 'mgt-config', 'users')).map(nameOf),
  };
};
