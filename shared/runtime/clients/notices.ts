import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { awsFailure } from '../../aws/aws-failure.ts';
import { createNotices, type Notices } from '../../aws/table/notices.ts';
import { createTable } from '../../aws/table/table.ts';
import { createLog } from '../log.ts';
import type { Settings } from '../settings.ts';
import type { Surroundings } from '../surroundings.ts';

const longestSubject = 100;

/** Tells people: to the topic of the settings, and always to the log. SNS takes printable ASCII subjects of 100 characters. */
export const noticesPart = ({ world, sdk, once, writeLog }: Surroundings, settings: Settings): Notices => {
  const dynamoDb = once(
    'dynamodb',
    () => new DynamoDBClient(sdk as ConstructorParameters<typeof DynamoDBClient>[0] & object),
  );
  const topic = settings.NOTIFICATION_TOPIC;
  return createNotices(createTable(dynamoDb, settings.TABLE_NAME), world.now, async ({ subject, message }) => {
    createLog(world, writeLog, {})('notice', { subject, text: message });
    if (topic === undefined) return;
    const sns = once('sns', () => new SNSClient(sdk as ConstructorParameters<typeof SNSClient>[0] & object));
    const Subject = subject.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, longestSubject);
    try {
      await sns.send(new PublishCommand({ TopicArn: topic, Subject, Message: message }));
    } catch (error) {
      throw awsFailure(error, 'sns:Publish');
    }
  });
};
