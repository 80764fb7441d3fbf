import assert from 'node:assert/strict';
import type { CrashSystem } from './crash-system.ts';
import { isIn, type Opening, type Session, sessionsBeside, sessionsIn } from './sessions.ts';

/** The rule that the device itself says decides a session; empty where it names none. */
const deciderOf = (system: CrashSystem, { source, destination, protocol, port }: Session): string => {
  const application = port === 443 ? 'ssl' : 'web-browsing';
  const reply = system.simulator.act('admin', {
    type: 'op',
    cmd: `<test><security-policy-match><from>untrust</from><to>trust</to><source>${source}</source><destination>${destination}</destination><protocol>${protocol === 'tcp' ? 6 : 17}</protocol><destination-port>${port}</destination-port><application>${application}</application></security-policy-match></test>`,
  });
  assert.match(reply, /^<response [^>]*status="success"/, 'the device answers');
  return /<entry name="([^";]+)/.exec(reply)?.[1] ?? '';
};

/** By the device's own word: all that is granted is decided, and nothing beside it is let through by a rule of ours. */
export const checkSessions = (
  system: CrashSystem,
  house: {
    readonly granted: ReadonlySet<Opening>;
    /** What may be let through; what is granted when left out. */
    readonly allowed?: ReadonlySet<Opening>;
    readonly openings: ReadonlySet<Opening>;
    /** Names of our rules. */
    readonly ours: ReadonlySet<string>;
    readonly bottomRule: string;
  },
): void => {
  const { granted, allowed = granted, openings, ours, bottomRule } = house;
  for (const one of granted)
    for (const session of sessionsIn(one)) {
      const rule = deciderOf(system, session);
      assert.ok(
        rule !== '' && rule !== bottomRule && (openings.has(one) || !ours.has(rule)),
        `${one} is granted, and ${JSON.stringify(session)} is decided by "${rule}"`,
      );
    }
  for (const one of openings)
    for (const session of sessionsBeside(one))
      assert.ok(
        !ours.has(deciderOf(system, session)) || isIn(allowed, session),
        `${JSON.stringify(session)} is not granted, and a rule of ours lets it through beside ${one}`,
      );
};
