import { beforeEach, describe, expect, it } from 'vitest';
import { getAccountAudit } from '../../../functions/read/accounts.ts';
import { erasedChains } from '../../../functions/read/erasedChains.ts';
import { inputsOpener } from '../../../functions/read/inputs.ts';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { renderDecision } from '../../../shared/contract/render.ts';
import type { ApiRequest } from '../../../shared/edge/request.ts';
import { decisionFromItem } from '../../../shared/ledger/items.ts';
import { accountFromItem } from '../../../shared/ledger/state.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { refreshMs } from '../../../shared/secrets/masterSecret.ts';
import { decisionKey, stateKey } from '../../../shared/store/names.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { rotateSecret } from '../../../tools/cli/secret.ts';
import { erase } from '../../../tools/erasure/erase.ts';
import { erasedPeople, payment, people, peopledWorld, subjects, textOfItem, tracesOf, type World } from './world.ts';

describe('an erasure of 50 people among 60', () => {
  let at: World;
  beforeEach(async () => {
    at = await peopledWorld();
  });

  it('leaves none of their plaintext in any item, queue or object, and all of the others', async () => {
    const before = await at.everything();
    for (let i = 0; i < people; i += 1) expect(before).toContain(`-of-${i}.x`);
    const othersBefore = at.table.all().filter((item) => /-of-5\d\.x/.test(textOfItem(item)) && !item.pk.startsWith('F#'));
    const report = await at.erase(subjects);
    expect(report).toMatchObject({ accounts: 50, decisions: 150, alerts: 1, users: 50, messages: 51 });
    expect(report.feedPages).toBeGreaterThan(0);
    expect(report.featureObjects).toBeGreaterThan(0);
    const after = await at.everything();
    for (let i = 0; i < erasedPeople; i += 1)
      for (const trace of tracesOf(i)) expect(after.includes(trace), `person ${i}: ${JSON.stringify(trace)}`).toBe(false);
    for (let i = erasedPeople; i < people; i += 1) expect(after).toContain(`user-of-${i}.x`);
    const othersAfter = at.table.all().filter((item) => /-of-5\d\.x/.test(textOfItem(item)) && !item.pk.startsWith('F#'));
    expect(othersAfter).toEqual(othersBefore);
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
      users: 0,
      entities: 0,
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
