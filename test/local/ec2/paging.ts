import { Ec2Error } from './refusals.ts';

/** What a read was asked about pages. */
export interface PageRequest {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

/** The bounds of MaxResults for one action, from the service model. */
export interface PageBounds {
  readonly least: number;
  readonly most: number;
}

const tokenOf = (position: number): string => Buffer.from(`page:${position}`).toString('base64url');

const positionOf = (token: string): number => {
  const position = /^page:([0-9]+)$/.exec(Buffer.from(token, 'base64url').toString('utf8'))?.[1];
  if (position === undefined) throw new Ec2Error('InvalidNextToken', `The token '${token}' is invalid`);
  return Number(position);
};

/**
 * One page of what matched. The service may answer with fewer than MaxResults, and pages even when not asked to:
 * `largestPage` makes it do so, but never when ids were given.
 * @throws Ec2Error for MaxResults out of bounds or beside ids, and for a token that was not issued.
 */
export const pageOf = <T>(
  matching: readonly T[],
  request: PageRequest,
  bounds: PageBounds,
  ids: { readonly given: boolean; readonly parameter: string },
  largestPage: number,
): { readonly page: readonly T[]; readonly NextToken?: string } => {
  const asked = request.MaxResults;
  if (ids.given) {
    if (asked !== undefined || request.NextToken !== undefined) {
      const other = asked === undefined ? 'nextToken' : 'maxResults';
      throw new Ec2Error(
        'InvalidParameterCombination',
        `The parameter ${ids.parameter} cannot be used with the parameter ${other}`,
      );
    }
    return { page: matching };
  }
  if (asked !== undefined && (!Number.isInteger(asked) || asked < bounds.least || asked > bounds.most)) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Value ( ${asked} ) for parameter maxResults is invalid. Expecting a value between ${bounds.least} and ${bounds.most}.`,
    );
  }
  const from = request.NextToken === undefined || request.NextToken === '' ? 0 : positionOf(request.NextToken);
  const until = from + Math.min(asked ?? Number.POSITIVE_INFINITY, largestPage);
  const page = matching.slice(from, until);
  return until < matching.length ? { page, NextToken: tokenOf(until) } : { page };
};
