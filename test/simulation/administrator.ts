import type { Simulator } from '../simulator/simulator.ts';
import { ruleFields, rulesXpath, ruleXpath, vsysXpath } from '../support/calls.ts';
import type { AdministratorAct } from './history.ts';
import { isManaged, type Rule, rulesOf } from './rules.ts';

/** Begins the names of all rules that he adds. */
export const hisPrefix = 'Administrator denies';

/** What the administrator does at the firewall; answers what came of it, for the trace. */
export const administer = (simulator: Simulator, act: AdministratorAct): string => {
  const request = (parameters: Readonly<Record<string, string>>): string => {
    const body = simulator.act('colleague', parameters);
    return /<response status\s*=\s*["']success/.test(body)
      ? 'done'
      : `refused: ${/<line>(.*?)<\/line>/.exec(body)?.[1]}`;
  };
  const config = (action: string, xpath: string, more: Readonly<Record<string, string>> = {}) =>
    request({ type: 'config', action, xpath, ...more });
  const onManaged = (nth: number, work: (rule: Rule) => string): string => {
    const managed = rulesOf(simulator.state().workspace.candidate).filter(isManaged);
    const rule = managed[nth % Math.max(1, managed.length)];
    return rule === undefined ? 'there is no managed rule' : `"${rule.name}": ${work(rule)}`;
  };
  const setTo = (nth: number, tag: string, value: string) =>
    onManaged(nth, ({ name }) => config('edit', `${ruleXpath(name)}/${tag}`, { element: `<${tag}>${value}</${tag}>` }));
  switch (act.does) {
    case 'disable':
      return setTo(act.nth, 'disabled', 'yes');
    case 'enable':
      return setTo(act.nth, 'disabled', 'no');
    case 'deny':
      return setTo(act.nth, 'action', 'deny');
    case 'describe':
      return setTo(act.nth, 'description', 'seen by an administrator');
    case 'delete':
      return onManaged(act.nth, ({ name }) => config('delete', ruleXpath(name)));
    case 'rename':
      return onManaged(act.nth, ({ name }) =>
        config('rename', ruleXpath(name), { newname: `Ours ${name}`.slice(0, 60) }),
      );
    case 'move to the top':
      return onManaged(act.nth, ({ name }) => config('move', ruleXpath(name), { where: 'top' }));
    case 'add a deny': {
      const service = `his-${act.port}`;
      const name = `${hisPrefix} ${act.port}`;
      const element = `<protocol><tcp><port>${act.port}</port></tcp></protocol>`;
      config('set', `${vsysXpath}/service/entry[@name='${service}']`, { element });
      const added = config('set', ruleXpath(name), { element: ruleFields({ service, action: 'deny' }) });
      config('move', ruleXpath(name), { where: 'top' });
      return added;
    }
    case 'delete a deny':
      return config('delete', `${rulesXpath}/entry[@name='${hisPrefix} ${act.port}']`);
    case 'commit':
      return request({ type: 'commit', cmd: '<commit></commit>' });
    case 'revert':
      return request({ type: 'op', cmd: '<revert><config></config></revert>' });
  }
};
