import type { BusEvent } from '../bus-event.ts';
import type { Respond, WireRequest, WireResponse } from '../http.ts';
import type { Account } from './account.ts';
import type { Timing } from './changing.ts';
import { settled } from './instances.ts';
import { type Operation, operations } from './operations.ts';
import { Ec2Error, statusOf } from './refusals.ts';
import { anOperator, type Caller, type RecordedCall, stateChangeEvent, trailEvent } from './trail.ts';
import { inputFromForm, trailFromValue, xmlFromOutput, xmlFromRefusal } from './wire.ts';

/** How the endpoint misbehaves, asked anew at every call. */
export interface Ec2Faults {
  /** Every nth call, reads included, is refused with RequestLimitExceeded. */
  readonly throttleEvery?: number;
  /** Calls refused with UnauthorizedOperation. */
  readonly denied?: readonly string[];
  /** How old the account is that a read sees: what changed since is not shown yet. */
  readonly readLagMilliseconds?: number;
  /** The most items a page holds, whatever was asked. */
  readonly largestPage?: number;
}

export interface Ec2Options {
  readonly account: Account;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A fresh id in UUID form. */
  readonly newId: () => string;
  /** Takes every event EC2 sends to the default bus. */
  readonly emit?: (event: BusEvent) => void;
  /** Passing states; by default 2 s pending, 4 s stopping, 3 s shutting down, and none of prefix lists and ranges. */
  readonly timing?: Partial<Timing>;
  /** Runs something later, so that state changes are told when they happen and not only when somebody looks. */
  readonly later?: (milliseconds: number, run: () => void) => void;
  readonly faults?: () => Ec2Faults;
  /** Who calls, for the CloudTrail records; by default an operator of the account. */
  readonly caller?: () => Omit<Caller, 'userAgent'>;
}

export interface Ec2Endpoint {
  readonly respond: Respond;
  /** The account as it is now. */
  readonly account: () => Account;
  /** Changes the account without a call and without a trail record: what a test arranges. State changes are told. */
  readonly rearrange: (edit: (account: Account) => Account) => void;
  /** Makes the transitions that are due and tells them. */
  readonly settle: () => void;
  /** When the next transition is due, if any. */
  readonly nextTransitionAt: () => number | undefined;
  /** Actions called so far, in order. */
  readonly calls: readonly string[];
}

const usualTiming: Timing = {
  pendingMilliseconds: 2_000,
  stoppingMilliseconds: 4_000,
  shuttingDownMilliseconds: 3_000,
  prefixListMilliseconds: 0,
  rangeMilliseconds: 0,
};

/** Older versions of the account than this are forgotten. */
const memoryMilliseconds = 600_000;

const parametersOf = (request: WireRequest): URLSearchParams =>
  new URLSearchParams([...new URLSearchParams(request.query), ...new URLSearchParams(request.body)]);

const operationOf = (action: string): Operation => {
  const operation = operations.get(action);
  if (operation === undefined) {
    throw new Ec2Error('InvalidAction', `The action ${action} is not valid for this web service.`);
  }
  return operation;
};

const inputOf = (operation: Operation, parameters: URLSearchParams): Record<string, unknown> => {
  const input = inputFromForm(operation.schema[4], parameters);
  const unsupported = Object.keys(input).filter((name) => !operation.accepts.includes(name));
  if (unsupported.length > 0) {
    throw new Ec2Error('UnknownParameter', `The parameter ${unsupported.join(', ')} is not recognized`);
  }
  return input;
};

interface Remembered {
  readonly since: number;
  readonly account: Account;
}

/**
 * EC2 for one account and region: the Query API over an account kept in memory. Signatures are not checked. Reads are
 * answered from the account as it was `readLagMilliseconds` ago; calls that change something see the account as it is.
 */
export const createEc2 = (options: Ec2Options): Ec2Endpoint => {
  const timing: Timing = { ...usualTiming, ...options.timing };
  const calls: string[] = [];
  const launches = new Map<string, { readonly asked: string; readonly body: string }>();
  let history: readonly Remembered[] = [{ since: Number.NEGATIVE_INFINITY, account: options.account }];
  const present = (): Account => history.at(-1)?.account ?? options.account;

  const tellStates = (before: Account, after: Account, at: number): void => {
    for (const [id, instance] of after.instances) {
      if (before.instances.get(id)?.state !== instance.state) {
        options.emit?.(stateChangeEvent(after, id, instance.state, { now: at, newId: options.newId }));
      }
    }
  };

  const become = (account: Account, at: number): void => {
    const before = present();
    if (account === before) return;
    const firstKept = history.findLastIndex((one) => one.since <= options.now() - memoryMilliseconds);
    history = [...history.slice(Math.max(firstKept, 0)), { since: at, account }];
    tellStates(before, account, at);
    if (options.later === undefined || account.transitions === before.transitions) return;
    for (const transition of account.transitions) {
      if (!before.transitions.includes(transition)) options.later(transition.at - options.now(), settle);
    }
  };

  const settle = (): void => {
    for (let due = nextTransitionAt(); due !== undefined && due <= options.now(); due = nextTransitionAt()) {
      become(settled(present(), due), due);
    }
  };

  const nextTransitionAt = (): number | undefined => {
    const times = present().transitions.map((one) => one.at);
    return times.length === 0 ? undefined : Math.min(...times);
  };

  const seenByReads = (lagMilliseconds: number): Account => {
    const until = options.now() - lagMilliseconds;
    return (history.findLast((one) => one.since <= until) ?? history[0])?.account ?? present();
  };

  const refuseIfFaulty = (action: string, faults: Ec2Faults): void => {
    if (faults.throttleEvery !== undefined && calls.length % faults.throttleEvery === 0) {
      throw new Ec2Error('RequestLimitExceeded', 'Request limit exceeded.');
    }
    if (faults.denied?.includes(action) === true) {
      throw new Ec2Error(
        'UnauthorizedOperation',
        `You are not authorized to perform this operation. User is not authorized to perform: ec2:${action}`,
      );
    }
  };

  const dryRun = (input: Record<string, unknown>): void => {
    if (input['DryRun'] === true) {
      throw new Ec2Error('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.');
    }
  };

  const answer = (action: string, operation: Operation, output: object, requestId: string): WireResponse => ({
    status: 200,
    headers: { 'content-type': 'text/xml;charset=UTF-8', 'x-amzn-requestid': requestId },
    body: xmlFromOutput(action, operation.schema[5], output, requestId),
  });

  const refused = (refusal: Ec2Error, requestId: string): WireResponse => ({
    status: statusOf(refusal.code),
    headers: { 'content-type': 'text/xml;charset=UTF-8', 'x-amzn-requestid': requestId },
    body: xmlFromRefusal(refusal, requestId),
  });

  const record = (request: WireRequest, call: RecordedCall): void => {
    const caller = {
      ...(options.caller?.() ?? anOperator(present())),
      userAgent: request.headers['user-agent'] ?? 'aws-cli/2.17.60',
    };
    options.emit?.(trailEvent(present(), caller, call, { now: options.now(), newId: options.newId }));
  };

  /** A launch repeated with its token is answered as the first time (documented). */
  const earlierLaunch = (input: Record<string, unknown>): string | undefined => {
    const token = input['ClientToken'];
    const earlier = typeof token === 'string' ? launches.get(token) : undefined;
    if (earlier !== undefined && earlier.asked !== JSON.stringify(input)) {
      throw new Ec2Error('IdempotentParameterMismatch', 'The client token was used with other parameters.');
    }
    return earlier?.body;
  };

  const change = (
    request: WireRequest,
    action: string,
    operation: Extract<Operation, { kind: 'change' }>,
    parameters: URLSearchParams,
    requestId: string,
  ): WireResponse => {
    let requestParameters: RecordedCall['requestParameters'] = null;
    try {
      const input = inputOf(operation, parameters);
      requestParameters = operation.requestParameters(input);
      refuseIfFaulty(action, options.faults?.() ?? {});
      const earlier = earlierLaunch(input);
      if (earlier !== undefined)
        return { status: 200, headers: { 'content-type': 'text/xml;charset=UTF-8' }, body: earlier };
      const now = options.now();
      const changed = operation.run({ account: present(), now, newId: options.newId, timing }, input);
      dryRun(input);
      const before = present();
      const responseElements = {
        requestId,
        ...(changed.responseElements ?? trailFromValue(operation.schema[5], changed.output)),
      };
      const response = answer(action, operation, changed.output, requestId);
      if (typeof input['ClientToken'] === 'string') {
        launches.set(input['ClientToken'], { asked: JSON.stringify(input), body: response.body });
      }
      record(request, { action, requestId, requestParameters, responseElements, refusal: undefined });
      if (changed.account !== before) become(changed.account, now);
      return response;
    } catch (error) {
      if (!(error instanceof Ec2Error)) throw error;
      record(request, { action, requestId, requestParameters, responseElements: null, refusal: error });
      return refused(error, requestId);
    }
  };

  const readFrom = (
    action: string,
    operation: Extract<Operation, { kind: 'read' }>,
    parameters: URLSearchParams,
    requestId: string,
  ): WireResponse => {
    const faults = options.faults?.() ?? {};
    refuseIfFaulty(action, faults);
    const input = inputOf(operation, parameters);
    const output = operation.run(
      {
        account: seenByReads(faults.readLagMilliseconds ?? 0),
        largestPage: faults.largestPage ?? Number.POSITIVE_INFINITY,
      },
      input,
    );
    dryRun(input);
    return answer(action, operation, output, requestId);
  };

  const respond: Respond = async (request) => {
    const requestId = options.newId();
    settle();
    try {
      const parameters = parametersOf(request);
      const action = parameters.get('Action');
      if (action === null) throw new Ec2Error('MissingAction', 'The request must contain the parameter Action');
      calls.push(action);
      const operation = operationOf(action);
      return operation.kind === 'read'
        ? readFrom(action, operation, parameters, requestId)
        : change(request, action, operation, parameters, requestId);
    } catch (error) {
      if (error instanceof Ec2Error) return refused(error, requestId);
      throw error;
    }
  };

  return {
    respond,
    account: () => {
      settle();
      return present();
    },
    rearrange: (edit) => {
      settle();
      become(edit(present()), options.now());
    },
    settle,
    nextTransitionAt,
    calls,
  };
};
