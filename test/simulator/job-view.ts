import type { Device, Job } from './device.ts';
import { opResult, Refusal, type SimulatorResponse } from './reply.ts';
import { escapeText, panosTime } from './xml.ts';

/** A job as `show jobs` prints it (captured on 11.1; running values captured on 8.1). */
export const renderJob = (device: Device, job: Job, now: number): string => {
  const time = (at: number | null): string => (at === null ? '' : panosTime(at));
  const active = job.status !== 'FIN';
  const position = device.jobs.filter((other) => other.status === 'PEND' && other.id < job.id).length;
  const share =
    job.startedAt === null || job.duration <= 0
      ? 0
      : Math.min(99, Math.floor(((now - job.startedAt) / job.duration) * 100));
  return [
    '<job>',
    `<tenq>${time(job.enqueuedAt)}</tenq>`,
    `<tdeq>${time(job.startedAt).slice(11)}</tdeq>`,
    // A job lost by a restart of the daemon is listed without a number (captured).
    job.id === 0 ? '' : `<id>${job.id}</id>`,
    `<user>${escapeText(job.user)}</user>`,
    `<type>${job.type}</type>`,
    `<status>${job.status}</status>`,
    `<queued>${job.status === 'PEND' ? 'YES' : 'NO'}</queued>`,
    `<stoppable>${job.status === 'ACT' ? 'yes' : 'no'}</stoppable>`,
    `<result>${job.result}</result>`,
    `<tfin>${active ? 'Still Active' : time(job.finishedAt)}</tfin>`,
    `<description>${escapeText(job.description)}</description>`,
    `<positionInQ>${job.status === 'PEND' ? position : 0}</positionInQ>`,
    `<progress>${active ? share : 100}</progress>`,
    job.details.length === 0
      ? '<details/>'
      : `<details>${job.details.map((line) => `<line>${escapeText(line)}</line>`).join('')}</details>`,
    job.warnings.length === 0
      ? '<warnings/>'
      : `<warnings>${job.warnings.map((line) => `<line>${escapeText(line)}</line>`).join('')}</warnings>`,
    '</job>',
  ].join('');
};

export const showJob = (device: Device, id: string, now: number): SimulatorResponse => {
  const job = device.jobs.find((candidate) => candidate.id > 0 && String(candidate.id) === id);
  // Captured.
  if (job === undefined) throw new Refusal(7, [`job ${id} not found`]);
  return opResult(renderJob(device, job, now));
};

export const showJobs = (device: Device, which: 'all' | 'pending' | 'processed', now: number): SimulatorResponse =>
  opResult(
    [...device.jobs]
      .filter((job) => which === 'all' || (job.status === 'FIN') === (which === 'processed'))
      .reverse()
      .map((job) => renderJob(device, job, now))
      .join(''),
  );
