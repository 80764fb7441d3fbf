import { type ConfigNode, childNamed, unmarked } from './config-node.ts';
import { pushedTree } from './control.ts';
import { defaultConfiguration } from './default-configuration.ts';
import type { Device } from './device.ts';
import { mentionedIn, withMentioned } from './mentioned.ts';
import { scopesOf, vsysNode } from './names.ts';
import type { SimulatorOptions } from './options.ts';
import { predefinedContent } from './predefined-content.ts';
import { parseElement } from './xml.ts';

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

/**
 * A device that has just loaded its configuration.
 * @throws Error when the text is not a PAN-OS configuration
 */
export const newDevice = (options: SimulatorOptions, now: number, newUuid: () => string): Device => {
  const text = (options.configuration ?? defaultConfiguration).replace(/^\uFEFF?\s*<\?xml[^>]*\?>/, '');
  const parsed = withUuids(unmarked(parseElement(text)), newUuid);
  if (parsed.tag !== 'config') throw new Error(`the root element is <${parsed.tag}>, not <config>`);
  if (vsysNode(parsed, 'vsys1') === null) throw new Error('there is no vsys1 in it');
  const pushed = childNamed(parsed, 'panorama');
  const running: ConfigNode = {
    ...parsed,
    children: parsed.children.filter(({ tag }) => tag !== 'panorama' && tag !== 'predefined'),
  };
  const pushedHere = pushed === null ? null : pushedTree(pushed, 'branch', newUuid);
  const content = predefinedContent();
  const mentioned = mentionedIn(running, (vsys) => scopesOf(running, pushedHere, content, vsys));
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
    pushed: pushedHere,
    predefined: withMentioned(content, mentioned),
    mentioned,
    contentVersion: '8247-5943',
    jobs: [],
    nextJob: 1,
    locks: [],
    versions: [{ version: 1, config: running, at: now }],
    saved: new Map(),
    auditLog: [],
    ha: {
      enabled: false,
      mode: 'Active-Passive',
      state: 'active',
      peerState: 'passive',
      runningSync: 'synchronized',
      ...options.ha,
    },
    registered: new Map(),
    hits: new Map(),
    keys: new Map(),
    keyGeneration: 0,
    refusedUntil: 0,
    deniedUntil: 0,
    bootedAt: now,
    fullCommitForced: false,
    keyCounter: 0,
    uuidCounter: 0,
    requests: 0,
  };
};
