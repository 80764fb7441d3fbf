import { buildXml, element, type XmlElement } from './xml.ts';

/** One request of the XML API as its form fields, before the key and the vsys. */
export interface ApiRequest {
  readonly type: 'config' | 'op' | 'commit';
  readonly fields: Readonly<Record<string, string>>;
  /** What is asked, for messages. Holds no secret. */
  readonly asked: string;
  /** What kind of refusal a "no" is. */
  readonly purpose: 'read' | 'write' | 'commit' | 'operation';
  /**
   * Locks are taken device-wide, which is what leaving `vsys` out means (documented for the lock commands only);
   * everything else names its vsys.
   */
  readonly withoutVsys?: true;
  /**
   * While a firewall restarts its authentication daemon, a good key is refused for a while (captured); only a request
   * that asks again and again about something begun before can tell that from a bad key.
   */
  readonly mayBeRestarting?: true;
}

/** Candidate configuration at an xpath that may match any number of nodes. */
export const getForm = (xpath: string): ApiRequest => ({
  type: 'config',
  fields: { action: 'get', xpath },
  asked: `get ${xpath}`,
  purpose: 'read',
});

/** Running configuration at an xpath of exactly one node. */
export const showForm = (xpath: string): ApiRequest => ({
  type: 'config',
  fields: { action: 'show', xpath },
  asked: `show ${xpath}`,
  purpose: 'read',
});

/** Several operations as one. */
export const multiConfigForm = (operations: readonly XmlElement[], auditComment: string | null): ApiRequest => ({
  type: 'config',
  fields: {
    action: 'multi-config',
    element: buildXml(element('multi-config', operations)),
    ...(auditComment === null ? {} : { 'audit-comment': auditComment }),
  },
  asked: `multi-config of ${operations.length} operations`,
  purpose: 'write',
});

/** An operational command; one that only reads unless it says otherwise. */
export const opForm = (
  command: XmlElement,
  asked: string,
  extra: Pick<ApiRequest, 'withoutVsys' | 'mayBeRestarting'> & { readonly purpose?: ApiRequest['purpose'] } = {},
): ApiRequest => ({
  type: 'op',
  fields: { cmd: buildXml(command) },
  asked,
  purpose: 'read',
  ...extra,
});

/**
 * A request as `application/x-www-form-urlencoded`. The key is not in it: it goes into a header. With a wrong content
 * type a firewall answers HTTP 200 and its login page (captured).
 */
export const formBody = (request: ApiRequest, vsys: string): string =>
  new URLSearchParams({
    type: request.type,
    ...request.fields,
    ...(request.withoutVsys === true ? {} : { vsys }),
  }).toString();
