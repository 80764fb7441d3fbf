import { isManaged, type Rule, rulesOf } from '../simulation/rules.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { ruleFields, rulesXpath, ruleXpath } from '../support/calls.ts';
import { administrator } from '../system/parts.ts';

/** What a colleague does at the firewall at one moment of a run. */
export interface Meddling {
  readonly title: string;
  readonly act: (simulator: Simulator) => void;
  /** What it lets stand is his decision: what the rule granted may be closed in the end. */
  readonly decides?: true;
  /** Done some calls later: what he has taken he gives back. */
  readonly undo?: (simulator: Simulator) => void;
}

type Fields = Readonly<Record<string, string>>;
/** The firewall may refuse him: a rule may be gone by then, or a lock be held. */
const him = (simulator: Simulator, fields: Fields): string => simulator.act('colleague', fields);
const op = (cmd: string) => (simulator: Simulator) => void him(simulator, { type: 'op', cmd });
const commit = (simulator: Simulator): void => void him(simulator, { type: 'commit', cmd: '<commit></commit>' });

/** The managed rule that was written last, staged ones included. */
const newest = (simulator: Simulator): Rule | undefined =>
  rulesOf(simulator.state().workspace.candidate).filter(isManaged).at(-1);
const onNewest = (fields: (rule: Rule) => Fields) => (simulator: Simulator) => {
  const rule = newest(simulator);
  if (rule !== undefined) him(simulator, { type: 'config', ...fields(rule) });
};
const setTo = (tag: string, element: string) =>
  onNewest(({ name }) => ({
    action: 'edit',
    xpath: `${ruleXpath(name)}/${tag}`,
    element: `<${tag}>${element}</${tag}>`,
  }));

export const meddlings: readonly Meddling[] = [
  { title: 'edits the description of a rule of ours', act: setTo('description', 'seen') },
  {
    title: 'narrows a rule of ours',
    act: setTo('source-user', '<member>known-user</member>'),
    decides: true,
  },
  { title: 'disables a rule of ours', act: setTo('disabled', 'yes'), decides: true },
  {
    title: 'moves a rule of ours to the top',
    act: onNewest(({ name }) => ({ action: 'move', xpath: ruleXpath(name), where: 'top' })),
  },
  { title: 'deletes a rule of ours', act: onNewest(({ name }) => ({ action: 'delete', xpath: ruleXpath(name) })) },
  {
    title: 'renames a rule of ours',
    act: onNewest(({ name }) => ({ action: 'rename', xpath: ruleXpath(name), newname: `Ours ${name}` })),
  },
  {
    title: 'adds a rule by a write at the list of rules',
    act: (simulator) =>
      void him(simulator, {
        type: 'config',
        action: 'set',
        xpath: rulesXpath,
        element: `<entry name="Theirs">${ruleFields({ destination: '10.0.9.1', service: 'tcp-81' })}</entry>`,
      }),
  },
  { title: 'commits everything', act: commit },
  { title: 'reverts everything', act: op('<revert><config></config></revert>') },
  {
    title: 'reverts our account',
    act: op(`<revert><config><partial><admin><member>${administrator}</member></admin></partial></config></revert>`),
  },
  { title: 'loads what runs', act: op('<load><config><from>running-config.xml</from></config></load>') },
  {
    title: 'saves the candidate configuration and loads it again',
    act: (simulator) => {
      op('<save><config><to>mine.xml</to></config></save>')(simulator);
      op('<load><config><from>mine.xml</from></config></load>')(simulator);
    },
  },
  {
    title: 'takes a config lock and gives it back',
    act: op('<request><config-lock><add><comment>mine</comment></add></config-lock></request>'),
    undo: op('<request><config-lock><remove></remove></config-lock></request>'),
  },
  {
    title: 'takes a commit lock and gives it back',
    act: op('<request><commit-lock><add><comment>mine</comment></add></commit-lock></request>'),
    undo: op('<request><commit-lock><remove></remove></commit-lock></request>'),
  },
];

/** In the end he commits what he has pending, or takes it back, and gives back his locks. */
export const endsBy =
  (how: 'commits' | 'reverts') =>
  (simulator: Simulator): void => {
    op('<request><config-lock><remove></remove></config-lock></request>')(simulator);
    op('<request><commit-lock><remove></remove></commit-lock></request>')(simulator);
    if (how === 'reverts') op('<revert><config></config></revert>')(simulator);
    else commit(simulator);
  };
