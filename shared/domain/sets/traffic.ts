import type { AddressFamily } from './addresses.ts';

/** Inclusive range of TCP or UDP ports, 0 to 65535. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** What a security group rule lets through, in the terms of EC2. */
export type Traffic =
  | { readonly kind: 'ports'; readonly protocol: 'tcp' | 'udp'; readonly ports: PortRange }
  | {
      readonly kind: 'icmp';
      readonly family: AddressFamily;
      readonly type: number | 'all';
      readonly code: number | 'all';
    }
  | { readonly kind: 'protocol'; readonly number: number }
  | { readonly kind: 'all' };

/** `tcp 443`, `udp 1000-2000`, `icmp all types`: for descriptions and explanations. */
export const trafficText = (traffic: Traffic): string => {
  switch (traffic.kind) {
    case 'ports': {
      const { from, to } = traffic.ports;
      return `${traffic.protocol} ${from === to ? from : `${from}-${to}`}`;
    }
    case 'icmp':
      return `${traffic.family === 4 ? 'icmp' : 'icmpv6'} ${traffic.type === 'all' ? 'all types' : `type ${traffic.type}`}`;
    case 'protocol':
      return `protocol ${traffic.number}`;
    case 'all':
      return 'all traffic';
  }
};

/** One text per kind of traffic: equal texts, equal traffic. Also how a sorted list is ordered. */
export const trafficKey = (traffic: Traffic): string => {
  switch (traffic.kind) {
    case 'ports': {
      const padded = (port: number) => String(port).padStart(5, '0');
      return `${traffic.protocol} ${padded(traffic.ports.from)}-${padded(traffic.ports.to)}`;
    }
    case 'icmp':
      return `icmp${traffic.family === 6 ? 'v6' : ''} ${traffic.type}/${traffic.code}`;
    case 'protocol':
      return `protocol ${String(traffic.number).padStart(3, '0')}`;
    case 'all':
      return 'all';
  }
};
