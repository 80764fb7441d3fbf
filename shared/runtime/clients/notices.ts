import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { awsFailure } from '../../aws/aws-failure.ts';
import { createFailures, type Failures } from '../../aws/table/failures.ts';
import { createNotices, type Notice, type Notices } from '../../aws/table/notices.ts';
import { createLog } from '../log.ts';
import type { Settings } from '../settings.ts';
import { type Surroundings, sdkClient } from '../surroundings.ts';
import { isoFromMilliseconds } from '../world.ts';
import { tableOf } from './table.ts';

const longestSubject = 100;
const longestFirewall = 50;

/** `https://fw1.example,https://fw2.example` as subjects name it. */
const firewallName = (endpoints: string | undefined): string =>
  (endpoints ?? '').replaceAll(/https?:\/\/(?:[^@/,]*@)?/g, '').slice(0, longestFirewall);

/**
 * Tells people: to the topic, and always to the log. Needs nothing but the environment, so that what is wrong with the
 * settings or the table is told as well. Each subject begins with the firewall: a mailbox sorts them by it and by what follows.
 * SNS takes printable ASCII subjects of 100 characters.
 */
export const publisher = (surroundings: Surroundings): ((notice: Notice) => Promise<void>) => {
  const { world, writeLog } = surroundings;
  const topic = world.environment['NOTIFICATION_TOPIC'] || undefined;
  const firewall = firewallName(world.environment['FIREWALL_ENDPOINT']);
  return async ({ subject, message }) => {
    const whole = `policy-sync${firewall === '' ? '' : ` ${firewall}`}: ${subject}`;
    createLog(world, writeLog, {})('notice', { subject: whole, text: message });
    if (topic === undefined) return;
    const Subject = whole.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, longestSubject);
    try {
      await sdkClient(surroundings, 'sns', SNSClient).send(
        new PublishCommand({ TopicArn: topic, Subject, Message: message }),
      );
    } catch (error) {
      throw awsFailure(error, 'sns:Publish');
    }
  };
};

/** What is told once for as long as it lasts. */
export const noticesPart = (surroundings: Surroundings, settings: Settings): Notices =>
  createNotices(tableOf(surroundings, settings), surroundings.world.now, publisher(surroundings));

/** What is told of failed runs, by cause. */
export const failuresPart = (surroundings: Surroundings, settings: Settings): Failures =>
  createFailures({
    table: tableOf(surroundings, settings),
    now: surroundings.world.now,
    publish: publisher(surroundings),
    timeText: isoFromMilliseconds,
  });
