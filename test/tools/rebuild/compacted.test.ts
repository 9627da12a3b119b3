import { describe, expect, it } from 'vitest';
import { compactArchive } from '../../../functions/compact/compact.ts';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { dayMs } from '../../../shared/domain/durations.ts';
import { auditFromItem } from '../../../shared/ledger/items.ts';
import { datasets } from '../../../shared/parquet/places.ts';
import type { Item } from '../../../shared/ports/ports.ts';
import { readArchive } from '../../../shared/proof/archive.ts';
import { canonicalText } from '../../../shared/proof/canonical.ts';
import { expiryAttribute } from '../../../shared/store/names.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { erase } from '../../../tools/erasure/erase.ts';
import { type RebuildPlan, rebuildSinks } from '../../../tools/rebuild/plan.ts';
import { rebuild } from '../../../tools/rebuild/rebuild.ts';
import { counted } from '../../functions/compact/world.ts';
import { play, script } from './script.ts';
import { type Stack, stackOn, startMs, tenant } from './world.ts';

const accounts = [0, 1, 2, 3];

const newStack = (hotDays?: number): Promise<Stack> =>
  stackOn({
    tableTelling: (onCommitted) => memoryTable({ onCommitted }),
    archive: memoryObjects(),
    checkpoints: memoryObjects(),
    ...(hotDays !== undefined && { hotDays }),
  });

const plan: RebuildPlan = { fromMs: startMs, toMs: startMs + dayMs, sinks: new Set(rebuildSinks), resendsWebhooks: false };

/** Compacts all that the archive holds. */
const compact = ({ table, archive, clock }: Stack) =>
  compactArchive(
    { table, archive, clock, randomness: seededRandom(8) },
    { deadlineMs: clock.nowMs() + 600_000, throughDay: '2026-11-30' },
  );

/** The rows of the Parquet files, in one order. */
const rowsOf = async (stack: Stack) => {
  const found = await counted(stack.archive);
  return Object.fromEntries(datasets.map((dataset) => [dataset, found[dataset].map((row) => canonicalText(row)).sort()]));
};

const keysIn = async ({ archive }: Stack): Promise<readonly string[]> => (await archive.list('')).keys;

const auditRows = async ({ table }: Stack): Promise<readonly Item[]> =>
  (await table.scan({ limit: 1_000 })).items.filter(({ pk }) => pk.startsWith('A#') && !pk.includes('system.'));

/** Two stacks with the same payments and labels; a part of what one of them committed was lost. */
const stacks = async (seed: number, isCompactedBetween: boolean) => {
  const before = script({ seed, actions: 30, name: 'before', flagged: accounts, quiet: accounts });
  const during = script({
    seed: seed + 1,
    actions: 30,
    name: 'during',
    flagged: accounts,
    quiet: accounts,
    labelled: before.ids,
  });
  const [whole, broken] = [await newStack(), await newStack()];
  for (const stack of [whole, broken]) {
    await play(stack, before.actions);
    if (isCompactedBetween) await compact(stack);
  }
  broken.lose(true);
  for (const stack of [whole, broken]) await play(stack, during.actions);
  broken.lose(false);
  return { whole, broken };
};

describe('a rebuild after a compaction', () => {
  it.each([
    ['before the loss', true, false],
    ['after the loss, which it did not see', false, true],
    ['before the loss and after it', true, true],
  ])('%s restores the archive as an undisturbed stack has it, in small objects and in Parquet', async (_, between, after) => {
    const { whole, broken } = await stacks(3, between);
    if (after) for (const stack of [whole, broken]) await compact(stack);
    expect(await rowsOf(broken).then(({ entries }) => entries!.length)).toBeGreaterThan(0);
    await rebuild(broken.rebuilding(), plan);
    await broken.deliver();
    for (const stack of [whole, broken]) await compact(stack);
    expect(await rowsOf(broken)).toEqual(await rowsOf(whole));
    expect(await broken.archived()).toEqual(await whole.archived());
    expect(await broken.pendingHeads()).toEqual(await whole.pendingHeads());
  });

  it('of nothing that is missing writes nothing', async () => {
    const { whole } = await stacks(5, true);
    await compact(whole);
    const keys = await keysIn(whole);
    for (let times = 0; times < 2; times += 1) {
      const { handed, lost } = await rebuild(whole.rebuilding(), plan);
      expect(handed).toMatchObject({ archive: 0, features: 0 });
      expect(lost).toEqual([]);
    }
    expect(await keysIn(whole)).toEqual(keys);
  });

  it('again restores nothing more', async () => {
    const { broken } = await stacks(7, true);
    await rebuild(broken.rebuilding(), plan);
    await broken.deliver();
    await compact(broken);
    const [keys, rows] = [await keysIn(broken), await rowsOf(broken)];
    expect((await rebuild(broken.rebuilding(), plan)).handed).toMatchObject({ archive: 0, features: 0 });
    expect(await keysIn(broken)).toEqual(keys);
    await compact(broken);
    expect(await rowsOf(broken)).toEqual(rows);
  });

  it('brings no line of an erased transaction back', async () => {
    const { broken } = await stacks(9, true);
    await rebuild(broken.rebuilding(), plan);
    await broken.deliver();
    await compact(broken);
    const { table, archive, clock, randomness, masterSecret } = broken;
    const subjects = accounts.map((account) => ({ userId: `u_${account}`, accountId: `a_${account}` }));
    await erase({ table, archive, clock, randomness, masterSecret, parked: [] }, { tenant, by: 'test', subjects });
    expect(await rowsOf(broken)).toMatchObject({ features: [], labels: [] });
    expect((await rebuild(broken.rebuilding(), plan)).handed).toMatchObject({ features: 0 });
  });
});

describe('a rebuild over rows that have expired', () => {
  /** A stack with rows that go after a day, all of them gone but the last of each chain. */
  const expired = async () => {
    const payments = script({ seed: 11, actions: 30, name: 'p', flagged: accounts, quiet: accounts, labelled: [] });
    const [whole, broken] = [await newStack(1), await newStack(1)];
    broken.lose(true);
    for (const stack of [whole, broken]) await play(stack, payments.actions);
    broken.lose(false);
    const rows = await auditRows(broken);
    const last = new Map(rows.map((item) => [item.pk, item.sk]));
    const gone = rows.filter(({ pk, sk }) => last.get(pk) !== sk);
    for (const stack of [whole, broken]) {
      stack.advance(3 * dayMs);
      for (const { pk, sk } of gone) await stack.table.delete({ pk, sk });
    }
    return { whole, broken, gone };
  };

  it('names the entries that neither the table nor the archive has', async () => {
    const { broken, gone } = await expired();
    const { lost } = await rebuild(broken.rebuilding(), plan);
    expect(lost.toSorted()).toEqual(
      gone
        .map((item) => auditFromItem(item).body)
        .map(({ chain, sequence }) => `entry ${sequence} of chain ${chain}: its row has expired and the archive lacks it`)
        .toSorted(),
    );
  });

  it.each([false, true])(
    'names none that the archive has (compacted: %s), and restores the heads of their chains',
    async (isCompacted) => {
      const { whole } = await expired();
      if (isCompacted) await compact(whole);
      const heads = await whole.pendingHeads();
      const { items } = await whole.table.scan({ limit: 1_000 });
      for (const { pk, sk } of items) {
        if (pk.startsWith('T#') || (pk.startsWith('A#') && !pk.includes('system.'))) await whole.table.delete({ pk, sk });
      }
      const { lost, handed } = await rebuild(whole.rebuilding(), plan);
      expect([lost, handed.archive]).toEqual([[], 0]);
      const ofAccounts = heads.filter(({ chain }) => !chain.startsWith('system.'));
      const restored = (await whole.pendingHeads()).filter(({ chain }) => !chain.startsWith('system.'));
      expect(restored.map(({ chain, sequence, head }) => [chain, sequence, head])).toEqual(
        ofAccounts.map(({ chain, sequence, head }) => [chain, sequence, head]),
      );
    },
  );

  it.each([false, true])('lets no row go that the archive does not say may go (compacted: %s)', async (isCompacted) => {
    const { whole } = await stacks(13, false);
    if (isCompacted) await compact(whole);
    await rebuild(whole.rebuilding({ hotDays: 40 }), plan);
    const expiries = new Map<string, number>();
    for await (const some of readArchive(whole.archive, '0000-00-00', '9999-99-99'))
      for (const { hash, expiresAt } of some) if (expiresAt !== undefined) expiries.set(hash, expiresAt);
    const rows = await auditRows(whole);
    expect(rows.length).toBeGreaterThan(20);
    for (const item of rows) expect(item[expiryAttribute]).toBe(expiries.get(auditFromItem(item).hash));
    const keys = await keysIn(whole);
    await rebuild(whole.rebuilding({ hotDays: 40 }), plan);
    expect(await keysIn(whole)).toEqual(keys);
  });
});
