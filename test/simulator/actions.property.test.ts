import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkCommit } from './commit-checks.ts';
import { type ConfigNode, descend, entriesOf, nameOf } from './config-node.ts';
import { scopesOf, vsysNode } from './names.ts';
import { createSimulator, type Simulator } from './simulator.ts';

const vsys = "/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']";
const rules = `${vsys}/rulebase/security/rules`;
const administrators = ['admin', 'policy-sync', 'colleague'];

type Parameters = Readonly<Record<string, string>>;
interface Action {
  readonly user: string;
  readonly what: string;
  readonly parameters: (marker: string) => Parameters;
}

interface Look {
  readonly candidate: string;
  readonly running: string;
  readonly names: readonly string[];
  /** uuid → name. */
  readonly runningRules: ReadonlyMap<string, string>;
  /** uuid → name. */
  readonly candidateRules: ReadonlyMap<string, string>;
}

const user = fc.constantFrom(...administrators);
const rule = fc.constantFrom('a', 'b', 'c', 'd', 'Web in', 'Clean up');
const address = fc.constantFrom('o1', 'o2', 'o3');
const source = fc.constantFrom('any', '192.0.2.1', 'o1', 'o2', 'o3');

const ruleAt = (name: string): string => `${rules}/entry[@name='${name}']`;
const objectAt = (name: string): string => `${vsys}/address/entry[@name='${name}']`;
const ruleXml = (name: string, from: string, marker: string): string =>
  `<entry name="${name}"><from><member>any</member></from><to><member>any</member></to><source><member>${from}</member></source><destination><member>any</member></destination><application><member>any</member></application><service><member>any</member></service><action>deny</action><description>${marker}</description></entry>`;
const objectXml = (name: string, marker: string): string =>
  `<entry name="${name}"><ip-netmask>192.0.2.9</ip-netmask><description>${marker}</description></entry>`;

const config = (action: string, xpath: string, more: Parameters = {}): Parameters => ({
  type: 'config',
  action,
  xpath,
  ...more,
});

const operations: fc.Arbitrary<{ readonly what: string; readonly parameters: (marker: string) => Parameters }> =
  fc.oneof(
    fc.tuple(rule, source).map(([name, from]) => ({
      what: `set ${name} from ${from}`,
      parameters: (marker: string) => config('set', rules, { element: ruleXml(name, from, marker) }),
    })),
    fc.tuple(rule, source).map(([name, from]) => ({
      what: `edit ${name} from ${from}`,
      parameters: (marker: string) => config('edit', ruleAt(name), { element: ruleXml(name, from, marker) }),
    })),
    fc.tuple(rule, source).map(([name, from]) => ({
      what: `edit source of ${name} to ${from}`,
      parameters: () =>
        config('edit', `${ruleAt(name)}/source`, { element: `<source><member>${from}</member></source>` }),
    })),
    rule.map((name) => ({
      what: `describe ${name}`,
      parameters: (marker: string) => config('set', ruleAt(name), { element: `<description>${marker}</description>` }),
    })),
    rule.map((name) => ({ what: `delete ${name}`, parameters: () => config('delete', ruleAt(name)) })),
    fc.tuple(rule, fc.constantFrom('top', 'bottom', 'before', 'after'), rule).map(([name, where, dst]) => ({
      what: `move ${name} ${where} ${dst}`,
      parameters: () => config('move', ruleAt(name), { where, dst }),
    })),
    fc.tuple(rule, rule).map(([name, newname]) => ({
      what: `rename ${name} to ${newname}`,
      parameters: () => config('rename', ruleAt(name), { newname }),
    })),
    fc.tuple(rule, rule).map(([name, newname]) => ({
      what: `clone ${name} as ${newname}`,
      parameters: () => config('clone', rules, { from: ruleAt(name), newname }),
    })),
    address.map((name) => ({
      what: `object ${name}`,
      parameters: (marker: string) => config('set', `${vsys}/address`, { element: objectXml(name, marker) }),
    })),
    address.map((name) => ({ what: `delete object ${name}`, parameters: () => config('delete', objectAt(name)) })),
    fc.tuple(address, address).map(([name, newname]) => ({
      what: `rename object ${name} to ${newname}`,
      parameters: () => config('rename', objectAt(name), { newname }),
    })),
    fc.tuple(rule, source, fc.boolean()).map(([name, from, bad]) => ({
      what: `multi ${name} ${bad ? 'bad' : 'good'}`,
      parameters: (marker: string) => ({
        type: 'config',
        action: 'multi-config',
        element: `<m><set xpath="${vsys}/address">${objectXml('o3', marker)}</set><set xpath="${rules}">${ruleXml(name, from, marker)}</set>${bad ? `<set xpath="${rules}"><nonsense/></set>` : ''}</m>`,
      }),
    })),
    fc.constant({ what: 'commit all', parameters: () => ({ type: 'commit', cmd: '<commit></commit>' }) }),
    user.map((name) => ({
      what: `commit for ${name}`,
      parameters: () => ({
        type: 'commit',
        cmd: `<commit><partial><admin><member>${name}</member></admin></partial></commit>`,
      }),
    })),
    user.map((name) => ({
      what: `revert for ${name}`,
      parameters: () => ({
        type: 'op',
        cmd: `<revert><config><partial><admin><member>${name}</member></admin></partial></config></revert>`,
      }),
    })),
  );
const action: fc.Arbitrary<Action> = fc.tuple(user, operations).map(([by, operation]) => ({ user: by, ...operation }));
const actions = fc.array(action, { maxLength: 30 });

const ruleNames = (tree: ConfigNode): readonly string[] =>
  entriesOf(descend(vsysNode(tree, 'vsys1'), 'rulebase', 'security', 'rules')).map(nameOf);

const namesByUuid = (tree: ConfigNode): ReadonlyMap<string, string> =>
  new Map(
    entriesOf(descend(vsysNode(tree, 'vsys1'), 'rulebase', 'security', 'rules')).map((one) => [
      one.attributes['uuid'] ?? '',
      nameOf(one),
    ]),
  );

/** Runs the actions and hands each step to a law. Markers tell in every written description who wrote it. */
const play = (
  list: readonly Action[],
  law: (step: {
    readonly action: Action;
    readonly reply: string;
    readonly simulator: Simulator;
    readonly before: Look;
    readonly after: Look;
    /** Names and uuids of rules that an administrator deleted or renamed, told from the actions and not from the simulator. */
    readonly takenBy: (administrator: string) => ReadonlySet<string>;
  }) => void,
): void => {
  const simulator = createSimulator({ now: () => 0 });
  const look = (): Look => {
    const { workspace, running } = simulator.state();
    return {
      candidate: simulator.exportConfiguration('candidate'),
      running: simulator.exportConfiguration('running'),
      names: ruleNames(workspace.candidate),
      runningRules: namesByUuid(running),
      candidateRules: namesByUuid(workspace.candidate),
    };
  };
  const taken = new Map(administrators.map((administrator) => [administrator, new Set<string>()]));
  const takenBy = (administrator: string): ReadonlySet<string> => taken.get(administrator) ?? new Set();
  let before = look();
  for (const [index, step] of list.entries()) {
    const reply = simulator.act(step.user, step.parameters(`by-${step.user}-${index}`));
    const after = look();
    if (/^(delete|rename) /.test(step.what))
      for (const [uuid, name] of before.candidateRules)
        if (after.candidateRules.get(uuid) !== name) taken.get(step.user)?.add(uuid).add(name);
    law({ action: step, reply, simulator, before, after, takenBy });
    before = after;
  }
};

/** CASES= for more, SEED= to repeat a run. */
const cases = Number(process.env['CASES'] ?? 2000);
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
console.log(`seed ${seed}, ${cases} sequences of actions a law`);

const always = (title: string, law: ArgumentsOf<typeof play>[1], numRuns = cases): void => {
  test(title, () => {
    fc.assert(
      fc.property(actions, (list) => play(list, law)),
      { numRuns, seed, verbose: 1 },
    );
  });
};

/** For laws about who wrote what: a clone is its maker's, but carries the mark of whom it was copied from. */
const alwaysButClones = (title: string, law: ArgumentsOf<typeof play>[1]): void => {
  test(title, () => {
    fc.assert(
      fc.property(actions, (list) =>
        play(
          list.filter(({ what }) => !what.startsWith('clone ')),
          law,
        ),
      ),
      { numRuns: cases, seed, verbose: 1 },
    );
  });
};
type ArgumentsOf<F extends (...list: never[]) => unknown> = F extends (...list: infer L) => unknown ? L : never;

const isCommit = (step: Action): boolean => step.what.startsWith('commit');

always('rule names and uuids stay unique, in candidate and running', ({ simulator }) => {
  for (const tree of [simulator.state().workspace.candidate, simulator.state().running]) {
    const names = ruleNames(tree);
    assert.equal(new Set(names).size, names.length);
    const uuids = entriesOf(descend(vsysNode(tree, 'vsys1'), 'rulebase', 'security', 'rules')).map(
      (one) => one.attributes['uuid'],
    );
    assert.equal(new Set(uuids).size, uuids.length);
    assert.ok(!uuids.includes(undefined));
  }
});

always('a move changes the order of rules and nothing else', ({ action: step, before, after }) => {
  if (step.what.startsWith('move ')) assert.deepEqual([...after.names].sort(), [...before.names].sort());
});

always('running changes only by a commit', ({ action: step, before, after }) => {
  if (!isCommit(step)) assert.equal(after.running, before.running);
});

always('a refused request changes nothing, a failed multi-config included', ({ reply, before, after }) => {
  if (!reply.startsWith('<response status="success"')) {
    assert.equal(after.candidate, before.candidate);
    assert.equal(after.running, before.running);
  }
});

always('whatever was committed is valid: every reference in running holds', ({ simulator }) => {
  const { running, pushed, predefined } = simulator.state();
  assert.deepEqual(checkCommit(running, (name) => scopesOf(running, pushed, predefined, name)).errors, []);
});

alwaysButClones('a partial commit never brings what another administrator wrote', ({ action: step, before, after }) => {
  const committer = /^commit for (.*)$/.exec(step.what)?.[1];
  if (committer === undefined) return;
  const known = new Set(before.running.match(/by-[a-z-]+-\d+/g) ?? []);
  for (const marker of after.running.match(/by-[a-z-]+-\d+/g) ?? [])
    if (!known.has(marker)) assert.match(marker, new RegExp(`^by-${committer}-\\d+$`));
});

always(
  'a partial commit takes no rule away that its administrator neither deleted nor renamed',
  ({ action: step, before, after, takenBy }) => {
    const committer = /^commit for (.*)$/.exec(step.what)?.[1];
    if (committer === undefined) return;
    const left = new Set(after.runningRules.values());
    for (const [uuid, name] of before.runningRules) {
      if (left.has(name)) continue;
      const his = takenBy(committer);
      assert.ok(his.has(uuid) || his.has(name), `${name} was not ${committer}'s to take`);
    }
  },
);

always('after a good full commit candidate and running are the same', ({ action: step, reply, simulator, after }) => {
  if (step.what !== 'commit all' || !reply.includes('enqueued')) return;
  const last = simulator.state().jobs.at(-1);
  if (last?.result === 'OK') assert.equal(after.candidate, after.running);
});

alwaysButClones('a partial revert leaves what others wrote', ({ action: step, reply, before, after }) => {
  const reverted = /^revert for (.*)$/.exec(step.what)?.[1];
  if (reverted === undefined || !reply.includes('reverted')) return;
  const running = new Set(before.running.match(/by-[a-z-]+-\d+/g) ?? []);
  for (const marker of after.candidate.match(/by-[a-z-]+-\d+/g) ?? [])
    if (!running.has(marker)) assert.doesNotMatch(marker, new RegExp(`^by-${reverted}-\\d+$`));
});

test('a fork goes its own way', () => {
  fc.assert(
    fc.property(actions, actions, (first, second) => {
      const simulator = createSimulator({ now: () => 0 });
      for (const step of first) simulator.act(step.user, step.parameters('by-x-1'));
      const before = [simulator.exportConfiguration('candidate'), simulator.exportConfiguration('running')];
      const fork = simulator.fork();
      assert.deepEqual([fork.exportConfiguration('candidate'), fork.exportConfiguration('running')], before);
      for (const step of second) fork.act(step.user, step.parameters('by-y-2'));
      assert.deepEqual([simulator.exportConfiguration('candidate'), simulator.exportConfiguration('running')], before);
    }),
    { numRuns: cases, seed },
  );
});
