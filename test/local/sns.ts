import type { Respond } from './http.ts';

/** A message as a subscriber gets it. */
export interface Published {
  readonly topic: string;
  readonly subject: string;
  readonly message: string;
}

export interface LocalSns {
  readonly respond: Respond;
  readonly published: readonly Published[];
}

const xml = (status: number, body: string) => ({ status, headers: { 'content-type': 'text/xml' }, body });

const refusal = (status: number, code: string, message: string) =>
  xml(
    status,
    `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>local</RequestId></ErrorResponse>`,
  );

/**
 * SNS: Publish to one of the account's topics (query protocol). Subjects are ASCII without line breaks, at most 100
 * characters (documented); any other action is refused.
 */
export const createSns = (options: { readonly topics: readonly string[]; readonly newId: () => string }): LocalSns => {
  const published: Published[] = [];
  const respond: Respond = async ({ body }) => {
    const form = new URLSearchParams(body);
    const topic = form.get('TopicArn') ?? '';
    const subject = form.get('Subject') ?? '';
    const message = form.get('Message') ?? '';
    if (form.get('Action') !== 'Publish') return refusal(400, 'InvalidAction', 'Only Publish is answered here');
    if (!options.topics.includes(topic)) return refusal(404, 'NotFound', 'Topic does not exist');
    if (subject.length > 100 || /[^\x20-\x7e]/.test(subject))
      return refusal(400, 'InvalidParameter', 'Invalid parameter: Subject');
    if (message === '') return refusal(400, 'InvalidParameter', 'Invalid parameter: Empty message');
    published.push({ topic, subject, message });
    return xml(
      200,
      `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>${options.newId()}</MessageId></PublishResult><ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></PublishResponse>`,
    );
  };
  return { respond, published };
};
