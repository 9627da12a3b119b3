import { describe, expect, it } from 'vitest';
import { verifyBytes } from '../../../tools/proof/verify.ts';
import { bytesOf, linesOf } from './builders.ts';
import { randomLog, seeded, type TamperingName, tamper, tamperings } from './tampering.ts';

/** A small dose of tools/bench/tamper.ts, which has the full one. */
describe('a tampered log', () => {
  it.each(Object.keys(tamperings) as TamperingName[])(
    'shows every %s before the last checkpoint and names the entry',
    async (name) => {
      const random = seeded(20261120);
      const tally = await tamper(await randomLog(20, 400, 4, random), name, 40, random);
      expect(tally.covered).toBeGreaterThan(20);
      expect(tally).toMatchObject({ detected: tally.covered, named: tally.covered, falseAlarms: 0 });
    },
  );
});

describe('a clean log', () => {
  it('raises no alarm, whatever its shape', async () => {
    const random = seeded(7);
    for (let i = 0; i < 30; i++) {
      const log = await randomLog(1 + random(12), 100, 1 + random(5), random);
      const scope = random(2) === 0 ? ({ kind: 'chains' } as const) : ({ kind: 'range', from: null, to: null } as const);
      const report = await verifyBytes(bytesOf(await linesOf(log, scope)), { publicKey: log.signer.publicKey });
      expect(report).toMatchObject({ verdict: 'intact', findings: [] });
    }
  });
});
