/**
 * How long judging takes, and how it grows. `node test/bench/verdict.bench.ts` prints a table, `--json` the figures alone.
 * A sampled policy match asks the firewall once per source, destination and candidate, at about 50 ms a call.
 */

import type { Policy, SecurityRule } from '../../shared/domain/policy/policy.ts';
import type { CandidateRule } from '../../shared/domain/rules/candidate-rules.ts';
import { judgeCandidates } from '../../shared/domain/verdict/verdict.ts';
import type { Judged } from '../../shared/domain/verdict/verdict-words.ts';
import { candidate, cleanUp, policy, predefinedApplications, rule } from '../unit/domain/verdict-policies.ts';

const secondsPerPolicyMatch = 0.05;
/** The quickest run counts: the others waited for something else on the machine. */
const runsEach = 3;

/** A small, seeded generator: the same policy every time. */
const generator = (seed: number) => {
  let state = seed;
  return (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

const address = (n: number): string => `10.${(n >>> 14) & 255}.${(n >>> 6) & 255}.${(n & 63) * 4}`;
const remote = (n: number): string => `${20 + (n % 180)}.${(n >>> 3) & 255}.${(n >>> 11) & 255}.0/24`;

/** Ports in common use, so that rules and candidates meet. */
const commonPorts = [22, 25, 53, 80, 123, 389, 443, 636, 993, 1433, 1521, 3306, 3389, 5432, 6379, 8080, 8443, 9200];

/**
 * Rules as firewalls have them: most for a few servers and a port or two, some for whole networks or any destination,
 * some deny lists, some by application with its default ports, a few with users; objects and nested groups throughout.
 */
export const bigPolicy = (ruleCount: number, objectCount: number, seed = 7): Policy => {
  const next = generator(seed);
  const hosts = Math.floor(objectCount * 0.7);
  const groups = Math.floor(objectCount * 0.1);
  const services = objectCount - hosts - groups;
  const hostName = (n: number) => `host-${n}`;
  const addresses = Object.fromEntries(
    Array.from({ length: hosts }, (_, n) => {
      const value = n % 3 === 0 ? remote(next(4000)) : n % 7 === 0 ? `${address(n)}/26` : `${address(n)}/32`;
      return [hostName(n), { kind: 'ip-netmask', value } as const];
    }),
  );
  const addressGroups = Object.fromEntries(
    Array.from({ length: groups }, (_, n) => {
      const members = Array.from({ length: 2 + next(20) }, () => hostName(next(hosts)));
      const nested = n > 10 && n % 5 === 0 ? [`group-${next(n)}`] : [];
      return [`group-${n}`, { kind: 'static', members: [...members, ...nested] } as const];
    }),
  );
  const serviceObjects = Object.fromEntries(
    Array.from({ length: services }, (_, n) => {
      const port = n < commonPorts.length ? commonPorts[n] : 1024 + n;
      return [`service-${n}`, { protocol: n % 9 === 0 ? 'udp' : 'tcp', port: `${port}`, sourcePort: null } as const];
    }),
  );
  const applications = Object.fromEntries(
    Array.from({ length: 2500 }, (_, n) => {
      const port = n % 3 === 0 ? 443 : n % 3 === 1 ? 80 : 1024 + n;
      return [`application-${n}`, { defaultPorts: [`tcp/${port}`] }];
    }),
  );
  const oneService = () => `service-${next(3) === 0 ? next(services) : next(commonPorts.length)}`;
  const oneDestination = () => (next(4) === 0 ? `group-${next(groups)}` : hostName(next(hosts)));
  const made = Array.from({ length: ruleCount }, (_, n): SecurityRule => {
    const from = next(3) === 0 ? ['any'] : [`zone-${next(4)}`];
    const common = { from, to: next(3) === 0 ? ['any'] : [`zone-${next(4)}`] };
    const kind = next(100);
    if (kind < 3) {
      return rule(`rule-${n}`, { ...common, action: 'deny', source: [`group-${next(groups)}`, remote(next(4000))] });
    }
    if (kind < 4) return rule(`rule-${n}`, { ...common, restrictions: ['source-user'], application: ['ssl'] });
    if (kind < 6) {
      const application = [`application-${next(2500)}`, `application-${next(2500)}`];
      return rule(`rule-${n}`, { ...common, application, service: ['application-default'] });
    }
    const source = next(2) === 0 ? ['any'] : [next(2) === 0 ? remote(next(4000)) : `group-${next(groups)}`];
    const destination = Array.from({ length: 1 + next(3) }, oneDestination);
    const application = next(5) === 0 ? [`application-${next(2500)}`] : ['any'];
    return rule(`rule-${n}`, { ...common, source, destination, application, service: [oneService()] });
  });
  return policy([...made, cleanUp], {
    vsys: { addresses, addressGroups, services: serviceObjects },
    predefined: { applications: { ...predefinedApplications, ...applications } },
  });
};

export const manyCandidates = (count: number, seed = 11): readonly CandidateRule[] => {
  const next = generator(seed);
  return Array.from({ length: count }, (_, n) => {
    const sources = next(3) === 0 ? ['0.0.0.0/0'] : Array.from({ length: 1 + next(8) }, () => remote(next(4000)));
    const destinations = Array.from({ length: 1 + next(6) }, (_, at): [string, string] => {
      const server = next(3500);
      return [`eni-${server}-${at}`, `${address(server)}/32`];
    });
    const port = commonPorts[next(commonPorts.length)] ?? 443;
    const from = 'zone-0';
    return candidate({
      group: `sg-${n}`,
      sources: [...new Set(sources)],
      destinations,
      service: `tcp/${port}`,
      from,
      to: 'zone-1',
    });
  });
};

const secondsFor = (ruleCount: number, candidateCount: number): { seconds: number; counts: Record<string, number> } => {
  const view = { policy: bigPolicy(ruleCount, Math.floor(ruleCount / 2)), label: 'candidate' };
  const candidates = manyCandidates(candidateCount);
  const question = {
    views: [view],
    bottomRule: 'Clean up',
    owned: [],
    removedRules: [],
    pending: [],
    candidates,
  } as const;
  const times: number[] = [];
  let judged: readonly Judged[] = [];
  for (let run = 0; run < runsEach; run += 1) {
    const start = performance.now();
    judged = judgeCandidates(question);
    times.push((performance.now() - start) / 1000);
  }
  const seconds = Math.min(...times);
  const counts: Record<string, number> = {};
  for (const { verdict } of judged) counts[verdict.kind] = (counts[verdict.kind] ?? 0) + 1;
  return { seconds, counts };
};

const rounded = (number: number, digits = 3): number => Number(number.toFixed(digits));

const sampledSeconds = (count: number): number => {
  let pairs = 0;
  for (const { sources, destinations } of manyCandidates(count)) pairs += sources.length * destinations.length;
  return pairs * secondsPerPolicyMatch;
};

const main = (): void => {
  const json = process.argv.includes('--json');
  secondsFor(1000, 100);
  const full = secondsFor(10_000, 1_000);
  const fewerRules = secondsFor(5_000, 1_000);
  const fewerCandidates = secondsFor(10_000, 500);
  const growthWithRules = rounded(full.seconds / fewerRules.seconds, 2);
  const growthWithCandidates = rounded(full.seconds / fewerCandidates.seconds, 2);
  const sampled = sampledSeconds(1_000);
  const figure = {
    name: 'verdict-10000x1000-seconds',
    value: rounded(full.seconds),
    unit: 's',
    growth: { doubledRules: growthWithRules, doubledCandidates: growthWithCandidates },
    ratio: rounded(full.seconds / sampled, 6),
    against: `sampled policy match: one call of 50 ms for each source and destination, ${rounded(sampled, 0)} s`,
  };
  if (json) {
    process.stdout.write(`${JSON.stringify([figure])}\n`);
    return;
  }
  console.table([
    { measured: '10,000 rules, 5,000 objects, 1,000 candidates', seconds: rounded(full.seconds), ...full.counts },
    {
      measured: '5,000 rules, 2,500 objects, 1,000 candidates',
      seconds: rounded(fewerRules.seconds),
      ...fewerRules.counts,
    },
    {
      measured: '10,000 rules, 5,000 objects, 500 candidates',
      seconds: rounded(fewerCandidates.seconds),
      ...fewerCandidates.counts,
    },
  ]);
  console.log(
    `Twice the rules take ${growthWithRules} times as long, twice the candidates ${growthWithCandidates} times.`,
  );
  console.log(
    `The same by sampled policy match at 50 ms a call: ${rounded(sampled, 0)} s, ${rounded(sampled / full.seconds, 0)} times as long.`,
  );
};

main();
