import { administrator } from '../system/parts.ts';
import type { TestSystem } from './system.ts';

/** Running rules by whose they are: those of ours by a record, and others that bear a name like ours. */
export const ownRules = async (system: TestSystem) => (await system.rules()).filter(({ owned }) => owned);
export const strangers = async (system: TestSystem): Promise<readonly string[]> =>
  (await system.rules()).filter(({ owned, name }) => !owned && name.startsWith('i-')).map(({ name }) => name);

/** Whether nothing at all is pending. */
export const isQuiet = ({ parts: { simulator } }: TestSystem): boolean =>
  simulator.exportConfiguration('candidate') === simulator.exportConfiguration('running');

/** What our account has pending, where the candidate differs from what runs. */
export const staged = (system: TestSystem): readonly string[] =>
  isQuiet(system)
    ? []
    : system.parts.simulator
        .state()
        .workspace.journal.flatMap(({ owner, action }) => (owner === administrator ? [action] : []));
