import { DescribeExecutionCommand, GetExecutionHistoryCommand, type SFNClient } from '@aws-sdk/client-sfn';
import { awsFailure } from './aws-failure.ts';

/** An execution as Step Functions describes it. Times in milliseconds since the epoch. */
export interface DescribedExecution {
  readonly status: string;
  readonly redriveCount: number;
  readonly stoppedAt: number | null;
  /** When it was redriven last; null when it never was. */
  readonly redrivenAt: number | null;
  readonly error: string | null;
  readonly cause: string | null;
}

/** What the workflow asks of Step Functions about executions, its own and others'. */
export interface ExecutionReads {
  /** Null when Step Functions does not know it (any more), or nothing can have this ARN. */
  describe(executionArn: string): Promise<DescribedExecution | null>;
  isRunning(executionArn: string): Promise<boolean>;
  /** The state it was in last; null when its history does not say. */
  lastState(executionArn: string): Promise<string | null>;
}

/** @throws AwsBusy, AwsDenied from every method */
export const createExecutionReads = (client: SFNClient): ExecutionReads => {
  const describe: ExecutionReads['describe'] = async (executionArn) => {
    try {
      const found = await client.send(new DescribeExecutionCommand({ executionArn }));
      return {
        status: found.status ?? 'RUNNING',
        redriveCount: found.redriveCount ?? 0,
        stoppedAt: found.stopDate?.getTime() ?? null,
        redrivenAt: found.redriveDate?.getTime() ?? null,
        error: found.error ?? null,
        cause: found.cause ?? null,
      };
    } catch (error) {
      // The holder of a turn may be a clean-up, whose name ("… (ended)") is no execution's: AWS takes no spaces or brackets in
      // one (documented), and may say so before it looks.
      if (error instanceof Error && ['ExecutionDoesNotExist', 'InvalidArn'].includes(error.name)) return null;
      throw awsFailure(error, 'states:DescribeExecution');
    }
  };
  return {
    describe,
    isRunning: async (executionArn) => {
      const status = (await describe(executionArn))?.status ?? 'ABORTED';
      return status === 'RUNNING' || status === 'PENDING_REDRIVE';
    },
    lastState: async (executionArn) => {
      try {
        const { events } = await client.send(
          new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 100 }),
        );
        return events?.find((event) => event.stateEnteredEventDetails)?.stateEnteredEventDetails?.name ?? null;
      } catch (error) {
        throw awsFailure(error, 'states:GetExecutionHistory');
      }
    },
  };
};
