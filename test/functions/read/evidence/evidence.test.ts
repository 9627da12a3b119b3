import { beforeAll, describe, expect, it } from 'vitest';
import { makeCheckpoint } from '../../../../functions/checkpoint/checkpoint.ts';
import { evidencePage } from '../../../../functions/read/evidence/evidence.ts';
import { inputsOpener } from '../../../../functions/read/inputs.ts';
import { dispose } from '../../../../functions/review/dispose.ts';
import { virtualClock } from '../../../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../../../shared/adapters/memory/objects.ts';
import { DamagedRow, NewerRow } from '../../../../shared/domain/rowFormat.ts';
import { auditFromItem, decisionFromItem, decisionItem } from '../../../../shared/ledger/items.ts';
import { publishPolicy } from '../../../../shared/policy/store.ts';
import type { Item } from '../../../../shared/ports/ports.ts';
import { noteHeads } from '../../../../shared/proof/heads.ts';
import { localMasterSecret } from '../../../../shared/secrets/masterSecret.ts';
import { auditKey, decisionKey, policyVersionKey } from '../../../../shared/store/names.ts';
import { seededRandom } from '../../../../shared/store/random.ts';
import { verifyBytes } from '../../../../tools/proof/verify.ts';
import { p256Signer } from '../../../tools/proof/builders.ts';
import { type History, historyPolicy, makeHistory } from '../../../tools/proof/history.ts';

let history: History;
const checkpoints = memoryObjects();
const signer = p256Signer();
const masterSecret = localMasterSecret(Buffer.alloc(32, 9).toString('base64'));
const extras = {
  exportedAt: '2026-11-21T00:00:00.000Z',
  publicKey: signer.publicKey,
  openInputs: inputsOpener(masterSecret),
};
const pageOf = ({ table }: History, transactionId: string, wholeChainMax?: number, objects = checkpoints) =>
  evidencePage({ table, archive: memoryObjects(), checkpoints: objects }, 'dev', transactionId, extras, wholeChainMax);
const page = (transactionId: string, wholeChainMax?: number) => pageOf(history, transactionId, wholeChainMax);
/** The cells of every row in the section with this title. */
const rowsOf = (html: string, title: string): string[][] => {
  const section = html.split('<section>').find((part) => part.includes(`<h2>${title}</h2>`))!;
  return section.split('<tr>').map((row) => [...row.matchAll(/<t[dh][^>]*>(.*?)<\/t[dh]>/g)].map(([, cell]) => cell!));
};

beforeAll(async () => {
  history = await makeHistory(40, 11);
  const { table, entries } = history;
  const publication = { status: 'active' as const, by: 'key_1', atMs: 0 };
  for (const _ of ['version 2', 'version 3']) await publishPolicy(table, 'dev', { ...publication, policy: historyPolicy.policy });
  expect(await table.get(policyVersionKey('dev', 3))).not.toBeNull();
  await noteHeads(table, entries.slice(0, 30));
  await makeCheckpoint({ table, checkpoints, signer, clock: virtualClock(Date.UTC(2026, 10, 22)) });
});

/** The row of an entry with one bit changed, so that it still reads, as another entry. */
const edited = (item: Item): Item => {
  const packed = item.p as Uint8Array;
  const before = JSON.stringify(auditFromItem(item).body);
  for (let i = packed.length - 1; i > 0; i--) {
    const changed = { ...item, p: packed.with(i, packed[i]! ^ 1) };
    try {
      if (JSON.stringify(auditFromItem(changed).body) !== before) return changed;
    } catch (error) {
      if (!(error instanceof DamagedRow || error instanceof NewerRow)) throw error;
    }
  }
  throw new Error('no bit of the row can be changed');
};

describe('an evidence page', () => {
  it('verifies as it is, with the public key alone', async () => {
    const report = await verifyBytes(Buffer.from((await page('txn_4'))!), { publicKey: signer.publicKey });
    expect(report).toMatchObject({ verdict: 'intact', entries: 40, chains: 1, uncoveredEntries: 10 });
  });
  it('does not verify once its attachment is another', async () => {
    const html = (await page('txn_4'))!;
    const at = html.indexOf('id="aegis-bundle">') + 600;
    const changed = `${html.slice(0, at)}${html[at] === 'A' ? 'B' : 'A'}${html.slice(at + 1)}`;
    expect((await verifyBytes(Buffer.from(changed))).exitCode).not.toBe(0);
  });
  it('says what was decided, why, by which policy, and which checkpoint holds it', async () => {
    const html = (await page('txn_4'))!;
    const stored = decisionFromItem((await history.table.get(decisionKey('dev', 'txn_4')))!);
    for (const text of [
      stored.decision.outcome,
      stored.decision.hash,
      historyPolicy.hash,
      'a_1',
      '1 of 2026-11-22',
      'rules alone decided',
    ]) {
      expect(html).toContain(text);
    }
    for (const { signal } of stored.decision.reasons) expect(html).toContain(`<td>${signal}</td>`);
    expect((await page('txn_35'))!).toContain('none yet: only the chain protects this entry');
  });
  it('says when the payment occurred, on the payer’s clock', async () => {
    const { decision } = decisionFromItem((await history.table.get(decisionKey('dev', 'txn_4')))!);
    const { occurredAtMs, offsetMinutes } = decision.transaction;
    const [, occurredAt] = rowsOf((await page('txn_4'))!, 'What was paid').find(([name]) => name === 'occurred at')!;
    expect(Date.parse(occurredAt!)).toBe(occurredAtMs);
    const offsets: Readonly<Record<number, string>> = { 0: 'Z', 330: '+05:30', '-480': '-08:00' };
    expect(occurredAt!.slice(23).replace('+00:00', 'Z')).toBe(offsets[offsetMinutes]);
  });
  it('shows what a caller sent as text, never as markup', async () => {
    const key = decisionKey('dev', 'txn_5');
    const stored = decisionFromItem((await history.table.get(key))!);
    const transaction = { ...stored.decision.transaction, metadata: { '</script><script>': '<img src=x onerror="1">&\'' } };
    await history.table.put(decisionItem({ ...stored, decision: { ...stored.decision, transaction } }));
    const html = (await page('txn_5'))!;
    expect(html).not.toContain('<img');
    expect(html).toContain('&#60;img src=x onerror=');
    expect(html.match(/<script/g)).toHaveLength(1);
  });
  it('shows nothing personal of an erased person', async () => {
    const key = decisionKey('dev', 'txn_6');
    const stored = decisionFromItem((await history.table.get(key))!);
    await history.table.put(decisionItem({ ...stored, erased: true }));
    const html = (await page('txn_6'))!;
    expect(html).toContain('<td>erased</td>');
    expect(html.slice(0, html.indexOf('<script'))).not.toMatch(/u_1|a_1|d_\d|12\.97/);
  });
  it('holds of a long chain what proves the decision: from its entry to the one that a checkpoint holds', async () => {
    const { sequence } = decisionFromItem((await history.table.get(decisionKey('dev', 'txn_4')))!).decision;
    const html = (await page('txn_4', 10))!;
    const report = await verifyBytes(Buffer.from(html), { publicKey: signer.publicKey });
    expect(report).toMatchObject({ verdict: 'intact', entries: 31 - sequence, uncoveredEntries: 0, checkpoints: { count: 1 } });
    expect(html).toContain('1 of 2026-11-22');
  });
  it('holds of a long chain that no checkpoint covers yet what follows the decision', async () => {
    const { sequence } = decisionFromItem((await history.table.get(decisionKey('dev', 'txn_35')))!).decision;
    const report = await verifyBytes(Buffer.from((await page('txn_35', 10))!), { publicKey: signer.publicKey });
    expect(report).toMatchObject({ verdict: 'intact', entries: 41 - sequence, uncoveredEntries: 41 - sequence });
  });
  it('of a long chain does not verify once an entry of it was edited', async () => {
    const { chain, decision } = decisionFromItem((await history.table.get(decisionKey('dev', 'txn_4')))!);
    const key = auditKey(chain, decision.sequence + 3);
    const kept = (await history.table.get(key))!;
    await history.table.put(edited(kept));
    const report = await verifyBytes(Buffer.from((await page('txn_4', 10))!), { publicKey: signer.publicKey });
    await history.table.put(kept);
    expect(report.verdict).toBe('tampered');
  });
  it('is not there for an unknown transaction', async () => {
    expect(await page('txn_none')).toBeNull();
  });
});

describe('the reviews on an evidence page', () => {
  const reviewedHistory = async (beforeReviews = async (_: History) => {}): Promise<History> => {
    const reviewed = await makeHistory(8, 12);
    await beforeReviews(reviewed);
    const publication = { status: 'active' as const, by: 'key_1', atMs: 0, policy: historyPolicy.policy };
    for (const _ of ['version 2', 'version 3']) await publishPolicy(reviewed.table, 'dev', publication);
    const clock = virtualClock(Date.UTC(2026, 10, 23));
    const dependencies = { table: reviewed.table, clock, randomness: seededRandom(1), masterSecret };
    for (const [transactionId, by] of [
      ['txn_1', 'key_of_asha'],
      ['txn_2', 'key_of_ben'],
      ['txn_1', 'key_of_ben'],
    ] as const) {
      const disposal = { tenant: 'dev', transactionId, disposition: 'CONFIRMED_FRAUD', note: null, by } as const;
      await dispose(dependencies, disposal, clock.nowMs() + 10_000);
      clock.advance(1_000);
    }
    return reviewed;
  };

  it('say who reviewed this payment, and no other', async () => {
    const rows = rowsOf((await pageOf(await reviewedHistory(), 'txn_1'))!, 'Who reviewed it');
    expect(rows.slice(2).map(([, who, disposition, entry]) => [who, disposition, entry])).toEqual([
      ['key_of_asha', 'CONFIRMED_FRAUD', '9'],
      ['key_of_ben', 'CONFIRMED_FRAUD', '11'],
    ]);
  });

  it('of a long chain name who labelled the payment, whether the chain is attached up to the label or not', async () => {
    const uncovered = rowsOf((await pageOf(await reviewedHistory(), 'txn_1', 2))!, 'Who reviewed it');
    expect(uncovered.slice(2).map(([, who]) => who)).toEqual(['key_of_asha', 'key_of_ben']);
    const objects = memoryObjects();
    const covered = await reviewedHistory(async ({ table, entries }) => {
      await noteHeads(table, entries);
      await makeCheckpoint({ table, checkpoints: objects, signer, clock: virtualClock(Date.UTC(2026, 10, 22)) });
    });
    const rows = rowsOf((await pageOf(covered, 'txn_1', 2, objects))!, 'Who reviewed it');
    expect(rows.slice(2).map(([, who, , entry]) => [who, entry])).toEqual([['key_of_ben', '11']]);
  });

  it('name nobody once the account is erased', async () => {
    const reviewed = await reviewedHistory();
    const key = decisionKey('dev', 'txn_1');
    const stored = decisionFromItem((await reviewed.table.get(key))!);
    await reviewed.table.put(decisionItem({ ...stored, erased: true }));
    const rows = rowsOf((await pageOf(reviewed, 'txn_1'))!, 'Who reviewed it');
    expect(rows.slice(2).map(([, who]) => who)).toEqual(['erased', 'erased']);
  });

  it('say so when there is none', async () => {
    expect((await page('txn_4'))!).toContain('Nobody has reviewed it yet.');
  });
});
