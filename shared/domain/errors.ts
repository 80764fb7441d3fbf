/**
 * Every named error of the system, with what happens next. Step Functions matches an error's `name`, so a name is a
 * contract between code and state machine: a string literal that survives bundling, retried by name or final.
 *
 * next: `retry` the state machine tries again by itself · `replan` back to TakeTurn · `final` fails where it stands.
 */
export const errorCatalogue = {
  TurnTaken: {
    next: 'retry',
    means: 'Another execution is writing to this firewall.',
    whatToDo: 'Nothing: the state waits for its turn. If it gave up, redrive.',
  },
  NotYetVisible: {
    next: 'retry',
    means: 'EC2 does not show yet what a young event announced.',
    whatToDo: 'Nothing: EC2 reads lag behind events. If it gave up, redrive.',
  },
  PlanStale: {
    next: 'replan',
    means:
      'The turn was lost, what the plan relied on changed between deciding and writing, or a step result is missing or of another version.',
    whatToDo: 'Nothing: the workflow plans again.',
  },
  CommitRunning: {
    next: 'retry',
    means: 'Our own commit job has not finished.',
    whatToDo: 'Nothing: this is how the state waits. If it gave up, look at the job on the firewall, then redrive.',
  },
  CommitInProgress: {
    next: 'retry',
    means: "Another administrator's commit is running on the firewall, or the automatic one after a boot.",
    whatToDo: 'Nothing, or wait for that commit and redrive.',
  },
  ConfigLocked: {
    next: 'retry',
    means: 'Another administrator holds a config lock.',
    whatToDo: 'Ask the administrator named in the cause to release it, then redrive if the retries are over.',
  },
  CommitLocked: {
    next: 'retry',
    means: 'Another administrator holds a commit lock.',
    whatToDo: 'Ask the administrator named in the cause to release it, then redrive if the retries are over.',
  },
  FirewallNotActive: {
    next: 'retry',
    means: 'No peer of the pair may be written to, or both say that they are active.',
    whatToDo:
      'Check the high-availability state of the peers the cause lists; redrive when exactly one of them is active.',
  },
  FirewallUnreachable: {
    next: 'retry',
    means: 'No answer from the firewall, or it is starting up. What was asked may or may not have been done.',
    whatToDo: 'Check the address, the network path and the certificate, then redrive.',
  },
  AwsBusy: {
    next: 'retry',
    means: 'AWS throttled a call or had an error of its own.',
    whatToDo: 'Nothing; redrive if the retries are over.',
  },
  EventNotUnderstood: {
    next: 'final',
    means: 'The event has a shape or a value this version does not know.',
    whatToDo:
      'Read which field the cause names. Nothing was changed. The scheduled resync does the work; report the event.',
  },
  Misconfigured: {
    next: 'final',
    means: 'A setting is missing, malformed, or names something that does not exist.',
    whatToDo: 'Correct the setting the cause names, deploy, and redrive.',
  },
  StateNotUnderstood: {
    next: 'final',
    means: 'A state input or a table item has a format this version does not know.',
    whatToDo: 'Start a new execution from the same event; do not redrive.',
  },
  FirewallDenied: {
    next: 'final',
    means: 'The firewall refused the API key or the role behind it lacks a right.',
    whatToDo: 'Renew the key in Secrets Manager or give the administrator role what the cause names, then redrive.',
  },
  AwsDenied: {
    next: 'final',
    means: 'AWS refused a call.',
    whatToDo: "Give the function's role the permission the cause names, then redrive.",
  },
  BottomRuleUnusable: {
    next: 'final',
    means:
      'The configured bottom rule does not exist, is disabled, pushed, or is being edited. Nothing is opened; what is to be closed is closed.',
    whatToDo: 'Correct the bottom rule or the setting, then redrive.',
  },
  DifferentFirewall: {
    next: 'final',
    means: 'The device that answers is not the one the ownership table belongs to.',
    whatToDo: 'Check the firewall address, serial and vsys settings.',
  },
  OwnershipClash: {
    next: 'final',
    means: 'Table and firewall disagree in a way that cannot be settled safely.',
    whatToDo: 'Compare the rule the cause names with its record; correct one of them, then redrive.',
  },
  NotOurAdministrator: {
    next: 'final',
    means:
      "The system's firewall account is used by somebody else, or the firewall does not list our changes under it.",
    whatToDo:
      'Give the system an administrator account of its own; commit or revert the pending changes the cause lists, or start an execution with the input it gives; then redrive.',
  },
  TooMuchToRemove: {
    next: 'final',
    means: 'What the event is about vanished from EC2, and with it more than may go within a day without approval.',
    whatToDo:
      'Check that account, Region and FIREWALL_TARGETS are right; if it is meant, start an execution with the input that the cause gives.',
  },
  FirewallFull: {
    next: 'final',
    means:
      "The firewall's platform limit would be exceeded, or what `RULES_RESERVE` and `RULES_PER_GROUP` leave of it.",
    whatToDo: 'Remove unused rules or objects, change the setting, or use a bigger platform, then redrive.',
  },
  PolicyUnsettled: {
    next: 'final',
    means: 'The plan became stale too many times in a row: somebody keeps changing the policy.',
    whatToDo: 'Wait until the other changes are done, then redrive.',
  },
  OthersEditing: {
    next: 'final',
    means:
      'Another administrator is editing something that this system has staged, so that it can neither be taken back nor committed.',
    whatToDo:
      'Ask the administrator named in the cause to commit or revert that edit, then redrive; the next run takes back what is left by itself.',
  },
  FullCommitNeeded: {
    next: 'final',
    means: 'The firewall demands a full commit, which would carry changes that are not ours.',
    whatToDo: 'Have the pending changes of others committed or reverted, then redrive.',
  },
  FirewallRejected: {
    next: 'final',
    means: 'The firewall refused what was written.',
    whatToDo: 'Read the words of the firewall in the cause; correct what it names, then redrive.',
  },
  ReplyNotUnderstood: {
    next: 'final',
    means: 'The firewall answered something this version cannot read.',
    whatToDo: 'Check that the address is a PAN-OS management interface; report the reply in the cause.',
  },
  CommitFailed: {
    next: 'final',
    means: 'The commit job failed. What was staged has been withdrawn.',
    whatToDo: 'Read the job details in the cause; correct what they name, then redrive.',
  },
} as const satisfies Record<string, { next: 'retry' | 'replan' | 'final'; means: string; whatToDo: string }>;

export type ErrorName = keyof typeof errorCatalogue;

/** A failure with a name from the catalogue. The message says what is wrong; the catalogue says what to do. */
export class NamedError extends Error {
  override readonly name: ErrorName;

  constructor(name: ErrorName, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = name;
  }
}

/** True for an error of the given name; also across bundles, where class identity does not hold. */
export const isNamed = (error: unknown, ...names: readonly ErrorName[]): error is NamedError =>
  error instanceof Error && (names as readonly string[]).includes(error.name);
