import { beforeAll, describe, expect, it } from 'vitest';
import { verifyStores } from '../../../../tools/proof/live/liveCheck.ts';
import type { LiveReport } from '../../../../tools/proof/live/liveReport.ts';
import { seeded } from '../tampering.ts';
import { isNamed } from './dose.ts';
import { type LiveTamperingName, liveTamperings } from './tamperings.ts';
import { copyOf, type LiveWorld, liveWorld } from './world.ts';

/** One of each; `npm run bench -- tamper` has the full dose. */
describe('verify --live names it when', () => {
  let world: LiveWorld;
  let clean: LiveReport;
  beforeAll(async () => {
    world = await liveWorld({ seed: 17 });
    clean = await verifyStores(await copyOf(world));
  });

  it('nothing was done, and then it accuses nobody', () => {
    expect(clean).toMatchObject({ verdict: 'intact', exitCode: 0, findings: [] });
  });

  it.each(Object.keys(liveTamperings) as LiveTamperingName[])('%s', async (name) => {
    const copy = await copyOf(world);
    const owed = await liveTamperings[name](copy, seeded(3));
    const report = await verifyStores(copy);
    expect(report).toMatchObject({ verdict: 'tampered', exitCode: 1 });
    expect(isNamed(report, owed), `${JSON.stringify(owed)} is not among ${JSON.stringify(report.findings, null, 1)}`).toBe(true);
  });
});
