import type { Records } from '../shared/aws/table/records.ts';
import { sideBySide } from '../shared/aws/table/side-by-side.ts';
import { isNamed, NamedError } from '../shared/domain/errors.ts';
import { failureOf } from '../shared/domain/plan/failures.ts';
import { changedRecord, type RuleRecord } from '../shared/domain/plan/ownership.ts';
import { mostAdditions } from '../shared/domain/plan/plan.ts';
import { unproven } from '../shared/domain/plan/proof.ts';
import type { Written } from '../shared/domain/plan/refusals.ts';
import type { Policy } from '../shared/domain/policy/policy.ts';
import type { Firewall, Job } from '../shared/panos/firewall.ts';
import { firewallPart } from '../shared/runtime/clients/firewall.ts';
import { handlerOf } from '../shared/runtime/step.ts';
import { checkLate, checkStaged } from '../shared/workflow/check-staged.ts';
import { conclude } from '../shared/workflow/conclude.ts';
import { defineHeldStep, type Held } from '../shared/workflow/held-step.ts';
import { afterRefusal } from '../shared/workflow/refusals.ts';
import { refuseLeft, withdrawApplied } from '../shared/workflow/set-aside.ts';
import { splitBatch } from '../shared/workflow/split-batch.ts';
import { brief, HeldState, section, shown } from '../shared/workflow/states.ts';
import type { Applied } from '../shared/workflow/step-results.ts';

/** The vendor advises against asking for a job more often. */
const pollMilliseconds = 2_000;

/** Queues the commit: partial for our administrator; a full one only where the device demands it and all is ours. */
const queue = async (held: Held<unknown>, firewall: Firewall, applied: Applied): Promise<string | null> => {
  const administrator = held.settings.FIREWALL_ADMINISTRATOR;
  await checkStaged(held, firewall, applied);
  const full = await firewall.fullCommitRequired();
  if (!full) {
    const reply = await firewall.commit({ description: applied.description, full: false });
    return reply.kind === 'queued' ? reply.job : null;
  }
  await firewall.takeConfigLock(applied.description);
  try {
    const pending = await checkStaged(held, firewall, applied);
    const others = new Set(pending.map((edit) => edit.administrator).filter((each) => each !== administrator));
    // The list says who, and the configurations what no list has.
    const unlisted = others.size > 0 ? [] : await firewall.otherDifferences(applied.stagedXpaths);
    const carried =
      others.size > 0
        ? `changes of ${[...others].join(', ')}`
        : `what is in no list of changes: ${unlisted.join(', ')}`;
    if (others.size > 0 || unlisted.length > 0) {
      await withdrawApplied(firewall, applied);
      throw new NamedError(
        'FullCommitNeeded',
        `The firewall demands a full commit, which would carry ${carried}. What was staged was withdrawn.`,
      );
    }
    const reply = await firewall.commit({ description: applied.description, full: true });
    if (reply.kind === 'queued') return reply.job;
  } catch (error) {
    // A full commit without an answer may still be carried out: until that is known, no other edit may come in.
    if (!isNamed(error, 'FirewallUnreachable', 'ReplyNotUnderstood')) await firewall.releaseConfigLock();
    throw error;
  }
  await firewall.releaseConfigLock();
  return null;
};

/** Makes the records say what the running configuration now shows. */
const confirm = async (records: Records, applied: Applied, running: Policy, fence: number): Promise<void> => {
  const all = new Map((await records.rules()).map((record) => [record.id, record] as const));
  await sideBySide(applied.expectations, async ({ id, kind }) => {
    const record = all.get(id);
    if (record !== undefined) await records.putRule({ ...confirmed(record, kind), fence });
  });
  if (applied.lowest) await records.putLowest(applied.lowest, fence);
  const services = running.scopes.vsys.services;
  const deleted = new Set(applied.deletedObjects);
  for (const object of applied.objects) {
    if (services.has(object.id)) {
      // Only what this plan made is intended still: what others made under a recorded name stays theirs.
      if (object.state === 'intended') await records.putObject({ ...object, state: 'owned', fence });
    } else if (object.state === 'intended' || deleted.has(object.id)) await records.forgetObject({ ...object, fence });
  }
};

const confirmed = (record: RuleRecord, kind: 'add' | 'change' | 'move' | 'remove'): RuleRecord => {
  const { intent } = record;
  if (kind === 'remove') return { ...record, state: 'tombstone', intent: null };
  if (intent?.kind === 'change') {
    return { ...changedRecord(record, intent), state: 'owned' };
  }
  return { ...record, state: 'owned', intent: null };
};

/**
 * The job that commits what was staged: the one known, or found again by its description, or a new one where the running
 * configuration does not show it all yet. Null: nothing had to be committed any more.
 * @throws CommitRunning until it has finished
 */
const finishedJob = async (
  held: Held<unknown>,
  { firewall, sleep }: CommitParts,
  applied: Applied,
): Promise<Job | null> => {
  const {
    turn,
    table: { turns },
    execution,
    fence,
    settings,
  } = held;
  const known = turn.commit?.description === applied.description ? turn.commit.job : null;
  let job = (known === null ? null : await firewall.job(known)) ?? (await firewall.findCommit(applied.description));
  if (job === null && unproven(await firewall.running(), applied, settings.BOTTOM_RULE).length > 0) {
    const id = await queue(held, firewall, applied);
    if (id === null) return null;
    await turns.note(execution, fence, { commit: { job: id, description: applied.description } });
    job = await firewall.job(id);
    if (job?.status !== 'FIN') {
      await sleep(pollMilliseconds);
      job = await firewall.job(id);
    }
    if (job === null) throw new NamedError('CommitRunning', `Commit job ${id} was queued and is not listed yet.`);
  }
  if (job !== null && job.status !== 'FIN') {
    throw new NamedError('CommitRunning', `Commit job ${job.id} is ${job.status}.`);
  }
  return job;
};

const failureText = (job: Job): string => [...job.details, ...job.warnings].join('; ') || 'the firewall gave no reason';

/** Takes back what was staged, and plans again or fails. */
const failed = async (
  held: Held<unknown>,
  { firewall, now }: CommitParts,
  applied: Applied,
  job: Job | null,
  missing: readonly string[],
): Promise<never> => {
  const { left } = await withdrawApplied(firewall, applied);
  const kept = ' What was staged was withdrawn.';
  if (job?.result !== 'FAIL') {
    // The firewall has refused nothing: what was staged was reverted, or changed again since.
    const said = job === null ? 'The firewall says there is nothing to commit' : `Commit job ${job.id} succeeded`;
    throw new NamedError(
      'PlanStale',
      `${said}, but the running configuration does not show it: ${missing.join('; ')}.${kept}`,
    );
  }
  const administrator = held.settings.FIREWALL_ADMINISTRATOR;
  await refuseLeft(firewall, held.table.records, { left, pending: await firewall.pendingEdits(), administrator });
  return afterRefusal(held, {
    rejection: new NamedError('CommitFailed', `Commit job ${job.id} failed: ${failureText(job)}.${kept}`),
    // What the firewall says is wrong; not its warnings.
    words: job.details.join('; '),
    written: writtenOf(applied),
    plan: await held.results.read('TestRules'),
    firewall,
    now: now(),
  });
};

/** The rules that were added, by the names that the firewall may call them by. */
const writtenOf = ({ expectations, objects }: Applied): readonly Written[] => {
  const made = new Set(objects.filter(({ state }) => state === 'intended').map(({ id }) => id));
  return expectations.flatMap(({ kind, name, content, says }) =>
    kind !== 'add' || says === undefined
      ? []
      : [{ says, names: [name, ...(content?.service ?? []).filter((service) => made.has(service))] }],
  );
};

interface CommitParts {
  readonly firewall: Firewall;
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/**
 * Makes the running configuration show what was staged. Each attempt looks first: a job of ours that is known, or that can be
 * found again by its description, is awaited and never started twice. Retries with backoff are the state machine's.
 */
export const commit = defineHeldStep({
  name: 'Commit',
  writes: true,
  input: HeldState,
  parts: (surroundings, settings, run): CommitParts => ({
    firewall: firewallPart(surroundings, settings, run),
    now: surroundings.world.now,
    sleep: surroundings.world.sleep,
  }),
  act: async (held, parts) => {
    const { firewall } = parts;
    const applied = await held.results.read('ApplyRules');
    const job = await finishedJob(held, parts, applied).catch(async (error) => {
      // What only opens may be what demands it: what closes is then tried without.
      if (!isNamed(error, 'FullCommitNeeded')) throw error;
      return splitBatch(held, error, await held.results.read('TestRules'));
    });
    const running = await firewall.running();
    const missing = unproven(running, applied, held.settings.BOTTOM_RULE);
    if (job?.result === 'FAIL' || missing.length > 0) await failed(held, parts, applied, job, missing);
    await confirm(held.table.records, applied, running, held.fence);
    await firewall.releaseOwnLocks();
    const plan = await held.results.read('TestRules');
    await checkLate(held, firewall, running);
    await held.table.removalCount.count(held.execution.name, held.fence, plan.limit.lost);
    if ((applied.more ?? 0) > 0) {
      await held.table.turns.note(held.execution, held.fence, { progressed: true });
      throw new NamedError(
        'PlanStale',
        `One write carries ${mostAdditions} additions; they were committed, and the next plan carries more of the ${applied.more} that are left.`,
      );
    }
    const fails = failureOf(plan);
    if (fails !== null) {
      await conclude(held, plan, { job: job?.id ?? null, because: null });
      throw new NamedError(fails.name, `${fails.message} The rest of the plan was committed.`);
    }
    if (applied.withheld !== null) {
      const { name, message } = applied.withheld;
      throw new NamedError(name, `${message} What the plan removes was committed, without what it opens.`);
    }
    return {
      result: { job: job?.id ?? null },
      output: {
        commit: section({
          job: job?.id ?? null,
          result: job === null ? 'carried by another commit' : job.result,
          warnings: shown((job?.warnings ?? []).map(brief)),
          details: shown((job?.details ?? []).map(brief)),
        }),
      },
    };
  },
});

export const handler = handlerOf(commit);
