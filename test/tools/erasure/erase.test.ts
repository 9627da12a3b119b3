import { beforeEach, describe, expect, it } from 'vitest';
import { makeCheckpoints } from '../../../functions/checkpoint/checkpoint.ts';
import { compactArchive } from '../../../functions/compact/compact.ts';
import { Lease } from '../../../functions/compact/lease.ts';
import { archiveSink } from '../../../functions/project/archiveSink.ts';
import { featuresSink } from '../../../functions/project/featuresSink.ts';
import { feedSink } from '../../../functions/project/feedSink.ts';
import { headsSink } from '../../../functions/project/headsSink.ts';
import { projector } from '../../../functions/project/project.ts';
import { reviewsSink } from '../../../functions/project/reviewsSink.ts';
import { getAccountAudit } from '../../../functions/read/accounts.ts';
import { erasedChains } from '../../../functions/read/erasedChains.ts';
import { bundleLines } from '../../../functions/read/evidence/bundle.ts';
import { exportRange } from '../../../functions/read/evidence/export.ts';
import { inputsOpener } from '../../../functions/read/inputs.ts';
import { dispose } from '../../../functions/review/dispose.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { aboutAccount, passes } from '../../../shared/alerts/gate.ts';
import { renderDecision } from '../../../shared/contract/render.ts';
import { ledgerOf } from '../../../shared/deciding/judgement.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import type { ApiRequest } from '../../../shared/edge/request.ts';
import { auditFromItem, decisionFromItem } from '../../../shared/ledger/items.ts';
import { settle } from '../../../shared/ledger/ledger.ts';
import { accountFromItem } from '../../../shared/ledger/state.ts';
import type { Settled } from '../../../shared/ledger/submission.ts';
import type { Row } from '../../../shared/parquet/file.ts';
import { progressKey } from '../../../shared/parquet/progress.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import type { Item, ObjectStore } from '../../../shared/ports/ports.ts';
import { archiveEntries } from '../../../shared/proof/archive.ts';
import { localMasterSecret, refreshMs } from '../../../shared/secrets/masterSecret.ts';
import { auditKey, decisionKey, stateKey } from '../../../shared/store/names.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { rotateSecret } from '../../../tools/cli/secret.ts';
import { erase } from '../../../tools/erasure/erase.ts';
import type { ParkedMessage, ParkedQueue } from '../../../tools/erasure/messages.ts';
import type { Subject } from '../../../tools/erasure/subject.ts';
import { streamImage } from '../../../tools/local/streamImage.ts';
import { verifyBytes } from '../../../tools/proof/verify.ts';
import { counted, fileKeys } from '../../functions/compact/world.ts';
import { readable, unpacked } from '../../support/traces.ts';
import { p256Signer } from '../proof/builders.ts';

const startMs = Date.UTC(2026, 10, 20, 12);
const people = 60;
const erasedPeople = 50;
const signer = p256Signer();

const place = (i: number) => ({ latitude: 10.123456789 + i / 97, longitude: 20.987654321 + i / 89 });

const payment = (i: number, n: number, given: Partial<Transaction> = {}): Transaction => ({
  transactionId: `txn_${i}_${n}`,
  userId: `user-of-${i}.x`,
  accountId: `account-of-${i}.x`,
  occurredAtMs: startMs + n * 1_000,
  offsetMinutes: 330,
  amountMinor: 10_000_000 + i,
  currency: 'INR',
  channel: `channel-of-${i}.x`,
  deviceId: `device-of-${i}.x-${n}`,
  merchantId: n === 0 ? 'shop' : `merchant-of-${i}.x`,
  merchantCategory: `category-of-${i}.x`,
  location: place(i),
  metadata: { memo: `metadata-of-${i}.x` },
  ...given,
});

/** Every text by which a person could be told. */
const tracesOf = (i: number): string[] => {
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

const world = () => {
  const table = memoryTable();
  const clock = virtualClock(startMs + 60_000);
  const randomness = seededRandom(5);
  const archive = memoryObjects();
  const checkpoints = memoryObjects();
  const masterSecret = localMasterSecret(Buffer.alloc(32, 3).toString('base64'), { table, clock });
  const ledger = ledgerOf({ table, clock, randomness, masterSecret }, async () => ({ model: null, degraded: 'NO_MODEL' }));
  const parked: ParkedMessage[] = [];
  const project = projector({
    sinks: [
      feedSink({ table, clock, randomness }),
      reviewsSink({ table, clock, randomness }),
      archiveSink({ archive, table, hotDays: null }),
      headsSink({ table }),
      featuresSink({ archive }),
    ],
    decode: decisionFromItem,
    decodeEntry: auditFromItem,
    report: ({ cause }) => {
      throw cause;
    },
  });
  return {
    table,
    clock,
    archive,
    checkpoints,
    parked,
    masterSecret,
    pay: async (transaction: Transaction): Promise<Settled> => {
      const receivedAtMs = clock.nowMs();
      const submission = { tenant: 'dev', transaction, receivedAtMs, correlationId: null, queueAgeMs: null, redelivered: false };
      return (await settle(ledger, [submission], receivedAtMs + 10_000))[0]!;
    },
    /** Everything that stands in the table, as new. */
    project: async (): Promise<void> => {
      const Records = table.all().map((item, i) => ({
        eventName: 'INSERT' as const,
        dynamodb: {
          SequenceNumber: String(i),
          Keys: { pk: { S: item.pk }, sk: { S: item.sk } },
          NewImage: streamImage(item),
        },
      }));
      expect(await project({ Records })).toEqual({ batchItemFailures: [] });
    },
    label: async (transactionId: string, note: string): Promise<void> => {
      const disposal = { tenant: 'dev', transactionId, disposition: 'LEGITIMATE' as const, note, by: 'key_1' };
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

const textOfItem = (item: Item): string =>
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

describe('an erasure of 50 people among 60', () => {
  let at: ReturnType<typeof world>;
  const subjects = Array.from({ length: erasedPeople }, (_, i) => ({ userId: `user-of-${i}.x`, accountId: null }));

  beforeEach(async () => {
    at = world();
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
  });

  it('leaves none of their plaintext in any item, queue or object, and all of the others', async () => {
    const before = await at.everything();
    for (let i = 0; i < people; i += 1) expect(before).toContain(`-of-${i}.x`);
    const othersBefore = at.table.all().filter((item) => /-of-5\d\.x/.test(textOfItem(item)) && !item.pk.startsWith('F#'));
    const report = await at.erase(subjects);
    expect(report).toMatchObject({ accounts: 50, decisions: 150, alerts: 1, messages: 51 });
    expect(report.feedPages).toBeGreaterThan(0);
    expect(report.featureObjects).toBeGreaterThan(0);
    const after = await at.everything();
    for (let i = 0; i < erasedPeople; i += 1)
      for (const trace of tracesOf(i)) expect(after.includes(trace), `person ${i}: ${JSON.stringify(trace)}`).toBe(false);
    for (let i = erasedPeople; i < people; i += 1) expect(after).toContain(`user-of-${i}.x`);
    const othersAfter = at.table.all().filter((item) => /-of-5\d\.x/.test(textOfItem(item)) && !item.pk.startsWith('F#'));
    expect(othersAfter).toEqual(othersBefore);
  });

  it('cleans the Parquet files too, and leaves in them exactly the others, each once', async () => {
    expect(await at.compact()).toMatchObject({ outcome: 'done' });
    const before = await counted(at.archive);
    expect([before.features.length, before.labels.length]).toEqual([3 * people, people / 2]);
    await at.erase(subjects);
    const after = await counted(at.archive);
    const stays = ({ transaction_id }: Row): boolean => Number((transaction_id as string).split('_')[1]) >= erasedPeople;
    const named = (rows: readonly Row[]): string[] => rows.map((row) => `${row.transaction_id} ${row.known_at}`).sort();
    expect(named(after.features)).toEqual(named(before.features.filter(stays)));
    expect(named(after.labels)).toEqual(named(before.labels.filter(stays)));
    expect(await at.compact()).toMatchObject({ outcome: 'done' });
    const text = await at.everything();
    for (let i = 0; i < erasedPeople; i += 1) for (const trace of tracesOf(i)) expect(text.includes(trace)).toBe(false);
    expect((await at.verified()).report.verdict).toBe('intact');
    // The erasure's own entries are the only ones that came.
    expect((await counted(at.archive)).entries).toHaveLength(before.entries.length + erasedPeople);
  });

  it('cut off before or after any write to the Parquet files, finishes when it is called again, and no row counts twice meanwhile', async () => {
    let cuts = 0;
    for (let last = 1; ; last += 3) {
      at = world();
      for (let i = 0; i < 6; i += 1) for (let n = 0; n < 2; n += 1) await at.pay(payment(i, n));
      await at.project();
      await at.label('txn_0_0', 'note');
      await at.project();
      await at.compact();
      let writes = 0;
      const cut = (call: () => Promise<void>): Promise<void> => {
        writes += 1;
        if (writes > last) throw new Error('cut off');
        return call();
      };
      const archive: ObjectStore = {
        ...at.archive,
        put: (key, body) => (key.startsWith('parquet/') ? cut(() => at.archive.put(key, body)) : at.archive.put(key, body)),
        delete: (key) => cut(() => at.archive.delete(key)),
      };
      const some = subjects.slice(0, 4);
      const given = { tenant: 'dev', subjects: some, by: 'key_9' };
      const { table, clock, masterSecret } = at;
      const isCut = await erase({ table, archive, clock, randomness: seededRandom(1), masterSecret, parked: [] }, given).then(
        () => false,
        () => true,
      );
      if (!isCut) break;
      cuts += 1;
      const meanwhile = (await counted(at.archive)).features.map((row) => row.transaction_id);
      expect(new Set(meanwhile).size).toBe(meanwhile.length);
      await at.erase(subjects.slice(0, 5));
      const { features, labels, files } = await counted(at.archive);
      expect(features.map((row) => row.transaction_id).sort()).toEqual(['txn_5_0', 'txn_5_1']);
      expect(labels).toEqual([]);
      const data = (await fileKeys(at.archive)).filter((key) => files.includes(key) || !key.includes('/entries/'));
      expect(data.sort()).toEqual(files.sort());
    }
    expect(cuts).toBeGreaterThan(2);
  }, 60_000);

  it('waits for a compaction that is under way', async () => {
    await at.compact();
    const lease = (await Lease.take({ table: at.table, clock: at.clock, randomness: seededRandom(2) }))!;
    let isDone = false;
    const erasing = at.erase(subjects).finally(() => {
      isDone = true;
    });
    const waitAWhile = async (): Promise<void> => {
      for (let turns = 0; turns < 300; turns++) await new Promise((resolve) => setImmediate(resolve));
      at.clock.advance(10_000);
    };
    for (let times = 0; times < 5; times++) await waitAWhile();
    expect(isDone).toBe(false);
    await lease.release();
    await waitAWhile();
    expect((await erasing).featureObjects).toBeGreaterThan(0);
  });

  it('lets every chain and bundle verify as before, each erased chain one entry longer and covered by the next checkpoint', async () => {
    const before = await at.verified();
    await at.erase(subjects);
    const { report, bundle } = await at.verified();
    expect(report).toMatchObject({ verdict: 'intact', findings: [], entries: before.report.entries + 50, uncoveredEntries: 50 });
    expect(bundle.match(/"event":"ERASED"/g)).toHaveLength(50);
    for (let i = 0; i < erasedPeople; i += 1) for (const trace of tracesOf(i)) expect(bundle.includes(trace)).toBe(false);
    await at.checkpoint();
    expect((await at.verified()).report).toMatchObject({ verdict: 'intact', uncoveredEntries: 0 });
  });

  it('is a no-op when done again, and no trace comes back when the stream delivers everything once more', async () => {
    await at.erase(subjects);
    const before = await at.everything();
    expect(await at.erase(subjects)).toEqual({
      accounts: 0,
      decisions: 0,
      feedPages: 0,
      reviews: 0,
      alerts: 0,
      featureObjects: 0,
      messages: 0,
    });
    expect(await at.everything()).toBe(before);
    await at.project();
    const redelivered = await at.everything();
    for (let i = 0; i < erasedPeople; i += 1) for (const trace of tracesOf(i)) expect(redelivered.includes(trace)).toBe(false);
  });

  it('answers a repeat with the erased original, whatever its content, and opens no account for it', async () => {
    await at.erase(subjects);
    for (const repeat of [payment(7, 1), payment(7, 1, { amountMinor: 1 })]) {
      const answer = await at.pay(repeat);
      if (answer.kind !== 'duplicate') throw new Error(answer.kind);
      const wire = renderDecision(answer.stored.decision, defaultPolicy, { duplicate: true, erased: answer.stored.erased });
      expect(wire).toMatchObject({ transactionId: 'txn_7_1', duplicate: true, erased: true, userId: null, accountId: null });
    }
    expect(await at.table.get(stateKey('dev', 'account-of-7.x', 'user-of-7.x'))).toBeNull();
  });

  describe('whose chain is asked for by its ids', () => {
    const audit = async (accountId: string, query: Record<string, string> = {}, tenant = 'dev') => {
      const endpoint = getAccountAudit(at, inputsOpener(at.masterSecret), erasedChains(at.table, at.masterSecret));
      const request = { operationId: 'getAccountAudit', tenant, parameters: { accountId }, query: { limit: '50', ...query } };
      const { body } = await endpoint({ ...request, receivedAtMs: at.clock.nowMs() } as unknown as ApiRequest);
      return body as {
        items: { body: { sequence: number; event: string; previousHash: string }; hash: string; inputs: unknown }[];
      };
    };

    it('shows it whole, without any inputs, with the ERASED entry at its end', async () => {
      const before = await audit('account-of-7.x');
      expect(before.items.every(({ inputs }) => inputs !== null)).toBe(true);
      await at.erase(subjects);
      for (const query of [{}, { userId: 'user-of-7.x' }]) {
        const { items } = await audit('account-of-7.x', query);
        expect(items.map(({ body }) => body.sequence)).toEqual(items.map((_, i) => i + 1));
        expect(items.slice(0, -1).map(({ hash }) => hash)).toEqual(before.items.map(({ hash }) => hash));
        expect(items.at(-1)!.body).toMatchObject({ event: 'ERASED', previousHash: before.items.at(-1)!.hash });
        expect(items.map(({ inputs }) => inputs)).toEqual(items.map(() => null));
      }
    });

    it('shows it to nobody else, and needs the user where the account had several', async () => {
      await at.pay(payment(7, 9, { userId: 'user-of-8.x' }));
      await at.erase(subjects);
      await expect(audit('account-of-7.x', {}, 'other')).rejects.toMatchObject({ status: 404 });
      await expect(audit('account-of-7.x', { userId: 'user-of-9.x' })).rejects.toMatchObject({ status: 404 });
      await expect(audit('account-of-7.x')).rejects.toMatchObject({ status: 400, errors: [{ pointer: '?userId' }] });
      expect((await audit('account-of-7.x', { userId: 'user-of-8.x' })).items).toHaveLength(2);
    });

    it('shows the new chain once there is one, and finds the old one after a rotation of the secret until then', async () => {
      await at.erase(subjects);
      await rotateSecret(at, 'dev', 'key_9');
      at.clock.advance(refreshMs);
      expect((await audit('account-of-7.x')).items.at(-1)!.body.event).toBe('ERASED');
      await at.pay(payment(7, 5));
      expect((await audit('account-of-7.x')).items.map(({ body }) => body.event)).toEqual(['DECISION_MADE']);
    });
  });

  it('lets a later payment begin a new chain with a new salt, which an erasure of the old one does not touch', async () => {
    const key = stateKey('dev', 'account-of-7.x', 'user-of-7.x');
    const old = accountFromItem((await at.table.get(key))!);
    await at.erase(subjects);
    const answer = await at.pay(payment(7, 5));
    if (answer.kind !== 'decided') throw new Error(answer.kind);
    const fresh = accountFromItem((await at.table.get(key))!);
    expect(answer.stored.decision).toMatchObject({ sequence: 1, previousOutcome: null });
    expect(fresh.chain).not.toBe(old.chain);
    expect(fresh.salt).not.toEqual(old.salt);
    await at.project();
    expect((await at.verified()).report.verdict).toBe('intact');
  });

  it('finishes what an earlier one began and was cut off from', async () => {
    const broken = memoryObjects();
    broken.list = async () => {
      throw new Error('cut off');
    };
    const parts = {
      table: at.table,
      archive: { ...broken, put: at.archive.put },
      clock: at.clock,
      randomness: seededRandom(1),
      masterSecret: at.masterSecret,
    };
    await expect(erase({ ...parts, parked: [] }, { tenant: 'dev', subjects, by: 'key_9' })).rejects.toThrow('cut off');
    await at.erase(subjects);
    const after = await at.everything();
    for (let i = 0; i < erasedPeople; i += 1) for (const trace of tracesOf(i)) expect(after.includes(trace)).toBe(false);
  });

  it('of one account leaves the same user in another account as it is', async () => {
    await at.pay(payment(0, 7, { accountId: 'other-account' }));
    expect(await at.erase([{ userId: 'user-of-0.x', accountId: 'account-of-0.x' }])).toMatchObject({ accounts: 1, decisions: 3 });
    expect(decisionFromItem((await at.table.get(decisionKey('dev', 'txn_0_7')))!).erased).toBe(false);
    expect(decisionFromItem((await at.table.get(decisionKey('dev', 'txn_0_1')))!).erased).toBe(true);
  });
});

describe('an erasure of one account', () => {
  const subject = { userId: 'user-of-7.x', accountId: 'account-of-7.x' };
  /** A stack in which so many people paid, of whom some were erased before. */
  const stackOf = async (count: number, erasedBefore = 0) => {
    const at = world();
    for (let i = 7; i < 7 + count; i += 1) for (let n = 0; n < 3; n += 1) await at.pay(payment(i, n));
    await at.project();
    await at.label('txn_7_0', 'note about 7.');
    await at.project();
    for (let i = 8; i < 8 + erasedBefore; i += 1) await at.erase([{ userId: `user-of-${i}.x`, accountId: `account-of-${i}.x` }]);
    return at;
  };
  /** Erases account 7, counting the calls of the table. */
  const counting = async (at: ReturnType<typeof world>, archive: ObjectStore = at.archive) => {
    const calls: string[] = [];
    const table = new Proxy(at.table, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...given: unknown[]) => {
          calls.push(String(name));
          return member.apply(target, given);
        };
      },
    });
    const { clock, masterSecret } = at;
    const parts = { table, archive, clock, randomness: seededRandom(1), masterSecret, parked: [] };
    const report = await erase(parts, { tenant: 'dev', subjects: [subject], by: 'key_9' });
    return { report, calls };
  };
  const expectNoTrace = async (at: ReturnType<typeof world>): Promise<void> => {
    const text = await at.everything();
    for (const trace of tracesOf(7)) expect(text.includes(trace), JSON.stringify(trace)).toBe(false);
    expect(text).toContain('user-of-8.x');
  };

  it('follows its chain to every trace, and never reads the whole table', async () => {
    const at = await stackOf(2);
    const { report, calls } = await counting(at);
    expect(report).toMatchObject({ accounts: 1, decisions: 3, featureObjects: 2 });
    expect(calls).not.toContain('scan');
    await expectNoTrace(at);
  });
  it('costs the same after many other erasures as before them', async () => {
    const [first, later] = [await counting(await stackOf(12, 1)), await counting(await stackOf(12, 10))];
    expect(later.report).toEqual(first.report);
    expect(later.calls).toEqual(first.calls);
  });
  it('finds payments whose rows have expired in the compacted archive', async () => {
    const at = await stackOf(2);
    const { chain } = accountFromItem((await at.table.get(stateKey('dev', subject.accountId, subject.userId)))!);
    const rows = at.table.all().filter(({ pk }) => pk === `A#${chain}`);
    await archiveEntries(at.archive, rows.map(auditFromItem), 1);
    for (const { pk, sk } of rows.slice(0, 2)) await at.table.delete({ pk, sk });
    at.clock.advance(10 * 86_400_000);
    await at.compact();
    const { report } = await counting(at);
    expect(report).toMatchObject({ accounts: 1, decisions: 3 });
    await expectNoTrace(at);
    const { features, labels } = await counted(at.archive);
    expect([...features, ...labels].map((row) => row.transaction_id).sort()).toEqual(['txn_8_0', 'txn_8_1', 'txn_8_2']);
  });
  it('is refused where the chain lacks an entry, which the search of the whole table makes up for', async () => {
    const at = await stackOf(2);
    const { chain } = accountFromItem((await at.table.get(stateKey('dev', subject.accountId, subject.userId)))!);
    await at.table.delete(auditKey(chain, 2));
    await expect(counting(at)).rejects.toThrow(`chain ${chain} lacks entry 2: erase the user without an account`);
    await at.erase([{ userId: subject.userId, accountId: null }]);
    await expectNoTrace(at);
  });
  it('ends an earlier one that was cut off, though its person has paid again since', async () => {
    const at = await stackOf(2);
    const broken = { ...at.archive, list: () => Promise.reject(new Error('cut off')) };
    await expect(counting(at, broken)).rejects.toThrow('cut off');
    expect((await at.pay(payment(7, 5))).kind).toBe('decided');
    await at.project();
    expect((await counting(at)).report).toMatchObject({ accounts: 1, decisions: 4 });
    await expectNoTrace(at);
  });
});

describe('a rotation of the master secret', () => {
  it('seals what follows under the new version within its time, and what came before still opens', async () => {
    const at = world();
    await at.pay(payment(1, 0));
    expect(await rotateSecret(at, 'dev', 'key_9')).toBe(2);
    await at.pay(payment(1, 1));
    at.clock.advance(refreshMs);
    await at.pay(payment(1, 2));
    const state = accountFromItem((await at.table.get(stateKey('dev', 'account-of-1.x', 'user-of-1.x')))!);
    const entries = at.table
      .all()
      .filter(({ pk }) => pk === `A#${state.chain}`)
      .map(auditFromItem);
    expect(entries.map(({ body }) => body.secretVersion)).toEqual([1, 1, 2]);
    const other = localMasterSecret(Buffer.alloc(32, 3).toString('base64'), at);
    expect(await other.current()).toEqual(await at.masterSecret.current());
    expect(await other.version(1)).toEqual(new Uint8Array(32).fill(3));
    expect(await other.version(2)).not.toEqual(await other.version(1));
    const system = at.table
      .all()
      .filter(({ pk }) => pk === 'A#system.dev')
      .map(auditFromItem);
    expect(system.map(({ body }) => [body.event, body.by, body.secretVersion])).toEqual([['SECRET_ROTATED', 'key_9', 2]]);
  });
  it('has one winner when two happen at once', async () => {
    const at = world();
    const done = await Promise.allSettled([rotateSecret(at, 'dev', 'a'), rotateSecret(at, 'dev', 'b')]);
    expect(done.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});
