import { isDefaultRule } from '../policy/bottom-rule.ts';
import type { ServiceObject } from '../policy/policy.ts';
import { marked } from '../rules/mark.ts';
import { portText, type RuleContent } from '../rules/rule-content.ts';
import type { RuleService } from '../rules/translation.ts';
import type { RuleRecord } from './ownership.ts';
import type { Plan } from './plan.ts';
import type { OwnedRuleName } from './recognise.ts';
import type { PlannedFor } from './removals.ts';
import type { RewrittenField } from './rewrites.ts';

/**
 * One edit of the candidate configuration, in the terms of the rulebase. A rule that exists can be edited only under the name
 * by which it was recognised as ours.
 */
export type Edit =
  | { readonly kind: 'delete-rule'; readonly name: OwnedRuleName }
  /** Replaces only the `source` or `destination` node. */
  | {
      readonly kind: 'set-members';
      readonly name: OwnedRuleName;
      readonly field: 'source' | 'destination';
      readonly members: readonly string[];
    }
  | { readonly kind: 'set-description'; readonly name: OwnedRuleName; readonly description: string }
  /** Replaces the nodes of these fields by what the content says, or deletes them where it says nothing. */
  | {
      readonly kind: 'set-fields';
      readonly name: OwnedRuleName;
      readonly fields: readonly RewrittenField[];
      readonly content: RuleContent;
    }
  | {
      readonly kind: 'add-service';
      readonly name: string;
      readonly service: ServiceObject;
      readonly tag: string | null;
      readonly description: string;
    }
  | { readonly kind: 'delete-service'; readonly name: string }
  /** Adds the rule directly above `before`; null: at the end of the local rulebase. */
  | { readonly kind: 'add-rule'; readonly name: string; readonly content: RuleContent; readonly before: string | null }
  | { readonly kind: 'move-rule'; readonly name: OwnedRuleName; readonly before: string | null };

/** A rule about to be added, with the record that says so beforehand. */
export interface Addition {
  readonly record: RuleRecord;
  readonly content: RuleContent;
  /** Digest of what it says: by that a refusal is remembered. */
  readonly says: string;
}

/** Service objects to be made, by name. */
export type Made = ReadonlyMap<string, Extract<RuleService, { kind: 'ports' }>>;

/** What is written beside the plan itself. */
export interface Chosen {
  readonly additions: readonly Addition[];
  readonly made: Made;
}

/**
 * The whole plan as edits of the candidate configuration: removals before additions, objects before the rules that use them.
 * `nameOf` tells the name of a rule that was recognised as ours, or raises what happens when it is no longer.
 */
export const editsFor = (
  { removals, shrinks, rewrites = [], moves }: Pick<Plan, 'removals' | 'shrinks' | 'rewrites' | 'moves'>,
  { additions, made }: Chosen,
  nameOf: (planned: PlannedFor) => OwnedRuleName,
  { bottomRule, tag, mark }: { readonly bottomRule: string; readonly tag: string | null; readonly mark: string },
): readonly Edit[] => {
  const before = isDefaultRule(bottomRule) ? null : bottomRule;
  return [
    ...removals.map((planned): Edit => ({ kind: 'delete-rule', name: nameOf(planned) })),
    ...shrinks.flatMap((planned): readonly Edit[] =>
      (['source', 'destination'] as const).flatMap((field): readonly Edit[] => {
        const members = planned[field];
        return members === null ? [] : [{ kind: 'set-members', name: nameOf(planned), field, members }];
      }),
    ),
    ...shrinks.flatMap((planned): readonly Edit[] => {
      const { description } = planned;
      return description === undefined ? [] : [{ kind: 'set-description', name: nameOf(planned), description }];
    }),
    ...rewrites.map((planned): Edit => {
      const { fields, content } = planned;
      return { kind: 'set-fields', name: nameOf(planned), fields, content };
    }),
    ...[...made].map(
      ([name, { protocol, ports }]): Edit => ({
        kind: 'add-service',
        name,
        service: { protocol, port: portText(ports), sourcePort: null },
        tag,
        description: marked('policy-sync', mark),
      }),
    ),
    ...additions.map(({ record, content }): Edit => ({ kind: 'add-rule', name: record.name, content, before })),
    ...moves.map((planned): Edit => ({ kind: 'move-rule', name: nameOf(planned), before })),
  ];
};
