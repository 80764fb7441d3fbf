import type { OpCall } from './op.ts';
import { opResult, type SimulatorResponse } from './reply.ts';

/** `show high-availability state`, in the order a 10.0.9 prints it (captured, without serial numbers). */
export const haState = ({ device: { ha }, facts, haSerials }: OpCall): SimulatorResponse => {
  if (!ha.enabled) return opResult('<enabled>no</enabled>');
  const serial = (number: string | null): string =>
    haSerials && number !== null ? `<serial-num>${number}</serial-num>` : '';
  const platform = `<build-rel>${facts.swVersion}</build-rel><platform-model>${facts.model}</platform-model>`;
  return opResult(
    `<enabled>yes</enabled><group><mode>${ha.mode}</mode><local-info>${serial(facts.serial)}${platform}<priority>100</priority><state>${ha.state}</state><state-sync>Complete</state-sync><mode>${ha.mode}</mode></local-info><peer-info>${serial(facts.peerSerial)}${platform}<priority>100</priority><state>${ha.peerState}</state><conn-status>up</conn-status><mode>${ha.mode}</mode></peer-info><running-sync>${ha.runningSync}</running-sync><running-sync-enabled>yes</running-sync-enabled></group>`,
  );
};
