import { describe, expect, it } from 'vitest';
import { type CheckpointDependencies, makeCheckpoint, makeCheckpoints } from '../../../functions/checkpoint/checkpoint.ts';
import { virtualClock } from '../../../shared/memory/clock.ts';
import { memoryObjects } from '../../../shared/memory/objects.ts';
import { memoryTable } from '../../../shared/memory/table.ts';
import { ConditionFailed, type ObjectStore, Unavailable } from '../../../shared/ports.ts';
import { parseStoredCheckpoint, type StoredCheckpoint } from '../../../shared/proof/checkpoint.ts';
import { noteHeads } from '../../../shared/proof/heads.ts';
import { verifyBytes } from '../../../shared/proof/verify.ts';
import { bytesOf, chainOf, ed25519Signer, linesOf, startMs } from '../../proof/builders.ts';

const minuteMs = 60_000;
const alpha = chainOf('alpha', 6);
const beta = chainOf('beta', 3);

const world = () => {
  const dependencies = {
    table: memoryTable(),
    checkpoints: memoryObjects(),
    signer: ed25519Signer(),
    clock: virtualClock(startMs + 60 * minuteMs),
  };
  return { ...dependencies, stored: () => storedIn(dependencies.checkpoints) };
};

const storedIn = async (checkpoints: ObjectStore): Promise<StoredCheckpoint[]> => {
  const { keys } = await checkpoints.list('checkpoints/');
  return Promise.all(keys.map(async (key) => parseStoredCheckpoint((await checkpoints.get(key))!)));
};

describe('a checkpoint', () => {
  it('holds every changed head, says how long the oldest waited, and covers what it should', async () => {
    const { stored, ...at } = world();
    await noteHeads(at.table, [...alpha.slice(0, 2), ...beta]);
    expect(await makeCheckpoint(at)).toEqual({ kind: 'made', number: 1, leaves: 2, lagMs: 59 * minuteMs, isAll: true });
    await noteHeads(at.table, alpha.slice(2, 5));
    expect(await makeCheckpoint(at)).toMatchObject({ kind: 'made', number: 2, leaves: 1 });
    const checkpoints = await stored();
    const log = {
      signer: at.signer,
      checkpoints,
      chains: new Map([
        ['alpha', alpha],
        ['beta', beta],
      ]),
    };
    const report = await verifyBytes(bytesOf(await linesOf(log)), { publicKey: at.signer.publicKey });
    expect(report).toMatchObject({ verdict: 'intact', uncoveredEntries: 1, checkpoints: { count: 2 } });
  });
  it('is not made when nothing changed', async () => {
    const { stored, ...at } = world();
    expect(await makeCheckpoint(at)).toMatchObject({ kind: 'nothing-changed', number: 0 });
    await noteHeads(at.table, beta);
    await makeCheckpoint(at);
    expect(await makeCheckpoint(at)).toMatchObject({ kind: 'nothing-changed', number: 1 });
    expect(await stored()).toHaveLength(1);
  });
  it('holds nothing personal: only the random name of the chain, a number and a hash', async () => {
    const { stored, ...at } = world();
    await noteHeads(at.table, beta);
    await makeCheckpoint(at);
    expect((await stored())[0]!.leaves).toEqual([{ chain: 'beta', sequence: 3, head: beta[2]!.hash }]);
  });
});

describe('runs at once', () => {
  it('sign one checkpoint of a number between them', async () => {
    const { stored, ...at } = world();
    await noteHeads(at.table, beta);
    const runs = await Promise.allSettled([makeCheckpoint(at), makeCheckpoint(at), makeCheckpoint(at)]);
    expect(runs.filter((run) => run.status === 'fulfilled' && run.value.kind === 'made')).toHaveLength(1);
    for (const run of runs) if (run.status === 'rejected') expect(run.reason).toBeInstanceOf(ConditionFailed);
    expect(await stored()).toHaveLength(1);
  });
  it('wait for a run that has claimed the number, until it must be dead', async () => {
    const { stored, ...at } = world();
    await noteHeads(at.table, beta);
    await expect(makeCheckpoint({ ...at, checkpoints: failing(at.checkpoints, 'before') })).rejects.toThrow(Unavailable);
    expect(await makeCheckpoint(at)).toMatchObject({ kind: 'other-run-under-way', number: 0 });
    at.clock.advance(17 * minuteMs);
    expect(await makeCheckpoint(at)).toMatchObject({ kind: 'made', number: 1 });
    expect(await stored()).toHaveLength(1);
  });
  it('finish what a run that was cut off has stored, and sign nothing twice', async () => {
    const { stored, ...at } = world();
    await noteHeads(at.table, beta);
    await expect(makeCheckpoint({ ...at, checkpoints: failing(at.checkpoints, 'after') })).rejects.toThrow(Unavailable);
    await noteHeads(at.table, alpha);
    expect(await makeCheckpoint(at)).toMatchObject({ kind: 'finished', number: 1, leaves: 1, isAll: false });
    expect(await makeCheckpoint(at)).toMatchObject({ kind: 'made', number: 2, leaves: 1 });
    expect((await stored()).map((checkpoint) => checkpoint.body.number)).toEqual([1, 2]);
  });
  it('go on within one run until nothing is owed', async () => {
    const { stored, ...at } = world();
    await noteHeads(at.table, beta);
    await expect(makeCheckpoint({ ...at, checkpoints: failing(at.checkpoints, 'after') })).rejects.toThrow(Unavailable);
    await noteHeads(at.table, alpha);
    expect(await makeCheckpoints(at)).toMatchObject({ kind: 'made', number: 2, isAll: true, lagMs: 59 * minuteMs });
    expect(await makeCheckpoints(at)).toMatchObject({ kind: 'nothing-changed', number: 2 });
    expect(await stored()).toHaveLength(2);
  });
});

describe('a hostile table', () => {
  const madeTwo = async () => {
    const { stored, ...at } = world();
    await noteHeads(at.table, beta);
    await makeCheckpoint(at);
    const early = (await at.table.get(pointer))!;
    await noteHeads(at.table, alpha);
    await makeCheckpoint(at);
    return { at, early, stored };
  };
  const pointer = { pk: 'T#pointer', sk: 'CURRENT' };

  it('cannot set the pointer back and have a number signed twice', async () => {
    const { at, early, stored } = await madeTwo();
    await at.table.put(early);
    await noteHeads(at.table, chainOf('gamma', 1));
    await expect(makeCheckpoint(at)).rejects.toThrow('checkpoint 1 is the last, but the archive holds');
    expect(await stored()).toHaveLength(2);
  });
  it('cannot remove the pointer and begin anew', async () => {
    const { at } = await madeTwo();
    await at.table.delete(pointer);
    await noteHeads(at.table, chainOf('gamma', 1));
    await expect(makeCheckpoint(at)).rejects.toThrow('checkpoint 0 is the last, but the archive holds');
  });
  it('cannot name a checkpoint that was never stored', async () => {
    const { at } = await madeTwo();
    await at.table.update(pointer, { set: { hash: 'f'.repeat(64) } });
    await expect(makeCheckpoint(at)).rejects.toThrow('which the archive does not hold');
  });
  it('cannot put a checkpoint of another key in the way', async () => {
    const { at } = await madeTwo();
    await expect(makeCheckpoint({ ...at, signer: ed25519Signer() })).rejects.toThrow('not signed by the checkpoint key');
  });
});

/** An checkpoints whose next `put` fails, before or after it took effect. */
const failing = (checkpoints: ObjectStore, when: 'before' | 'after'): CheckpointDependencies['checkpoints'] => ({
  ...checkpoints,
  list: (...call) => checkpoints.list(...call),
  get: (...call) => checkpoints.get(...call),
  put: async (...call) => {
    if (when === 'after') await checkpoints.put(...call);
    throw new Unavailable('cut off');
  },
});
