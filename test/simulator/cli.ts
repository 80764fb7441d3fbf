import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { defaultAdministrator } from './default-configuration.ts';
import { listen } from './http-shell.ts';
import { createSimulator, type Simulator } from './simulator.ts';

const usage = `Usage: npm run simulator -- [--port N] [--http] [--config FILE.xml] [--json]

Runs a PAN-OS firewall simulator on 127.0.0.1 until Ctrl-C.

  --port N           port to listen on; a free one when left out
  --http             plain HTTP instead of HTTPS with a self-signed certificate
  --config FILE.xml  start with this configuration (PAN-OS's own XML, e.g. an export) instead of the demonstration's
  --user NAME        the administrator whose API key is printed (default ${defaultAdministrator}, else the first one)
  --job-seconds N    how long a commit takes (default 2)
  --sw-version V     the PAN-OS release it says it is (default 11.1.4); before 9.1 locks are listed without a vsys
  --change-list WHAT what the list of uncommitted changes names: entry (default), node, container or written
  --change-owners W  each: a line for each editor (default); last: one line, all editors in admin-history
  --move-line WHERE  a move is listed on the entry (default) or on the list
  --no-ha-serials    the state of a pair carries no serial numbers
  --auto-commit-seconds N  how long the automatic commit after a reboot takes (default 0)
  --json             print one line {"url","user","password","apiKey"} and nothing else
  --control          take faults and changes of the device at POST /control (see faults.ts)
  --help             print this
`;

/** A command line that cannot be followed. */
class UsageError extends Error {}

const wholeNumber = (name: string, text: string, most: number): number => {
  if (!/^\d+$/.test(text) || Number(text) > most)
    throw new UsageError(`--${name} must be a number from 0 to ${most}, not "${text}"`);
  return Number(text);
};

const oneOf = <Word extends string>(name: string, text: string, words: readonly Word[]): Word => {
  const found = words.find((word) => word === text);
  if (found === undefined) throw new UsageError(`--${name} must be one of ${words.join(', ')}, not "${text}"`);
  return found;
};

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const parsed = () => {
  try {
    return parseArgs({
      options: {
        port: { type: 'string', default: '0' },
        http: { type: 'boolean', default: false },
        config: { type: 'string' },
        user: { type: 'string' },
        'job-seconds': { type: 'string', default: '2' },
        'sw-version': { type: 'string', default: '11.1.4' },
        'change-list': { type: 'string', default: 'entry' },
        'change-owners': { type: 'string', default: 'each' },
        'move-line': { type: 'string', default: 'entry' },
        'no-ha-serials': { type: 'boolean', default: false },
        'auto-commit-seconds': { type: 'string', default: '0' },
        json: { type: 'boolean', default: false },
        control: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
};

const start = async (): Promise<void> => {
  const options = parsed();
  if (options.help) {
    process.stdout.write(usage);
    return;
  }
  const port = wholeNumber('port', options.port, 65_535);
  if (!/^\d+\.\d+\.\d+/.test(options['sw-version']))
    throw new UsageError(`--sw-version must be like 11.1.4, not "${options['sw-version']}"`);
  const seconds = wholeNumber('job-seconds', options['job-seconds'], 86_400);
  const changeList = oneOf('change-list', options['change-list'], ['entry', 'node', 'container', 'written']);
  const changeOwners = oneOf('change-owners', options['change-owners'], ['each', 'last']);
  const moveLine = oneOf('move-line', options['move-line'], ['entry', 'list']);
  const autoCommit = wholeNumber('auto-commit-seconds', options['auto-commit-seconds'], 86_400);
  const configuration = options.config === undefined ? undefined : read(options.config);
  let simulator: Simulator;
  try {
    simulator = createSimulator({
      ...(configuration === undefined ? {} : { configuration }),
      jobMilliseconds: seconds * 1000,
      control: options.control,
      swVersion: options['sw-version'],
      changeList,
      changeOwners,
      moveLine,
      haSerials: !options['no-ha-serials'],
      autoCommitMilliseconds: autoCommit * 1000,
    });
  } catch (error) {
    throw new UsageError(
      `${options.config ?? 'the configuration'} is not a PAN-OS configuration: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const users = simulator.administrators();
  const user = options.user ?? (users.includes(defaultAdministrator) ? defaultAdministrator : users[0]);
  if (user === undefined || !users.includes(user))
    throw new UsageError(`the configuration has no administrator ${user ?? ''}`);
  const shell = await listen(simulator, { port, tls: !options.http }).catch((error: unknown) => {
    throw new UsageError(`cannot listen on port ${port}: ${error instanceof Error ? error.message : String(error)}`);
  });
  const password = simulator.passwordOf(user);
  const apiKey = simulator.keyOf(user);
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ url: shell.url, user, password, apiKey })}\n`
      : `PAN-OS firewall simulator\n  URL       ${shell.url}\n  user      ${user}\n  password  ${password}\n  API key   ${apiKey}\nCtrl-C ends it.\n`,
  );
  const stop = (): void => {
    shell.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
};

start().catch((error: unknown) => {
  process.stderr.write(
    error instanceof UsageError
      ? `${error.message}\n\n${usage}`
      : `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exit(2);
});
