import assert from 'node:assert/strict';
import type { SimulatorOptions } from '../simulator/simulator.ts';
import { bodyIs, type Fact, written } from './fact.ts';
import { harmlessRule, type Parameters, ruleAt, rules, type Target, vsys } from './target.ts';

const changes = { type: 'op', cmd: '<show><config><list><changes/></list></config></show>' };
const changesOf = (admin: string) => ({
  type: 'op',
  cmd: `<show><config><list><changes><partial><admin><member>${admin}</member></admin></partial></changes></list></config></show>`,
});
const rule = (name: string): Parameters => ({
  type: 'config',
  action: 'set',
  xpath: rules,
  element: harmlessRule(name),
});
const address = (name: string): Parameters => ({
  type: 'config',
  action: 'set',
  xpath: `${vsys}/address`,
  element: `<entry name="${name}"><ip-netmask>192.0.2.9</ip-netmask></entry>`,
});
const describeRule = (name: string, text: string): Parameters => ({
  type: 'config',
  action: 'set',
  xpath: ruleAt(name),
  element: `<description>${text}</description>`,
});
const moveToTop = (name: string): Parameters => ({ type: 'config', action: 'move', xpath: ruleAt(name), where: 'top' });

interface Line {
  readonly xpath: string;
  readonly owner: string;
  readonly action: string;
  readonly history: string;
  readonly type: string;
}
const linesOf = (body: string): readonly Line[] =>
  [
    ...body.matchAll(
      /<entry><xpath>(.*?)<\/xpath><owner>(.*?)<\/owner><action>(.*?)<\/action><admin-history>(.*?)<\/admin-history><component-type>(.*?)<\/component-type><\/entry>/g,
    ),
  ].map(([, xpath = '', owner = '', action = '', history = '', type = '']) => ({
    xpath,
    owner,
    action,
    history,
    type,
  }));

/** Writes as the users named, and the list of changes afterwards. */
const after = async (
  target: Target,
  writes: readonly (readonly [Parameters, string])[],
  asked: Parameters = changes,
): Promise<readonly Line[]> => {
  for (const [parameters, user] of writes) bodyIs(await target.ask(parameters, user), written);
  return linesOf((await target.ask(asked)).body);
};

const lists = (
  title: string,
  evidence: Fact['evidence'],
  options: SimulatorOptions,
  writes: readonly (readonly [Parameters, string])[],
  expected: readonly Partial<Line>[],
  asked: Parameters = changes,
): Fact => ({
  title,
  evidence,
  needs: 'simulator',
  options,
  check: async (target) => {
    const lines = await after(target, writes, asked);
    assert.deepEqual(
      lines.map((line, index) =>
        Object.fromEntries(Object.keys(expected[index] ?? line).map((key) => [key, line[key as keyof Line]])),
      ),
      expected,
    );
  },
});

/** What the list of uncommitted changes may look like. */
export const changeListFacts: readonly Fact[] = [
  lists(
    'a change list may name the container, with action EDIT, its owner and type vsys',
    'captured',
    { changeList: 'container' },
    [[address('a'), 'admin']],
    [{ xpath: `${vsys}/address`, owner: 'admin', action: ' EDIT', history: 'admin', type: 'vsys' }],
  ),
  lists(
    'several entries of one list are one container line',
    'inferred',
    { changeList: 'container' },
    [
      [rule('R'), 'admin'],
      [describeRule('Web in', 'anew'), 'admin'],
      [{ type: 'config', action: 'delete', xpath: ruleAt('Clear text') }, 'admin'],
    ],
    [{ xpath: rules, owner: 'admin', action: ' EDIT' }],
  ),
  lists(
    'a change list may name what each request was sent to: a list for a set at the list, an entry for one at the entry',
    'inferred',
    { changeList: 'written' },
    [
      [address('a'), 'admin'],
      [describeRule('Web in', 'anew'), 'admin'],
    ],
    [
      { xpath: `${vsys}/address`, action: ' EDIT' },
      { xpath: ruleAt('Web in'), action: ' EDIT' },
    ],
  ),
  lists(
    'a line has one owner, who edited last, and names all editors in admin-history',
    'inferred',
    { changeOwners: 'last' },
    [
      [describeRule('Web in', 'first'), 'colleague'],
      [describeRule('Web in', 'second'), 'policy-sync'],
      [rule('R'), 'policy-sync'],
    ],
    [
      { xpath: ruleAt('Web in'), owner: 'policy-sync', history: 'colleague,policy-sync' },
      { xpath: ruleAt('R'), owner: 'policy-sync', history: 'policy-sync', action: ' CREATE' },
    ],
  ),
  lists(
    'the owner is who edited last, also where he edited first',
    'inferred',
    { changeOwners: 'last' },
    [
      [describeRule('Web in', 'first'), 'colleague'],
      [describeRule('Web in', 'second'), 'policy-sync'],
      [describeRule('Web in', 'third'), 'colleague'],
    ],
    [{ xpath: ruleAt('Web in'), owner: 'colleague', history: 'policy-sync,colleague' }],
  ),
  lists(
    'a container line of two administrators has both in admin-history',
    'inferred',
    { changeOwners: 'last', changeList: 'container' },
    [
      [rule('R'), 'colleague'],
      [rule('S'), 'policy-sync'],
    ],
    [{ xpath: rules, owner: 'policy-sync', history: 'colleague,policy-sync', action: ' EDIT' }],
  ),
  lists(
    'the list asked for one administrator has his lines only',
    'documented',
    { changeOwners: 'last' },
    [
      [describeRule('Web in', 'first'), 'colleague'],
      [rule('R'), 'policy-sync'],
    ],
    [{ xpath: ruleAt('R'), owner: 'policy-sync' }],
    changesOf('policy-sync'),
  ),
  lists(
    'a move may be a line on the list of rules',
    'inferred',
    { moveLine: 'list' },
    [[moveToTop('Clear text'), 'admin']],
    [{ xpath: rules, action: ' MOVE' }],
  ),
  lists(
    'a new rule that is moved may be a line on the rule and one on the list',
    'inferred',
    { moveLine: 'list' },
    [
      [rule('R'), 'admin'],
      [moveToTop('R'), 'admin'],
    ],
    [
      { xpath: ruleAt('R'), action: ' CREATE' },
      { xpath: rules, action: ' MOVE' },
    ],
  ),
  {
    title: 'component-type is vsys inside a vsys and template outside, never policy-and-objects',
    evidence: 'inferred',
    needs: 'simulator',
    check: async (target) => {
      const setting: Parameters = {
        type: 'config',
        action: 'set',
        xpath: "/config/devices/entry[@name='localhost.localdomain']/deviceconfig/system",
        element: '<hostname>renamed</hostname>',
      };
      const lines = await after(target, [
        [rule('R'), 'admin'],
        [setting, 'admin'],
      ]);
      assert.deepEqual([...new Set(lines.map(({ type }) => type))], ['vsys', 'template']);
    },
  },
  {
    title: 'get shows admin, dirtyId and time on each changed element, not only on the entry',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      bodyIs(await target.ask(describeRule('Web in', 'anew'), 'colleague'), written);
      bodyIs(
        await target.ask({ type: 'config', action: 'get', xpath: ruleAt('Web in') }),
        /<entry name="Web in"[^>]* admin="colleague" dirtyId="\d+" time="[^"]+">.*<description admin="colleague" dirtyId="\d+" time="[^"]+">anew<\/description>/,
      );
    },
  },
];
