import type { Respond } from './http.ts';
import { JsonRefusal, jsonService, optionalText, textMember } from './json-protocol.ts';

/** A secret as the account holds it. */
export interface HeldSecret {
  readonly name: string;
  readonly value: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly versionId: string;
  readonly kind?: 'scheduled for deletion';
}

/**
 * Secrets Manager: GetSecretValue, by name or by whole or partial ARN. `secrets` is asked at every call, so that a test
 * can rotate or delete one; `denied` refuses every call with AccessDeniedException.
 */
export const createSecrets = (options: {
  readonly ownerId: string;
  readonly region: string;
  readonly secrets: () => readonly HeldSecret[];
  readonly denied?: () => boolean;
}): Respond => {
  const arnOf = (secret: HeldSecret): string =>
    `arn:aws:secretsmanager:${options.region}:${options.ownerId}:secret:${secret.name}-AbCdEf`;

  const getSecretValue = async (input: Readonly<Record<string, unknown>>): Promise<object> => {
    const id = textMember(input, 'SecretId', 'InvalidParameterException');
    if (options.denied?.() === true) {
      throw new JsonRefusal(
        'AccessDeniedException',
        `User is not authorized to perform: secretsmanager:GetSecretValue on resource: ${id}`,
      );
    }
    const secret = options.secrets().find((one) => [one.name, arnOf(one), arnOf(one).slice(0, -7)].includes(id));
    const version = optionalText(input, 'VersionId');
    const stage = optionalText(input, 'VersionStage') ?? 'AWSCURRENT';
    if (secret === undefined) {
      throw new JsonRefusal('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    }
    if (secret.kind === 'scheduled for deletion') {
      throw new JsonRefusal(
        'InvalidRequestException',
        "You can't perform this operation on the secret because it was marked for deletion.",
      );
    }
    if (stage !== 'AWSCURRENT' || (version !== undefined && version !== secret.versionId)) {
      throw new JsonRefusal(
        'ResourceNotFoundException',
        `Secrets Manager can't find the specified secret value for staging label: ${stage}`,
      );
    }
    return {
      ARN: arnOf(secret),
      Name: secret.name,
      SecretString: secret.value,
      VersionId: secret.versionId,
      VersionStages: ['AWSCURRENT'],
      CreatedDate: secret.createdAt / 1000,
    };
  };

  return jsonService('secretsmanager', '1.1', new Map([['GetSecretValue', getSecretValue]]));
};
