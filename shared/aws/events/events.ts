import { type Change, nothingAnnounced, type Subject, subjectId } from '../../domain/change.ts';
import type { CallMeaning, DecodeSettings, LookUp } from './call-meaning.ts';
import { eventCalls } from './event-calls.ts';
import { type Delivered, delivered, type ExpectedOrigin } from './event-envelope.ts';
import { idOf, optionalPart, optionalText, type Part, textOf } from './event-fields.ts';
import { operatorActIn } from './operator.ts';

export { type ExpectedOrigin, resyncDetailType, resyncSource } from './event-envelope.ts';

/** The event asks for no work, and why. */
export interface NoChange {
  readonly kind: 'nothing';
  readonly because: string;
}

/** What an event means: a change, whose subjects may have to be looked up first; or nothing to do. */
export type EventMeaning =
  | { readonly kind: 'change'; readonly change: Change; readonly lookUps: readonly LookUp[] }
  | NoChange;

/** The reads by which subjects are found that an event names indirectly. */
export interface SubjectReads {
  /** Ids of the security groups with this name; several when several VPCs have one. */
  readonly groupsNamed: (name: string) => Promise<readonly string[]>;
  /** The instance an interface is attached to, null when to none; no answer (null) when EC2 does not know the interface. */
  readonly holderOfInterface: (id: string) => Promise<{ readonly instance: string | null } | null>;
  readonly groupsWithPrefixList: (id: string) => Promise<readonly string[]>;
  /** Whether a route names the prefix list as its destination. */
  readonly isRouteDestination: (prefixList: string) => Promise<boolean>;
}

/** Where events must come from, and the settings that decide which calls matter. */
export interface Expected extends ExpectedOrigin, DecodeSettings {}

/** Who made the call: the ARN, else the service that called, else the kind of caller and its id. */
const callerOf = (record: Part): string => {
  const identity = optionalPart(record, 'userIdentity');
  if (identity === null) return 'unknown caller';
  return (
    optionalText(identity, 'arn') ??
    optionalText(identity, 'invokedBy') ??
    optionalText(identity, 'principalId') ??
    optionalText(identity, 'type') ??
    'unknown caller'
  );
};

const callMeaning = ({ body, eventId, when }: Delivered, settings: DecodeSettings): EventMeaning => {
  const name = textOf(body, 'eventName');
  const source = optionalText(body, 'eventSource');
  if (source !== null && source !== 'ec2.amazonaws.com') return nothing(`${name} is a call to ${source}, not to EC2`);
  // A dry run is recorded as a failed call (captured), so both end here; the event pattern filters them as well.
  const failure = optionalText(body, 'errorCode');
  if (failure !== null) {
    if (failure.endsWith('DryRunOperation')) return nothing(`${name} was a dry run`);
    return nothing(`${name} failed with ${failure}: it changed nothing`);
  }
  const call = Object.hasOwn(eventCalls, name) ? eventCalls[name] : undefined;
  if (call === undefined) return nothing(`${name} does not change what the firewall must allow`);
  const meaning: CallMeaning | string = call.decode(body, settings);
  if (typeof meaning === 'string') return nothing(meaning);
  const { subjects, lookUps, announced } = meaning;
  return { kind: 'change', change: { kind: name, subjects, who: callerOf(body), when, eventId, announced }, lookUps };
};

/** `{instance-id, state}` (documented): EC2's own word on a change of state, whoever caused it. */
const stateMeaning = ({ body, eventId, when }: Delivered): EventMeaning => {
  const id = idOf(body, 'instance-id', 'i');
  return {
    kind: 'change',
    change: {
      kind: 'EC2 Instance State-change Notification',
      subjects: [{ kind: 'instance', id }],
      who: 'ec2.amazonaws.com',
      when,
      eventId,
      announced: { ...nothingAnnounced, instanceStates: { [id]: textOf(body, 'state') } },
    },
    lookUps: [],
  };
};

/** A resync; with `detail.operator` it also does what an operator asks. `detail.approvePlan` is how releases before approved a plan. */
const resyncMeaning = ({ body, eventId, when }: Delivered): EventMeaning => {
  const detail = optionalPart(body, 'detail');
  const approved = detail === null ? null : optionalText(detail, 'approvePlan');
  const operator = detail === null ? null : operatorActIn(detail);
  const isOperator = approved !== null || operator !== null;
  return {
    kind: 'change',
    change: {
      kind: isOperator ? 'Approved resync' : 'Scheduled resync',
      subjects: [{ kind: 'everything' }],
      who: isOperator ? 'operator' : 'schedule',
      when,
      eventId,
      announced: nothingAnnounced,
      ...(approved === null ? {} : { approvesPlan: approved }),
      ...(operator === null ? {} : { operator }),
    },
    lookUps: [],
  };
};

const nothing = (because: string): NoChange => ({ kind: 'nothing', because });

/**
 * What an event means, from the event alone. Taken are EventBridge events as sent, bare CloudTrail records, and either
 * of them inside an SNS message.
 * @throws EventNotUnderstood naming the field whose shape is not known; Misconfigured for another account or Region.
 */
export const meaningOfEvent = (event: unknown, expected: Expected): EventMeaning => {
  const found = delivered(event, expected);
  if (found === null) return nothing('the event is none of EC2');
  switch (found.kind) {
    case 'api-call':
      return callMeaning(found, expected);
    case 'state-change':
      return stateMeaning(found);
    case 'resync':
      return resyncMeaning(found);
  }
};

const subjectsFound = async (lookUp: LookUp, reads: SubjectReads): Promise<readonly Subject[] | string> => {
  switch (lookUp.kind) {
    case 'group-named': {
      const ids = await reads.groupsNamed(lookUp.name);
      // Renaming is impossible and deleting makes an event of its own, but the read may lag: then all is read again.
      return ids.length === 0 ? [{ kind: 'everything' }] : ids.map((id) => ({ kind: 'group', id }));
    }
    case 'holder-of-interface': {
      const holder = await reads.holderOfInterface(lookUp.id);
      if (holder === null) return [{ kind: 'everything' }];
      return [
        holder.instance === null ? { kind: 'interface', id: lookUp.id } : { kind: 'instance', id: holder.instance },
      ];
    }
    case 'groups-with-prefix-list': {
      // Routes to the list lead elsewhere now, and with them whole subnets.
      if (await reads.isRouteDestination(lookUp.id)) return [{ kind: 'everything' }];
      const ids = await reads.groupsWithPrefixList(lookUp.id);
      return ids.length === 0
        ? `no security group and no route names the prefix list ${lookUp.id}`
        : ids.map((id) => ({ kind: 'group', id }));
    }
  }
};

/**
 * What an event means, with every subject an id: those that the record names indirectly (a group by its name, an
 * interface, a prefix list) are asked for with `reads`. Repeating it is harmless: it only reads.
 * @throws EventNotUnderstood, Misconfigured; AwsBusy and AwsDenied from the reads.
 */
export const changeFromEvent = async (
  event: unknown,
  expected: Expected,
  reads: SubjectReads,
): Promise<{ readonly kind: 'change'; readonly change: Change } | NoChange> => {
  const meaning = meaningOfEvent(event, expected);
  if (meaning.kind === 'nothing') return meaning;
  const { change, lookUps } = meaning;
  const subjects = new Map(change.subjects.map((subject) => [subjectId(subject), subject]));
  const reasons: string[] = [];
  for (const lookUp of lookUps) {
    const found = await subjectsFound(lookUp, reads);
    if (typeof found === 'string') reasons.push(found);
    else for (const subject of found) subjects.set(subjectId(subject), subject);
  }
  if (subjects.size === 0) return nothing(`${change.kind}: ${reasons.join('; ')}`);
  const everything = subjects.get('everything');
  return {
    kind: 'change',
    change: {
      ...change,
      subjects:
        everything === undefined ? [...subjects.keys()].sort().flatMap((id) => subjects.get(id) ?? []) : [everything],
    },
  };
};
