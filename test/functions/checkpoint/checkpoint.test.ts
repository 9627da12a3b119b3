import { describe, expect, it } from 'vitest';
import { type CheckpointDependencies, makeCheckpoint, makeCheckpoints } from '../../../functions/checkpoint/checkpoint.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { readSystemChain } from '../../../shared/ledger/systemChain.ts';
import { type ObjectStore, Unavailable } from '../../../shared/ports/ports.ts';
import { chainIndexLimits, groupFileKey } from '../../../shared/proof/chainIndex.ts';
import {
  checkpointBody,
  checkpointHash,
  checkpointObjectKey,
  formatStoredCheckpoint,
  parseStoredCheckpoint,
  readCheckpoint,
  type StoredCheckpoint,
  signCheckpoint,
} from '../../../shared/proof/checkpoint.ts';
import { noteHeads } from '../../../shared/proof/heads.ts';
import { keysOfCheckpoints } from '../../../shared/proof/keyFile.ts';
import { keyIdOf, readPublicKey, readPublicKeys } from '../../../shared/proof/signer.ts';
import { recordSigningKey } from '../../../tools/cli/secret.ts';
import { verifyBytes } from '../../../tools/proof/verify.ts';
import { bytesOf, chainOf, ed25519Signer, linesOf, p256Signer, startMs } from '../../tools/proof/builders.ts';

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

describe('after a restore of the table', () => {
  it('checkpoints go on once the pointer is put forward, and only the chain that went on anew reads as rewritten', async () => {
    const { stored, ...at } = world();
    const pointer = { pk: 'T#pointer', sk: 'CURRENT' };
    await noteHeads(at.table, [...alpha.slice(0, 2), ...beta]);
    await makeCheckpoint(at);
    const restored = (await at.table.get(pointer))!;
    await noteHeads(at.table, alpha.slice(2, 4));
    await makeCheckpoint(at);
    const { body } = (await stored()).at(-1)!;

    const revision = Number(restored.revision) + 1;
    await at.table.put({
      ...restored,
      number: body.number,
      hash: checkpointHash(body),
      claimedHash: '',
      claimedAtMs: 0,
      revision,
    });
    const anew = chainOf('alpha', 4, alpha.slice(0, 2), 9);
    await noteHeads(at.table, anew);
    expect(await makeCheckpoint(at)).toMatchObject({ kind: 'made', number: 3, leaves: 1 });

    const chains = new Map([
      ['alpha', anew],
      ['beta', beta],
    ]);
    const log = { signer: at.signer, checkpoints: await stored(), chains };
    const { findings } = await verifyBytes(bytesOf(await linesOf(log)), { publicKey: at.signer.publicKey });
    expect(findings).toMatchObject([{ kind: 'rewritten', chain: 'alpha', sequence: 4 }]);
  });
});

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
  it('is in the index of chains once it fills a group', async () => {
    const { stored, ...at } = world();
    for (const entry of chainOf('gamma', chainIndexLimits.group)) {
      await noteHeads(at.table, [entry]);
      await makeCheckpoint(at);
    }
    expect((await at.checkpoints.list('chains/')).keys).toEqual([groupFileKey(chainIndexLimits.group)]);
    expect(await stored()).toHaveLength(chainIndexLimits.group);
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
    const runs = await Promise.all([makeCheckpoint(at), makeCheckpoint(at), makeCheckpoint(at)]);
    expect(runs.map(({ kind }) => kind).sort()).toEqual(['made', 'other-run-under-way', 'other-run-under-way']);
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
    await expect(makeCheckpoint(at)).rejects.toThrow(
      'the pointer names checkpoint 2, but the archive does not hold checkpoints/',
    );
  });
  it('cannot put a checkpoint of another key in the way', async () => {
    const { at } = await madeTwo();
    const { keys } = await at.checkpoints.list('keys/');
    for (const key of keys) await at.checkpoints.delete(key);
    await expect(makeCheckpoint({ ...at, signer: ed25519Signer() })).rejects.toThrow(
      'not signed by the checkpoint key, nor by one on file',
    );
  });
});

describe('what lies under lock', () => {
  const garbage = Buffer.from('{"leaves":[]}');
  const first = async () => {
    const at = world();
    await noteHeads(at.table, alpha.slice(0, 3));
    await makeCheckpoint(at);
    await noteHeads(at.table, alpha.slice(3));
    const [key] = (await at.checkpoints.list('checkpoints/')).keys;
    return { at, key: key!, bytes: (await at.checkpoints.get(key!))! };
  };

  it.each<[string, (bytes: Uint8Array) => Uint8Array | null]>([
    ['garbage', () => garbage],
    [
      'the same checkpoint with a leaf left out',
      (bytes) => Buffer.from(String(Buffer.from(bytes)).replace(/"leaves":.*\],"s/, '"leaves":[],"s')),
    ],
    ['a delete marker', () => null],
  ])('is read as it was signed, and goes on, with %s over it', async (_, over) => {
    const { at, key, bytes } = await first();
    expect(over(bytes)).not.toEqual(bytes);
    await at.checkpoints.overwrite(key, over(bytes));
    expect(await makeCheckpoint(at)).toMatchObject({ kind: 'made', number: 2, leaves: 1 });
    expect((await readCheckpoint(at.checkpoints, key)).leaves).toMatchObject([{ chain: 'alpha', sequence: 3 }]);
  });
  it('is not signed a second time when it was hidden before the run could note it', async () => {
    const { stored, ...at } = world();
    await noteHeads(at.table, beta);
    await expect(makeCheckpoint({ ...at, checkpoints: failing(at.checkpoints, 'after') })).rejects.toThrow(Unavailable);
    const [key] = (await at.checkpoints.list('checkpoints/')).keys;
    await at.checkpoints.overwrite(key!, null);
    at.clock.advance(17 * minuteMs);
    expect(await makeCheckpoint(at)).toMatchObject({ kind: 'finished', number: 1 });
    expect(await stored()).toEqual([]);
  });
  it('gives the key that signed, with another key over its file', async () => {
    const { at } = await first();
    const [file] = (await at.checkpoints.list('keys/')).keys;
    await at.checkpoints.overwrite(file!, Buffer.from(p256Signer().publicKey));
    expect(await makeCheckpoint({ ...at, signer: p256Signer() })).toMatchObject({ kind: 'made', number: 2 });
    await at.checkpoints.delete(file!);
    await at.checkpoints.put(file!, Buffer.from(p256Signer().publicKey));
    const signed = (await at.checkpoints.list('checkpoints/')).keys;
    const checkpoints = await Promise.all(signed.map((key) => readCheckpoint(at.checkpoints, key)));
    await expect(keysOfCheckpoints(at.checkpoints, checkpoints, p256Signer().publicKey)).rejects.toThrow(
      'holds another key than its name says',
    );
  });
});

describe('a rotation of the signing key', () => {
  const rotated = async () => {
    const { stored, ...at } = world();
    await noteHeads(at.table, alpha.slice(0, 3));
    await makeCheckpoint(at);
    const next = { ...at, signer: p256Signer() };
    await noteHeads(at.table, alpha.slice(3));
    at.clock.advance(minuteMs);
    await makeCheckpoint(next);
    const [first, second] = [at.signer, next.signer].map(({ publicKey }) => publicKey) as [string, string];
    const bundle = async (publicKey: string) =>
      bytesOf(
        await linesOf({
          signer: { ...next.signer, publicKey },
          checkpoints: await stored(),
          chains: new Map([['alpha', alpha]]),
        }),
      );
    return { at, next, stored, first, second, bundle };
  };

  it('goes on with the same history, each checkpoint naming its key, and both on file', async () => {
    const { at, stored, first, second, bundle } = await rotated();
    expect((await stored()).map(({ body }) => body.keyId)).toEqual([first, second].map((pem) => keyIdOf(readPublicKey(pem))));
    const exported = await keysOfCheckpoints(at.checkpoints, await stored(), second);
    expect([...readPublicKeys(exported).keys()]).toEqual([...readPublicKeys(first + second).keys()]);
    const report = await verifyBytes(await bundle(exported), { publicKey: first + second });
    expect(report).toMatchObject({ verdict: 'intact', uncoveredEntries: 0, keyIds: { length: 2 } });
    expect((await verifyBytes(await bundle(exported))).verdict).toBe('intact');
  });
  it.each([['first'], ['second']] as const)('is not believed by who trusts the %s key alone', async (name) => {
    const keys = await rotated();
    const report = await verifyBytes(await keys.bundle(keys.first + keys.second), { publicKey: keys[name] });
    expect(report.findings[0]).toMatchObject({ kind: 'wrong-key' });
  });
  it('is for good: the old key never signs again, and what it signs is not believed', async () => {
    const { at, stored, first, second, bundle } = await rotated();
    await noteHeads(at.table, beta);
    await expect(makeCheckpoint(at)).rejects.toThrow('was rotated out: checkpoint 2 is signed by');
    const before = (await stored())[1]!;
    const body = checkpointBody(new Date(startMs + 7_200_000).toISOString(), before.body, before.leaves, first);
    const forged = { ...(await signCheckpoint(body, at.signer)), leaves: before.leaves };
    await at.checkpoints.put(checkpointObjectKey(3, checkpointHash(body)), formatStoredCheckpoint(forged));
    const report = await verifyBytes(await bundle(first + second), { publicKey: first + second });
    expect(report.findings[0]).toMatchObject({
      kind: 'wrong-key',
      text: expect.stringContaining('which another key had followed'),
    });
  });
  it('is recorded with who did it, once the environment names another key', async () => {
    const { at, next, first, second } = await rotated();
    const by = async (publicKey: string) => recordSigningKey({ ...next, publicKey }, 'dev', 'key_9');
    await expect(by(second)).rejects.toThrow('signed the last checkpoint');
    const third = ed25519Signer().publicKey;
    const [keyId, previousKeyId] = [third, second].map((pem) => keyIdOf(readPublicKey(pem)));
    expect(await by(third)).toEqual({ keyId, previousKeyId });
    const [entry] = await readSystemChain(at.table, 'dev', 1, 10);
    expect(entry!.body).toMatchObject({ event: 'SIGNING_KEY_ROTATED', by: 'key_9', keyId, previousKeyId });
    await expect(recordSigningKey({ ...world(), publicKey: first }, 'dev', 'key_9')).rejects.toThrow(
      'no checkpoint was made yet',
    );
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
