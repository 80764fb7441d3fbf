import { NamedError } from '../domain/errors.ts';
import type { Edit } from '../domain/plan/edits.ts';
import type { Connection } from './connection.ts';
import { commandWith } from './device-state.ts';
import { checkAuditComment, checkEdit } from './edit-checks.ts';
import { inWritingOrder, multiConfigElement, type Operation, operationsFor } from './edits.ts';
import { canonicalOrderless, expectedEntry } from './entries.ts';
import { getEntries } from './read-configuration.ts';
import { type Reply, refusal, wordsOf } from './replies.ts';
import { multiConfigForm, opForm } from './request-forms.ts';
import { applySingly } from './single-calls.ts';
import { buildXml, childrenOf, nameOf, textElement, type XmlElement } from './xml.ts';
import type { Places } from './xpath.ts';

const operationsAtOnce = 500;
const bytesAtOnce = 4_000_000;

/** Size of an operation in the form it is sent in. */
const sizeOf = (operation: Operation): number =>
  new URLSearchParams({ e: buildXml(multiConfigElement(operation, 0)) }).toString().length;

/** Edits in rounds of at most 500 operations and 4 MB; the operations of one edit stay together. */
export const roundsOf = (place: Places, edits: readonly Edit[]): readonly (readonly Edit[])[] => {
  const rounds: Edit[][] = [];
  let count = 0;
  let bytes = 0;
  for (const edit of inWritingOrder(edits)) {
    const operations = operationsFor(place, edit);
    const size = operations.reduce((sum, operation) => sum + sizeOf(operation), 0);
    const last = rounds.at(-1);
    if (last === undefined || count + operations.length > operationsAtOnce || bytes + size > bytesAtOnce) {
      rounds.push([edit]);
      count = 0;
      bytes = 0;
    } else last.push(edit);
    count += operations.length;
    bytes += size;
  }
  return rounds;
};

/** What a round relies on: these rules and services exist in the candidate, those do not. */
const relied = (edits: readonly Edit[]) => {
  const rules = new Set<string>();
  const services = new Set<string>();
  for (const edit of edits) {
    switch (edit.kind) {
      case 'set-members':
      case 'set-description':
      case 'set-fields':
        rules.add(edit.name);
        break;
      case 'add-rule':
      case 'move-rule':
        rules.add(edit.name);
        if (edit.before !== null) rules.add(edit.before);
        break;
      case 'add-service':
        services.add(edit.name);
        break;
      case 'delete-rule':
      case 'delete-service':
        // Deleting what is gone already is success.
        break;
    }
  }
  return { rules: [...rules], services: [...services] };
};

const byName = (entries: readonly XmlElement[]): ReadonlyMap<string, XmlElement> =>
  new Map(entries.map((entry) => [nameOf(entry), entry]));

const stale = (message: string): NamedError =>
  new NamedError('PlanStale', `${message}; nothing of this round was written`);

/**
 * `set` merges into an entry that exists and `edit` creates one that does not, so before a round the entries it relies on
 * are looked at: a rule or service to be added must not exist with other content, a rule to be changed or moved, and the
 * one to move before, must exist.
 */
const checkRelied = async (connection: Connection, place: Places, edits: readonly Edit[]): Promise<void> => {
  const names = relied(edits);
  const [ruleEntries, serviceEntries] = await Promise.all([
    getEntries(connection, place.rules, names.rules),
    getEntries(connection, place.services, names.services),
  ]);
  const rules = byName(ruleEntries);
  const services = byName(serviceEntries);
  const added = new Set<string>();
  const mustExist = (name: string): void => {
    if (!rules.has(name) && !added.has(name))
      throw stale(`the rule ${JSON.stringify(name)} is no longer in the candidate configuration`);
  };
  const mustBeFree = (what: string, present: XmlElement | undefined, edit: Edit & { readonly name: string }): void => {
    if (present !== undefined && canonicalOrderless(present) !== canonicalOrderless(expectedEntry(place, edit))) {
      throw stale(`there is another ${what} called ${JSON.stringify(edit.name)} in the candidate configuration`);
    }
  };
  for (const edit of edits) {
    switch (edit.kind) {
      case 'set-members':
      case 'set-description':
      case 'set-fields':
        mustExist(edit.name);
        break;
      case 'add-service':
        mustBeFree('service', services.get(edit.name), edit);
        break;
      case 'add-rule':
        mustBeFree('rule', rules.get(edit.name), edit);
        if (edit.before !== null) mustExist(edit.before);
        added.add(edit.name);
        break;
      case 'move-rule':
        mustExist(edit.name);
        if (edit.before !== null) mustExist(edit.before);
        break;
      case 'delete-rule':
      case 'delete-service':
        break;
    }
  }
};

/** The words with which a firewall says that it has no multi-config; the text on 10.0 without it enabled is not known. */
const knowsNoMultiConfig = (reply: Reply): boolean =>
  childrenOf(reply.root, 'response').length === 0 &&
  reply.messages.some(
    (text) =>
      /illegal value for parameter "?action"?/i.test(text) ||
      (/multi-config/i.test(text) && /unknown|invalid|illegal|not (enabled|supported|allowed)|unexpected/i.test(text)),
  );

/**
 * Applies operations as one: all or nothing.
 * @throws FirewallRejected with the firewall's words when it refuses one; nothing is applied then.
 */
export const applyAtomically = async (
  connection: Connection,
  place: Places,
  operations: readonly Operation[],
  auditComment: string | null,
): Promise<void> => {
  if (operations.length === 0) return;
  const form = multiConfigForm(
    operations.map((operation, index) => multiConfigElement(operation, index + 1)),
    auditComment,
  );
  const reply = await connection.ask(form);
  if (!reply.succeeded) {
    if (knowsNoMultiConfig(reply)) return applySingly(connection, place, operations, auditComment);
    throw refusal(form, reply);
  }
  // The outer status is success only when every inner one is; should a release say otherwise, it is not taken for done.
  const refused = childrenOf(reply.root, 'response').find((inner) => inner.attributes['status'] !== 'success');
  if (refused !== undefined) {
    throw new NamedError(
      'ReplyNotUnderstood',
      `${form.asked}: success with a refused operation: ${wordsOf(reply)}. ${reply.shown}`,
    );
  }
};

/**
 * An audit comment belongs to a rule and is set by an operational command, which cannot be in a multi-config; that is how
 * the vendor's clients do it. The request parameter `audit-comment` goes along with the write as well: only one client
 * relies on it, but where a firewall judges the comment at writing, nothing else can carry it.
 */
const commentRules = async (
  connection: Connection,
  place: Places,
  edits: readonly Edit[],
  comment: string,
): Promise<void> => {
  const names = new Set(
    edits.flatMap((edit) =>
      edit.kind === 'add-rule' || edit.kind === 'set-members' || edit.kind === 'set-fields' || edit.kind === 'move-rule'
        ? [edit.name]
        : [],
    ),
  );
  await Promise.all(
    [...names].map((name) =>
      connection.demand(
        opForm(
          commandWith(
            ['set', 'audit-comment'],
            textElement('xpath', place.rule(name)),
            textElement('comment', comment),
          ),
          `set audit-comment of rule ${name}`,
          { purpose: 'write' },
        ),
      ),
    ),
  );
};

/**
 * Writes edits in rounds, each all or nothing, removals first.
 * @throws Misconfigured for what a firewall cannot take, before anything is sent · PlanStale when the candidate is not
 * what the edits rely on · FirewallRejected · FirewallFull · ConfigLocked · CommitInProgress · FirewallUnreachable (look
 * before repeating). When a later round fails, earlier ones stay staged: the message says how many.
 */
export const writeEdits = async (
  connection: Connection,
  place: Places,
  edits: readonly Edit[],
  options: { readonly auditComment: string | null; readonly takeBack: (xpaths: readonly string[]) => Promise<void> },
): Promise<void> => {
  edits.forEach(checkEdit);
  if (options.auditComment !== null) checkAuditComment(options.auditComment);
  const rounds = roundsOf(place, edits);
  for (const [index, round] of rounds.entries()) {
    const operations = round.flatMap((edit) => operationsFor(place, edit));
    try {
      await checkRelied(connection, place, round);
      await applyAtomically(connection, place, operations, options.auditComment);
      if (options.auditComment !== null) {
        try {
          await commentRules(connection, place, round, options.auditComment);
        } catch (error) {
          // A round without its comments is not whole.
          await options.takeBack([...new Set(operations.map(({ xpath }) => xpath))]);
          throw error;
        }
      }
    } catch (error) {
      if (index > 0 && error instanceof NamedError) {
        throw new NamedError(
          error.name,
          `${error.message} (round ${index + 1} of ${rounds.length}; the rounds before it are staged)`,
          { cause: error },
        );
      }
      throw error;
    }
  }
};
