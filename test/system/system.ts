import { applyRules } from '../../functions/apply-rules.ts';
import { commit } from '../../functions/commit.ts';
import { deriveRules } from '../../functions/derive-rules.ts';
import { executionEnded } from '../../functions/execution-ended.ts';
import { recordChange } from '../../functions/record-change.ts';
import { releaseTurn } from '../../functions/release-turn.ts';
import { resolveInterfaces } from '../../functions/resolve-interfaces.ts';
import { takeTurn } from '../../functions/take-turn.ts';
import { testRules } from '../../functions/test-rules.ts';
import { handlerOf, type Step } from '../../shared/runtime/step.ts';
import type { Surroundings } from '../../shared/runtime/surroundings.ts';
import { substituted } from '../local/step-functions/definition.ts';
import type { Invocation, LocalFunction } from '../local/step-functions/interpreter.ts';
import { deployment, stateMachine } from '../support/deployment.ts';

/** Every step of the workflow, by the name of its state. */
export const steps: Readonly<Record<string, Step<never, never>>> = Object.fromEntries(
  [recordChange, takeTurn, resolveInterfaces, deriveRules, testRules, applyRules, commit, releaseTurn].map((step) => [
    step.name,
    step as unknown as Step<never, never>,
  ]),
);

const camel = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);

/** The ARN a step's function has on one machine. */
export const functionArn = (region: string, account: string, name: string): string =>
  `arn:aws:lambda:${region}:${account}:function:policy-sync-local-${camel(name)}`;

/** The real definition with the local functions in the place of its placeholders. */
export const localDefinition = (region: string, account: string): unknown =>
  substituted(
    stateMachine(),
    Object.fromEntries(Object.keys(steps).map((name) => [`${name}Function`, functionArn(region, account, name)])),
  );

/** What a Lambda of this system gets beside its input: how long it has, as `serverless.yml` says. */
const lambdaContext = (name: string, startedAt: number, now: () => number) => {
  const seconds = deployment().functions[camel(name)]?.timeout ?? 0;
  return { getRemainingTimeInMillis: () => Math.max(0, startedAt + seconds * 1000 - now()) };
};

/** What runs after a failed execution, as the rule for status events invokes it. */
export const endedFunction = (surroundings: Surroundings): ((event: unknown) => Promise<unknown>) => {
  const handler = handlerOf(executionEnded, surroundings) as unknown as (
    event: unknown,
    context: unknown,
  ) => Promise<unknown>;
  const { now } = surroundings.world;
  return (event) => handler(event, lambdaContext(executionEnded.name, now(), now));
};

/** The real handlers as local functions. `around` may count, fail or delay an invocation. */
export const localFunctions = (
  region: string,
  account: string,
  surroundings: Surroundings,
  around: (invocation: Invocation, run: () => Promise<unknown>) => Promise<unknown> = (_invocation, run) => run(),
): Readonly<Record<string, LocalFunction>> =>
  Object.fromEntries(
    Object.entries(steps).map(([name, step]) => {
      // A function that starts anew each time: what a deployment changes in the environment is seen by the next call.
      const handler = (event: unknown, context: unknown): Promise<unknown> =>
        (handlerOf(step, surroundings) as unknown as (event: unknown, context: unknown) => Promise<unknown>)(
          event,
          context,
        );
      const { now } = surroundings.world;
      const run: LocalFunction = (input, invocation) =>
        around(invocation, () => handler(input, lambdaContext(name, now(), now)));
      return [functionArn(region, account, name), run];
    }),
  );
