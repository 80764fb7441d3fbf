import { z } from 'zod';

/** `$$.Execution` as the state machine hands it to each function. */
export const Execution = z.object({
  id: z.string().min(1),
  name: z.string().min(1),
  startTime: z.string().min(1),
  redriveCount: z.number().int().min(0),
});
export type Execution = z.infer<typeof Execution>;
