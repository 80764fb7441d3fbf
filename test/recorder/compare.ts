/**
 * Compares two recordings, and ends with 1 unless they say the same up to what the list of changes means.
 *   node test/recorder/compare.ts BEFORE AFTER [--map FILE] [--common] [--all]
 */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Changes, noChanges } from './changes.ts';
import { compareRecordings } from './comparison.ts';
import { readRecording } from './recording.ts';

const usage = `node test/recorder/compare.ts BEFORE AFTER   compares two recordings
  --map FILE   what differs on purpose; by default test/recorder/changes.json
  --common     tests that only one of them has do not count
  --all        prints each difference, not the first of each place`;

const listed = new URL('changes.json', import.meta.url).pathname;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    map: { type: 'string', default: listed },
    common: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
  },
});
const [before, after] = positionals;
if (before === undefined || after === undefined || (values.map !== listed && !existsSync(values.map))) {
  console.error(usage);
  process.exit(2);
}

const changes = existsSync(values.map)
  ? Changes.parse(JSON.parse(readFileSync(values.map, 'utf8')) as unknown)
  : noChanges;
const comparison = compareRecordings(readRecording(before), readRecording(after), changes);
const { differences, meant, unused, onlyBefore, onlyAfter, compared } = comparison;

const most = 300;
const shown = (value: unknown): string => {
  const text = value === undefined ? '(nothing)' : JSON.stringify(value);
  return text.length > most ? `${text.slice(0, most)}… (${text.length} characters)` : text;
};
const places = Map.groupBy(differences, ({ where }) => where);
for (const [where, found] of [...places].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
  console.log(`\n${where}: ${found.length} times`);
  for (const one of values.all ? found : found.slice(0, 1)) {
    console.log(`  in   ${one.test}\n  was  ${shown(one.before)}\n  is   ${shown(one.after)}`);
  }
}
for (const file of onlyBefore) console.log(`only in ${before}: ${file}`);
for (const file of onlyAfter) console.log(`only in ${after}: ${file}`);
for (const entry of unused) console.log(`listed, but nothing differs there: ${entry}`);
console.log(
  `\n${compared} tests compared: ${differences.length} differences in ${places.size} places, ${meant} more are listed; ` +
    `${onlyBefore.length + onlyAfter.length} tests in one recording only; ${unused.length} entries of the list unused`,
);
const isSame = differences.length === 0 && unused.length === 0;
process.exit(isSame && compared > 0 && (values.common || onlyBefore.length + onlyAfter.length === 0) ? 0 : 1);
