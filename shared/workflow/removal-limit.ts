import type { Notice } from '../aws/table/notices.ts';
import type { Plan } from '../domain/plan/plan.ts';
import type { LimitInputs, LimitOutcome } from '../domain/plan/removal-limit.ts';
import { approvalInputs, approvalText, awaitingText } from '../domain/plan/removal-words.ts';
import { digestOf } from '../runtime/digest.ts';
import { scopeSettingsDigest } from '../runtime/settings-digest.ts';
import type { Held } from './held-step.ts';
import { section, shown } from './states.ts';
import type { BatchLine, Derived, Resolved } from './step-results.ts';

/** What the plan is measured by: what vanished now, what did within a day, and what is approved. */
export const limitInputsOf = async (
  { table: { removalCount }, execution }: Held<unknown>,
  { taken, resolved }: Resolved,
  { unexplained }: Derived,
): Promise<LimitInputs> => {
  const { lost, approved } = await removalCount.read();
  return {
    unexplained,
    lostBefore: lost,
    approved,
    approvedPlans: taken.flatMap(({ change }) => change.approvesPlan ?? []),
    noRouteTo: resolved.noRouteTo,
    own: taken
      .filter((line) => line.execution === execution.name)
      .map((line) => ({ ...line.change, subjects: [line.subject] })),
  };
};

/** What waits for approval, as a state shows it; empty when nothing does. */
export const shownLimit = ({ awaiting, awaitingRules }: LimitOutcome): Readonly<Record<string, unknown>> => {
  const [input, ...more] = approvalInputs(awaiting);
  if (input === undefined) return {};
  return section({
    because: awaitingText(awaiting, awaitingRules),
    interfaces: shown(awaiting),
    rules: shown(awaitingRules),
    input: JSON.parse(input) as unknown,
    ...(more.length > 0 ? { furtherInputs: `${more.length}, in the notice` } : {}),
  });
};

/** What to tell of it, once for each set of interfaces; null when nothing waits. */
export const awaitingNotice = ({
  awaiting,
  awaitingRules,
}: LimitOutcome): { readonly key: string; readonly notice: Notice } | null =>
  awaiting.length === 0
    ? null
    : {
        key: `removal limit ${digestOf(awaiting.join(' ')).slice(0, 16)}`,
        notice: {
          subject: `approval is needed: ${awaiting.length} interfaces vanished`,
          message: `${awaitingText(awaiting, awaitingRules)}\n${approvalText(awaiting)}`,
        },
      };

/**
 * Notes the settings that decide what counts, once a resync has gone by them to the end. While something waits for approval
 * the earlier ones stay noted: what a changed setting takes away counts as vanished until that is decided.
 */
export const noteScopeSettings = async (
  { table: { removalCount }, settings }: Held<unknown>,
  done: readonly BatchLine[],
  plan: Plan | null,
): Promise<void> => {
  const isResync = done.some(({ subject }) => subject.kind === 'everything');
  if (!isResync || plan === null || plan.limit.awaiting.length > 0) return;
  const digest = scopeSettingsDigest(settings);
  if ((await removalCount.settings()) !== digest) await removalCount.noteSettings(digest);
};
