import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Moto {
  /** `http://127.0.0.1:PORT`: every service of AWS that moto knows. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Starts moto on a free port. Needs INTEROP_PYTHON, which `npm run test:interop` sets. */
export const startMoto = async (): Promise<Moto> => {
  const python = process.env['INTEROP_PYTHON'];
  if (python === undefined) throw new Error('Run it by npm run test:interop, which installs moto');
  const child = spawn(python, [new URL('./moto_on_loopback.py', import.meta.url).pathname], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PYTHONDONTWRITEBYTECODE: '1',
      MOTO_EC2_LOAD_DEFAULT_AMIS: 'false',
      INITIAL_NO_AUTH_ACTION_COUNT: 'inf',
    },
  });
  const told: string[] = [];
  // A request a line; kept for the case that it does not start.
  child.stderr.on('data', (chunk: Buffer) => {
    told.push(chunk.toString('utf8'));
    if (told.length > 50) told.shift();
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('error', reject);
    child.once('close', (status) => reject(new Error(`moto ended with ${status}: ${told.join('')}`)));
  });
  return {
    url,
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
};
