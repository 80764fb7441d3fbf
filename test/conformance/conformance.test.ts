import { after, describe, test } from 'node:test';
import { accessFacts } from './access-facts.ts';
import { captureFacts } from './capture-facts.ts';
import { changeListFacts } from './change-list-facts.ts';
import { commitFacts } from './commit-facts.ts';
import { configFacts } from './config-facts.ts';
import { conforming, type Evidence, type Fact } from './fact.ts';
import { opFacts } from './op-facts.ts';
import { realTarget, simulatorStage } from './target.ts';

const facts: readonly Fact[] = [
  ...accessFacts,
  ...configFacts,
  ...commitFacts,
  ...opFacts,
  ...captureFacts,
  ...changeListFacts,
];
const real = realTarget();
const stage = real === null ? await simulatorStage() : null;
const passed = new Map<Evidence, number>();

/** Why a fact is not checked on a real firewall; null when it is. */
const leftOut = (fact: Fact): string | null => {
  if (real === null) return null;
  if (fact.needs === 'simulator') return 'needs what a firewall cannot be told';
  if (fact.needs === 'commit' && process.env['PANOS_ALLOW_COMMIT'] !== '1')
    return 'commits, and PANOS_ALLOW_COMMIT is not 1';
  return null;
};

describe(`facts about PAN-OS, on ${real === null ? 'the simulator' : 'the firewall of PANOS_URL'}`, () => {
  after(async () => {
    await real?.cleanUp();
    await stage?.close();
    const count = (kinds: readonly Evidence[]): string =>
      kinds.map((kind) => `${kind} ${passed.get(kind) ?? 0}`).join(', ');
    const sum = (kinds: readonly Evidence[]): number =>
      kinds.reduce((total, kind) => total + (passed.get(kind) ?? 0), 0);
    const others: readonly Evidence[] = ['client', 'inferred', 'unknown'];
    console.log(`conformance: ${sum(conforming)} facts hold (${count(conforming)})`);
    console.log(`not conformance, only consistent with what is told or inferred: ${sum(others)} (${count(others)})`);
  });
  for (const fact of facts) {
    const reason = leftOut(fact);
    test(`[${fact.evidence}] ${fact.title}`, { skip: reason ?? false }, async () => {
      const target = real ?? stage?.fresh(fact.options);
      if (target === undefined) throw new Error('no target');
      await fact.check(target);
      passed.set(fact.evidence, (passed.get(fact.evidence) ?? 0) + 1);
    });
  }
});
