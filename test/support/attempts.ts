import type { Execution } from '../local/step-functions/executions.ts';
import type { TestSystem } from './system.ts';

/** An execution redriven where it failed, as it is when nothing is under way any more. */
export const redriven = async (system: TestSystem, { arn }: Execution): Promise<Execution> => {
  system.executions.redrive(arn);
  await system.idle();
  return system.executions.find(arn);
};

/** How each attempt at a state failed, in order; null for one that did not. */
export const errorsAt = (run: Execution, state: string): readonly (string | null)[] =>
  run.states
    .filter(({ name }) => name === state)
    .flatMap(({ attempts }) => attempts.map(({ failure }) => failure?.error ?? null));
