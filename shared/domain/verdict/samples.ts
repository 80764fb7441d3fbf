import type { Policy } from '../policy/policy.ts';
import type { CandidateRule } from '../rules/candidate-rules.ts';
import { canonicalCidr, cidrsOf, familyOf, rangeOfCidr } from '../sets/addresses.ts';
import { stretch } from '../sets/lines.ts';
import type { Judged } from './verdict-words.ts';

/** One session, as a firewall's own policy match is asked about it. Addresses without prefix length. */
export interface SampleSession {
  readonly from: string;
  readonly to: string;
  readonly source: string;
  readonly destination: string;
  /** IP protocol number. */
  readonly protocol: number;
  /** Null for protocols without ports. */
  readonly destinationPort: number | null;
  readonly application: string;
}

export interface Sample {
  readonly session: SampleSession;
  /** The same session as a candidate, for our own verdict of it. */
  readonly candidate: CandidateRule;
}

/** An address from the middle of a range, since the first of a network is nobody's. */
const insideOf = (cidr: string): string => {
  const [start = 0, end = 0] = rangeOfCidr(cidr)?.line ?? [];
  const middle = BigInt(start) + (BigInt(end) - BigInt(start)) / 2n;
  const [single = ''] = cidrsOf(stretch(middle, middle + 1n), familyOf(cidr));
  return single.slice(0, single.lastIndexOf('/'));
};

const protocolNumbers = { tcp: 6, udp: 17 } as const;

const protocolOf = ({ traffic }: CandidateRule): number => {
  switch (traffic.kind) {
    case 'ports':
      return protocolNumbers[traffic.protocol];
    case 'icmp':
      return traffic.family === 4 ? 1 : 58;
    case 'protocol':
      return traffic.number;
    case 'all':
      return protocolNumbers.tcp;
  }
};

/** A port no service is named for, where all traffic is asked about. */
const anyPort = 49_151;

/** Sessions that no signature recognises: an application that rules do not name. */
const unrecognised = { tcp: 'unknown-tcp', udp: 'unknown-udp' } as const;
/** What a session may be seen as besides: decrypted, or without a signature of its own. */
const alsoSeen = { tcp: ['web-browsing', 'ssl', unrecognised.tcp], udp: ['dns', unrecognised.udp] } as const;
const mostApplications = 2;

/**
 * Applications to ask about: those of the candidate first, then what its sessions may be seen as besides, so that a rule for
 * one application is also asked about another. Where the application is all there is (ICMP, IP protocols), only that.
 */
const applicationsOf = (candidate: CandidateRule): readonly string[] => {
  const protocol = candidate.traffic.kind === 'ports' ? candidate.traffic.protocol : 'tcp';
  const named = candidate.application.includes('any') ? [unrecognised[protocol]] : candidate.application;
  if (candidate.traffic.kind === 'icmp' || candidate.traffic.kind === 'protocol') return named.slice(0, 1);
  return [...new Set([...named, ...alsoSeen[protocol]])].slice(0, mostApplications);
};

const samplesOfOne = (candidate: CandidateRule): readonly Sample[] => {
  const [source] = candidate.sources;
  const [destination] = candidate.destinations;
  if (source === undefined || destination === undefined) return [];
  const protocol = protocolOf(candidate);
  const { traffic } = candidate;
  const port = traffic.kind === 'ports' ? traffic.ports.from : traffic.kind === 'all' ? anyPort : null;
  const ports = port === null ? null : { from: port, to: port };
  const { decryption: _, ...asked } = candidate;
  return applicationsOf(candidate).map((application) => {
    const session = {
      from: candidate.from,
      to: candidate.to,
      source: insideOf(source.source),
      destination: insideOf(destination.address),
      protocol,
      destinationPort: port,
      application,
    };
    return {
      session,
      candidate: {
        ...asked,
        traffic: ports === null ? traffic : { kind: 'ports', protocol: protocol === 17 ? 'udp' : 'tcp', ports },
        service:
          ports === null ? candidate.service : { kind: 'ports', protocol: protocol === 17 ? 'udp' : 'tcp', ports },
        application: [application],
        sources: [{ ...source, source: canonicalCidr(session.source) }],
        destinations: [{ ...destination, address: canonicalCidr(session.destination) }],
      },
    };
  });
};

/**
 * At most `most` sessions, spread over what was added and what was left out: one of each candidate, then, while there is
 * room, further ones of each with other applications.
 */
export const samplesOf = (judged: readonly Judged[], most: number): readonly Sample[] => {
  const added = judged.filter(({ verdict }) => verdict.kind === 'needed');
  const leftOut = judged.filter(({ verdict }) => verdict.kind !== 'needed');
  const spread: Judged[] = [];
  for (let at = 0; at < Math.max(added.length, leftOut.length); at += 1) {
    for (const one of [added[at], leftOut[at]]) if (one !== undefined) spread.push(one);
  }
  const each = spread.slice(0, most).map(({ candidate }) => samplesOfOne(candidate));
  const rounds = Array.from({ length: mostApplications }, (_, round) =>
    each.flatMap((samples) => samples[round] ?? []),
  );
  return rounds.flat().slice(0, most);
};

/** How the firewall's answer stands to ours. Only `disagrees` is a finding: everything else may differ rightly. */
export interface Comparison {
  readonly outcome: 'agrees' | 'disagrees' | 'inconclusive';
  readonly text: string;
}

/**
 * Compares the rule the firewall names with the one our own verdict names for the same session. Inconclusive where it names
 * none, where it names a rule we could not judge, or one whose applications it may have widened (implicit use, containers).
 */
export const compareAnswer = ({ session }: Sample, ours: Judged, answer: string | null, policy: Policy): Comparison => {
  const { source, destination, protocol, destinationPort, application } = session;
  const asked = `${source} to ${destination}, protocol ${protocol}${destinationPort === null ? '' : ` port ${destinationPort}`}, ${application}`;
  const expected = ours.parts.map(({ rule }) => rule);
  const says = (outcome: Comparison['outcome']): Comparison => ({
    outcome,
    text: `${asked}: the firewall says ${answer === null ? 'nothing' : `"${answer}"`}, the verdict ${expected.map((name) => `"${name}"`).join(' or ')}`,
  });
  if (answer === null) return says('inconclusive');
  if (expected.includes(answer)) return says('agrees');
  const named = policy.rules.find((rule) => rule.name === answer);
  const doubtful = ours.doubts.some(({ rule }) => rule === answer);
  const byApplication = named !== undefined && !named.application.includes('any');
  return says(doubtful || byApplication ? 'inconclusive' : 'disagrees');
};
