import { z } from 'zod';

/** The connection broke before a whole reply came: refused, reset, or dropped. In process it is thrown, over HTTP the socket goes. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  readonly code: 'ECONNREFUSED' | 'ECONNRESET';

  constructor(code: 'ECONNREFUSED' | 'ECONNRESET') {
    super(`${code === 'ECONNREFUSED' ? 'connection refused' : 'connection reset'} (${code})`);
    this.code = code;
  }
}

/** Which requests a fault waits for: all that is given must fit. */
const when = z.strictObject({
  type: z.string().optional(),
  action: z.string().optional(),
  user: z.string().optional(),
  /** Somewhere in the parameters' values. */
  contains: z.string().optional(),
});

const parameters = z.record(z.string(), z.string());

const kinds = z.discriminatedUnion('kind', [
  /** The connection breaks before the request is looked at. */
  z.strictObject({ kind: z.literal('drop-before') }),
  /** The work is done, the reply is lost. */
  z.strictObject({ kind: z.literal('drop-after') }),
  z.strictObject({ kind: z.literal('delay'), milliseconds: z.number().int().nonnegative() }),
  /** The log-in page instead of XML; the work is not done. */
  z.strictObject({ kind: z.literal('html') }),
  /** The work is done, the reply stops after some bytes. */
  z.strictObject({ kind: z.literal('truncate'), bytes: z.number().int().nonnegative() }),
  /** The work is done, the body is empty (seen under load). */
  z.strictObject({ kind: z.literal('empty') }),
  /** `Invalid Credential` though the key is good, as while the authentication daemon starts. */
  z.strictObject({ kind: z.literal('deny') }),
  /** A reply of the tester's own making; the work is not done. */
  z.strictObject({
    kind: z.literal('reply'),
    status: z.number().int(),
    reason: z.string().default('OK'),
    contentType: z.string().default('application/xml; charset=UTF-8'),
    body: z.string(),
  }),
  /** `Session timed out`, code 22; the work is not done. */
  z.strictObject({ kind: z.literal('session-timeout') }),
  /** The transient `Timed out while getting config lock. Please try again.` */
  z.strictObject({ kind: z.literal('config-lock-timeout') }),
  /** The next commit asked for ends in FAIL with these lines. */
  z.strictObject({ kind: z.literal('commit-fails'), lines: z.array(z.string()) }),
  /** A restart just before the request is worked on. */
  z.strictObject({
    kind: z.literal('restart'),
    /** `reboot`: uncommitted changes, locks and jobs are gone, job numbers start again. `configd`: unfinished jobs are gone. */
    what: z.enum(['reboot', 'configd']),
    /** Unfinished commits did their work before they were lost. */
    committed: z.boolean().default(false),
    refusedMilliseconds: z.number().nonnegative().default(0),
    deniedMilliseconds: z.number().nonnegative().default(0),
  }),
  /** Another administrator makes a request just before: edits, commits, takes a lock. */
  z.strictObject({ kind: z.literal('somebody'), user: z.string(), parameters }),
]);

const bounds = z.strictObject({
  when: when.optional(),
  skip: z.number().int().nonnegative().optional(),
  times: z.number().int().positive().optional(),
});

/** `skip` fitting requests pass unharmed, the next `times` (default 1) meet the fault. */
export const faultSchema = z.strictObject({ fault: kinds, ...bounds.shape });
export type FaultKind = z.infer<typeof kinds>;
export type Fault = z.input<typeof faultSchema>;

/** What `POST /control` takes, and `Simulator.control`. */
export const controlSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('add-fault'), ...faultSchema.shape }),
  z.strictObject({ kind: z.literal('clear-faults') }),
  z.strictObject({
    kind: z.literal('restart'),
    what: z.enum(['reboot', 'configd']),
    committed: z.boolean().default(false),
    refusedMilliseconds: z.number().default(0),
    deniedMilliseconds: z.number().default(0),
  }),
  /** Another administrator makes a request now. */
  z.strictObject({ kind: z.literal('act'), user: z.string(), parameters }),
  z.strictObject({
    kind: z.literal('ha'),
    enabled: z.boolean(),
    mode: z.enum(['Active-Passive', 'Active-Active']).default('Active-Passive'),
    state: z.string(),
    peerState: z.string().default('passive'),
    runningSync: z.string().default('synchronized'),
  }),
  /** New default ports of predefined applications, as a content update brings them: `{"redis": ["tcp/6379"]}`. */
  z.strictObject({
    kind: z.literal('content'),
    version: z.string().default('9999-0001'),
    ports: z.record(z.string(), z.array(z.string())),
  }),
  /** Every key issued so far has expired (400), or is worthless because the master key changed (403). */
  z.strictObject({ kind: z.literal('expire-keys') }),
  z.strictObject({ kind: z.literal('change-master-key') }),
  z.strictObject({ kind: z.literal('full-commit-required'), required: z.boolean() }),
  /** What a Panorama pushes: the `<panorama>` element, or null for not managed. */
  z.strictObject({ kind: z.literal('push'), xml: z.string().nullable(), deviceGroup: z.string().default('branch') }),
  /** Traffic hit a rule of the running policy. */
  z.strictObject({ kind: z.literal('hit'), rule: z.string(), count: z.number().int().positive().default(1) }),
  /** An install of software or content runs, for as long as jobs take. */
  z.strictObject({ kind: z.literal('install') }),
]);
export type Control = z.input<typeof controlSchema>;

interface Armed {
  readonly rule: z.infer<typeof faultSchema>;
  seen: number;
}

export interface Facing {
  readonly type: string;
  readonly action: string;
  readonly user: string;
  readonly values: readonly string[];
}

/** The faults waiting for their requests. */
export class FaultList {
  #armed: Armed[] = [];

  add(fault: Fault): void {
    this.#armed.push({ rule: faultSchema.parse(fault), seen: 0 });
  }

  clear(): void {
    this.#armed = [];
  }

  /** A list in the same state. */
  copy(): FaultList {
    const copied = new FaultList();
    copied.#armed = this.#armed.map((armed) => ({ ...armed }));
    return copied;
  }

  get empty(): boolean {
    return this.#armed.length === 0;
  }

  /** The faults this request meets, in the order they were armed. */
  meet(facing: Facing): readonly FaultKind[] {
    const met: FaultKind[] = [];
    for (const armed of this.#armed) {
      const { when: condition, skip = 0, times = 1 } = armed.rule;
      // A commit can only fail where one is asked for.
      if (armed.rule.fault.kind === 'commit-fails' && facing.type !== 'commit') continue;
      const fits =
        condition === undefined ||
        ((condition.type === undefined || condition.type === facing.type) &&
          (condition.action === undefined || condition.action === facing.action) &&
          (condition.user === undefined || condition.user === facing.user) &&
          (condition.contains === undefined ||
            facing.values.some((value) => value.includes(condition.contains ?? ''))));
      if (!fits) continue;
      armed.seen += 1;
      if (armed.seen > skip && armed.seen <= skip + times) met.push(armed.rule.fault);
    }
    this.#armed = this.#armed.filter(({ rule, seen }) => seen < (rule.skip ?? 0) + (rule.times ?? 1));
    return met;
  }
}
