import { SFNClient } from '@aws-sdk/client-sfn';
import { createExecutionReads, type ExecutionReads } from '../../aws/executions.ts';
import type { Surroundings } from '../surroundings.ts';

/** Step Functions, as far as executions ask after each other. */
export const executionsPart = ({ sdk, once }: Surroundings): ExecutionReads =>
  createExecutionReads(once('sfn', () => new SFNClient(sdk as ConstructorParameters<typeof SFNClient>[0] & object)));
