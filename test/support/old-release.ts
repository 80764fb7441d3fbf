import assert from 'node:assert/strict';
import { type CrashSystem, createCrashSystem, type Outside } from '../crash/crash-system.ts';
import { type Entering, type Moment, momentsOf, type StoryFile } from '../fixtures/moments.ts';
import type { Outcome } from '../local/step-functions/interpreter.ts';
import { type ConfigNode, descend, entriesOf, membersOf, nameOf, textOf } from '../simulator/config-node.ts';
import { vsysNode } from '../simulator/names.ts';
import { parseElement } from '../simulator/xml.ts';
import { projectFile } from './deployment.ts';

type Item = Readonly<Record<string, unknown>>;

/** A story of an old release, its moments by their titles. */
export const oldStory = (release: string, story: string) => {
  const file = JSON.parse(projectFile(`test/fixtures/${release}/${story}.json`)) as StoryFile;
  const moments = momentsOf(file);
  const momentOf = (title: string): Moment =>
    moments.find((moment) => moment.title === title) ?? assert.fail(`${story} has no moment ${title}`);
  return {
    moments,
    momentOf,
    environment: file.environment,
    /** Everything outside as it was, with the code of today. */
    systemAt: (title: string): Promise<CrashSystem> =>
      createCrashSystem({ from: momentOf(title).outside, environment: file.environment, copies: () => 1 }),
  };
};

/** The execution of the old release goes on with the code of today, from the state that it was about to enter. */
export const goesOn = async (
  system: CrashSystem,
  { state, input, execution }: Entering,
  redriveCount = execution.RedriveCount,
): Promise<Outcome> => {
  const [named] = system.executions.stateMachines.values();
  assert.ok(named !== undefined);
  const { outcome } = await named.machine.run({
    from: state,
    input,
    execution: { ...execution, RedriveCount: redriveCount },
  });
  await system.idle();
  return outcome;
};

export const succeeded = (system: CrashSystem): void => {
  const failed = system.runs().filter(({ status }) => status !== 'SUCCEEDED');
  assert.deepEqual(
    failed.map(({ error, cause }) => `${error}: ${cause?.slice(0, 500)}`),
    [],
  );
};

/** The same outside, with the firewall's configuration in other words: as when an old one is loaded and committed. */
export const withConfiguration = (outside: Outside, edit: (xml: string) => string): Outside => {
  const simulator = outside.simulator.fork();
  const tree: ConfigNode = parseElement(edit(simulator.exportConfiguration('running')));
  const { workspace } = simulator.state();
  Object.assign(simulator.state(), { running: tree, workspace: { ...workspace, candidate: tree } });
  return { ...outside, simulator };
};

/** What the running policy says, in its order: rules that the table holds without the names and texts given to them. */
export const policyOf = ({ simulator }: Pick<CrashSystem, 'simulator'>, items: readonly Item[]): readonly string[] => {
  const ours = new Set(items.filter(({ pk }) => pk === 'rule').map(({ uuid }) => uuid));
  return entriesOf(descend(vsysNode(simulator.state().running, 'vsys1'), 'rulebase', 'security', 'rules')).map(
    (rule) => {
      const name = ours.has(rule.attributes['uuid']) ? 'ours' : nameOf(rule);
      const fields = ['from', 'to', 'source', 'destination', 'application', 'service'].map((field) =>
        membersOf(rule, field).toSorted().join(),
      );
      return [name, ...fields, textOf(rule, 'action'), textOf(rule, 'disabled') ?? ''].join(' | ');
    },
  );
};

/** Records of rules by their ids, as far as a later release must keep them. */
export const recordsOf = (items: readonly Item[]): ReadonlyMap<unknown, Item> =>
  new Map(
    items
      .filter(({ pk }) => pk === 'rule')
      .map(({ sk, state, name, uuid, contributions, declined = null, intent }) => [
        sk,
        { state, name, uuid, contributions, declined, intent },
      ]),
  );

export const changesOf = (items: readonly Item[], state: string): readonly Item[] =>
  items.filter((item) => String(item['pk']).startsWith('change#') && item['state'] === state);
