import type { Workings } from '../aws/table/workings.ts';
import { isNamed, NamedError } from '../domain/errors.ts';
import { checks } from './step-result-checks.ts';
import type { StepName, StepResults } from './step-results.ts';

/** The step results of one plan of one execution. */
export interface Results {
  /** @throws PlanStale when there is none that this version can carry on with: the next plan writes it anew. */
  read<Name extends StepName>(step: Name): Promise<StepResults[Name]>;
  /** Null where `read` raises PlanStale. */
  find<Name extends StepName>(step: Name): Promise<StepResults[Name] | null>;
  write<Name extends StepName>(step: Name, result: StepResults[Name]): Promise<void>;
}

export const resultsOf = (workings: Workings, execution: string, fence: number): Results => {
  const read: Results['read'] = async <Name extends StepName>(step: Name) => {
    const stale = (why: string, cause?: unknown): NamedError =>
      new NamedError('PlanStale', `The result of ${step} cannot be carried on with: ${why}`, { cause });
    const content = await workings.read(execution, fence, step).catch((error: unknown) => {
      throw isNamed(error, 'StateNotUnderstood') ? stale(error.message, error) : error;
    });
    const { error } = checks[step].safeParse(content);
    if (error === undefined) return content as StepResults[Name];
    const [issue] = error.issues;
    throw stale(`another version has written it (${issue?.path.join('.')}: ${issue?.message}).`);
  };
  return {
    read,
    find: async (step) => {
      try {
        return await read(step);
      } catch (error) {
        if (isNamed(error, 'PlanStale')) return null;
        throw error;
      }
    },
    write: (step, result) => workings.write(execution, fence, step, result),
  };
};
