import assert from 'node:assert/strict';
import type { SimulatorOptions } from '../simulator/simulator.ts';
import type { Parameters, Reply, Target } from './target.ts';

/**
 * Where a fact comes from. Documented by the vendor, captured from a device, or in a device's schema: conformance. Relied
 * on by clients, inferred, or unknown (a choice of this simulator): told apart, never called conformance.
 */
export type Evidence = 'documented' | 'captured' | 'schema' | 'client' | 'inferred' | 'unknown';
export const conforming: readonly Evidence[] = ['documented', 'captured', 'schema'];

export interface Fact {
  readonly title: string;
  readonly evidence: Evidence;
  /**
   * What it takes to check it: `read` changes nothing, `write` only makes disabled deny rules, `commit` commits, `simulator`
   * needs what no firewall can be told.
   */
  readonly needs: 'read' | 'write' | 'commit' | 'simulator';
  readonly options?: SimulatorOptions;
  readonly check: (target: Target) => Promise<void>;
}

/** The reply's body is as expected. */
export const bodyIs = (reply: Reply, expected: string | RegExp): void => {
  if (typeof expected === 'string') assert.equal(reply.body, expected);
  else assert.match(reply.body, expected);
};

/** A fact that is one request and the reply expected. */
export const asks = (
  title: string,
  evidence: Evidence,
  needs: Fact['needs'],
  parameters: Parameters,
  expected: string | RegExp,
  options?: SimulatorOptions,
): Fact => ({
  title,
  evidence,
  needs,
  ...(options === undefined ? {} : { options }),
  check: async (target) => bodyIs(await target.ask(parameters), expected),
});

export const written = /^<response status="success" code="20"><msg>command succeeded<\/msg><\/response>$/;
