import { beforeAll, describe, expect, it } from 'vitest';
import { makeCheckpoint } from '../../../../functions/checkpoint/checkpoint.ts';
import { evidencePage } from '../../../../functions/read/evidence/evidence.ts';
import { virtualClock } from '../../../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../../../shared/adapters/memory/objects.ts';
import { decisionFromItem, decisionItem } from '../../../../shared/ledger/items.ts';
import { publishPolicy } from '../../../../shared/policy/store.ts';
import { canonicalText } from '../../../../shared/proof/canonical.ts';
import { noteHeads } from '../../../../shared/proof/heads.ts';
import { labelItem } from '../../../../shared/reviews/labels.ts';
import { auditKey, decisionKey, policyVersionKey } from '../../../../shared/store/names.ts';
import { verifyBytes } from '../../../../tools/proof/verify.ts';
import { hashOf, p256Signer } from '../../../tools/proof/builders.ts';
import { type History, historyPolicy, makeHistory } from '../../../tools/proof/history.ts';

let history: History;
const checkpoints = memoryObjects();
const signer = p256Signer();
const extras = { exportedAt: '2026-11-21T00:00:00.000Z', publicKey: signer.publicKey };
const page = (transactionId: string, wholeChainMax?: number) =>
  evidencePage({ table: history.table, archive: memoryObjects(), checkpoints }, 'dev', transactionId, extras, wholeChainMax);

beforeAll(async () => {
  history = await makeHistory(40, 11);
  const { table, entries } = history;
  const publication = { status: 'active' as const, by: 'key_1', atMs: 0 };
  for (const _ of ['version 2', 'version 3']) await publishPolicy(table, 'dev', { ...publication, policy: historyPolicy.policy });
  expect(await table.get(policyVersionKey('dev', 3))).not.toBeNull();
  await noteHeads(table, entries.slice(0, 30));
  await makeCheckpoint({ table, checkpoints, signer, clock: virtualClock(Date.UTC(2026, 10, 22)) });
});

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
    expect((await page('txn_35'))!).toContain('none yet: protected by the chain only');
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
  it('names who labelled a decision of a long chain, though the label came long after it', async () => {
    const { chain } = decisionFromItem((await history.table.get(decisionKey('dev', 'txn_4')))!);
    const before = history.entries.at(-1)!;
    const rest = { event: 'REVIEWED', at: before.body.at, transactionId: 'txn_4', disposition: 'LEGITIMATE', by: 'key_ann' };
    const body = { chain, sequence: 41, previousHash: before.hash, ...rest };
    await history.table.put({ ...auditKey(chain, 41), body: canonicalText(body), hash: hashOf(body) });
    const known = { disposition: 'LEGITIMATE', knownAtMs: 0, fingerprint: 'ab', chain, sequence: 41 } as const;
    await history.table.put(labelItem({ tenant: 'dev', transactionId: 'txn_4', ...known }));
    for (const html of [await page('txn_4', 10), await page('txn_4')]) expect(html).toContain('<td>key_ann</td>');
    await history.table.delete(auditKey(chain, 41));
  });
  it('of a long chain does not verify once an entry of it was edited', async () => {
    const { chain, decision } = decisionFromItem((await history.table.get(decisionKey('dev', 'txn_4')))!);
    const key = auditKey(chain, decision.sequence + 3);
    const kept = (await history.table.get(key))!;
    const packed = Uint8Array.from(kept.p as Uint8Array);
    packed[packed.length - 40]! ^= 1;
    await history.table.put({ ...kept, p: packed });
    const report = await verifyBytes(Buffer.from((await page('txn_4', 10))!), { publicKey: signer.publicKey });
    await history.table.put(kept);
    expect(report.verdict).toBe('tampered');
  });
  it('is not there for an unknown transaction', async () => {
    expect(await page('txn_none')).toBeNull();
  });
});
