import type { AnnouncedFact, CreatedPermission, NamedPermission } from './announced-facts.ts';

/** What an event is about: of interfaces those that no instance holds. `everything` is the scheduled resync. */
export type Subject =
  | { readonly kind: 'instance'; readonly id: string }
  | { readonly kind: 'interface'; readonly id: string }
  | { readonly kind: 'group'; readonly id: string }
  | { readonly kind: 'everything' };

/** What the event said would be true; used only to notice that EC2 does not show it yet. */
export interface Announced {
  /** Instance states by instance id, as the API answered: `pending`, `stopping`, … */
  readonly instanceStates: Readonly<Record<string, string>>;
  /** Security group rule ids (sgr-…) that the call created. */
  readonly createdRules: readonly string[];
  /** Security group rule ids (sgr-…) that the call removed, where the event names them. */
  readonly removedRules: readonly string[];
  /** What a revoke named by content instead of by rule id. */
  readonly revokedPermissions?: readonly NamedPermission[];
  /** What the created rules grant: looked for where no id is known, and what a revoke that names content undoes. */
  readonly createdPermissions?: readonly CreatedPermission[];
  /** Everything else. */
  readonly facts?: readonly AnnouncedFact[];
}

export const nothingAnnounced: Announced = { instanceStates: {}, createdRules: [], removedRules: [] };

/** What happened, distilled from one event. Times are ISO 8601 in UTC. */
export interface Change {
  /** The event's name, e.g. `StartInstances`. */
  readonly kind: string;
  readonly subjects: readonly Subject[];
  /** Who made the call: an ARN or a service name. */
  readonly who: string;
  readonly when: string;
  readonly eventId: string;
  readonly announced: Announced;
  /** The hash of a plan that `TooMuchToRemove` held back and somebody approves with this change. */
  readonly approvesPlan?: string;
  /** What an operator asks for beside the resync that this change is. */
  readonly operator?: OperatorAct;
}

/** What an operator asks for by the input of an execution: one verb. */
export type OperatorAct =
  /** Interfaces that may lose their grants though they vanished. */
  | { readonly approve: readonly string[] }
  /** The name of a rule of ours: what an administrator closed in it is open again. */
  | { readonly reopen: string }
  /** The name of a rule that bears a mark and that no record knows: it becomes this system's, or goes. */
  | { readonly adopt: string }
  | { readonly remove: string }
  /** The confirmation of edits under the system's account that it did not make: exactly these are taken back. */
  | { readonly revert: string };

/** The word by which a subject is written in keys and outputs: its id, or `everything`. */
export const subjectId = (subject: Subject): string => (subject.kind === 'everything' ? 'everything' : subject.id);

/** Ids of the subjects of one kind, sorted. */
export const idsOf = (subjects: readonly Subject[], kind: 'instance' | 'interface' | 'group'): readonly string[] =>
  subjects.flatMap((subject) => (subject.kind === kind ? [subject.id] : [])).sort();
