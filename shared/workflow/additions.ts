import type { Records } from '../aws/table/records.ts';
import type { ObjectRecord, RuleContent, RuleRecord } from '../domain/plan/ownership.ts';
import { namePrefix } from '../domain/plan/removals.ts';
import { type Configurations, chooseService } from '../domain/plan/service-objects.ts';
import type { CandidateRule, RuleService } from '../domain/rules/candidate-rules.ts';
import { contentOf, portText, type RuleStyle } from '../domain/rules/rule-content.ts';
import type { Edit } from '../panos/firewall.ts';
import type { Execution } from './states.ts';
import type { Tested } from './step-results.ts';

/** What everything that one execution writes has in common. */
export interface Writing {
  readonly execution: Execution;
  readonly fence: number;
  readonly bottomRule: string;
  readonly style: RuleStyle;
}

/** A rule about to be added, with the record that says so beforehand. */
export interface Addition {
  readonly record: RuleRecord;
  readonly content: RuleContent;
}

/** Service objects to be made, by name. */
export type Made = ReadonlyMap<string, Extract<RuleService, { kind: 'ports' }>>;

/** A name that nobody has: the next number of the subject that is free in every rulebase of both configurations. */
const freeName = async (records: Records, prefix: string, snapshot: Configurations): Promise<string> => {
  const taken = new Set([...snapshot.candidate.rules, ...snapshot.running.rules].map((rule) => rule.name));
  for (;;) {
    const name = `${prefix}-${await records.nextNumber(prefix)}`;
    if (!taken.has(name)) return name;
  }
};

const additionFor = (
  candidate: CandidateRule,
  name: string,
  service: string,
  { execution, fence, style }: Writing,
  eventId: string,
): Addition => {
  const content = contentOf(candidate, service, style);
  const record: RuleRecord = {
    format: 1,
    id: name,
    state: 'intended',
    name,
    uuid: null,
    group: candidate.group,
    family: candidate.family,
    traffic: candidate.traffic,
    service: candidate.service,
    contributions: { sources: candidate.sources, destinations: candidate.destinations },
    content,
    intent: { kind: 'add', execution: execution.name, content },
    fence,
    broughtBy: { eventId, execution: execution.name },
  };
  return { record, content };
};

/** The additions of the plan, with names and service objects chosen; nothing is written yet but the counters. */
export const chooseAdditions = async (
  tested: Tested,
  snapshot: Configurations,
  records: Records,
  objects: readonly ObjectRecord[],
  writing: Writing,
  eventId: string,
): Promise<{ readonly additions: readonly Addition[]; readonly made: Made }> => {
  const made = new Map<string, Extract<RuleService, { kind: 'ports' }>>();
  const additions: Addition[] = [];
  for (const { candidate, verdict } of tested.judged) {
    if (verdict.kind !== 'needed') continue;
    const choice = chooseService(candidate.service, snapshot, objects, made);
    if (choice.kind === 'new') made.set(choice.name, choice.service);
    const name = await freeName(records, namePrefix(candidate), snapshot);
    additions.push(additionFor(candidate, name, choice.kind === 'any' ? 'any' : choice.name, writing, eventId));
  }
  return { additions, made };
};

/** The whole plan as edits of the candidate configuration: removals before additions, objects before the rules that use them. */
export const editsFor = (
  tested: Tested,
  additions: readonly Addition[],
  made: Made,
  { bottomRule, style }: Writing,
): readonly Edit[] => [
  ...tested.removals.map(({ name }): Edit => ({ kind: 'delete-rule', name })),
  ...tested.shrinks.flatMap(({ name, source, destination }): readonly Edit[] => [
    ...(source === null ? [] : [{ kind: 'set-members', name, field: 'source', members: source } as const]),
    ...(destination === null
      ? []
      : [{ kind: 'set-members', name, field: 'destination', members: destination } as const]),
  ]),
  ...[...made].map(
    ([name, { protocol, ports }]): Edit => ({
      kind: 'add-service',
      name,
      service: { protocol, port: portText(ports), sourcePort: null },
      tag: style.tag,
    }),
  ),
  ...additions.map(
    ({ record, content }): Edit => ({ kind: 'add-rule', name: record.name, content, before: bottomRule }),
  ),
  ...tested.moves.map(({ name }): Edit => ({ kind: 'move-rule', name, before: bottomRule })),
];
