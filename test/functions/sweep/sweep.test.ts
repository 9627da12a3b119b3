import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeCheckpoint } from '../../../functions/checkpoint/checkpoint.ts';
import { bundleLines } from '../../../functions/read/evidence/bundle.ts';
import { exportRange } from '../../../functions/read/evidence/export.ts';
import { sweep } from '../../../functions/sweep/sweep.ts';
import { accountFromItem, stateItem } from '../../../shared/ledger/state.ts';
import { type Item, Unavailable } from '../../../shared/ports/ports.ts';
import { canonicalText, sha256Hex } from '../../../shared/proof/canonical.ts';
import { readPendingHeads } from '../../../shared/proof/heads.ts';
import { sweepCoverage } from '../../../shared/proof/sweepRecord.ts';
import { sweepShares } from '../../../shared/proof/sweptShares.ts';
import { auditKey, stateKey } from '../../../shared/store/names.ts';
import { verifyBytes } from '../../../tools/proof/verify.ts';
import { hourMs, startMs, world } from './world.ts';

const accounts = 12;
const dayMs = 24 * hourMs;
const stateOf = (account: number) => stateKey('dev', `account-of-${account}.x`, `user-of-${account}.x`);

/** Accounts with 1, 2, 3... payments and a system chain, all signed. */
const paid = async (hotDays: number | null = null) => {
  const at = world(hotDays);
  const chains: string[] = [];
  for (let account = 0; account < accounts; account += 1) {
    for (let n = 0; n <= account; n += 1) chains[account] = await at.pay(account);
  }
  await at.administer();
  await at.note();
  await at.checkpoint();
  return { at, chains };
};

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

type World = Awaited<ReturnType<typeof paid>>;

const rowOf = async ({ at }: World, chain: string, sequence: number): Promise<Item> =>
  (await at.table.get(auditKey(chain, sequence)))!;

describe('a sweep of a table that somebody changed names the chain', () => {
  it.each<[string, string, (world: World, chain: string) => Promise<unknown>]>([
    ['whose signed tail is cut off', 'cut-short', async ({ at }, chain) => at.table.delete(auditKey(chain, 8))],
    [
      'that is gone as a whole, with its state and its decisions',
      'cut-short',
      async ({ at }, chain) => {
        for (let sequence = 1; sequence <= 8; sequence += 1) await at.table.delete(auditKey(chain, sequence));
        await at.table.delete(stateOf(7));
        const ids = at.table.all().filter(({ pk }) => pk.startsWith('D#'));
        for (const { pk, sk } of ids) await at.table.delete({ pk, sk });
      },
    ],
    [
      'whose signed entry was rewritten',
      'rewritten',
      async (world, chain) => {
        const other = await rowOf(world, chain, 7);
        await world.at.table.put({ ...other, ...auditKey(chain, 8) });
      },
    ],
    [
      'whose signed entry cannot be read',
      'unreadable',
      async ({ at }, chain) => at.table.put({ ...auditKey(chain, 8), p: new Uint8Array([1, 2, 3]) }),
    ],
    [
      'whose state names an entry that is not there',
      'state-without-entry',
      async ({ at }) => {
        const account = accountFromItem((await at.table.get(stateOf(7)))!);
        await at.table.put(stateItem('dev', 'account-of-7.x', 'user-of-7.x', { ...account, sequence: 11 }));
      },
    ],
    [
      'whose state names another head',
      'state-differs',
      async ({ at }) => {
        const account = accountFromItem((await at.table.get(stateOf(7)))!);
        await at.table.put(stateItem('dev', 'account-of-7.x', 'user-of-7.x', { ...account, head: 'ab'.repeat(32) }));
      },
    ],
    [
      'whose state was set back',
      'state-behind',
      async (world) => {
        const { at } = world;
        const early = (await at.table.get(stateOf(7)))!;
        await at.pay(7);
        await at.table.put(early);
      },
    ],
    [
      'whose unsigned entry cannot be read',
      'unreadable',
      async ({ at }, chain) => at.table.put({ ...auditKey(chain, 9), p: new Uint8Array([1, 2, 3]) }),
    ],
    ['whose state is gone', 'without-state', async ({ at }) => at.table.delete(stateOf(7))],
    [
      'whose account began anew without an erasure',
      'without-state',
      async ({ at }) => {
        await at.table.delete(stateOf(7));
        await at.pay(7);
      },
    ],
  ])('%s: %s', async (_, kind, change) => {
    const made = await paid();
    const chain = made.chains[7]!;
    await change(made, chain);
    await made.at.sweepAll();
    expect(made.at.named()).toContainEqual({ kind, chain });
    expect(new Set(made.at.named().map((facts) => (facts as { chain: string }).chain))).toEqual(new Set([chain]));
    await made.at.pay(1);
    await made.at.note();
    await made.at.checkpoint();
    const sweeps = (await made.at.stored()).flatMap(({ body }) => body.sweeps ?? []);
    expect(sweeps.reduce((total, { findings }) => total + findings, 0)).toBe(made.at.named().length);
  });
  it('whose signed entry says something else under the same hash', async () => {
    const { at } = await paid();
    const row = (await at.table.get(auditKey('system.dev', 1)))!;
    await at.table.put({ ...row, body: String(row.body).replace('KEY_ADDED', 'KEY_TAKEN') });
    await at.sweepAll();
    expect(at.named()).toEqual([{ kind: 'edited', chain: 'system.dev' }]);
  });
  it.each<[string, string, (world: World) => Promise<unknown>]>([
    [
      'edited',
      'an entry under a hash that its body does not give',
      async ({ at }) => {
        const row = (await at.table.get(auditKey('system.dev', 1)))!;
        await at.table.put({ ...row, ...auditKey('system.dev', 2), hash: 'ab'.repeat(32) });
      },
    ],
    [
      'unlinked',
      'an entry far ahead of the others',
      async ({ at }) => {
        const row = (await at.table.get(auditKey('system.dev', 1)))!;
        const body = canonicalText({ ...JSON.parse(String(row.body)), sequence: 99, previousHash: row.hash });
        await at.table.put({ ...row, ...auditKey('system.dev', 99), body, hash: sha256Hex(body) });
      },
    ],
    [
      'unlinked',
      'an entry that continues another',
      async ({ at }) => {
        await at.administer();
        const row = (await at.table.get(auditKey('system.dev', 2)))!;
        const body = canonicalText({ ...JSON.parse(String(row.body)), previousHash: 'cd'.repeat(32) });
        await at.table.put({ ...row, body, hash: sha256Hex(body) });
      },
    ],
    [
      'unreadable',
      'a row without a sequence',
      async ({ at, chains }) => at.table.put({ ...auditKey(chains[7]!, 1), sk: 'last' }),
    ],
  ])('and has nothing signed that continues no chain: %s, %s', async (kind, _, change) => {
    const made = await paid();
    await change(made);
    await made.at.sweepAll();
    expect(made.at.named().map((facts) => (facts as { kind: string }).kind)).toContain(kind);
    expect((await readPendingHeads(made.at.table, 1_000, 0)).heads).toEqual([]);
  });
  it('names nobody: neither in the log nor in what it keeps', async () => {
    const made = await paid();
    for (let account = 0; account < accounts; account += 1) await made.at.table.delete(stateOf(account));
    await made.at.sweepAll();
    const kept = made.at.table.all().filter(({ pk }) => pk.startsWith('T#'));
    expect(made.at.named()).toHaveLength(accounts);
    expect(JSON.stringify([made.at.lines, kept])).not.toContain('-of-');
  });
});

describe('rows that expire', () => {
  const expired = async (hotDays: number | null) => {
    const made = await paid(hotDays);
    made.at.clock.advance(41 * dayMs);
    for (const { pk, sk } of made.at.table.all().filter(({ pk }) => pk.startsWith('A#') && !pk.startsWith('A#system.')))
      await made.at.table.delete({ pk, sk });
    return made;
  };
  it('are no contradiction where rows expire', async () => {
    const { at } = await expired(40);
    expect(await at.sweepAll()).toMatchObject({ findings: 0 });
  });
  it('are one where they do not, or not yet', async () => {
    for (const hotDays of [null, 60]) {
      const { at } = await expired(hotDays);
      await at.sweepAll();
      expect(new Set(at.named().map((facts) => (facts as { kind: string }).kind))).toEqual(
        new Set(['cut-short', 'state-without-entry']),
      );
    }
  });
  it('are one in a system chain, which never expires', async () => {
    const { at } = await paid(40);
    at.clock.advance(41 * dayMs);
    await at.table.delete(auditKey('system.dev', 1));
    await at.sweepAll();
    expect(at.named()).toEqual([{ kind: 'cut-short', chain: 'system.dev' }]);
  });
});

describe('a sweep that is cut into pieces', () => {
  it('counts the same in however many runs, each of a few reads, and keeps no personal id meanwhile', async () => {
    const [whole, pieces] = [await paid(), await paid()];
    for (const { at } of [whole, pieces]) for (let n = 0; n < 40; n += 1) await at.pay(0);
    const end = async ({ at }: World) => {
      await at.note();
      at.clock.advance(200 * hourMs);
      await at.checkpoint();
      return (await at.stored())
        .flatMap(({ body }) => body.sweeps ?? [])
        .map(({ share, chains, entries, states, signed }) => ({ share, chains, entries, states, signed }));
    };
    await whole.at.sweepAll();
    let runs = 0;
    for (;;) {
      let reads = 0;
      const { at } = pieces;
      const table = {
        ...at.table,
        scan: (options: Parameters<typeof at.table.scan>[0]) => {
          reads += 1;
          at.clock.advance(1_000);
          return at.table.scan({ ...options, limit: 3 });
        },
      };
      await sweep({ ...at.dependencies, table }, at.clock.nowMs() + 1_000);
      expect(reads).toBeLessThanOrEqual(30);
      runs += 1;
      const place = (await at.table.get({ pk: 'T#sweep', sk: 'CURRENT' }))!;
      expect(JSON.stringify(place)).not.toContain('-of-');
      if (place.share === 0 && runs > sweepShares) break;
      at.clock.advance(20 * 60_000);
    }
    expect(runs).toBeGreaterThan(sweepShares + 20);
    expect(await end(pieces)).toEqual(await end(whole));
  });
  it('loses nothing to a run that fails, and of two runs at once one goes on', async () => {
    const { at } = await paid();
    const lost = { transact: () => Promise.reject(new Error('cut off')) };
    await expect(at.sweep(lost)).rejects.toThrow('cut off');
    const [one, other] = await Promise.all([at.sweep(), at.sweep()]);
    expect([one.outcome, other.outcome].sort()).toEqual(['other-run-under-way', 'swept']);
    at.clock.advance(hourMs);
    expect(await at.sweepAll()).toMatchObject({ findings: 0, shares: sweepShares });
  });
  it('comes to the same after a failure at any one of its calls', async () => {
    const heads = async ({ table }: World['at']) =>
      (await readPendingHeads(table, 1_000, 0)).heads.map(({ chain, sequence }) => `${chain} ${sequence}`).sort();
    const unsigned = async () => {
      const at = world();
      for (let account = 0; account < accounts; account += 1) await at.pay(account);
      return at;
    };
    const whole = await unsigned();
    await whole.sweepAll();
    const expected = await heads(whole);
    let failed = 0;
    for (let failing = 1; failing <= 15; failing += 1) {
      const at = await unsigned();
      let calls = 0;
      const over = Object.fromEntries(
        (['get', 'getMany', 'query', 'put', 'scan', 'transact'] as const).map((name) => [
          name,
          (...call: never[]) => {
            calls += 1;
            if (calls === failing) return Promise.reject(new Unavailable('the table is away'));
            return (at.table[name] as (...all: never[]) => Promise<unknown>)(...call);
          },
        ]),
      );
      for (let share = 0; share < sweepShares; ) {
        try {
          share += (await at.sweep(over)).shares;
        } catch (error) {
          expect(error).toBeInstanceOf(Unavailable);
          failed += 1;
        }
        at.clock.advance(hourMs);
      }
      expect(await heads(at)).toEqual(expected);
      expect(at.named()).toEqual([]);
    }
    expect(failed).toBe(15);
  });
  it('waits while the index of chains catches up with a longer history', async () => {
    const { at } = await paid();
    for (let i = 0; i < 30; i += 1) {
      await at.pay(0);
      await at.note();
      await at.checkpoint();
    }
    await at.table.delete({ pk: 'T#chains', sk: 'THROUGH' });
    at.clock.advance(1);
    expect(await at.sweep()).toMatchObject({ outcome: 'index-behind', shares: 0 });
    await at.pay(0);
    await at.note();
    await at.checkpoint();
    expect(await at.sweep()).toMatchObject({ outcome: 'swept', findings: 0 });
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
