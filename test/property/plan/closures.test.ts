import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asClosure, closedIn } from '../../../shared/domain/plan/closures.ts';
import { candidateRules } from '../../../shared/domain/rules/candidate-rules.ts';
import { judgeCandidates } from '../../../shared/domain/verdict/verdict.ts';
import { grantsOf } from '../../support/grants.ts';
import { destination, ownedRecord, source, standing } from '../../unit/domain/owned.ts';
import { cleanUp, policy } from '../../unit/domain/verdict-policies.ts';
import { runs } from '../verdict/runs.ts';

/** Sources as first and last byte of the second octet of 10.x.0.0/16: what the oracle counts with. */
const sources = [
  { text: '10.0.0.0/8', from: 0, to: 255 },
  { text: '10.0.0.0/9', from: 0, to: 127 },
  { text: '10.64.0.0/10', from: 64, to: 127 },
  { text: '10.128.0.0/16', from: 128, to: 128 },
] as const;
type Source = (typeof sources)[number];
const instances = [1, 2] as const;
const port = fc.integer({ min: 440, max: 446 });
const range = fc.tuple(port, port).map(([one, other]) => ({ from: Math.min(one, other), to: Math.max(one, other) }));

const written = fc.record({
  sources: fc.subarray([...sources], { minLength: 1 }),
  instances: fc.subarray([...instances], { minLength: 1 }),
  ports: range,
});
const change = fc.record({
  kind: fc.constantFrom('disabled', 'deny', 'narrowed', 'negated', 'as written'),
  sources: fc.subarray([...sources], { minLength: 1 }),
  instances: fc.subarray([...instances], { minLength: 1 }),
});
const world = fc.record({
  rules: fc.array(fc.record({ written, change }), { minLength: 1, maxLength: 3 }),
  wanted: fc.array(written, { minLength: 1, maxLength: 4 }),
});
type Written = {
  readonly sources: readonly Source[];
  readonly instances: readonly number[];
  readonly ports: { from: number; to: number };
};

const has = (said: Written, octet: number, instance: number, at: number): boolean =>
  said.sources.some(({ from, to }) => from <= octet && octet <= to) &&
  said.instances.includes(instance) &&
  said.ports.from <= at &&
  at <= said.ports.to;

const traffic = ({ from, to }: { from: number; to: number }) =>
  ({ kind: 'ports', protocol: 'tcp', ports: { from, to } }) as const;
const contributionsOf = (said: Written) => ({
  sources: said.sources.map(({ text }, at) => source(text, `sgr-${at}`)),
  destinations: said.instances.map((id) => destination(id)),
});

test('no rule is written that allows what an administrator has closed, whichever grant, group or port range asks', (t) => {
  let closedSessions = 0;
  let added = 0;
  runs(t, 4_000, world, ({ rules, wanted }) => {
    const ours = rules.map(({ written: said, change: by }, at) => {
      const service = `tcp-${said.ports.from}-${said.ports.to}`;
      const contributions = contributionsOf(said);
      const base = ownedRecord({
        id: `r-${at}`,
        contributions,
        traffic: traffic(said.ports),
        service: traffic(said.ports),
      });
      const record = { ...base, content: { ...base.content, application: ['any'], service: [service] } };
      const narrowed = {
        source: by.sources.map(({ text }) => text),
        destination: by.instances.map((id) => `10.0.1.${id}/32`),
      };
      const rule = standing(record, {
        ...(by.kind === 'disabled' ? { disabled: true } : {}),
        ...(by.kind === 'deny' ? { action: 'deny' } : {}),
        ...(by.kind === 'narrowed' ? narrowed : {}),
        ...(by.kind === 'negated' ? { source: narrowed.source, negateSource: true } : {}),
      });
      const lets = (octet: number, instance: number, port: number): boolean => {
        switch (by.kind) {
          case 'as written':
            return has(said, octet, instance, port);
          case 'narrowed':
            return has({ sources: by.sources, instances: by.instances, ports: said.ports }, octet, instance, port);
          case 'negated':
            return (
              has({ ...said, sources }, octet, instance, port) &&
              !has({ ...said, sources: by.sources }, octet, instance, port)
            );
          default:
            return false;
        }
      };
      return { said, record, rule, lets, service };
    });
    const services = Object.fromEntries(
      ours.map(({ said, service }) => [
        service,
        { protocol: 'tcp' as const, port: `${said.ports.from}-${said.ports.to}`, sourcePort: null },
      ]),
    );
    const now = policy([...ours.map(({ rule }) => rule), cleanUp], { vsys: { services } });
    const closures = closedIn(
      now,
      ours.map(({ record }) => record),
    );
    const isClosed = (octet: number, instance: number, port: number): boolean =>
      ours.some(
        ({ said }) => has(said, octet, instance, port) && !ours.some(({ lets }) => lets(octet, instance, port)),
      );
    const candidates = wanted.flatMap((said, at) =>
      candidateRules(grantsOf(contributionsOf(said), { group: `sg-${at}`, family: 4, traffic: traffic(said.ports) }), {
        changes: [],
        from: 'untrust',
        to: 'trust',
        translation: { applications: 'port-only', portApplications: {}, icmpApplications: {} },
      }),
    );
    const judged = judgeCandidates({
      views: [{ policy: now, label: 'running' }],
      bottomRule: 'Clean up',
      owned: ours.map(({ record }) => ({
        uuid: String(record.uuid),
        interfaces: record.contributions.destinations.map((to) => to.interface),
      })),
      removedRules: [],
      closures: closures.map(asClosure),
      candidates,
      pending: [],
    });
    for (const { candidate, verdict } of judged) {
      if (verdict.kind !== 'needed' || candidate.traffic.kind !== 'ports') continue;
      added += 1;
      const rule: Written = {
        sources: candidate.sources.flatMap((from) => sources.filter(({ text }) => text === from.source)),
        instances: candidate.destinations.map(({ interface: id }) => Number(id.slice(4))),
        ports: candidate.traffic.ports,
      };
      for (let octet = 0; octet < 256; octet += 32)
        for (const instance of instances)
          for (let at = 440; at <= 446; at += 1) {
            if (!has(rule, octet, instance, at)) continue;
            assert.equal(isClosed(octet, instance, at), false, `10.${octet}.0.0 to ${instance} port ${at}`);
          }
    }
    closedSessions += closures.length;
  });
  assert.ok(closedSessions > 1_000 && added > 1_000, `${closedSessions} closures, ${added} rules added`);
});
