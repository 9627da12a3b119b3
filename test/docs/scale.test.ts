import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

interface Row {
  readonly perSecond: number;
  readonly writeUnits: number;
  readonly partitions: number;
  readonly scoreConcurrency: number;
  readonly oldestSeconds: number;
  readonly oldestByRampSeconds: number;
  readonly needs: readonly { readonly limit: string; readonly used: number }[];
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const computed = JSON.parse(execFileSync(process.execPath, [`${root}tools/bench/scale.ts`, '--json'], { encoding: 'utf8' })) as {
  readonly rows: readonly Row[];
  readonly hotAccountPerSecond: number;
};
const page = readFileSync(`${root}docs/scale.md`, 'utf8');

describe('docs/scale.md', () => {
  it('holds the figures that the simulation computes', () => {
    const written = [...page.matchAll(/^\| (\d+) \| (\d+) \| (\d+) \| (\d+) \| \d+ % \| (\d+) \| (\d+) \|/gm)].map(
      ([, ...cells]) => cells.map(Number),
    );
    expect(written).toEqual(
      computed.rows.map((row) => [
        row.perSecond,
        row.writeUnits,
        row.partitions,
        row.scoreConcurrency,
        row.oldestSeconds,
        row.oldestByRampSeconds,
      ]),
    );
  });

  it('names a switch for every limit that breaks', () => {
    const broken = new Set(computed.rows.flatMap(({ needs }) => needs.filter(({ used }) => used > 1).map(({ limit }) => limit)));
    expect(broken.size).toBeGreaterThan(3);
    for (const limit of broken) expect(page).toContain(`| \`${limit}\` |`);
  });
});

describe('the simulation', () => {
  it('finds room for everything at one decision a second, and none for 50,000', () => {
    expect(computed.rows[0]!.needs.every(({ used }) => used <= 1)).toBe(true);
    expect(computed.rows.at(-1)!.needs.some(({ used }) => used > 1)).toBe(true);
  });

  it('needs as many score calls at once as batches are under way', () => {
    const { scoreConcurrency } = computed.rows.find(({ perSecond }) => perSecond === 10_000)!;
    expect(scoreConcurrency).toBe((10_000 / 10) * 0.06);
  });

  it('lets a hot account commit 500 times a second, its state being one item of two units', () => {
    expect(computed.hotAccountPerSecond).toBe(500);
  });
});
