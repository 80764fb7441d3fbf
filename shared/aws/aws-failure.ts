import { NamedError } from '../domain/errors.ts';

const denied = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'UnauthorizedOperation',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'ExpiredToken',
  'ExpiredTokenException',
  'AuthFailure',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
  'OptInRequired',
  'CredentialsProviderError',
]);

const busy = new Set([
  'RequestLimitExceeded',
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'ProvisionedThroughputExceededException',
  'RequestTimeout',
  'RequestTimeoutException',
  'TimeoutError',
  'InternalError',
  'InternalFailure',
  'InternalServerError',
  'InternalServiceError',
  'ServiceUnavailable',
  'Unavailable',
  'TransactionConflictException',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
]);

const word = (error: unknown, key: string): unknown =>
  typeof error === 'object' && error !== null ? (error as Record<string, unknown>)[key] : undefined;

/**
 * What an AWS SDK error means for the workflow: `AwsBusy` (throttled, unavailable, no answer: try again), `AwsDenied`
 * (final, naming the permission), `Misconfigured` (a table or secret that does not exist), or the error itself when it is neither. SDK v3 puts the service's code in `name`,
 * or `Code` for EC2, and socket errors in `code`.
 */
export const awsFailure = (error: unknown, permission: string): Error => {
  if (error instanceof NamedError) return error;
  const codes = [word(error, 'name'), word(error, 'Code'), word(error, 'code')].filter(
    (code) => typeof code === 'string',
  );
  const message = error instanceof Error ? error.message : String(error);
  const status = (word(error, '$metadata') as { httpStatusCode?: number } | undefined)?.httpStatusCode ?? 0;
  if (codes.some((code) => denied.has(code))) {
    return new NamedError('AwsDenied', `AWS refused ${permission}: ${codes.join(', ')}: ${message}`, { cause: error });
  }
  if (codes.some((code) => busy.has(code)) || status >= 500 || status === 429) {
    return new NamedError('AwsBusy', `AWS did not carry out ${permission}: ${codes.join(', ')}: ${message}`, {
      cause: error,
    });
  }
  if (codes.includes('ResourceNotFoundException')) {
    return new NamedError('Misconfigured', `${permission}: what the settings name does not exist: ${message}`, {
      cause: error,
    });
  }
  return error instanceof Error ? error : new Error(message);
};
