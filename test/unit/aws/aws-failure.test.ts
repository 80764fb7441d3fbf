import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awsFailure } from '../../../shared/aws/aws-failure.ts';
import { NamedError } from '../../../shared/domain/errors.ts';

const sdkError = (name: string, more: object = {}): Error =>
  Object.assign(new Error('words of AWS'), { name, ...more });
const nameOf = (error: unknown): string => awsFailure(error, 'ec2:DescribeInstances').name;

test('a throttled, unavailable or unanswered call is AwsBusy', () => {
  for (const name of [
    'RequestLimitExceeded',
    'ThrottlingException',
    'TooManyRequestsException',
    'ProvisionedThroughputExceededException',
    'TimeoutError',
    'InternalServerError',
    'ServiceUnavailable',
    'TransactionConflictException',
  ]) {
    assert.equal(nameOf(sdkError(name)), 'AwsBusy', name);
  }
});

test('EC2 puts its code in Code, sockets theirs in code', () => {
  assert.equal(nameOf(sdkError('Error', { Code: 'RequestLimitExceeded' })), 'AwsBusy');
  assert.equal(nameOf(sdkError('Error', { Code: 'UnauthorizedOperation' })), 'AwsDenied');
  assert.equal(nameOf(sdkError('Error', { code: 'ECONNRESET' })), 'AwsBusy');
});

test('an error of the service by status is AwsBusy, whatever it is called', () => {
  assert.equal(nameOf(sdkError('Odd', { $metadata: { httpStatusCode: 503 } })), 'AwsBusy');
  assert.equal(nameOf(sdkError('Odd', { $metadata: { httpStatusCode: 429 } })), 'AwsBusy');
  assert.equal(nameOf(sdkError('Odd', { $metadata: { httpStatusCode: 400 } })), 'Odd');
});

test('a refused call is AwsDenied, names the permission and keeps the words of AWS', () => {
  for (const name of ['AccessDeniedException', 'UnauthorizedOperation', 'ExpiredToken', 'CredentialsProviderError']) {
    const cause = sdkError(name);
    const error = awsFailure(cause, 'ec2:DescribeInstances');
    assert.equal(error.name, 'AwsDenied');
    assert.match(error.message, /ec2:DescribeInstances/);
    assert.match(error.message, /words of AWS/);
    assert.equal(error.cause, cause);
  }
});

test('a refusal with a status of the service is a refusal', () => {
  assert.equal(nameOf(sdkError('AccessDenied', { $metadata: { httpStatusCode: 500 } })), 'AwsDenied');
});

test('a table or secret that does not exist is Misconfigured', () => {
  const error = awsFailure(sdkError('ResourceNotFoundException'), 'dynamodb:GetItem');
  assert.equal(error.name, 'Misconfigured');
  assert.match(error.message, /dynamodb:GetItem.*does not exist/);
});

test('an error of the catalogue, and one that means nothing here, come out as they are', () => {
  const named = new NamedError('PlanStale', 'mine');
  assert.equal(awsFailure(named, 'x'), named);
  const other = sdkError('ValidationException', { $metadata: { httpStatusCode: 400 } });
  assert.equal(awsFailure(other, 'x'), other);
});

test('what is no error becomes one', () => {
  assert.equal(awsFailure('text', 'x').message, 'text');
  assert.equal(awsFailure(null, 'x').message, 'null');
});
