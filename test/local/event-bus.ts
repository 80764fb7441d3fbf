import type { BusEvent } from './bus-event.ts';
import { matchesPattern } from './event-pattern.ts';

/** A rule as serverless.yml states it, with what its targets do. A target gets the event as sent. */
export interface BusRule {
  readonly name: string;
  readonly pattern: Readonly<Record<string, unknown>>;
  readonly targets: readonly ((event: BusEvent) => Promise<unknown>)[];
}

/** An event that a target would not take: what a dead-letter queue would hold. */
export interface DeadLetter {
  readonly rule: string;
  readonly event: BusEvent;
  readonly cause: unknown;
}

export interface EventBus {
  /** Sends an event. Returns at once; targets are called afterwards. */
  readonly put: (event: BusEvent) => void;
  /** Resolves when no delivery is under way, those included that deliveries caused. */
  readonly idle: () => Promise<void>;
  /** Every event sent, in order. */
  readonly sent: readonly BusEvent[];
  readonly deadLetters: readonly DeadLetter[];
}

/**
 * The default bus: each event goes to every target of every rule that matches it, later and in no promised order.
 * `copies` says how often an event reaches a rule's targets (delivery is at least once, and best effort for these
 * sources: 0 loses it, 2 doubles it). A target that throws is not tried again; the event becomes a dead letter.
 */
export const createEventBus = (options: {
  readonly rules: readonly BusRule[];
  readonly copies?: (event: BusEvent, rule: string) => number;
}): EventBus => {
  const sent: BusEvent[] = [];
  const deadLetters: DeadLetter[] = [];
  const underWay = new Set<Promise<void>>();

  const deliver = async (rule: BusRule, target: BusRule['targets'][number], event: BusEvent): Promise<void> => {
    await Promise.resolve();
    try {
      await target(structuredClone(event));
    } catch (cause) {
      deadLetters.push({ rule: rule.name, event, cause });
    }
  };

  const track = (delivery: Promise<void>): void => {
    underWay.add(delivery);
    void delivery.finally(() => underWay.delete(delivery));
  };

  return {
    put: (event) => {
      sent.push(event);
      for (const rule of options.rules.filter((one) => matchesPattern(one.pattern, event))) {
        const copies = options.copies?.(event, rule.name) ?? 1;
        for (let copy = 0; copy < copies; copy += 1) {
          for (const target of rule.targets) track(deliver(rule, target, event));
        }
      }
    },
    idle: async () => {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    sent,
    deadLetters,
  };
};
