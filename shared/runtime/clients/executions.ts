import { SFNClient } from '@aws-sdk/client-sfn';
import { createExecutionReads, type ExecutionReads } from '../../aws/executions.ts';
import { type Surroundings, sdkClient } from '../surroundings.ts';

/** Step Functions, as far as executions ask after each other. */
export const executionsPart = (surroundings: Surroundings): ExecutionReads =>
  createExecutionReads(sdkClient(surroundings, 'sfn', SFNClient));
