import type { Respond } from './http.ts';

/** The parts by the prefix of their `x-amz-target`; EC2 speaks the Query protocol and has none. */
export interface EndpointParts {
  readonly ec2?: Respond;
  readonly dynamodb?: Respond;
  readonly secretsManager?: Respond;
  readonly stepFunctions?: Respond;
}

/**
 * All parts behind one address, for `AWS_ENDPOINT_URL`: each request goes to the part it speaks to. A request for a part
 * that is not here is refused with 404 and what was asked for.
 */
export const oneEndpoint =
  (parts: EndpointParts): Respond =>
  (request) => {
    const target = request.headers['x-amz-target']?.split('.')[0] ?? '';
    const byTarget: Readonly<Record<string, Respond | undefined>> = {
      '': parts.ec2,
      DynamoDB_20120810: parts.dynamodb,
      secretsmanager: parts.secretsManager,
      AWSStepFunctions: parts.stepFunctions,
    };
    const part = Object.hasOwn(byTarget, target) ? byTarget[target] : undefined;
    if (part !== undefined) return part(request);
    const body = JSON.stringify({
      __type: 'UnknownOperationException',
      message: `There is no service '${target}' here`,
    });
    return Promise.resolve({ status: 404, headers: { 'content-type': 'application/x-amz-json-1.0' }, body });
  };
