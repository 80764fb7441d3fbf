/** A function dies while a rule grows. */
import { singleFailures } from './single-failures.ts';
import { growing } from './worlds.ts';

singleFailures(growing);
