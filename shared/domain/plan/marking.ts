import { marked } from '../rules/mark.ts';
import type { Recognised } from './recognise.ts';
import type { PlannedShrink } from './removals.ts';
import type { PlannedRewrite } from './rewrites.ts';

/**
 * Rules that a release before the mark wrote get it with whatever is written to them next, never for its own sake. A
 * description that an administrator has edited stands.
 */
export const withMark = (
  owned: readonly Recognised[],
  mark: string,
): {
  readonly shrink: (planned: PlannedShrink) => PlannedShrink;
  readonly rewrite: (planned: PlannedRewrite) => PlannedRewrite;
} => {
  const unmarked = new Map(
    owned
      .filter(({ record: { content }, rule: { description }, editedBy }) => {
        return editedBy === null && description === content.description && !description.includes(mark);
      })
      .map(({ uuid, rule }) => [uuid, marked(rule.description, mark)] as const),
  );
  return {
    shrink: (planned) => {
      const description = unmarked.get(planned.uuid);
      return description === undefined ? planned : { ...planned, description };
    },
    rewrite: (planned) => {
      const description = unmarked.get(planned.uuid);
      const { content, fields } = planned;
      if (description === undefined) return planned;
      return { ...planned, content: { ...content, description }, fields: [...fields, 'description'] };
    },
  };
};
