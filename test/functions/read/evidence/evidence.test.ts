import { beforeAll, describe, expect, it } from 'vitest';
import { makeCheckpoint } from '../../../../functions/checkpoint/checkpoint.ts';
import { evidencePage } from '../../../../functions/read/evidence/evidence.ts';
import { virtualClock } from '../../../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../../../shared/adapters/memory/objects.ts';
import { decisionFromItem, decisionItem } from '../../../../shared/ledger/items.ts';
import { publishPolicy } from '../../../../shared/policy/store.ts';
import { noteHeads } from '../../../../shared/proof/heads.ts';
import { decisionKey, policyVersionKey } from '../../../../shared/store/names.ts';
import { verifyBytes } from '../../../../tools/proof/verify.ts';
import { p256Signer } from '../../../tools/proof/builders.ts';
import { type History, historyPolicy, makeHistory } from '../../../tools/proof/history.ts';

let history: History;
const checkpoints = memoryObjects();
const signer = p256Signer();
const extras = { exportedAt: '2026-11-21T00:00:00.000Z', publicKey: signer.publicKey };
const page = (transactionId: string) =>
  evidencePage({ table: history.table, archive: memoryObjects(), checkpoints }, 'dev', transactionId, extras);

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
  it('is not there for an unknown transaction', async () => {
    expect(await page('txn_none')).toBeNull();
  });
});
