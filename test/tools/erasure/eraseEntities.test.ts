import { beforeEach, describe, expect, it } from 'vitest';
import { entityHashes } from '../../../shared/entities/hashes.ts';
import { attemptsIn } from '../../../shared/entities/record.ts';
import { bytesOfAttribute } from '../../support/traces.ts';
import { erasedPeople, payment, people, peopledWorld, subjects, type World } from './world.ts';

describe('an erasure of 50 people among 60, in the records of entities', () => {
  let at: World;
  beforeEach(async () => {
    at = await peopledWorld();
  });

  it('leaves neither attempts, marks nor notes of theirs, and all of the others', async () => {
    for (const i of [1, 57]) await at.label(`txn_${i}_1`, `note about ${i}.`, 'CONFIRMED_FRAUD');
    const hashes = await entityHashes(at.masterSecret);
    const records = () => at.table.all().filter(({ pk, sk }) => pk.startsWith('G#') && sk !== 'KINDS');
    /** By person, how often a payment or the account of theirs stands in a record, by every byte of it. */
    const found = (): Map<number, number> => {
      const times = new Map<number, number>();
      for (const item of records()) {
        const bytes = Buffer.concat(
          Object.entries(item).flatMap(([name, value]) => [Buffer.from(name), bytesOfAttribute(value)]),
        );
        const attempts = item.sk === 'F' ? [] : attemptsIn(item, Number(item.sk)).attempts;
        for (let i = 0; i < people; i += 1) {
          const names = [0, 1, 2].map((n) => hashes.transaction(item.pk, `txn_${i}_${n}`));
          const account = hashes.account(item.pk, `user-of-${i}.x`, `account-of-${i}.x`);
          const hits =
            names.filter((name) => bytes.includes(name)).length + attempts.filter((one) => one.account === account).length;
          if (hits > 0) times.set(i, (times.get(i) ?? 0) + hits);
        }
      }
      return times;
    };
    /** The people whom notes name, by which entities are looked up. */
    const noted = (): Set<number> =>
      new Set(
        at.table
          .all()
          .filter(({ pk }) => pk.startsWith('I#'))
          .map(({ transactionId }) => Number(String(transactionId).split('_')[1])),
      );
    const before = found();
    expect(noted().size).toBe(people);
    // The record of what all of them pay to has dropped the oldest attempts.
    expect(before.size).toBe(people);
    const report = await at.erase(subjects);
    expect(report.entities).toBeGreaterThan(3 * 3 * erasedPeople);
    const after = found();
    for (let i = 0; i < erasedPeople; i += 1) expect(after.get(i), `person ${i}`).toBeUndefined();
    for (let i = erasedPeople; i < people; i += 1) expect(after.get(i), `person ${i}`).toBe(before.get(i));
    expect((await at.erase(subjects)).entities).toBe(0);
    expect(noted()).toEqual(new Set(Array.from({ length: people - erasedPeople }, (_, i) => erasedPeople + i)));
    // A repeat is known as one, and leaves nothing.
    expect(await at.pay(payment(3, 0))).toMatchObject({ kind: 'duplicate', stored: { erased: true } });
    expect(found().get(3)).toBeUndefined();
  });

  it('also takes a note that was written while its decision was erased', async () => {
    const note = at.table.all().find(({ transactionId }) => transactionId === 'txn_4_0')!;
    expect(note.pk).toMatch(/^I#/);
    let isWritten = false;
    const put = at.table.put;
    at.table.put = async (item, condition) => {
      await put(item, condition);
      if (isWritten || !item.pk.startsWith('D#dev#txn_4_0')) return;
      isWritten = true;
      await put(note);
    };
    await at.erase(subjects);
    expect(isWritten).toBe(true);
    expect(at.table.all().filter(({ transactionId }) => transactionId === 'txn_4_0')).toEqual([]);
  });
});
