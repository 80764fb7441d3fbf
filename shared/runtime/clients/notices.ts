import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { awsFailure } from '../../aws/aws-failure.ts';
import { createNotices, type Notices } from '../../aws/table/notices.ts';
import { createLog } from '../log.ts';
import type { Settings } from '../settings.ts';
import { type Surroundings, sdkClient } from '../surroundings.ts';
import { tableOf } from './table.ts';

const longestSubject = 100;

/** Tells people: to the topic of the settings, and always to the log. SNS takes printable ASCII subjects of 100 characters. */
export const noticesPart = (surroundings: Surroundings, settings: Settings): Notices => {
  const { world, writeLog } = surroundings;
  const topic = settings.NOTIFICATION_TOPIC;
  return createNotices(tableOf(surroundings, settings), world.now, async ({ subject, message }) => {
    createLog(world, writeLog, {})('notice', { subject, text: message });
    if (topic === undefined) return;
    const Subject = subject.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, longestSubject);
    try {
      await sdkClient(surroundings, 'sns', SNSClient).send(
        new PublishCommand({ TopicArn: topic, Subject, Message: message }),
      );
    } catch (error) {
      throw awsFailure(error, 'sns:Publish');
    }
  });
};
