import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { isNamed, NamedError } from '../../domain/errors.ts';
import { awsFailure } from '../aws-failure.ts';
import { asGiven, asStored } from './packed.ts';

/** One item of the table: its keys, the format number every item carries, and plain JSON-like attributes. */
export interface Item {
  readonly pk: string;
  readonly sk: string;
  readonly format: 1;
  readonly [attribute: string]: unknown;
}

/** A condition on the item as it stands, built from named clauses. */
export interface Condition {
  readonly expression: string;
  readonly names: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, unknown>>;
}

const clause = (attribute: string, operator: string, value: unknown): Condition => ({
  expression: `#${attribute} ${operator} :${attribute}`,
  names: { [`#${attribute}`]: attribute },
  values: { [`:${attribute}`]: value },
});

export const absent: Condition = { expression: 'attribute_not_exists(#pk)', names: { '#pk': 'pk' }, values: {} };
export const equals = (attribute: string, value: unknown): Condition => clause(attribute, '=', value);
export const atMost = (attribute: string, value: number): Condition => clause(attribute, '<=', value);

const join = (word: 'AND' | 'OR', conditions: readonly Condition[]): Condition => ({
  expression: conditions.map((condition) => `(${condition.expression})`).join(` ${word} `),
  names: Object.assign({}, ...conditions.map((condition) => condition.names)),
  values: Object.assign({}, ...conditions.map((condition) => condition.values)),
});
export const all = (...conditions: readonly Condition[]): Condition => join('AND', conditions);
export const either = (...conditions: readonly Condition[]): Condition => join('OR', conditions);

/**
 * The one table, reached by single-item conditional writes and queries only. Reads are strongly consistent, except on the
 * index. A failed condition answers `false`; the caller reads to learn why, since not every endpoint returns the item.
 * @throws AwsBusy, AwsDenied
 */
export interface Table {
  get(pk: string, sk: string): Promise<Item | null>;
  /** True when written; false when the condition did not hold. */
  put(item: Item, condition: Condition | null): Promise<boolean>;
  delete(pk: string, sk: string, condition: Condition | null): Promise<boolean>;
  /** All items of a partition in sort key order, every page. */
  query(pk: string, options?: { readonly prefix?: string }): Promise<readonly Item[]>;
  /** Items with `pending` set, of any state or of one, oldest first. Eventually consistent: read each again before relying on it. */
  queryPending(limit: number, state?: string): Promise<readonly Item[]>;
}

export const pendingIndex = 'pending-by-time';

const itemFrom = (stored: Record<string, unknown>): Item => {
  const attributes = asGiven(stored);
  if (attributes['format'] !== 1) {
    throw new NamedError(
      'StateNotUnderstood',
      `Table item ${String(attributes['pk'])} / ${String(attributes['sk'])} has format ${String(attributes['format'])}; this version knows format 1.`,
    );
  }
  return attributes as unknown as Item;
};

const isConditionFailure = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ConditionalCheckFailedException';

const conditionFields = (condition: Condition | null) =>
  condition === null
    ? {}
    : {
        ConditionExpression: condition.expression,
        ExpressionAttributeNames: condition.names,
        ...(Object.keys(condition.values).length === 0
          ? {}
          : { ExpressionAttributeValues: marshall(condition.values, { removeUndefinedValues: true }) }),
      };

/**
 * `putAside` is told of items in a list that this version cannot read: they are left out, never touched, and the rest goes
 * on. An unreadable item that is asked for by its key raises StateNotUnderstood.
 */
export const createTable = (
  client: DynamoDBClient,
  tableName: string,
  putAside: (what: string) => void = () => undefined,
): Table => {
  const readable = (attributes: Record<string, unknown>): readonly Item[] => {
    try {
      return [itemFrom(attributes)];
    } catch (error) {
      if (!isNamed(error, 'StateNotUnderstood')) throw error;
      putAside(error.message);
      return [];
    }
  };
  const conditional = async (permission: string, call: () => Promise<unknown>): Promise<boolean> => {
    try {
      await call();
      return true;
    } catch (error) {
      if (isConditionFailure(error)) return false;
      throw awsFailure(error, permission);
    }
  };
  const pages = async (input: QueryCommandInput, limit: number): Promise<readonly Item[]> => {
    const items: Item[] = [];
    let start: QueryCommandInput['ExclusiveStartKey'];
    do {
      try {
        const page = await client.send(new QueryCommand({ ...input, ...(start ? { ExclusiveStartKey: start } : {}) }));
        items.push(...(page.Items ?? []).flatMap((item) => readable(unmarshall(item))));
        start = page.LastEvaluatedKey;
      } catch (error) {
        if (error instanceof NamedError) throw error;
        throw awsFailure(error, 'dynamodb:Query');
      }
    } while (start !== undefined && items.length < limit);
    return items.slice(0, limit);
  };
  return {
    get: async (pk, sk) => {
      try {
        const { Item: found } = await client.send(
          new GetItemCommand({ TableName: tableName, Key: marshall({ pk, sk }), ConsistentRead: true }),
        );
        return found === undefined ? null : itemFrom(unmarshall(found));
      } catch (error) {
        if (error instanceof NamedError) throw error;
        throw awsFailure(error, 'dynamodb:GetItem');
      }
    },
    put: (item, condition) =>
      conditional('dynamodb:PutItem', () =>
        client.send(
          new PutItemCommand({
            TableName: tableName,
            Item: marshall(asStored(item), { removeUndefinedValues: true }),
            ...conditionFields(condition),
          }),
        ),
      ),
    delete: (pk, sk, condition) =>
      conditional('dynamodb:DeleteItem', () =>
        client.send(
          new DeleteItemCommand({ TableName: tableName, Key: marshall({ pk, sk }), ...conditionFields(condition) }),
        ),
      ),
    query: (pk, options = {}) =>
      pages(
        {
          TableName: tableName,
          ConsistentRead: true,
          KeyConditionExpression: options.prefix === undefined ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)',
          ExpressionAttributeValues: marshall({
            ':pk': pk,
            ...(options.prefix === undefined ? {} : { ':prefix': options.prefix }),
          }),
        },
        Number.POSITIVE_INFINITY,
      ),
    queryPending: (limit, state) =>
      pages(
        {
          TableName: tableName,
          IndexName: pendingIndex,
          KeyConditionExpression: 'pending = :pending',
          ...(state === undefined
            ? {}
            : { FilterExpression: '#state = :state', ExpressionAttributeNames: { '#state': 'state' } }),
          ExpressionAttributeValues: marshall({
            ':pending': 'pending',
            ...(state === undefined ? {} : { ':state': state }),
          }),
        },
        limit,
      ),
  };
};
