import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeCheckpoint } from '../../../functions/checkpoint/checkpoint.ts';
import { bundleLines } from '../../../functions/read/evidence/bundle.ts';
import { exportRange } from '../../../functions/read/evidence/export.ts';
import type { Item } from '../../../shared/ports/ports.ts';
import { sweepCoverage } from '../../../shared/proof/sweepRecord.ts';
import { sweepShares } from '../../../shared/proof/sweptShares.ts';
import { verifyBytes } from '../../../tools/proof/verify.ts';
import { accounts, dayMs, hourMs, paid, startMs, stateOf, world } from './world.ts';

describe('a sweep of an honest table', () => {
  it('covers every chain, entry and state once a cycle, and finds nothing', async () => {
    const { at } = await paid();
    expect(await at.sweepAll()).toEqual({ shares: sweepShares, findings: 0, late: 0 });
    await at.pay(1);
    await at.note();
    await at.checkpoint();
    const sweeps = (await at.stored()).flatMap(({ body }) => body.sweeps ?? []);
    const sum = (figure: 'chains' | 'entries' | 'states' | 'signed' | 'findings') =>
      sweeps.reduce((total, record) => total + record[figure], 0);
    expect(sweeps.map(({ share }) => share)).toEqual(Array.from({ length: sweepShares }, (_, share) => share));
    expect([sum('chains'), sum('entries'), sum('states'), sum('signed'), sum('findings')]).toEqual([
      accounts + 1,
      (accounts * (accounts + 1)) / 2 + 1,
      accounts,
      accounts + 1,
      0,
    ]);
    expect(
      sweepCoverage(
        (await at.stored()).map(({ body }) => body),
        at.clock.nowMs(),
      ),
    ).toMatchObject({ uncovered: [] });
    expect(at.named()).toEqual([]);
  });
  it('takes one share an hour, and no more until the next is due', async () => {
    const { at } = await paid();
    expect(await at.sweep()).toMatchObject({ outcome: 'swept', shares: 1 });
    expect(await at.sweep()).toMatchObject({ outcome: 'not-due', shares: 0 });
    at.clock.advance(3 * hourMs);
    expect(await at.sweep()).toMatchObject({ shares: 3 });
  });
  it('has a share after 7 days that no checkpoint says was swept: it measures how long ago that was', async () => {
    const { at } = await paid();
    const first = await at.sweep();
    expect(first.ageMs).toBe(0);
    at.clock.advance(8 * dayMs);
    expect((await at.sweep()).ageMs).toBe(8 * dayMs);
    await at.sweepAll();
    expect((await at.sweep()).ageMs).toBeLessThan(7 * dayMs);
    await at.pay(0);
    await at.note();
    await at.checkpoint();
    expect((await at.sweep()).ageMs).toBeLessThan(7 * dayMs);
    at.clock.advance(7 * dayMs);
    expect((await at.sweep()).ageMs).toBeGreaterThan(7 * dayMs);
  });
  it('finds nothing in what is committed and signed between any two of its reads', async () => {
    const { at } = await paid();
    let reads = 0;
    const meanwhile = async (): Promise<void> => {
      reads += 1;
      await at.pay(reads % accounts);
      if (reads % 7 === 0) await at.note();
      if (reads % 14 === 0) await at.checkpoint();
    };
    const over = {
      scan: async (...call: Parameters<typeof at.table.scan>) => {
        const page = await at.table.scan(...call);
        await meanwhile();
        return page;
      },
      getMany: async (...call: Parameters<typeof at.table.getMany>) => {
        await meanwhile();
        const items = await at.table.getMany(...call);
        await meanwhile();
        return items;
      },
    };
    expect(await at.sweepAll(over)).toMatchObject({ shares: sweepShares, findings: 0 });
    expect(reads).toBeGreaterThan(sweepShares);
  });
  it('takes an erased account for no contradiction, nor one that is erased meanwhile, nor one that pays again', async () => {
    const { at } = await paid();
    await at.erase(3);
    await at.erase(4);
    await at.pay(4);
    let isErased = false;
    const over = {
      getMany: async (keys: Parameters<typeof at.table.getMany>[0], options?: { consistent?: boolean }) => {
        if (!isErased && keys.some(({ pk }) => pk === stateOf(5).pk)) {
          isErased = true;
          await at.erase(5);
        }
        return at.table.getMany(keys, options);
      },
    };
    expect(await at.sweepAll(over)).toMatchObject({ findings: 0 });
    expect(isErased).toBe(true);
  });
});

describe('a head that nothing noted', () => {
  it('is signed within a cycle, though every record of pending heads was deleted', async () => {
    const at = world();
    const chain = await at.pay(0);
    await at.pay(0);
    await at.note();
    await at.forget();
    expect(await at.checkpoint()).toMatchObject({ kind: 'nothing-changed', number: 0 });
    at.clock.advance(2 * hourMs);
    expect(await at.sweepAll()).toMatchObject({ findings: 0, late: 1 });
    await at.checkpoint();
    expect((await at.stored())[0]!.leaves).toMatchObject([{ chain, sequence: 2 }]);
    expect(at.lines).toContainEqual({ level: 'warn', message: 'no checkpoint was owed to an unsigned head', facts: { chain } });
  });
  it('is no news while the stream is only a few minutes behind', async () => {
    const { at } = await paid();
    await at.sweepAll();
    for (let account = 0; account < accounts; account += 1) await at.pay(account);
    at.clock.advance(59 * 60_000);
    for (let share = 0; share < sweepShares; share += 1) {
      const { dueAtMs } = (await at.table.get({ pk: 'T#sweep', sk: 'CURRENT' }))! as Item & { dueAtMs: number };
      if (dueAtMs > at.clock.nowMs()) break;
      expect((await at.sweep()).late).toBe(0);
    }
  });
});

describe('where nothing is paid', () => {
  it('a checkpoint is made for swept shares after 12 hours, and both verifiers take what is exported of it', async () => {
    const { at } = await paid();
    await at.sweep();
    at.clock.advance(12 * hourMs - 1);
    expect(await at.checkpoint()).toMatchObject({ kind: 'nothing-changed', number: 1 });
    at.clock.advance(1);
    expect(await at.checkpoint()).toMatchObject({ kind: 'made', number: 2, leaves: 1, lagMs: 0 });
    expect(await at.checkpoint()).toMatchObject({ kind: 'nothing-changed', number: 2 });
    const [first, second] = await at.stored();
    expect(second!.body.sweeps).toMatchObject([{ share: 0 }]);
    expect(second!.leaves).toEqual(first!.leaves.slice(0, 1));

    const stores = { table: at.table, archive: at.archive, checkpoints: at.checkpoints };
    const extras = {
      exportedAt: new Date(at.clock.nowMs()).toISOString(),
      publicKey: at.signer.publicKey,
      policies: [],
      models: [],
    };
    const folder = mkdtempSync(join(tmpdir(), 'sweep-'));
    for (const [from, to] of [
      [null, null],
      [startMs + hourMs, null],
    ] as const) {
      const lines: string[] = [];
      for await (const line of bundleLines(
        await exportRange(stores, { from: from === null ? null : new Date(from).toISOString(), to }, extras),
      ))
        lines.push(line);
      const bundle = Buffer.from(lines.map((line) => (line.endsWith('\n') ? line : `${line}\n`)).join(''));
      expect(await verifyBytes(bundle, { publicKey: at.signer.publicKey })).toMatchObject({ verdict: 'intact', findings: [] });
      writeFileSync(join(folder, 'bundle'), bundle);
      expect(execFileSync(process.execPath, ['docs/verify-bundle.mjs', join(folder, 'bundle')]).toString()).toContain('INTACT');
    }
    rmSync(folder, { recursive: true });
  });
  it('every share is in a signed checkpoint within 7 days, week after week', async () => {
    const { at } = await paid();
    for (let hour = 0; hour < 15 * 24; hour += 1) {
      await at.sweep();
      await at.checkpoint();
      at.clock.advance(hourMs);
      if (hour < 7 * 24) continue;
      const coverage = sweepCoverage(
        (await at.stored()).map(({ body }) => body),
        at.clock.nowMs(),
      );
      expect(coverage.uncovered).toEqual([]);
    }
    expect((await at.stored()).length).toBeLessThan(15 * 3);
  });
});

describe('a checkpoint of swept shares', () => {
  it('records a share once, also when the run that signed it was cut off', async () => {
    const { at } = await paid();
    await at.sweep();
    await at.pay(2);
    await at.note();
    const put: typeof at.checkpoints.put = async (...call) => {
      await at.checkpoints.put(...call);
      throw new Error('cut off');
    };
    const cutOff = { table: at.table, checkpoints: { ...at.checkpoints, put }, signer: at.signer, clock: at.clock };
    await expect(makeCheckpoint(cutOff)).rejects.toThrow('cut off');
    expect(await at.checkpoint()).toMatchObject({ kind: 'finished', number: 2 });
    await at.pay(2);
    await at.note();
    await at.checkpoint();
    expect((await at.stored()).map(({ body }) => body.sweeps?.length)).toEqual([0, 1, 0]);
  });
});
