import { isNamed } from '../domain/errors.ts';
import type { Firewall } from '../panos/firewall.ts';

/** What went, and a sentence for each that stayed, with the firewall's words. */
export interface Deleted {
  readonly deleted: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Deletes service objects, apart from the plan: all at once, and where the firewall refuses that, in halves, so that one to which
 * something still refers (a NAT rule, say) keeps only itself.
 * @throws what `write` raises, FirewallRejected excepted
 */
export const deleteUnused = async (
  firewall: Pick<Firewall, 'write'>,
  names: readonly string[],
  auditComment: string | null,
): Promise<Deleted> => {
  const [name, ...others] = names;
  if (name === undefined) return { deleted: [], warnings: [] };
  try {
    await firewall.write(
      names.map((each) => ({ kind: 'delete-service', name: each })),
      { auditComment },
    );
    return { deleted: names, warnings: [] };
  } catch (error) {
    if (!isNamed(error, 'FirewallRejected')) throw error;
    if (others.length === 0) return { deleted: [], warnings: [`The unused service "${name}" stays: ${error.message}`] };
  }
  const half = Math.ceil(names.length / 2);
  const first = await deleteUnused(firewall, names.slice(0, half), auditComment);
  const second = await deleteUnused(firewall, names.slice(half), auditComment);
  return { deleted: [...first.deleted, ...second.deleted], warnings: [...first.warnings, ...second.warnings] };
};
