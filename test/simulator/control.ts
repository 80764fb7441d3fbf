import { advance, type CommitOptions, enqueueOther } from './commit.ts';
import { type ConfigNode, descend, entriesOf, nameOf } from './config-node.ts';
import type { Device, Job } from './device.ts';
import { withMentioned } from './mentioned.ts';
import { vsysNode } from './names.ts';
import { predefinedContent } from './predefined-content.ts';
import { parseElement } from './xml.ts';

export interface Restart {
  readonly what: 'reboot' | 'configd';
  readonly committed: boolean;
  readonly refusedMilliseconds: number;
  readonly deniedMilliseconds: number;
}

/**
 * `reboot`: the running configuration is loaded again, so uncommitted changes, locks and jobs are gone (documented for the
 * candidate, inferred for the numbers starting again with an AutoCom). `configd`: unfinished jobs vanish and `show jobs all`
 * has a job without a number in their place (captured).
 */
export const restart = (
  device: Device,
  commit: CommitOptions,
  { what, committed, refusedMilliseconds, deniedMilliseconds }: Restart,
  now: number,
): void => {
  if (committed) {
    const unfinished = device.jobs.some((job) => job.status !== 'FIN');
    if (unfinished) advance(device, { ...commit, haSync: false }, Number.MAX_SAFE_INTEGER);
    device.jobs = device.jobs.map((job) =>
      job.finishedAt !== null && job.finishedAt > now ? { ...job, finishedAt: now } : job,
    );
  }
  device.refusedUntil = now + refusedMilliseconds;
  device.deniedUntil = device.refusedUntil + deniedMilliseconds;
  if (what === 'configd') {
    const lost = committed ? [] : device.jobs.filter((job) => job.status !== 'FIN');
    device.jobs = [
      ...(committed ? [] : device.jobs.filter((job) => job.status === 'FIN')),
      ...lost.map(
        (job): Job => ({
          ...job,
          id: 0,
          type: 'Failed-Job',
          status: 'FIN',
          result: 'FAIL',
          details: ['job failed because of configd restart'],
          startedAt: job.startedAt ?? now,
          finishedAt: now,
        }),
      ),
    ];
    return;
  }
  device.workspace = {
    ...device.workspace,
    candidate: device.running,
    journal: [],
    removals: [],
    fullCommitReasons: [],
    auditComments: new Map(),
  };
  device.locks = [];
  device.fullCommitForced = false;
  device.registered = new Map([...device.registered].filter(([, { persistent }]) => persistent));
  device.bootedAt = now;
  device.jobs = [];
  device.nextJob = 1;
  enqueueOther(
    device,
    { ...commit, jobMilliseconds: () => commit.autoCommitMilliseconds },
    'AutoCom',
    '',
    device.deniedUntil,
  );
};

/** Marks what a Panorama pushed with its device group: on entries, containers and members (captured). */
const located = (subject: ConfigNode, deviceGroup: string): ConfigNode => ({
  ...subject,
  attributes:
    subject.tag === 'panorama' || subject.tag === 'vsys' || subject.attributes['loc'] !== undefined
      ? subject.attributes
      : { ...subject.attributes, loc: deviceGroup },
  children: subject.children.map((child) => located(child, deviceGroup)),
});

export const pushedTree = (panorama: ConfigNode, deviceGroup: string, newUuid: () => string): ConfigNode => {
  const withUuids = (subject: ConfigNode): ConfigNode => ({
    ...subject,
    children: subject.children.map((child) => {
      const deeper = withUuids(child);
      return subject.tag === 'rules' && child.attributes['uuid'] === undefined
        ? { ...deeper, attributes: { ...deeper.attributes, uuid: newUuid() } }
        : deeper;
    }),
  });
  const vsys = withUuids(panorama);
  return {
    ...vsys,
    children: vsys.children.map((child) =>
      child.tag === 'vsys'
        ? {
            ...child,
            children: child.children.map((entry) => ({
              ...entry,
              children: entry.children.map((below) => located(below, deviceGroup)),
            })),
          }
        : child,
    ),
  };
};

/** @throws Error when the XML is not a `<panorama>` element. */
export const push = (device: Device, xml: string | null, deviceGroup: string, newUuid: () => string): void => {
  if (xml === null) {
    device.pushed = null;
    return;
  }
  const parsed = parseElement(xml);
  if (parsed.tag !== 'panorama') throw new Error(`<panorama> expected, found <${parsed.tag}>`);
  device.pushed = pushedTree(parsed, deviceGroup, newUuid);
};

export const installContent = (
  device: Device,
  version: string,
  ports: Readonly<Record<string, readonly string[]>>,
): void => {
  device.predefined = withMentioned(predefinedContent(ports), device.mentioned);
  device.contentVersion = version;
};

/** @throws Error when the running policy has no such rule. */
export const hit = (device: Device, rule: string, count: number, now: number): void => {
  const found = entriesOf(descend(vsysNode(device.running, 'vsys1'), 'rulebase', 'security', 'rules')).find(
    (one) => nameOf(one) === rule,
  );
  if (found === undefined && !rule.endsWith('-default'))
    throw new Error(`no rule ${rule} in the running configuration`);
  const key = found?.attributes['uuid'] ?? rule;
  const before = device.hits.get(key);
  device.hits = new Map(device.hits).set(key, {
    count: (before?.count ?? 0) + count,
    first: before?.first ?? now,
    last: now,
  });
};
