import assert from 'node:assert/strict';
import type { CrashSystem } from '../crash/crash-system.ts';
import { checkSessions } from '../crash/decided.ts';
import { grantsOf } from '../crash/house.ts';
import type { Opening } from '../crash/sessions.ts';
import { administrator } from '../system/parts.ts';
import { isManaged, isShut, openingsOf, othersText, rulesOf } from './rules.ts';

/** When all is quiet: the firewall does what the groups grant or the administrator decided, and nothing is left over. */
export const checkEnd = (system: CrashSystem, closed: ReadonlySet<Opening>, either: ReadonlySet<Opening>): void => {
  const { running, workspace, journal, locks } = { ...system.simulator.state(), ...system.simulator.state().workspace };
  const managed = rulesOf(running).filter(isManaged);
  const text = (config: typeof running) => rulesOf(config).map(({ name, uuid }) => `${name} ${uuid}`);
  assert.deepEqual(text(workspace.candidate), text(running), 'something is staged and does not run');
  assert.equal(othersText(workspace.candidate), othersText(running), 'something of the administrator is pending');
  assert.deepEqual(
    journal.filter(({ owner }) => owner === administrator),
    [],
    'something is pending under our account',
  );
  assert.deepEqual(
    locks.filter(({ admin }) => admin === administrator),
    [],
    'a lock of ours is left',
  );
  const openings = openingsOf(running, managed);
  const grants = grantsOf(system.parts.ec2.account());
  assert.deepEqual(
    [...openings].filter((one) => !grants.has(one)),
    [],
    'rules of ours let through what is not granted',
  );
  assert.deepEqual(
    [...openings].filter((one) => closed.has(one) && !either.has(one)),
    [],
    'what the administrator closed is open',
  );
  const open = new Set([...grants].filter((one) => !closed.has(one) && !either.has(one)));
  checkSessions(system, {
    granted: open,
    allowed: grants,
    openings,
    ours: new Set(managed.filter((rule) => !isShut(rule)).map(({ name }) => name)),
    bottomRule: 'Clean up',
  });
};

/** When all is quiet: the table says of each managed rule what runs, and nothing is waited for. */
export const checkTable = async (system: CrashSystem): Promise<void> => {
  const items = await system.items();
  const of = (pk: string) => items.filter((item) => item['pk'] === pk && item['state'] !== 'tombstone');
  const { running } = system.simulator.state();
  assert.deepEqual(
    of('rule')
      .map(({ uuid, name, intent }) => `${name} ${uuid} ${intent === null || intent === undefined ? '' : 'intent'}`)
      .sort(),
    rulesOf(running)
      .filter(isManaged)
      .map(({ name, uuid }) => `${name} ${uuid} `)
      .sort(),
    'records and managed rules disagree',
  );
  assert.equal(of('turn')[0]?.['owner'] ?? null, null, 'a turn is still held');
  const open = items.filter((item) => String(item['pk']).startsWith('change#') && item['state'] !== 'handled');
  assert.deepEqual(
    open.map(({ sk, state, cause }) => `${sk} ${state} ${cause}`),
    [],
    'a change is not handled',
  );
};
