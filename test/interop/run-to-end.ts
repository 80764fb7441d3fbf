import { spawn } from 'node:child_process';

export interface Ended {
  /** The exit status; 124 when it took too long, 127 when there is no such program. */
  readonly status: number;
  /** Standard output and standard error as they came. */
  readonly output: string;
}

/** Runs a program until it ends, or kills it with everything it started when it takes too long. */
export const runToEnd = (
  command: string,
  parameters: readonly string[],
  options: {
    readonly seconds: number;
    readonly environment?: Readonly<Record<string, string>>;
    readonly directory?: string;
  },
): Promise<Ended> =>
  new Promise((resolve) => {
    const pieces: string[] = [];
    // A process group of its own, so that it ends as a whole.
    const child = spawn(command, parameters, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.environment },
      ...(options.directory === undefined ? {} : { cwd: options.directory }),
    });
    let tookTooLong = false;
    const killGroup = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    };
    const timer = setTimeout(() => {
      tookTooLong = true;
      killGroup();
    }, options.seconds * 1000);
    const onExit = (): void => killGroup();
    process.once('exit', onExit);
    const end = (status: number): void => {
      clearTimeout(timer);
      process.removeListener('exit', onExit);
      if (tookTooLong) pieces.push(`\nIt took longer than ${options.seconds} seconds and was killed.\n`);
      resolve({ status: tookTooLong ? 124 : status, output: pieces.join('') });
    };
    child.stdout.on('data', (chunk: Buffer) => pieces.push(chunk.toString('utf8')));
    child.stderr.on('data', (chunk: Buffer) => pieces.push(chunk.toString('utf8')));
    child.once('error', (error) => {
      pieces.push(`${error.message}\n`);
      end(127);
    });
    child.once('close', (status) => end(status ?? 1));
  });
