import { describe, expect, it } from 'vitest';
import { verifyStores } from '../../../../tools/proof/live/liveCheck.ts';
import { liveWorld } from './world.ts';

describe('verify --live of a deployment that nobody tampered with', () => {
  it('finds nothing', async () => {
    const world = await liveWorld({ seed: 1 });
    const report = await verifyStores(world);
    console.log(JSON.stringify(report, null, 1));
    expect(report.findings).toEqual([]);
  });
});
