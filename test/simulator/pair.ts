import { createSimulator, type Simulator, type SimulatorOptions } from './simulator.ts';

export interface Pair {
  readonly first: Simulator;
  readonly second: Simulator;
  /** Which of the two is active. */
  readonly active: () => Simulator;
  /** Copies the active peer's running configuration, as its HA-Sync job does at the end. */
  readonly sync: () => void;
  /** The passive peer takes over with what it has; uncommitted changes stay behind on the other. */
  readonly failover: () => void;
}

/** Two simulators as an active/passive pair. Candidates are not shared; the running configuration is, by `sync`. */
export const createPair = (options: SimulatorOptions = {}): Pair => {
  const first = createSimulator({ ...options, ha: { enabled: true, state: 'active', peerState: 'passive' } });
  const second = createSimulator({
    ...options,
    serial: options.peerSerial ?? '007000001223',
    peerSerial: options.serial ?? '007000001222',
    ha: { enabled: true, state: 'passive', peerState: 'active' },
  });
  let active = first;
  const other = (): Simulator => (active === first ? second : first);
  second.receiveSync(first.state().running);
  return {
    first,
    second,
    active: () => active,
    sync: () => other().receiveSync(active.state().running),
    failover: () => {
      active.control({ kind: 'ha', enabled: true, state: 'passive', peerState: 'active' });
      active = other();
      active.control({ kind: 'ha', enabled: true, state: 'active', peerState: 'passive' });
    },
  };
};
