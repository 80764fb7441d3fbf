import aslValidator from 'asl-validator';

/** A retrier of a state. */
export interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: 'FULL' | 'NONE';
}

/** One state of a definition. Fields that only the interpreter reads are left open. */
export interface StateDefinition {
  readonly Type: 'Task' | 'Pass' | 'Wait' | 'Choice' | 'Succeed' | 'Fail';
  readonly Next?: string;
  readonly End?: boolean;
  readonly Default?: string;
  readonly Resource?: string;
  readonly TimeoutSeconds?: number;
  readonly Seconds?: number;
  readonly Timestamp?: string;
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly Readonly<Record<string, unknown>>[];
  readonly Choices?: readonly Readonly<Record<string, unknown>>[];
  readonly [field: string]: unknown;
}

/** A state machine in the States Language, JSONPath, placeholders substituted. */
export interface Definition {
  readonly StartAt: string;
  readonly TimeoutSeconds?: number;
  readonly States: Readonly<Record<string, StateDefinition>>;
  readonly [field: string]: unknown;
}

/** A definition that AWS would refuse, or that this interpreter cannot run as AWS would. */
export class InvalidDefinition extends Error {
  override readonly name = 'InvalidDefinition';
}

/**
 * Puts values in the place of `${Placeholder}` in every text, as CloudFormation does with DefinitionSubstitutions.
 * @throws InvalidDefinition when a placeholder has no value.
 */
export const substituted = (definition: unknown, values: Readonly<Record<string, string>>): unknown => {
  if (typeof definition === 'string') {
    return definition.replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => {
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      if (value === undefined) throw new InvalidDefinition(`The placeholder \${${name}} has no value`);
      return value;
    });
  }
  if (Array.isArray(definition)) return definition.map((one) => substituted(one, values));
  if (typeof definition === 'object' && definition !== null) {
    return Object.fromEntries(Object.entries(definition).map(([name, value]) => [name, substituted(value, values)]));
  }
  return definition;
};

const understoodTypes = ['Task', 'Pass', 'Wait', 'Choice', 'Succeed', 'Fail'];

const unsupportedFields: Readonly<Record<string, string>> = {
  Assign: 'variables are not interpreted',
  Arguments: 'JSONata is not interpreted',
  Output: 'JSONata is not interpreted',
  HeartbeatSeconds: 'callbacks are not interpreted',
  HeartbeatSecondsPath: 'callbacks are not interpreted',
  TimeoutSecondsPath: 'a timeout from the input is not interpreted',
  Credentials: 'roles are not interpreted',
};

const refuseUnsupported = (name: string, state: StateDefinition): void => {
  if (!understoodTypes.includes(state.Type)) {
    throw new InvalidDefinition(`State ${name}: ${state.Type} states are not interpreted`);
  }
  if (state['QueryLanguage'] !== undefined && state['QueryLanguage'] !== 'JSONPath') {
    throw new InvalidDefinition(`State ${name}: JSONata is not interpreted`);
  }
  for (const [field, reason] of Object.entries(unsupportedFields)) {
    if (state[field] !== undefined) throw new InvalidDefinition(`State ${name} has ${field}: ${reason}`);
  }
  if (state.Type === 'Task' && !/^arn:aws[a-z-]*:lambda:[^:]+:\d+:function:/.test(String(state.Resource))) {
    throw new InvalidDefinition(`State ${name}: only plain function ARNs are interpreted, not ${state.Resource}`);
  }
  refuseMisspeltRetriers(name, state);
};

const retrierFields = [
  'ErrorEquals',
  'IntervalSeconds',
  'MaxAttempts',
  'BackoffRate',
  'MaxDelaySeconds',
  'JitterStrategy',
];

/* The validator lets a misspelt field and a States.ALL that is not alone and last pass; AWS does not. */
const refuseMisspeltRetriers = (name: string, state: StateDefinition): void => {
  const retriers = state.Retry ?? [];
  for (const [index, retrier] of retriers.entries()) {
    const strange = Object.keys(retrier).filter((field) => !retrierFields.includes(field) && field !== 'Comment');
    if (strange.length > 0)
      throw new InvalidDefinition(`State ${name}: Retry[${index}] has no field ${strange.join(', ')}`);
  }
  for (const [what, list] of [['Retry', retriers] as const, ['Catch', state.Catch ?? []] as const]) {
    for (const [index, one] of list.entries()) {
      const errors = one['ErrorEquals'] as readonly string[];
      if (errors.includes('States.ALL') && (errors.length > 1 || index < list.length - 1)) {
        throw new InvalidDefinition(`State ${name}: States.ALL must stand alone in the last entry of ${what}`);
      }
    }
  }
};

/**
 * A definition ready to run. @throws InvalidDefinition for what AWS refuses and for what this interpreter does not
 * interpret as AWS does: JSONata, variables, Map, Parallel, service integrations, callbacks.
 */
export const checkedDefinition = (definition: unknown): Definition => {
  const text = JSON.stringify(definition);
  const checked = JSON.parse(text) as Definition;
  if (knownGood.has(text)) return checked;
  if (typeof checked.States === 'object') {
    if (checked['QueryLanguage'] !== undefined && checked['QueryLanguage'] !== 'JSONPath') {
      throw new InvalidDefinition('JSONata is not interpreted');
    }
    for (const [name, state] of Object.entries(checked.States)) refuseUnsupported(name, state);
  }
  /* The validator writes defaults into what it is given. */
  const { isValid, errorsText } = aslValidator(JSON.parse(text), { checkArn: true, checkPaths: true });
  if (!isValid) throw new InvalidDefinition(`The definition is not valid: ${errorsText('\n')}`);
  knownGood.add(text);
  return checked;
};

/* Validating takes a tenth of a second, and many worlds of one process share one definition. */
const knownGood = new Set<string>();

/** What the interpreter is given in place of what comes after a state: it tells where to and with what output. */
const stopPrefix = 'stop:';

/** The name under which a run of one state says that the execution is over. */
export const endMark = '';

const stopName = (next: string): string => `${stopPrefix}${next}`;

const stopState = (next: string) => ({ Type: 'Pass', Parameters: { next, 'output.$': '$' }, End: true });

/** The context object is reached through a member of its own, since the interpreter overwrites some of its fields. */
const throughGiven = (text: string): string => text.replaceAll(/\$\$(?=\.|$|[^\w$])/g, '$$$$.Given');

const isPathField = (name: string): boolean => name.endsWith('.$') || name.endsWith('Path') || name === 'Variable';

const withContextPaths = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withContextPaths);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      typeof inner === 'string' && isPathField(name) ? throughGiven(inner) : withContextPaths(inner),
    ]),
  );
};

/* `ResultPath: "$"` means the default; the interpreter would make a member named `$`. */
const withoutRootResultPath = <T extends Readonly<Record<string, unknown>>>(fields: T): T => {
  if (fields['ResultPath'] !== '$') return fields;
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'ResultPath')) as T;
};

const redirected = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  typeof fields['Next'] === 'string' ? { ...fields, Next: stopName(fields['Next']) } : fields;

/**
 * A definition that runs one state and stops: its output is `{next, output}`, `next` being the state that follows or
 * {@link endMark}. Timeouts are taken out of it: they are kept outside, where the clock is injected.
 */
export const singleState = (name: string, state: StateDefinition): object => {
  const { TimeoutSeconds: _, End: isEnd, Next, Default, Catch, Choices, ...rest } = state;
  const targets = [
    Next,
    Default,
    ...(Catch ?? []).map((one) => one['Next']),
    ...(Choices ?? []).map((one) => one['Next']),
    isEnd === true || state.Type === 'Succeed' ? endMark : undefined,
  ].filter((one) => typeof one === 'string');
  const Type = state.Type === 'Succeed' ? 'Pass' : state.Type;
  const follows = isEnd === true || state.Type === 'Succeed' ? endMark : Next;
  const only = withContextPaths({
    ...withoutRootResultPath(rest),
    Type,
    ...(follows === undefined ? {} : { Next: stopName(follows) }),
    ...(Default === undefined ? {} : { Default: stopName(Default) }),
    ...(Catch === undefined ? {} : { Catch: Catch.map((one) => redirected(withoutRootResultPath(one))) }),
    ...(Choices === undefined ? {} : { Choices: Choices.map(redirected) }),
    ...(state.Type === 'Task' ? { TimeoutSeconds: 2_000_000 } : {}),
  });
  return {
    StartAt: name,
    States: { [name]: only, ...Object.fromEntries(targets.map((target) => [stopName(target), stopState(target)])) },
  };
};
