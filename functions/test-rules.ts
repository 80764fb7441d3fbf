import type { OperatorAct } from '../shared/domain/change.ts';
import type { LeftOut } from '../shared/domain/grants/grants.ts';
import { failureOf } from '../shared/domain/plan/failures.ts';
import type { HandOver } from '../shared/domain/plan/handed-over.ts';
import { makePlan } from '../shared/domain/plan/make-plan.ts';
import { changesAnything, type Plan } from '../shared/domain/plan/plan.ts';
import { putAsideText } from '../shared/domain/plan/refusals.ts';
import { awaitingText } from '../shared/domain/plan/removal-words.ts';
import type { Unrecorded } from '../shared/domain/plan/unrecorded.ts';
import { isDefaultRule } from '../shared/domain/policy/bottom-rule.ts';
import { trafficText } from '../shared/domain/sets/traffic.ts';
import type { FirewallReads } from '../shared/panos/firewall.ts';
import { firewallPart } from '../shared/runtime/clients/firewall.ts';
import { digestOf } from '../shared/runtime/digest.ts';
import { planSettingsOf } from '../shared/runtime/settings.ts';
import { handlerOf } from '../shared/runtime/step.ts';
import { defineHeldStep } from '../shared/workflow/held-step.ts';
import { tableMark } from '../shared/workflow/mark.ts';
import { runOf } from '../shared/workflow/refusals.ts';
import { limitInputsOf, shownLimit } from '../shared/workflow/removal-limit.ts';
import { brief, HeldState, section, shown } from '../shared/workflow/states.ts';
import type { Resolved } from '../shared/workflow/step-results.ts';

/**
 * Each candidate rule against the policy as it will be, and what becomes of the rules we own: the whole plan. Reads the firewall
 * once, however many candidate rules there are. Safe to repeat: it only reads.
 */
export const testRules = defineHeldStep({
  name: 'TestRules',
  writes: false,
  input: HeldState,
  parts: (surroundings, settings, run): { readonly firewall: FirewallReads; readonly now: () => number } => ({
    firewall: firewallPart(surroundings, settings, run),
    now: surroundings.world.now,
  }),
  act: async (held, { firewall, now }) => {
    const { results, table, settings, execution } = held;
    const resolved = await results.read('ResolveInterfaces');
    const derived = await results.read('DeriveRules');
    const { scope, candidates, notExpressible = [] } = derived;
    const snapshot = await firewall.snapshot();
    const plan = makePlan({
      firewall: snapshot,
      rules: await table.records.rules(),
      objects: await table.records.objects(),
      candidates,
      scope: new Set(scope),
      closures: {
        stored: await table.records.closures(),
        ...instancesOf(resolved),
        byGroup: settings.RULE_GROUPING === 'group',
        reopened: resolved.taken.flatMap(({ change: { operator } }) =>
          operator !== undefined && 'reopen' in operator ? [operator.reopen] : [],
        ),
        now: now(),
      },
      limit: await limitInputsOf(held, resolved, derived),
      settings: planSettingsOf(settings),
      mark: await tableMark(held),
      handOver: resolved.taken.flatMap(({ change: { operator } }) => handOverOf(operator)),
      refused: {
        refusals: await table.refusals.all(),
        run: runOf(execution),
        isRedriven: execution.redriveCount > 0,
      },
      lowest: isDefaultRule(settings.BOTTOM_RULE) ? await table.records.lowest() : null,
      ruleXpath: firewall.ruleXpath,
      digestOf,
    });
    const others = snapshot.pending
      .map((edit) => edit.administrator)
      .filter((administrator) => administrator !== settings.FIREWALL_ADMINISTRATOR);
    // What the execution fails with is known here, and raised once the rest of the plan is carried out.
    const writes = changesAnything(plan) || failureOf(plan) !== null || derived.facts.length > 0;
    return {
      result: plan,
      output: {
        work: writes ? 'write' : 'none',
        because: writes ? null : becauseNothing(plan, resolved, notExpressible),
        tested: section({ ...shownPlan(plan, table.unreadable), pendingOfOthers: [...new Set(others)] }),
      },
    };
  },
});

const handOverOf = (operator: OperatorAct | undefined): readonly HandOver[] => {
  if (operator === undefined) return [];
  if ('adopt' in operator) return [{ verb: 'adopt', rule: operator.adopt }];
  return 'remove' in operator ? [{ verb: 'remove', rule: operator.remove }] : [];
};

/** The instances a plan decides about: all, those that count, and those that EC2 shows ended or not at all. */
const instancesOf = ({ resolved }: Resolved) => {
  const counting = new Set(resolved.interfaces.map(({ instance }) => instance));
  return {
    instances: new Set([...counting, ...resolved.recorded.map(({ instance }) => instance)]),
    counting,
    terminated: new Set(resolved.terminated),
    unknown: new Set(resolved.unknown),
  };
};

/** The plan as the state shows it. */
const shownPlan = (plan: Plan, unreadable: readonly string[]) => ({
  ...(plan.bottomRule ? { bottomRule: plan.bottomRule } : {}),
  ...(plan.obstacle ? { notOpened: brief(plan.obstacle.message) } : {}),
  verdicts: shown(
    plan.judged.map(({ candidate, verdict }) => ({
      candidate: `${candidate.group} ${trafficText(candidate.traffic)}`,
      verdict: verdict.kind,
      by: verdict.by.slice(0, 10),
      explanation: brief(verdict.explanation),
      ...(verdict.reservations.length > 0 ? { reservations: verdict.reservations.slice(0, 10) } : {}),
    })),
  ),
  putAside: shown((plan.putAside ?? []).map((one) => brief(putAsideText(one)))),
  alreadyOurs: shown(plan.alreadyOurs.map(brief)),
  closed: shown(plan.closed.map(brief)),
  remove: shown(plan.removals.map(({ name, why }) => brief(`${name}: ${why}`))),
  shrink: shown(plan.shrinks.map(({ name, why }) => brief(`${name}: ${why}`))),
  rewrite: shown((plan.rewrites ?? []).map(({ name, why }) => brief(`${name}: ${why}`))),
  move: shown(plan.moves.map(({ name }) => name)),
  leftOut: shown(plan.leftOut.map(({ what, reason }) => brief(`${what}: ${reason}`))),
  undecidedNat: plan.undecidedNat,
  unreadableItems: shown(unreadable.map(brief)),
  notTouched: shown(plan.notTouched.map(brief)),
  reports: shown(plan.reports.map(brief)),
  ...(plan.unrecorded ? { unrecorded: shownUnrecorded(plan.unrecorded) } : {}),
  awaitsApproval: shownLimit(plan.limit),
});

const shownUnrecorded = ({ rules, tables }: Unrecorded) =>
  shown([...rules, ...tables.map(({ text }) => text)].map(brief));

const reasonsIn = (leftOut: readonly LeftOut[]): string =>
  leftOut.map(({ what, reason }) => `${what}: ${reason}`).join('; ');

/** Why nothing is added, of the candidate rules that were judged: what rules above decide, and what a setting refuses. */
const judgedWords = ({ judged, closed }: Plan, others: boolean): string => {
  const kinds = judged.map(({ verdict }) => verdict.kind);
  const decided = [...new Set(kinds.filter((kind) => kind !== 'refused'))].sort();
  const refused = kinds.filter((kind) => kind === 'refused').length;
  const every = `every ${others || refused > 0 ? 'other ' : ''}candidate rule`;
  const isBelow = judged.some(({ parts }) => parts.some(({ below }) => below === true));
  const above = `by ${isBelow ? 'the rules as they are' : 'rules above'}${closed.length > 0 ? ', or closed' : ''}`;
  return [
    ...(decided.length > 0 ? [`${every} is ${decided.join(' or ')} ${above}`] : []),
    ...(refused > 0
      ? [`${refused} would open more applications than an administrator allows (REFUSE_MORE_APPLICATIONS)`]
      : []),
  ].join('; ');
};

const nothingToAdd = (plan: Plan, { resolved }: Resolved, notExpressible: readonly LeftOut[]): string => {
  if (plan.limit.awaiting.length > 0) return awaitingText(plan.limit.awaiting, plan.limit.awaitingRules);
  const refused = (plan.putAside ?? []).map((one) => ({
    what: one.rule,
    reason: one.hours === null ? one.words : `put aside, since the firewall refused it (${one.words})`,
  }));
  const notOpened = [...plan.leftOut, ...notExpressible, ...refused];
  if (plan.judged.length > 0) {
    const left = notOpened.length > 0 ? [reasonsIn(notOpened)] : [];
    return `Nothing to add: ${[judgedWords(plan, left.length > 0), ...left].join('; ')}.`;
  }
  if (resolved.recorded.length === 0 && resolved.interfaces.length === 0 && resolved.leftOut.length > 0) {
    return `No interface behind the firewall: ${reasonsIn(resolved.leftOut)}.`;
  }
  if (notOpened.length > 0) return `Nothing to add: ${reasonsIn(notOpened)}.`;
  return plan.closed.length > 0 ? 'Nothing to add.' : 'The policy already says what EC2 grants.';
};

/** Why nothing is written, what administrators have closed included: it is said in every run that passes it. */
const becauseNothing = (plan: Plan, resolved: Resolved, notExpressible: readonly LeftOut[]): string => {
  const [first, ...more] = plan.closed;
  const others = more.length === 0 ? '' : ` And ${more.length} more.`;
  const closed = first === undefined ? '' : ` By an administrator ${first}${others}`;
  return brief(`${nothingToAdd(plan, resolved, notExpressible)}${closed}`);
};

export const handler = handlerOf(testRules);
