import { createHash } from 'node:crypto';
import { settingsOf } from './commit-checks.ts';
import { type ConfigNode, childNamed, descend, entriesOf, entryNamed, nameOf, textOf } from './config-node.ts';
import type { Device, Role } from './device.ts';
import { type SimulatorResponse, webRefusal } from './reply.ts';

export interface Caller {
  readonly user: string;
  readonly role: Role;
}

/** How a device knows its administrators: roles from its configuration, passwords from outside it. */
export interface Passwords {
  readonly passwordOf: (user: string) => string | null;
}

/**
 * The API key of a user. Without a key lifetime it is the same each time (documented for 10.x, inferred for later ones);
 * with a lifetime every generated key differs (documented). Base64 of a text as on a device: it
 * starts `LUFRPT1` and may end in `=`, so that it must be encoded in forms.
 */
const keyOf = (device: Device, user: string, password: string, serial: number): string =>
  Buffer.from(
    `-AQ==${createHash('sha256').update(`${device.keyGeneration}\n${user}\n${password}\n${serial}`).digest('base64')}`,
  ).toString('base64');

const keyCache = new Map<string, string>();
const stableKey = (device: Device, user: string, password: string): string => {
  const cacheKey = `${device.keyGeneration}\n${user}\n${password}`;
  const known = keyCache.get(cacheKey);
  if (known !== undefined) return known;
  const key = keyOf(device, user, password, 0);
  if (keyCache.size > 1000) keyCache.clear();
  keyCache.set(cacheKey, key);
  return key;
};

export const roleOf = (running: ConfigNode, user: string): Role | null => {
  const administrator = entryNamed(descend(running, 'mgt-config', 'users'), user);
  const based = descend(administrator, 'permissions', 'role-based');
  if (based === null) return null;
  if (textOf(based, 'superuser') === 'yes') return { kind: 'superuser' };
  if (textOf(based, 'superreader') === 'yes') return { kind: 'superreader' };
  const profile = textOf(childNamed(based, 'custom'), 'profile');
  if (profile === null)
    return childNamed(based, 'deviceadmin') !== null ? { kind: 'superuser' } : { kind: 'superreader' };
  const toggles = descend(running, 'shared', 'admin-role', [profile], 'role', 'device', 'xmlapi');
  return {
    kind: 'custom',
    allowed: new Set(
      (toggles?.children ?? []).filter((toggle) => toggle.text === 'enable').map((toggle) => toggle.tag),
    ),
  };
};

const invalidCredential = (): SimulatorResponse => webRefusal(403, 'Invalid Credential', 'Invalid Credential');

/** Issues a key, or says `Invalid Credential`. Captured. */
export const keygen = (
  device: Device,
  passwords: Passwords,
  user: string,
  password: string,
  now: number,
): SimulatorResponse => {
  const expected = passwords.passwordOf(user);
  if (expected === null || expected !== password || roleOf(device.running, user) === null) return invalidCredential();
  return {
    status: 200,
    reason: 'OK',
    contentType: 'application/xml; charset=UTF-8',
    body: `<response status = 'success'><result><key>${issueKey(device, user, password, now)}</key></result></response>`,
  };
};

export const issueKey = (device: Device, user: string, password: string, now: number): string => {
  const lifetime = settingsOf(device.running).keyLifetime;
  if (lifetime === 0) return stableKey(device, user, password);
  device.keyCounter += 1;
  const key = keyOf(device, user, password, device.keyCounter);
  device.keys = new Map(device.keys).set(key, { user, until: now + lifetime * 60_000, expired: false });
  return key;
};

/** `Key Expired: <key> has expired.` with status 400 is captured; the body is not, and is inferred to carry the same text. */
const keyExpired = (key: string): SimulatorResponse =>
  webRefusal(400, `Key Expired: ${key} has expired.`, `Key Expired: ${key} has expired.`);

/** Who calls: the key of the header or the parameter, or a user and password. */
export const authenticate = (
  device: Device,
  passwords: Passwords,
  credentials: { readonly key: string | null; readonly authorization: string | null },
  now: number,
): Caller | SimulatorResponse => {
  const known = (user: string): Caller | SimulatorResponse => {
    const role = roleOf(device.running, user);
    return role === null ? invalidCredential() : { user, role };
  };
  const { key, authorization } = credentials;
  if (key !== null) {
    const issued = device.keys.get(key);
    if (issued !== undefined)
      return issued.expired || (issued.until !== null && issued.until <= now) ? keyExpired(key) : known(issued.user);
    for (const administrator of entriesOf(descend(device.running, 'mgt-config', 'users'))) {
      const user = nameOf(administrator);
      const password = passwords.passwordOf(user);
      if (password !== null && stableKey(device, user, password) === key) return known(user);
    }
    return invalidCredential();
  }
  if (authorization !== null) {
    const encoded = /^Basic\s+([A-Za-z0-9+/=]+)$/i.exec(authorization)?.[1];
    const [user, ...rest] = encoded === undefined ? [] : Buffer.from(encoded, 'base64').toString('utf8').split(':');
    if (user !== undefined && passwords.passwordOf(user) === rest.join(':')) return known(user);
    return invalidCredential();
  }
  // Captured: no credentials at all is answered in the same shape with another text.
  return webRefusal(403, 'Not Authenticated', 'Not Authenticated');
};

/** Null when the role may make requests of this type. */
export const refuseType = (caller: Caller, type: string): SimulatorResponse | null => {
  const { role } = caller;
  const refused = webRefusal(
    403,
    'Forbidden',
    `Type [${type}] not authorized for user role ${role.kind === 'custom' ? 'custom' : role.kind}.`,
  );
  switch (role.kind) {
    case 'superuser':
      return null;
    case 'superreader':
      return type === 'commit' || type === 'user-id' || type === 'import' ? refused : null;
    case 'custom':
      return type === 'version' || role.allowed.has(type) ? null : refused;
  }
};
