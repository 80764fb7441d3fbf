import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFailures } from '../../../shared/aws/table/failures.ts';
import { ownTable } from '../../unit/aws/own-table.ts';

const hour = 3_600_000;

type Act =
  | { readonly kind: 'fail'; readonly cause: string; readonly execution: number; readonly redrive: number }
  | { readonly kind: 'pass'; readonly hours: number }
  | { readonly kind: 'resync'; readonly open: readonly number[] };

/** Few executions and redrives, so that the same end comes again, as a doubled event does. */
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      cause: fc.constantFrom('A', 'B'),
      execution: fc.nat(25),
      redrive: fc.nat(1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), hours: fc.nat(30) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('resync' as const), open: fc.array(fc.nat(25), { maxLength: 20 }) }),
  },
);

/** What has happened of one cause since it began, or since it was over. */
const begun = () => ({ ends: new Set<string>(), redrives: 0, told: 0, hours: 0 });

test('every end of a run counts once, no cause is silent, and none has more messages than its count, days and redrives allow', async (t) => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const numRuns = Math.max(1, Math.round((120 * Number(process.env['CASES'] ?? 20_000)) / 20_000));
  t.diagnostic(`seed ${seed}, ${numRuns} cases`);
  const { table, now, clock } = await ownTable();
  let number = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 60 }), async (history) => {
      number += 1;
      const prefix = `${number} `;
      const causes = new Map<string, ReturnType<typeof begun>>();
      const subjects: string[] = [];
      const failures = createFailures({
        table,
        now,
        publish: async ({ subject }) => void subjects.push(subject),
        timeText: String,
      });
      // One history's causes must not be another's.
      for (const item of await table.query('failure')) await table.delete(item.pk, item.sk, null);
      for (const one of history) {
        if (one.kind === 'pass') {
          clock.now += one.hours * hour;
          for (const model of causes.values()) model.hours += one.hours;
        } else if (one.kind === 'resync') {
          const before = subjects.length;
          const over = await failures.tellOver(async (execution) => one.open.includes(Number(execution)));
          for (const [cause, model] of causes) {
            const isOpen = [...model.ends].some((end) => one.open.includes(Number(end.split(' ')[0])));
            assert.equal(over.includes(cause), !isOpen, `${cause} is over exactly when nothing of it is open`);
            if (!isOpen) causes.delete(cause);
          }
          assert.equal(subjects.length - before, over.length, 'each is told');
        } else {
          const { cause, execution, redrive } = one;
          const model = causes.get(cause) ?? begun();
          causes.set(cause, model);
          const end = `${execution} ${redrive}`;
          const isNew = !model.ends.has(end);
          const isRedrive = isNew && [...model.ends].some((each) => each.split(' ')[0] === String(execution));
          if (isNew) model.ends.add(end);
          if (isRedrive) model.redrives += 1;
          const failure = { error: cause, execution: String(execution), end: String(redrive), endedAt: now() };
          const told = await failures.tell({ ...failure, cause: `${prefix}${cause}`, message: 'm' });
          if (told) model.told += 1;
          assert.ok(isNew || !told, 'the same end says nothing twice');
          if (isRedrive) assert.ok(told, 'a redrive that failed again is told');
          assert.equal((await table.get('failure', `${prefix}${cause}`))?.['count'], model.ends.size);
          const most = 1 + Math.floor(Math.log10(model.ends.size)) + Math.floor(model.hours / 24) + model.redrives;
          assert.ok(model.told >= 1 && model.told <= most, `${model.told} messages, at most ${most}`);
        }
      }
    }),
    { seed, numRuns },
  );
});
