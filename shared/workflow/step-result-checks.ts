import { z } from 'zod';
import type { Change, Subject } from '../domain/change.ts';
import { errorCatalogue } from '../domain/errors.ts';
import type { Contributions, GrantDestination, LeftOut, NetworkInterface } from '../domain/grants/grants.ts';
import type { NetworkPicture } from '../domain/grants/routes.ts';
import type { Closed, ClosureRecord } from '../domain/plan/closures.ts';
import type { UnexplainedLoss } from '../domain/plan/losses.ts';
import type { ObjectRecord, RuleRecord } from '../domain/plan/ownership.ts';
import type { Plan } from '../domain/plan/plan.ts';
import type { LimitOutcome } from '../domain/plan/removal-limit.ts';
import { rewrittenFields } from '../domain/plan/rewrites.ts';
import { byTrafficColumn } from '../domain/policy/policy.ts';
import type { CandidateRule } from '../domain/rules/candidate-rules.ts';
import type { RuleContent } from '../domain/rules/rule-content.ts';
import type { RuleService } from '../domain/rules/translation.ts';
import type { Traffic } from '../domain/sets/traffic.ts';
import type { Judged } from '../domain/verdict/verdict-words.ts';
import { AnnouncedState } from './states.ts';
import type { Applied, BatchLine, Committed, Derived, Resolved, StepResults } from './step-results.ts';

/**
 * Whether a step result is of the form this version writes. An execution may be redriven, or its next step run, after a
 * deployment: what another version wrote is seen here, not where it breaks.
 */

/** A check of exactly this type: one that takes less or more than the type does not compile. */
const exactly =
  <Type>() =>
  <Check extends z.ZodType<Type>>(check: Type extends z.output<Check> ? Check : never): Check =>
    check;

const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly();
const text = z.string();
const errorName = z.enum(Object.keys(errorCatalogue) as [keyof typeof errorCatalogue]);
const texts = list(text);
const family = z.literal([4, 6]);
const ports = z.object({ from: z.number(), to: z.number() });

const subject = exactly<Subject>()(
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('instance'), id: text }),
    z.object({ kind: z.literal('interface'), id: text }),
    z.object({ kind: z.literal('group'), id: text }),
    z.object({ kind: z.literal('everything') }),
  ]),
);

const change = exactly<Change>()(
  z.object({
    kind: text,
    subjects: list(subject),
    who: text,
    when: text,
    eventId: text,
    announced: AnnouncedState,
    approvesPlan: text.exactOptional(),
    operator: z
      .union([
        z.object({ approve: texts }),
        z.object({ reopen: text }),
        z.object({ adopt: text }),
        z.object({ remove: text }),
        z.object({ revert: text }),
      ])
      .exactOptional(),
  }),
);

const batchLine = exactly<BatchLine>()(z.object({ pk: text, sk: text, execution: text, subject, change }));

const destination = exactly<GrantDestination>()(
  z.object({ interface: text, instance: text, address: text, vpc: text.exactOptional() }),
);
const sides = {
  sources: list(z.object({ source: text, securityGroupRule: text, prefixList: text.nullable() })),
  destinations: list(destination),
};
const contributions = exactly<Contributions>()(z.object(sides));

const leftOut = exactly<LeftOut>()(z.object({ what: text, reason: text }));

const networkInterface = exactly<NetworkInterface>()(
  z.object({
    id: text,
    instance: text,
    vpc: text,
    subnet: text,
    groups: texts,
    addresses: texts,
  }),
);

const network = exactly<NetworkPicture>()(
  z.object({
    tables: list(
      z.object({
        id: text,
        vpc: text,
        main: z.boolean(),
        subnets: texts,
        routes: list(
          z.object({
            destination: z.object({ kind: z.enum(['cidr', 'prefix-list']), value: text }),
            targets: texts,
            state: z.enum(['active', 'blackhole', 'filtered']),
            propagated: z.boolean(),
          }),
        ),
      }),
    ),
    vpcs: list(z.object({ id: text, ranges: texts })),
    prefixLists: list(
      z.object({ id: text, version: z.number().nullable(), family: family.nullable(), entries: texts }),
    ),
  }),
);

const resolved = exactly<Resolved>()(
  z.object({
    notYet: texts,
    taken: list(batchLine),
    resolved: z.object({
      inScope: texts,
      recorded: list(destination),
      byAddressAlone: texts,
      interfaces: list(networkInterface),
      leftOut: list(leftOut),
      gone: list(
        z.object({
          interface: text,
          instance: text,
          addresses: texts,
          how: z.enum([
            'stopping',
            'stopped',
            'shutting-down',
            'terminated',
            'detached',
            'absent',
            'elsewhere',
            'deleted',
            'away',
            'setting',
            'not routed',
            'firewall',
          ]),
          vanished: z.boolean(),
        }),
      ),
      shown: list(z.object({ id: text, vpc: text, subnet: text, groups: texts, addresses: texts })),
      terminated: texts,
      unknown: texts,
      network,
      targets: texts,
      noRouteTo: texts,
      targetsUnnamed: texts,
    }),
  }),
);

const traffic = exactly<Traffic>()(
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('ports'), protocol: z.enum(['tcp', 'udp']), ports }),
    z.object({
      kind: z.literal('icmp'),
      family,
      type: z.union([z.number(), z.literal('all')]),
      code: z.union([z.number(), z.literal('all')]),
    }),
    z.object({ kind: z.literal('protocol'), number: z.number() }),
    z.object({ kind: z.literal('all') }),
  ]),
);

const service = exactly<RuleService>()(
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('any') }),
    z.object({ kind: z.literal('ports'), protocol: z.enum(['tcp', 'udp']), ports }),
  ]),
);

const candidate = exactly<CandidateRule>()(
  z.object({
    subject,
    group: text,
    family,
    traffic,
    from: text,
    to: text,
    application: texts,
    decryption: z.object({ rule: text, from: text, into: text }).exactOptional(),
    service,
    ...sides,
    broughtBy: text,
  }),
);

const unexplained = exactly<UnexplainedLoss>()(
  z.object({ group: text, family, traffic, because: z.enum(['away', 'vanished']), ...sides }),
);

const derived = exactly<Derived>()(
  z.object({
    scope: texts,
    candidates: list(candidate),
    notExpressible: list(leftOut).exactOptional(),
    unexplained: list(unexplained),
    facts: texts,
    outdatedFacts: texts,
  }),
);

const limit = exactly<LimitOutcome>()(
  z.object({
    awaiting: texts,
    awaitingRules: texts,
    lost: texts,
    fails: z.object({ name: z.literal('TooMuchToRemove'), message: text }).nullable(),
  }),
);

const action = z.enum(['allow', 'deny', 'drop', 'reset-client', 'reset-server', 'reset-both']);

const content = exactly<RuleContent>()(
  z.object({
    ...byTrafficColumn(() => texts),
    action,
    logSetting: text.nullable(),
    profileGroup: text.nullable(),
    tags: texts,
    description: text,
  }),
);

const state = z.enum(['intended', 'owned', 'tombstone']);
const declined = contributions.nullable().exactOptional();

const rule = exactly<RuleRecord>()(
  z.object({
    format: z.literal(1),
    id: text,
    state,
    name: text,
    uuid: text.nullable(),
    group: text,
    family,
    traffic,
    service,
    contributions,
    content,
    applications: texts.exactOptional(),
    intent: z
      .discriminatedUnion('kind', [
        z.object({ kind: z.literal('add'), execution: text, content }),
        z.object({
          kind: z.literal('change'),
          execution: text,
          content,
          applications: texts.exactOptional(),
          contributions,
          before: text.exactOptional(),
        }),
        z.object({ kind: z.literal('move'), execution: text }),
        z.object({ kind: z.literal('remove'), execution: text, declined }),
      ])
      .nullable(),
    declined,
    byOperator: z.literal(true).exactOptional(),
    earlier: texts.exactOptional(),
    setAside: z.literal(true).exactOptional(),
    fence: z.number(),
    broughtBy: z.object({ eventId: text, execution: text }),
  }),
);

const object = exactly<ObjectRecord>()(
  z.object({
    format: z.literal(1),
    id: text,
    state,
    protocol: z.enum(['tcp', 'udp']),
    ports,
    fence: z.number(),
  }),
);

const decided = { by: texts, reservations: texts, explanation: text };
const reaching = { ...decided, reaches: text, opensMoreApplicationsThan: texts };

const judged = exactly<Judged>()(
  z.object({
    input: z.number(),
    candidate,
    verdict: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('allowed'), ...decided }),
      z.object({ kind: z.literal('overridden'), ...decided }),
      z.object({ kind: z.literal('needed'), ...reaching }),
      z.object({ kind: z.literal('refused'), ...reaching }),
    ]),
    parts: list(
      z.object({
        rule: text,
        action: z.enum(['allow', 'override', 'reach']),
        text,
        below: z.boolean().exactOptional(),
      }),
    ),
    doubts: list(z.object({ rule: text, action, because: texts })),
    trimmedSources: texts,
    trimmedDestinations: texts,
  }),
);

const closedFields = {
  format: z.literal(1),
  id: text,
  record: text,
  rule: text,
  instance: text,
  traffic: traffic.exactOptional(),
  family,
  from: text,
  to: text,
  sessions: list(
    z.object({
      source: texts,
      traffic: list(z.number()),
      sourcePort: list(z.number()),
      applications: z.object({ kind: z.enum(['only', 'except']), names: texts }),
    }),
  ),
  ungrantedSince: z.number().nullable(),
};
const closed = exactly<Closed>()(z.object(closedFields));
const closure = exactly<ClosureRecord>()(z.object({ ...closedFields, fence: z.number() }));

const planned = { id: text, name: text, uuid: text };
const members = texts.nullable();

const plan = exactly<Plan>()(
  z.object({
    digest: text,
    repaired: list(rule),
    forgotten: list(rule),
    objectsRepaired: list(object),
    objectsForgotten: list(object),
    removals: list(z.object({ ...planned, why: text })),
    shrinks: list(
      z.object({
        ...planned,
        contributions,
        source: members,
        destination: members,
        description: text.exactOptional(),
        why: text,
      }),
    ),
    moves: list(z.object({ ...planned, past: text.nullable().exactOptional() })),
    rewrites: list(
      z.object({
        ...planned,
        content,
        fields: list(z.enum(rewrittenFields)),
        candidate: candidate.nullable(),
        applications: texts,
        contributions,
        why: text,
      }),
    ).exactOptional(),
    judged: list(judged),
    alreadyOurs: texts,
    closuresWritten: list(closed),
    closuresEnded: list(closure),
    closed: texts,
    leftOut: list(leftOut),
    undecidedNat: texts,
    unused: texts,
    reports: texts,
    unrecorded: z.object({ rules: texts, tables: list(z.object({ table: text, text })) }).exactOptional(),
    notTouched: texts,
    limit,
    bottomRule: text.nullable().exactOptional(),
    carried: list(z.number()).exactOptional(),
    putAside: list(
      z.object({
        id: text,
        rule: text,
        name: errorName,
        words: text,
        hours: z.number().nullable(),
        about: texts,
        isOwn: z.boolean(),
      }),
    ).exactOptional(),
    obstacle: z
      .object({
        name: z.enum(['BottomRuleUnusable', 'Misconfigured']),
        message: text,
        candidates: texts,
        about: texts.nullable().exactOptional(),
        isOwn: z.boolean(),
      })
      .nullable()
      .exactOptional(),
    lines: list(z.object({ about: texts, text })),
  }),
);

const applied = exactly<Applied>()(
  z.object({
    description: text,
    stagedXpaths: texts,
    expectations: list(
      z.object({
        id: text,
        kind: z.enum(['add', 'change', 'move', 'remove']),
        name: text,
        uuid: text,
        content: content.nullable(),
        says: text.exactOptional(),
        past: text.nullable().exactOptional(),
      }),
    ),
    objects: list(object),
    deletedObjects: texts,
    lowest: texts.nullable().exactOptional(),
    withheld: z.object({ name: errorName, message: text }).nullable(),
    more: z.number().exactOptional(),
  }),
);

const committed = exactly<Committed>()(z.object({ job: text.nullable() }));

export const checks: { readonly [Name in keyof StepResults]: z.ZodType<StepResults[Name]> } = {
  TakeTurn: list(batchLine),
  ResolveInterfaces: resolved,
  DeriveRules: derived,
  TestRules: plan,
  ApplyRules: applied,
  Commit: committed,
  ReleaseTurn: z.null(),
};
