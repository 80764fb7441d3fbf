import type { OwnedRuleName } from '../../shared/domain/plan/recognise.ts';

/** The name of a rule that a test takes for recognised as ours: the client of the firewall asks no further. */
export const ours = (name: string): OwnedRuleName => name as OwnedRuleName;
