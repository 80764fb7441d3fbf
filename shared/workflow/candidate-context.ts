import type { CandidateContext } from '../domain/rules/candidates.ts';
import { type Settings, translationOf } from '../runtime/settings.ts';
import type { BatchLine } from './step-results.ts';

/** What candidates are made with: the changes in hand, each with the subjects it is taken for, and the settings. */
export const candidateContext = (settings: Settings, taken: readonly BatchLine[]): CandidateContext => ({
  changes: taken.map((line) => ({ ...line.change, subjects: [line.subject] })),
  from: settings.UNTRUST_ZONE,
  to: settings.TRUST_ZONE,
  translation: translationOf(settings),
});
