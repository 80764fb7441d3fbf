/** Loaded before a test file that is recorded: tells the recorder which test it is in. */
import { afterEach, beforeEach, type TestContext } from 'node:test';
import { recorder } from './recorder.ts';

// The process that starts the test files has none of its own.
if (recorder !== null && process.env['NODE_TEST_CONTEXT'] !== undefined) {
  beforeEach((context) => recorder?.begin((context as TestContext).fullName));
  afterEach(() => recorder?.begin(null));
}
