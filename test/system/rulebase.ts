import type { SecurityRule } from '../../shared/domain/policy/policy.ts';
import { createFirewall } from '../../shared/panos/create-firewall.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { sendToSimulator } from './surroundings.ts';

/** One rule as the demonstration shows it. */
export interface ShownRule {
  readonly name: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly source: readonly string[];
  readonly destination: readonly string[];
  readonly application: readonly string[];
  readonly service: readonly string[];
  readonly action: string;
  readonly owned: boolean;
}

/** The local rules of the running configuration, read over the API as an administrator would. */
export const runningRules = async (simulator: Simulator): Promise<readonly SecurityRule[]> => {
  const firewall = createFirewall({
    send: sendToSimulator(simulator),
    apiKey: async () => simulator.keyOf('admin'),
    vsys: 'vsys1',
    administrator: 'admin',
    sleep: async () => undefined,
    now: () => 0,
  });
  return (await firewall.running()).rules.filter((rule) => rule.rulebase === 'local');
};

export const shownRules = (rules: readonly SecurityRule[], ownedUuids: ReadonlySet<string>): readonly ShownRule[] =>
  rules.map((rule) => ({
    name: rule.name,
    from: rule.from,
    to: rule.to,
    source: rule.source,
    destination: rule.destination,
    application: rule.application,
    service: rule.service,
    action: rule.action,
    owned: rule.uuid !== null && ownedUuids.has(rule.uuid),
  }));

const columns = ['', 'name', 'from', 'to', 'source', 'destination', 'application', 'service', 'action'] as const;

/** The rulebase as a table; rules of ours carry a star. */
export const ruleTable = (rules: readonly ShownRule[]): string => {
  const cells = rules.map((rule) => [
    rule.owned ? '*' : '',
    rule.name,
    ...[rule.from, rule.to, rule.source, rule.destination, rule.application, rule.service].map((members) =>
      members.length > 3 ? `${members.slice(0, 3).join(', ')}, …` : members.join(', '),
    ),
    rule.action,
  ]);
  const widths = columns.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    `  ${row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()}`;
  return [line(columns), line(widths.map((width) => '─'.repeat(width))), ...cells.map(line)].join('\n');
};
