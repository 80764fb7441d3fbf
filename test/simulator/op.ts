import type { OutsideAddresses } from './address-sets.ts';
import type { Caller } from './auth.ts';
import { type ChangeListOptions, changeLines } from './change-list.ts';
import { type CommitOptions, enqueueCommit, fullCommitRequired, readCommit } from './commit.ts';
import { type ConfigNode, childAt, childNamed, descend, entriesOf, membersOf, nameOf, textOf } from './config-node.ts';
import type { Device } from './device.ts';
import { haState } from './ha-state.ts';
import { showJob, showJobs } from './job-view.ts';
import {
  type LockTexts,
  listLocks,
  refuseLockedCommit,
  refuseLockedReplacement,
  releaseLock,
  takeLock,
} from './locks.ts';
import { device as deviceName } from './names.ts';
import { opResult, Refusal, type SimulatorResponse } from './reply.ts';
import { loadOver, revertAll, revertPartial } from './revert.ts';
import { escapeText, parseElement, render, XmlError } from './xml.ts';

export interface SystemFacts {
  readonly serial: string;
  readonly model: string;
  readonly swVersion: string;
  /** Null: not said, as in every capture. */
  readonly peerSerial: string | null;
}

export interface OpCall {
  readonly device: Device;
  readonly caller: Caller;
  /** The request parameter; null when it was left out. */
  readonly vsys: string | null;
  readonly now: number;
  readonly facts: SystemFacts;
  readonly commit: CommitOptions;
  readonly lockTexts: LockTexts;
  readonly changeList: ChangeListOptions;
  readonly haSerials: boolean;
  readonly policyMatchReply: 'entries' | 'text' | 'lines';
  readonly noMatchReply: 'empty' | 'rules' | 'default-rule';
  readonly wrapsConfigTwice: boolean;
  readonly outside: Pick<OutsideAddresses, 'fqdn' | 'externalLists' | 'regions'>;
  /** Set by a fault: the commit this request queues fails with these lines. */
  readonly failWith: readonly string[] | null;
}

/** Runs one command. `argument` is the element of the command's last word. */
export type Command = (call: OpCall, argument: ConfigNode) => SimulatorResponse;

/** Captured: the text and code of an op command the device does not have. */
export const unexpectedWord = (word: string): Refusal => new Refusal(17, [` ${word}  is unexpected`], { plain: false });

/** Refuses arguments a command does not have. */
export const onlyArguments = (argument: ConfigNode, known: readonly string[]): void => {
  for (const child of argument.children) if (!known.includes(child.tag)) throw unexpectedWord(child.tag);
};

export const needVsys = (call: OpCall): string => {
  // Left out it is silently vsys1 (captured); clients send `shared` where a device has one vsys only.
  const vsys = call.vsys === null || call.vsys === 'shared' ? 'vsys1' : call.vsys;
  // Captured in its beginning.
  if (descend(call.device.running, 'devices', [deviceName], 'vsys', [vsys]) === null)
    throw new Refusal(17, [`${vsys} is invalid vsys`], { plain: false });
  return vsys;
};

/** The name of a configuration's host, for `show system info`. */
const hostnameOf = (config: ConfigNode): string => {
  const devices = childNamed(config, 'devices');
  const first = devices === null ? null : childAt(devices, { tag: 'entry', key: null });
  return textOf(descend(first, 'deviceconfig', 'system'), 'hostname') ?? (first === null ? '' : nameOf(first));
};

const chosenAdmins = (argument: ConfigNode): readonly string[] | null => {
  const partial = childNamed(argument, 'partial');
  return partial === null ? null : membersOf(partial, 'admin');
};

const administrators = (call: OpCall): readonly string[] =>
  entriesOf(descend(call.device.running, 'mgt-config', 'users')).map(nameOf);

const writable = (call: OpCall): void => {
  if (call.caller.role.kind === 'superreader') throw new Refusal(16, ['Unauthorized request'], { status: 'unauth' });
};

const lockScope = (call: OpCall): string => (call.vsys === null || call.vsys === 'shared' ? 'shared' : needVsys(call));

const lockCommands = (kind: 'config' | 'commit'): Readonly<Record<string, Command>> => ({
  [`request ${kind}-lock add`]: (call, argument) => {
    onlyArguments(argument, ['comment']);
    writable(call);
    return takeLock(
      call.device,
      kind,
      call.caller.user,
      lockScope(call),
      textOf(argument, 'comment'),
      call.now,
      call.lockTexts,
    );
  },
  [`request ${kind}-lock remove`]: (call, argument) => {
    onlyArguments(argument, kind === 'commit' ? ['admin'] : []);
    writable(call);
    return releaseLock(
      call.device,
      kind,
      call.caller.user,
      lockScope(call),
      textOf(argument, 'admin'),
      call.caller.role.kind === 'superuser',
      call.lockTexts,
    );
  },
  [`show ${kind}-locks`]: (call, argument) => {
    onlyArguments(argument, ['vsys']);
    const scope = textOf(argument, 'vsys') ?? call.vsys;
    // Captured on 9.1 and later; clients that leave it out worked before.
    const [major = 0, minor = 0] = call.facts.swVersion.split('.').map(Number);
    if (scope === null && major * 100 + minor < 901) return listLocks(call.device, kind, 'all');
    if (scope === null) throw new Refusal(null, ['vsys not provided']);
    return listLocks(call.device, kind, scope);
  },
});

const loaded = (call: OpCall, config: ConfigNode, from: string): SimulatorResponse => {
  loadOver(call.device, call.caller.user, config, call.now);
  return {
    ...opResult(''),
    body: `<response status="success"><result><msg><line><msg><line>Config loaded from ${escapeText(from)}</line></msg></line></msg></result></response>`,
  };
};

const loadRefused = (text: string): Refusal => new Refusal(null, [text]);

/** 8.1.x to 10.0.0 may wrap the answer twice. */
const wholeConfig = (call: OpCall, config: string): SimulatorResponse =>
  opResult(call.wrapsConfigTwice ? `<response status="success"><result>${config}</result></response>` : config);

/** The commands of the configuration daemon. Each is documented or captured in the fact list unless it says otherwise. */
export const basicCommands: Readonly<Record<string, Command>> = {
  'show system info': (call, argument) => {
    onlyArguments(argument, []);
    const { device, facts } = call;
    const system = descend(device.running, 'devices', [deviceName], 'deviceconfig', 'system');
    const lines: readonly (readonly [string, string])[] = [
      ['hostname', hostnameOf(device.running)],
      ['ip-address', textOf(system, 'ip-address') ?? '192.168.1.1'],
      ['netmask', '255.255.255.0'],
      ['default-gateway', textOf(system, 'default-gateway') ?? '10.0.0.1'],
      ['mac-address', '00:50:56:00:00:01'],
      ['devicename', hostnameOf(device.running)],
      ['family', 'vm'],
      ['model', facts.model],
      ['serial', facts.serial],
      ['sw-version', facts.swVersion],
      ['app-version', device.contentVersion],
      ['av-version', '0'],
      ['threat-version', device.contentVersion],
      ['logdb-version', '10.1.2'],
      ['platform-family', 'vm'],
      ['multi-vsys', 'off'],
      ['operational-mode', 'normal'],
      ['device-certificate-status', 'None'],
      ['uptime', uptime(call.now - device.bootedAt)],
    ];
    return opResult(
      `<system>${lines.map(([tag, value]) => `<${tag}>${escapeText(value)}</${tag}>`).join('')}</system>`,
    );
  },
  'show high-availability state': (call, argument) => {
    onlyArguments(argument, []);
    return haState(call);
  },
  'show chassis-ready': () => opResult('yes'),
  'show config running': (call, argument) => {
    onlyArguments(argument, []);
    return wholeConfig(call, render(call.device.running, false));
  },
  'show config candidate': (call, argument) => {
    onlyArguments(argument, []);
    return wholeConfig(call, render(call.device.workspace.candidate, true));
  },
  'show config list changes': (call, argument) => {
    onlyArguments(argument, ['partial']);
    const admins = chosenAdmins(argument);
    return opResult(
      changeLines(
        call.device.workspace.journal.filter((line) => admins === null || admins.includes(line.owner)),
        call.changeList,
      ),
    );
  },
  'show config list change-summary': (call, argument) => {
    onlyArguments(argument, ['partial']);
    const admins = chosenAdmins(argument);
    return opResult(
      changeLines(
        call.device.workspace.journal.filter((line) => admins === null || admins.includes(line.owner)),
        call.changeList,
      ),
    );
  },
  'show config list admins': (call, argument) => {
    onlyArguments(argument, ['partial']);
    return opResult(
      `<members>${[...new Set(call.device.workspace.journal.map((line) => line.owner))].map((owner) => `<member>${escapeText(owner)}</member>`).join('')}</members>`,
    );
  },
  'show config list audit-comments': (call, argument) => {
    onlyArguments(argument, ['xpath']);
    const xpath = textOf(argument, 'xpath') ?? '';
    const comment = call.device.workspace.auditComments.get(normalQuotes(xpath));
    return opResult(
      comment === undefined
        ? ''
        : `<entry><xpath>${escapeText(xpath)}</xpath><dirtyId>${comment.dirtyId}</dirtyId><comment>${escapeText(comment.comment)}</comment><prevdirtyId>0</prevdirtyId></entry>`,
    );
  },
  'set audit-comment': (call, argument) => {
    onlyArguments(argument, ['xpath', 'comment']);
    writable(call);
    const xpath = normalQuotes(textOf(argument, 'xpath') ?? '');
    const comment = textOf(argument, 'comment') ?? '';
    if (comment.length > 256)
      throw new Refusal(17, [`comment can be at most 256 characters, but current length: ${comment.length}`]);
    const { workspace } = call.device;
    call.device.workspace = {
      ...workspace,
      auditComments: new Map(workspace.auditComments).set(xpath, {
        comment,
        admin: call.caller.user,
        dirtyId: workspace.dirtyCounter,
      }),
    };
    return opResult('Command succeeded with no output');
  },
  'check pending-changes': (call) => opResult(call.device.workspace.journal.length > 0 ? 'yes' : 'no'),
  'check full-commit-required': (call) => opResult(fullCommitRequired(call.device) ? 'yes' : 'no'),
  'show jobs id': (call, argument) => showJob(call.device, argument.text.trim(), call.now),
  'show jobs all': (call) => showJobs(call.device, 'all', call.now),
  'show jobs pending': (call) => showJobs(call.device, 'pending', call.now),
  'show jobs processed': (call) => showJobs(call.device, 'processed', call.now),
  'validate full': (call, argument) => {
    onlyArguments(argument, []);
    return enqueueCommit(
      call.device,
      call.commit,
      {
        user: call.caller.user,
        superuser: true,
        request: { kind: 'validate', admins: null, excluded: new Set(), force: false },
        description: '',
        failWith: null,
      },
      call.now,
    );
  },
  'validate partial': (call, argument) => {
    const { request } = readCommit(
      { ...argument, tag: 'validate', children: [{ ...argument, tag: 'partial' }] },
      administrators(call),
    );
    return enqueueCommit(
      call.device,
      call.commit,
      {
        user: call.caller.user,
        superuser: true,
        request: { ...request, kind: 'validate' },
        description: '',
        failWith: null,
      },
      call.now,
    );
  },
  'revert config': (call, argument) => {
    onlyArguments(argument, ['partial', 'skip-validate']);
    writable(call);
    const admins = chosenAdmins(argument);
    refuseLockedReplacement(call.device, call.caller.user);
    if (admins === null) return revertAll(call.device);
    return revertPartial(call.device, admins);
  },
  'save config to': (call, argument) => {
    writable(call);
    call.device.saved = new Map(call.device.saved).set(argument.text, call.device.workspace.candidate);
    return opResult(`Config saved to ${escapeText(argument.text)}`);
  },
  'load config from': (call, argument) => {
    writable(call);
    refuseLockedReplacement(call.device, call.caller.user);
    const config = argument.text === 'running-config.xml' ? call.device.running : call.device.saved.get(argument.text);
    if (config === undefined) throw loadRefused(`${argument.text} does not exist`);
    return loaded(call, config, argument.text);
  },
  'load config version': (call, argument) => {
    writable(call);
    refuseLockedReplacement(call.device, call.caller.user);
    const version = call.device.versions.find((known) => String(known.version) === argument.text.trim());
    if (version === undefined) throw loadRefused(`version ${argument.text} does not exist`);
    return loaded(call, version.config, `version ${version.version}`);
  },
  ...lockCommands('config'),
  ...lockCommands('commit'),
  'request high-availability sync-to-remote running-config': (call) => {
    if (!call.device.ha.enabled) throw new Refusal(null, ['HA is not enabled']);
    if (call.device.jobs.some((job) => job.status !== 'FIN'))
      throw new Refusal(null, [
        'Local commit jobs are queued. running configuration will not be synchronized with HA peer',
      ]);
    return opResult('HA synchronization job has been queued on peer. Please check job status on peer.');
  },
};

/** XPaths compare with single quotes inside; clients send either. */
const normalQuotes = (xpath: string): string => xpath.replace(/="([^"']*)"/g, "='$1'");

const uptime = (milliseconds: number): string => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${Math.floor(seconds / 86_400)} days, ${Math.floor((seconds % 86_400) / 3600)}:${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`;
};

/**
 * `type=op`: finds the command by its words. An unknown word or argument is refused (code 17), never answered with success.
 * @throws Refusal
 */
export const opRequest = (call: OpCall, commands: ReadonlyMap<string, Command>, source: string): SimulatorResponse => {
  let root: ConfigNode;
  try {
    root = parseElement(source);
  } catch (error) {
    if (error instanceof XmlError) throw new Refusal(18, [`Malformed command: ${error.message}`]);
    throw error;
  }
  let words = root.tag;
  let here = root;
  for (;;) {
    const command = commands.get(words);
    if (command !== undefined) return command(call, here);
    const prefix = `${words} `;
    if (![...commands.keys()].some((known) => known.startsWith(prefix))) throw unexpectedWord(here.tag);
    const [next, more] = here.children;
    if (next === undefined) throw new Refusal(17, [` ${here.tag}  is incomplete`], { plain: false });
    if (more !== undefined) throw unexpectedWord(more.tag);
    here = next;
    words = `${words} ${here.tag}`;
  }
};

/** `type=commit`. @throws Refusal */
export const commitRequest = (call: OpCall, source: string): SimulatorResponse => {
  let root: ConfigNode;
  try {
    root = parseElement(source);
  } catch (error) {
    if (error instanceof XmlError) throw new Refusal(18, [`Malformed command: ${error.message}`]);
    throw error;
  }
  if (root.tag !== 'commit') throw unexpectedWord(root.tag);
  const { request, description } = readCommit(root, administrators(call));
  const { device, caller } = call;
  if (request.kind === 'commit') {
    if (device.ha.enabled && !['active', 'active-primary'].includes(device.ha.state))
      throw new Refusal(15, [`operation denied: device is ${device.ha.state}`]);
    refuseLockedCommit(device, caller.user);
    // Captured that it fails; neither text nor code is known.
    if (device.jobs.some((job) => job.status !== 'FIN' && job.type === 'AutoCom'))
      throw new Refusal(13, ['The automatic commit after the boot has not ended. Please try again later.']);
    if (device.jobs.some((job) => job.status !== 'FIN' && job.type === 'Install'))
      throw new Refusal(13, ['You cannot commit while an install is in progress. Please try again later.']);
  }
  return enqueueCommit(
    device,
    call.commit,
    {
      user: caller.user,
      superuser: caller.role.kind === 'superuser',
      request,
      description,
      failWith: request.kind === 'commit' ? call.failWith : null,
    },
    call.now,
  );
};
