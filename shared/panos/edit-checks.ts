import { NamedError } from '../domain/errors.ts';
import type { Edit } from '../domain/plan/edits.ts';
import type { ServiceObject } from '../domain/policy/policy.ts';
import type { RuleContent } from '../domain/rules/rule-content.ts';

/** Limits of the schema of PAN-OS 10.0, which later releases keep. */
const limits = {
  name: 63,
  zone: 31,
  application: 63,
  profileGroup: 31,
  logSetting: 63,
  tag: 127,
  tags: 64,
  description: 1024,
  auditComment: 256,
  ports: 1023,
} as const;

const reservedRuleNames = new Set(['any', 'intrazone-default', 'interzone-default']);

const wrong = (what: string, value: string, why: string): NamedError =>
  new NamedError('Misconfigured', `${what} ${JSON.stringify(value.slice(0, 140))} ${why}; nothing was sent`);

const within = (what: string, value: string, atMost: number): void => {
  if (value.length > atMost) throw wrong(what, value, `has ${value.length} characters, a firewall takes ${atMost}`);
};

const checkName = (what: string, name: string, atMost: number): void => {
  if (name === '') throw wrong(what, name, 'is empty');
  within(what, name, atMost);
  // A blank at either end is refused by the user interface and lost by readers of XML.
  if (!/^[0-9A-Za-z._-](?:[ 0-9A-Za-z._-]*[0-9A-Za-z._-])?$/.test(name)) {
    throw wrong(what, name, 'has characters other than letters, digits, blanks, ".", "_" and "-"');
  }
};

const checkRuleName = (name: string): void => {
  checkName('the rule name', name, limits.name);
  if (reservedRuleNames.has(name)) throw wrong('the rule name', name, 'is reserved');
};

/** Members refer to what may be named otherwise (addresses with `/` and `:`), so only emptiness and length are sure. */
const checkMembers = (field: string, members: readonly string[], atMost: number, keywords: readonly string[]): void => {
  // An empty list would be an incomplete rule, or any.
  if (members.length === 0)
    throw new NamedError('Misconfigured', `the rule field ${field} has no members; nothing was sent`);
  for (const member of members) {
    if (member.trim() === '' || member !== member.trim())
      throw wrong(`the ${field} member`, member, 'is empty or has blanks at an end');
    within(`the ${field} member`, member, atMost);
    if (members.length > 1 && keywords.includes(member)) throw wrong(`the ${field} member`, member, 'must stand alone');
  }
  if (new Set(members).size !== members.length)
    throw new NamedError('Misconfigured', `the rule field ${field} names a member twice; nothing was sent`);
};

const checkTag = (tag: string): void => {
  if (tag.trim() === '') throw wrong('the tag', tag, 'is empty');
  within('the tag', tag, limits.tag);
};

const checkContent = (content: RuleContent): void => {
  checkMembers('from', content.from, limits.zone, ['any']);
  checkMembers('to', content.to, limits.zone, ['any', 'multicast']);
  checkMembers('source', content.source, limits.name, ['any']);
  checkMembers('destination', content.destination, limits.name, ['any']);
  checkMembers('application', content.application, limits.application, ['any']);
  checkMembers('service', content.service, limits.name, ['any', 'application-default']);
  within('the rule description', content.description, limits.description);
  if (content.logSetting !== null) checkName('the log setting', content.logSetting, limits.logSetting);
  if (content.profileGroup !== null) checkName('the profile group', content.profileGroup, limits.profileGroup);
  if (content.tags.length > limits.tags)
    throw wrong('the tags', content.tags.join(', '), `are more than ${limits.tags}`);
  content.tags.forEach(checkTag);
};

const checkPorts = (what: string, ports: string): void => {
  within(what, ports, limits.ports);
  const good = ports.split(',').every((part) => {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    const from = Number(match?.[1]);
    const to = Number(match?.[2] ?? match?.[1]);
    return match !== null && from <= to && to <= 65535;
  });
  if (!good) throw wrong(what, ports, 'is no comma list of ports and ranges between 0 and 65535');
};

const checkService = (service: ServiceObject): void => {
  checkPorts('the service port', service.port);
  if (service.sourcePort !== null) checkPorts('the service source port', service.sourcePort);
};

/**
 * Refuses what a firewall would refuse, before anything is sent.
 * @throws Misconfigured naming the value and the limit.
 */
export const checkEdit = (edit: Edit): void => {
  switch (edit.kind) {
    case 'delete-rule':
      checkRuleName(edit.name);
      return;
    case 'set-members':
      checkRuleName(edit.name);
      checkMembers(edit.field, edit.members, limits.name, ['any']);
      return;
    case 'set-description':
      checkRuleName(edit.name);
      within('the rule description', edit.description, limits.description);
      return;
    case 'set-fields':
      checkRuleName(edit.name);
      checkContent(edit.content);
      return;
    case 'add-service':
      checkName('the service name', edit.name, limits.name);
      checkService(edit.service);
      within('the service description', edit.description, limits.description);
      if (edit.tag !== null) checkTag(edit.tag);
      return;
    case 'delete-service':
      checkName('the service name', edit.name, limits.name);
      return;
    case 'add-rule':
      checkRuleName(edit.name);
      checkContent(edit.content);
      if (edit.before !== null) checkRuleName(edit.before);
      return;
    case 'move-rule':
      checkRuleName(edit.name);
      if (edit.before !== null) checkRuleName(edit.before);
      if (edit.name === edit.before) throw wrong('the rule', edit.name, 'cannot stand before itself');
      return;
  }
};

/** @throws Misconfigured when an audit comment is longer than 256 characters (the limit clients of the vendor keep). */
export const checkAuditComment = (comment: string): void => within('the audit comment', comment, limits.auditComment);
