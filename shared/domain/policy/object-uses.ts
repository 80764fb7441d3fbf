import { findAddress, findApplication, findService, scopesInOrder } from './object-look-up.ts';
import type { Application, ObjectScope, Policy, SecurityRule } from './policy.ts';

/** One name a rule depends on and what it stands for, as canonical text. */
export interface ObjectUse {
  readonly name: string;
  readonly text: string;
}

type Kind = 'address' | 'service' | 'application';

const applicationText = (application: Application): string => {
  const { icmp } = application;
  const icmpText = icmp === null ? null : [icmp.family, icmp.type, icmp.code];
  return JSON.stringify([application.defaultPorts, application.ipProtocol, icmpText]);
};

const look = (
  scopes: readonly ObjectScope[],
  kind: Kind,
  name: string,
  from: number,
): { readonly scope: number; readonly members: readonly string[]; readonly text: string } | null => {
  switch (kind) {
    case 'address': {
      const found = findAddress(scopes, name, from);
      if (found === null) return null;
      const { scope, entry } = found;
      if (entry.kind === 'object') return { scope, members: [], text: `${entry.object.kind} ${entry.object.value}` };
      if (entry.kind !== 'group') return { scope, members: [], text: entry.kind };
      if (entry.group.kind !== 'static') return { scope, members: [], text: `${entry.group.kind} group` };
      return { scope, members: entry.group.members, text: `group ${JSON.stringify(entry.group.members)}` };
    }
    case 'service': {
      const found = findService(scopes, name, from);
      if (found === null) return null;
      const { scope, entry } = found;
      if (entry.kind === 'ambiguous') return { scope, members: [], text: entry.kind };
      if (entry.kind === 'group') {
        return { scope, members: entry.members, text: `group ${JSON.stringify(entry.members)}` };
      }
      const { protocol, port, sourcePort } = entry.object;
      return { scope, members: [], text: JSON.stringify([protocol, port, sourcePort]) };
    }
    case 'application': {
      const found = findApplication(scopes, name, from);
      if (found === null) return null;
      const { scope, entry } = found;
      if (entry.kind === 'application') return { scope, members: [], text: applicationText(entry.application) };
      if (entry.kind !== 'group') return { scope, members: [], text: entry.kind };
      return { scope, members: entry.members, text: `group ${JSON.stringify(entry.members)}` };
    }
  }
};

/**
 * Every object the rules depend on, nested ones too, in an order that depends on the policy alone. Names that stand
 * for nothing are uses as well: somebody may define an object of that name.
 */
export const objectsUsedBy = (
  policy: Policy,
  rules: readonly Pick<SecurityRule, 'source' | 'destination' | 'service' | 'application'>[],
): readonly ObjectUse[] => {
  const scopes = scopesInOrder(policy);
  const uses = new Map<string, ObjectUse>();
  const open: { readonly kind: Kind; readonly name: string; readonly from: number }[] = [];
  const add = (kind: Kind, names: readonly string[], from: number): void => {
    for (const name of names) open.push({ kind, name, from });
  };
  for (const rule of rules) {
    add('address', rule.source, 0);
    add('address', rule.destination, 0);
    add('service', rule.service, 0);
    add('application', rule.application, 0);
    // `application-default` with application any depends on everything the device knows of applications.
    if (rule.application.includes('any') && rule.service.includes('application-default')) {
      for (const scope of scopes) add('application', [...scope.applications.keys()], 0);
    }
  }
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const key = `${next.kind} ${next.from} ${next.name}`;
    if (uses.has(key)) continue;
    const found = look(scopes, next.kind, next.name, next.from);
    uses.set(key, { name: next.name, text: `${key}: ${found === null ? 'nothing' : `${found.scope} ${found.text}`}` });
    if (found === null) continue;
    add(next.kind, found.members, 0);
    if (found.scope > 0) add(next.kind, found.members, found.scope);
  }
  return [...uses.entries()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, use]) => use);
};
