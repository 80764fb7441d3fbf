/**
 * Plays random histories: EC2 users, administrators, operators, lost answers and dying functions together, on virtual time.
 *   npm run simulation -- --histories 1000 --seed 7
 *   npm run simulation -- --seed 7 --path 41:3:0     one of them again, by the path that a failure printed
 */
import { parseArgs } from 'node:util';
import { simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    histories: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    path: { type: 'string' },
    'no-shrink': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const numbers = [values.histories, values.seed].map(Number);
if (values.help || numbers.some((number) => !Number.isSafeInteger(number) || number < 0)) {
  console.log(
    'npm run simulation -- [--histories N] [--seed S] [--path P] [--no-shrink]\nN and S are whole numbers; P is the path that a failure printed.',
  );
  process.exit(values.help ? 0 : 2);
}
const [histories = 0, seed = 0] = numbers;
console.log(`seed ${seed}`);
const started = performance.now();
const outcome = await simulate(histories, seed, { path: values.path, shrinks: !values['no-shrink'] }, (count) => {
  if (process.stderr.isTTY && count % 10 === 0) process.stderr.write(`\r${count} of ${histories}`);
});
const seconds = (performance.now() - started) / 1000;
console.log(
  `${outcome.played} histories in ${seconds.toFixed(0)} s, ${(outcome.played / seconds).toFixed(1)} a second`,
);
if (outcome.failure !== null) console.error(outcome.failure);
process.exit(outcome.failure === null ? 0 : 1);
