import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeCheckpoints } from '../../../../functions/checkpoint/checkpoint.ts';
import { memoryObjects } from '../../../../shared/adapters/memory/objects.ts';
import { createKey } from '../../../../shared/edge/keys.ts';
import { describe as described } from '../../../../tools/cli/verdict.ts';
import { verifyStores } from '../../../../tools/proof/live/liveCheck.ts';
import { goldenFolder, readItems, readJson, readObjects } from '../../../golden/rows.ts';
import { goldenWorld } from '../../../golden/world.ts';
import { ed25519Signer } from '../builders.ts';
import { seeded } from '../tampering.ts';
import { copyOf, type LiveWorldOptions, liveWorld } from './world.ts';

const pasts: readonly (readonly [string, LiveWorldOptions])[] = [
  ['of busy, reviewed and erased accounts, with several policies, models, keys and lists', { seed: 1 }],
  ['whose older rows have expired, of some accounts every row', { seed: 2, hotDays: 4 }],
  ['of few accounts with long chains', { seed: 3, accounts: 2, payments: 60 }],
];

describe.each(pasts)('verify --live of an untouched deployment %s', (_, options) => {
  it('finds nothing, and makes every account that lives anew', async () => {
    const world = await liveWorld(options);
    const report = await verifyStores(world);
    expect(report).toMatchObject({ verdict: 'intact', exitCode: 0, findings: [], unreadable: null });
    const { compared, notCompared } = report.live;
    expect(notCompared).toEqual([expect.objectContaining({ cause: 'not made anew: the account was erased', count: 1 })]);
    // All entries but those of the erased account and of the two system chains are made anew or are reviews.
    expect(compared.decisions).toBe(compared.refoldedEntries + 2);
    expect(compared.states).toBe(report.chains - 3);
  });

  it('finds nothing in any of its shares, which together hold every chain', async () => {
    const world = await liveWorld(options);
    const whole = await verifyStores(world);
    for (const of of [2, 5]) {
      let [chains, entries] = [0, 0];
      for (let number = 1; number <= of; number++) {
        const report = await verifyStores(world, { share: { number, of } });
        expect(report.findings).toEqual([]);
        chains += report.chains;
        entries += report.entries;
      }
      expect(chains).toBeGreaterThanOrEqual(whole.chains);
      expect(entries).toBeGreaterThanOrEqual(whole.entries);
    }
  });

  it('finds nothing while payments, reviews, checkpoints, settings and an erasure go on', async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const world = await liveWorld({ ...options, seed: options.seed + 10 * seed });
      const random = seeded(seed);
      let isBusy = false;
      let happened = 0;
      const meanwhile = async <Answer>(read: () => Promise<Answer>): Promise<Answer> => {
        if (!isBusy && random(2) === 0) {
          isBusy = true;
          await world.traffic[random(world.traffic.length)]!();
          isBusy = false;
          happened++;
        }
        return read();
      };
      const { table } = world;
      const report = await verifyStores({
        ...world,
        table: {
          ...table,
          get: (...given) => meanwhile(() => table.get(...given)),
          getMany: (...given) => meanwhile(() => table.getMany(...given)),
          query: (...given) => meanwhile(() => table.query(...given)),
          scan: (...given) => meanwhile(() => table.scan(...given)),
        },
      });
      expect(report.findings, `seed ${seed}`).toEqual([]);
      expect(happened).toBeGreaterThan(5);
    }
  });
});

describe('verify --live', () => {
  it('finds nothing in what version 0.1 left behind', async () => {
    const folder = goldenFolder('v0.1.0');
    const { nowMs } = readJson<{ nowMs: number }>(folder, 'meaning.json.gz');
    const at = goldenWorld(77, nowMs + 3_600_000);
    await at.restore(readItems(folder, 'rows.json.gz'));
    await readObjects(folder, 'models.json.gz', at.models);
    await readObjects(folder, 'archive.json.gz', at.archive);
    await readObjects(folder, 'checkpoints.json.gz', at.checkpoints);
    const signer = ed25519Signer();
    await makeCheckpoints({ ...at, signer });
    const report = await verifyStores({ ...at, publicKey: signer.publicKey });
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ verdict: 'intact', uncoveredEntries: 0 });
    const publicKey = `${readFileSync(join(folder, 'public-key.pem'), 'utf8')}${signer.publicKey}`;
    expect(await verifyStores({ ...at, publicKey: signer.publicKey }, { publicKey })).toMatchObject({
      verdict: 'intact',
      isKeyGiven: true,
    });
  });

  it('says of fresh entries that they are not covered yet, and never calls them intact', async () => {
    const report = await verifyStores(await liveWorld({ seed: 4 }));
    expect(report).toMatchObject({ verdict: 'intact', uncoveredEntries: 4, live: { notYetCovered: { entries: 4, chains: 3 } } });
    expect(described(report)).toMatch(/^INTACT AS FAR AS COVERED: 4 of \d+ entries are not yet covered by a checkpoint\n/);
  });

  it('calls a deployment intact without more where checkpoints hold everything', async () => {
    const world = await liveWorld({ seed: 4 });
    await makeCheckpoints(world);
    expect(described(await verifyStores(world))).toMatch(/^INTACT\n/);
  });

  it('names what it cannot make anew for want of the secret, and compares the rest', async () => {
    const masterSecret = {
      current: async () => Promise.reject(new Error('access denied')),
      version: async () => Promise.reject(new Error('access denied')),
    };
    const report = await verifyStores({ ...(await liveWorld({ seed: 5 })), masterSecret });
    expect(report).toMatchObject({ verdict: 'intact', live: { compared: { refoldedEntries: 0 } } });
    expect(report.live.compared.decisions).toBeGreaterThan(100);
    expect(report.live.notCompared.map(({ cause }) => cause)).toContainEqual(expect.stringContaining('access denied'));
  });

  it('accepts keys without an entry of those creators alone that the caller names', async () => {
    const world = await copyOf(await liveWorld({ seed: 6 }));
    const store = {
      table: world.table,
      clock: world.clock,
      randomness: { bytes: (n: number) => new Uint8Array(n).fill(7), fraction: () => 0 },
    };
    await createKey(store, { tenant: 'dev', scopes: ['read'], createdBy: 'local', expiresAtMs: null });
    expect((await verifyStores(world)).findings).toEqual([expect.objectContaining({ kind: 'key' })]);
    expect((await verifyStores({ ...world, unnotedKeysBy: ['local'] })).findings).toEqual([]);
  });

  it('cannot verify an empty deployment', async () => {
    const world = await liveWorld({ seed: 6 });
    for (const item of world.table.all()) await world.table.delete(item);
    const nothing = { ...world, checkpoints: memoryObjects(), archive: memoryObjects() };
    expect(await verifyStores(nothing)).toMatchObject({ verdict: 'unreadable', exitCode: 2 });
  });
});
