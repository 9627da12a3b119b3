import { expect } from 'vitest';
import { makeCheckpoints } from '../../../functions/checkpoint/checkpoint.ts';
import { compactArchive } from '../../../functions/compact/compact.ts';
import { archiveSink } from '../../../functions/project/archiveSink.ts';
import { featuresSink } from '../../../functions/project/featuresSink.ts';
import { feedSink } from '../../../functions/project/feedSink.ts';
import { headsSink } from '../../../functions/project/headsSink.ts';
import { lookupsSink } from '../../../functions/project/lookupsSink.ts';
import { policyReader } from '../../../functions/project/policyReader.ts';
import { reviewsSink } from '../../../functions/project/reviewsSink.ts';
import { usersSink } from '../../../functions/project/usersSink.ts';
import { bundleLines } from '../../../functions/read/evidence/bundle.ts';
import { exportRange } from '../../../functions/read/evidence/export.ts';
import { type Disposition, dispose } from '../../../functions/review/dispose.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { aboutAccount, passes } from '../../../shared/alerts/gate.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import type { Settled } from '../../../shared/ledger/submission.ts';
import { progressKey } from '../../../shared/parquet/progress.ts';
import type { Item, ObjectStore } from '../../../shared/ports/ports.ts';
import { localMasterSecret } from '../../../shared/secrets/masterSecret.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { erase } from '../../../tools/erasure/erase.ts';
import type { ParkedMessage, ParkedQueue } from '../../../tools/erasure/messages.ts';
import type { Subject } from '../../../tools/erasure/subject.ts';
import { verifyBytes } from '../../../tools/proof/verify.ts';
import { insertion, ledgerWithoutModel, settleNow, strictProjector } from '../../support/engine.ts';
import { personal, place, readable, unpacked } from '../../support/traces.ts';
import { p256Signer } from '../proof/builders.ts';

const startMs = Date.UTC(2026, 10, 20, 12);
export const people = 60;
/** Of the people, those that the tests erase: the first ones. */
export const erasedPeople = 50;
const signer = p256Signer();

export const payment = (i: number, n: number, given: Partial<Transaction> = {}): Transaction => ({
  ...personal(i),
  transactionId: `txn_${i}_${n}`,
  occurredAtMs: startMs + n * 1_000,
  offsetMinutes: 330,
  amountMinor: 10_000_000 + i,
  currency: 'INR',
  deviceId: `device-of-${i}.x-${n}`,
  merchantId: n === 0 ? 'shop' : `merchant-of-${i}.x`,
  ipAddress: `10.0.0.${i}`,
  beneficiaryId: 'everybody@upi',
  instrumentId: `instrument-of-${i}.x`,
  ...given,
});

/** Every text by which a person could be recognized. */
export const tracesOf = (i: number): string[] => {
  const double = (value: number, isLittle: boolean): string => {
    const bytes = Buffer.alloc(8);
    if (isLittle) bytes.writeDoubleLE(value);
    else bytes.writeDoubleBE(value);
    return bytes.toString('latin1');
  };
  const { latitude, longitude } = place(i);
  return [
    `-of-${i}.x`,
    `note about ${i}.`,
    ...[latitude, longitude].flatMap((value) => [String(value), double(value, true), double(value, false)]),
  ];
};

const parkedQueue = (messages: ParkedMessage[]): ParkedQueue => ({
  async rewrite(change) {
    let changed = 0;
    for (const [at, message] of messages.entries()) {
      const next = change(message);
      if (next === null) continue;
      messages[at] = next;
      changed += 1;
    }
    return changed;
  },
});

export const world = (waits: 'over-at-once' | 'until-woken' = 'until-woken') => {
  const table = memoryTable();
  const virtual = virtualClock(startMs + 60_000);
  const clock = waits === 'over-at-once' ? { ...virtual, sleep: async (ms: number) => virtual.advance(Math.ceil(ms)) } : virtual;
  const randomness = seededRandom(5);
  const archive = memoryObjects();
  const checkpoints = memoryObjects();
  const masterSecret = localMasterSecret(Buffer.alloc(32, 3).toString('base64'), { table, clock });
  const ledger = ledgerWithoutModel({ table, clock, randomness, masterSecret });
  const parked: ParkedMessage[] = [];
  const project = strictProjector({
    sinks: [
      feedSink({ table, clock, randomness }),
      reviewsSink({ table, clock, randomness }),
      archiveSink({ archive, table, hotDays: null }),
      headsSink({ table }),
      usersSink({ table }),
      lookupsSink({ table, masterSecret, policyOf: policyReader(table), isOn: true }),
      featuresSink({ archive }),
    ],
  });
  return {
    table,
    clock,
    archive,
    checkpoints,
    parked,
    masterSecret,
    pay: (transaction: Transaction): Promise<Settled> => settleNow(ledger, transaction, { tenant: 'dev' }),
    /** Everything that stands in the table, as new. */
    project: async (): Promise<void> => {
      expect(await project(table.all().map(insertion))).toEqual({ batchItemFailures: [] });
    },
    label: async (transactionId: string, note: string, disposition: Disposition = 'LEGITIMATE'): Promise<void> => {
      const disposal = { tenant: 'dev', transactionId, disposition, note, by: 'key_1' };
      const result = await dispose({ table, clock, randomness, masterSecret }, disposal, clock.nowMs() + 10_000);
      expect(result.kind).toBe('disposed');
    },
    erase: (subjects: readonly Subject[]) =>
      erase(
        { table, archive, clock, randomness, masterSecret, parked: [parkedQueue(parked)] },
        { tenant: 'dev', subjects, by: 'key_9' },
      ),
    /** All that the archive holds, whatever its day. */
    compact: () =>
      compactArchive({ table, archive, clock, randomness }, { deadlineMs: clock.nowMs() + 600_000, throughDay: '2026-11-30' }),
    checkpoint: () => makeCheckpoints({ table, checkpoints, signer, clock }),
    verified: async () => {
      const stores = { table, archive, checkpoints };
      const extras = { exportedAt: '2026-11-21T00:00:00.000Z', publicKey: signer.publicKey, policies: [], models: [] };
      const lines: string[] = [];
      for await (const line of bundleLines(await exportRange(stores, { from: null, to: null }, extras))) lines.push(line);
      return { report: await verifyBytes(Buffer.from(lines.join('')), { publicKey: signer.publicKey }), bundle: lines.join('') };
    },
    /** All that any store holds, as one text. */
    everything: async (): Promise<string> =>
      [
        // The item that says who may change the archive counts its changes: it is not of a person.
        ...table
          .all()
          .filter(({ pk }) => pk !== progressKey.pk)
          .map(textOfItem),
        ...(await objectTexts(archive)),
        ...(await objectTexts(checkpoints)),
        ...parked.map((message) => JSON.stringify(message)),
      ].join('\n'),
  };
};

export type World = ReturnType<typeof world>;

export const textOfItem = (item: Item): string =>
  Object.values(item)
    .map((value) => (value instanceof Uint8Array ? unpacked(value).toString('latin1') : JSON.stringify(value)))
    .join(' ');

const objectTexts = async (objects: ObjectStore): Promise<string[]> => {
  const { keys } = await objects.list('');
  return Promise.all(
    keys.map(async (key) => {
      const bytes = (await objects.get(key))!;
      return `${key} ${(await readable(bytes)).toString('latin1')}`;
    }),
  );
};

/** Who is erased among the people of `peopledWorld`. */
export const subjects: readonly Subject[] = Array.from({ length: erasedPeople }, (_, i) => ({
  userId: `user-of-${i}.x`,
  accountId: null,
}));

/** A world in which every person has paid three times, half of them have a label, and queues hold messages of theirs. */
export const peopledWorld = async (): Promise<World> => {
  const at = world();
  for (let i = 0; i < people; i += 1) {
    for (let n = 0; n < 3; n += 1) expect((await at.pay(payment(i, n))).kind).toBe('decided');
    at.parked.push({
      body: JSON.stringify({ ...payment(i, 9), extra: 1 }),
      attributes: { reason: `user-of-${i}.x is odd`, digest: 'd' },
    });
  }
  at.parked.push({ body: '{"userId":"user-of-3.x', attributes: {} });
  for (const i of [3, 55]) {
    const about = aboutAccount(`account-of-${i}.x`, `user-of-${i}.x`);
    await passes(at.table, { tenant: 'dev', kind: 'decision', about, occasion: `txn_${i}_0` }, at.clock.nowMs());
  }
  await at.project();
  for (let i = 0; i < people; i += 2) await at.label(`txn_${i}_0`, `note about ${i}.`);
  await at.project();
  await at.checkpoint();
  return at;
};
