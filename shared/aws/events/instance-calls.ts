import type { AnnouncedFact } from '../../domain/announced-facts.ts';
import { nothingAnnounced } from '../../domain/change.ts';
import { isUp } from '../../domain/grants/statements.ts';
import {
  about,
  announcing,
  type Decoder,
  everything,
  instance,
  otherCaller,
  request,
  requestOf,
  response,
  textsIn,
} from './call-meaning.ts';
import {
  attributesIn,
  idOf,
  isId,
  isOmitted,
  notUnderstood,
  optionalId,
  optionalPart,
  optionalText,
  type Part,
  partsOf,
} from './event-fields.ts';

/** The interfaces that a launched instance comes with (captured in RunInstances records). */
const interfacesOf = (item: Part, id: string): readonly AnnouncedFact[] =>
  partsOf(item, 'networkInterfaceSet').flatMap((each) => {
    const found = optionalId(each, 'networkInterfaceId', 'eni');
    const attachment = optionalPart(each, 'attachment');
    return found === null
      ? []
      : [
          {
            kind: 'attached',
            interface: found,
            instance: id,
            attachment: attachment === null ? null : optionalText(attachment, 'attachmentId'),
          },
        ];
  });

/**
 * Start, Stop, Terminate and RunInstances: `instancesSet.items[]` in request and response. The response may list them
 * in another order (captured), so states are joined by id. Request items of RunInstances carry no ids. An instance whose
 * state the response does not tell is on its way to `announced`, since the call succeeded.
 */
const instanceCall =
  (announced: string): Decoder =>
  (record) => {
    const asked = request(record);
    const answered = response(record);
    const states: Record<string, string> = {};
    const ids = new Set<string>();
    const facts: AnnouncedFact[] = [];
    for (const block of [asked, answered]) {
      if (block === null || isOmitted(block)) continue;
      for (const item of partsOf(block, 'instancesSet')) {
        const id = optionalId(item, 'instanceId', 'i');
        if (id === null) continue;
        ids.add(id);
        const state = optionalPart(item, 'currentState') ?? optionalPart(item, 'instanceState');
        const name = state === null ? null : optionalText(state, 'name');
        if (name !== null) states[id] = name;
        facts.push(...interfacesOf(item, id));
      }
    }
    const subjects = [...ids].sort().map(instance);
    if (subjects.length === 0) {
      if (isOmitted(asked) || isOmitted(answered)) return everything();
      throw notUnderstood(
        `${record.path}.requestParameters.instancesSet`,
        'instance ids',
        asked?.fields['instancesSet'],
      );
    }
    const all = [...ids].sort().map((id) => [id, states[id] ?? announced] as const);
    // What another account starts is its own, and not shown to this one, however long it is waited for.
    const shown = otherCaller(record) === null ? all : all.filter(([, state]) => !isUp(state));
    const instanceStates = Object.fromEntries(shown);
    if (shown.length === 0) return about(subjects);
    return about(subjects, { ...nothingAnnounced, instanceStates, ...(facts.length > 0 ? { facts } : {}) });
  };

export const startInstances = instanceCall('pending');
export const stopInstances = instanceCall('stopping');
export const terminateInstances = instanceCall('shutting-down');

/**
 * The owner of a subnet hears of launches that others make in it (documented); `ownerId` of the answer says whose the
 * instances are.
 */
export const runInstances: Decoder = (record, settings) => {
  const own = optionalText(record, 'recipientAccountId');
  const answered = response(record);
  const owner = answered === null || isOmitted(answered) ? null : optionalText(answered, 'ownerId');
  const other = owner === null ? otherCaller(record) : owner === own ? null : owner;
  if (own !== null && other !== null)
    return `RunInstances launched instances of the account ${other}, in a subnet shared with it; EC2 shows them only there`;
  return instanceCall('pending')(record, settings);
};

/**
 * Of the many attributes of an instance only its groups matter. Records of the generic form hide the value (captured), so
 * the attribute's name decides, and what the groups are is not announced.
 */
export const modifyInstance: Decoder = (record) => {
  if (isOmitted(request(record))) return everything();
  const block = requestOf(record);
  const attribute = optionalText(block, 'attribute');
  const concerns = attribute === null ? block.fields['groupSet'] !== undefined : attribute === 'groupSet';
  if (!concerns) return `ModifyInstanceAttribute changed ${attribute ?? attributesIn(block)}, not the security groups`;
  const of = idOf(block, 'instanceId', 'i');
  const groups = textsIn(block, 'groupSet', ['groupId']).filter((id) => isId(id, 'sg'));
  return about([instance(of)], groups.length === 0 ? nothingAnnounced : announcing({ kind: 'groups', of, groups }));
};
