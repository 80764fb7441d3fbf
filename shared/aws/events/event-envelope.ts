import { NamedError } from '../../domain/errors.ts';
import { notUnderstood, optionalPart, optionalText, type Part, partOf, textOf } from './event-fields.ts';

/** Where the events must come from: the account and Region that the settings name. */
export interface ExpectedOrigin {
  /** Null: events of any account count. */
  readonly account: string | null;
  /** Null: events of any Region count. */
  readonly region: string | null;
}

/** An event out of its wrappings, with what every kind has. `when` is ISO 8601 in UTC, whole seconds. */
export interface Delivered {
  readonly kind: 'api-call' | 'state-change' | 'resync';
  /** The CloudTrail record, the notification's detail, or the resync event itself. */
  readonly body: Part;
  readonly eventId: string;
  readonly when: string;
}

/** The event that asks for a resync, as the schedule's rule sends it; `account`, `region`, `id` and `time` as ever. */
export const resyncSource = 'policy-sync';
export const resyncDetailType = 'Scheduled resync';

const apiCall = 'AWS API Call via CloudTrail';
const stateChange = 'EC2 Instance State-change Notification';

/**
 * `2026-11-05T10:11:12Z` from an event's time. Seen in records: ISO 8601 with `Z` (all raw ones), and
 * `2024-12-16 18:41:07.000000000` in records that a pipeline rewrote, which is UTC as well.
 */
const timeOf = (part: Part, name: string): string => {
  const text = textOf(part, name);
  const match = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.\d+)?(?:Z|\+00:00)?$/.exec(text);
  if (match === null) throw notUnderstood(part.path === '' ? name : `${part.path}.${name}`, 'a time in UTC', text);
  return `${match[1]}T${match[2]}Z`;
};

const parsed = (path: string, text: string): Part => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new NamedError('EventNotUnderstood', `${path}: not JSON`, { cause });
  }
  return partOf(path, value);
};

/** Takes off what SNS puts around an event: `Records[0].Sns.Message` (to a Lambda) or `Message` (raw HTTP, SQS). */
const unwrapped = (event: Part): Part => {
  const records = event.fields['Records'];
  if (Array.isArray(records)) {
    if (records.length !== 1) throw notUnderstood('Records', 'exactly one message', records.length);
    const message = optionalPart(partOf('Records[0]', records[0]), 'Sns');
    if (message === null) throw notUnderstood('Records[0].Sns', 'an SNS message', undefined);
    return unwrapped(parsed('Records[0].Sns.Message', textOf(message, 'Message')));
  }
  if (event.fields['Type'] === 'Notification' && typeof event.fields['Message'] === 'string')
    return unwrapped(parsed('Message', event.fields['Message']));
  return { path: '', fields: event.fields };
};

/**
 * An event of another account or Region is refused as `Misconfigured`, not as `EventNotUnderstood`: its ids would be
 * looked up in the wrong place, and what has to be corrected is a setting or the rule that forwarded the event.
 */
const checkOrigin = (account: string | null, region: string | null, expected: ExpectedOrigin): void => {
  if (account !== null && expected.account !== null && account !== expected.account)
    throw new NamedError('Misconfigured', `the event is of account ${account}, this system is for ${expected.account}`);
  if (region !== null && expected.region !== null && region !== expected.region)
    throw new NamedError('Misconfigured', `the event is of Region ${region}, this system is for ${expected.region}`);
};

const fromRecord = (record: Part, envelope: Part | null, expected: ExpectedOrigin): Delivered => {
  const version = optionalText(record, 'eventVersion');
  // A minor step of the record version only adds fields, a major step may break (documented).
  if (version !== null && !version.startsWith('1.'))
    throw notUnderstood(`${record.path === '' ? '' : `${record.path}.`}eventVersion`, 'version 1.x', version);
  if (envelope === null)
    checkOrigin(optionalText(record, 'recipientAccountId'), optionalText(record, 'awsRegion'), expected);
  const timed = optionalText(record, 'eventTime') === null && envelope !== null ? envelope : record;
  return {
    kind: 'api-call',
    body: record,
    eventId:
      optionalText(record, 'eventID') ?? (envelope === null ? textOf(record, 'eventID') : textOf(envelope, 'id')),
    when: timeOf(timed, timed === record ? 'eventTime' : 'time'),
  };
};

/**
 * The event out of its wrappings. Taken are an EventBridge event as sent, a bare CloudTrail record, and either of them
 * inside an SNS message. Null when it is an EventBridge event of a kind that says nothing about EC2.
 * @throws EventNotUnderstood naming the field; Misconfigured for another account or Region.
 */
export const delivered = (event: unknown, expected: ExpectedOrigin): Delivered | null => {
  const outer = unwrapped(partOf('the event', event));
  if (outer.fields['eventSource'] !== undefined && outer.fields['eventName'] !== undefined)
    return fromRecord(outer, null, expected);
  const source = textOf(outer, 'source');
  const detailType = textOf(outer, 'detail-type');
  checkOrigin(textOf(outer, 'account'), textOf(outer, 'region'), expected);
  const common = () => ({ eventId: textOf(outer, 'id'), when: timeOf(outer, 'time') });
  // `aws.events` is what a scheduled rule sends when its target has no input of its own (documented).
  if (
    (source === resyncSource && detailType === resyncDetailType) ||
    (source === 'aws.events' && detailType === 'Scheduled Event')
  )
    return { kind: 'resync', body: outer, ...common() };
  if (source !== 'aws.ec2') return null;
  if (detailType === apiCall) return fromRecord(partOf('detail', outer.fields['detail']), outer, expected);
  if (detailType === stateChange)
    return { kind: 'state-change', body: partOf('detail', outer.fields['detail']), ...common() };
  return null;
};
