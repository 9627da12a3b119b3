import { beforeAll, describe, expect, it } from 'vitest';
import type { WireDecision } from '../../../shared/contract/render.ts';
import { signalSetting } from '../../../shared/domain/policy.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { type Api, apiOnMemory, startMs } from '../../support/api.ts';
import { type Committed, oracle } from '../../support/oracle.ts';

/** Payments as callers write them, through `POST /decisions`: every answer against the definitions of the signals, by an oracle that shares no code. */

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const paymentsPerAccount = 60;

/** Base minor units for one minor unit by the default policy, and what it has no rate for. */
const rates: Readonly<Record<string, number | null>> = { INR: 1, USD: 83.2, JPY: 55.8, THB: null };

const places = [
  { latitude: 12.97, longitude: 77.59 },
  { latitude: 13.05, longitude: 77.6 },
  { latitude: 51.5, longitude: -0.12 },
  { latitude: 0, longitude: -180 },
];

let api: Api;
let key: string;

beforeAll(async () => {
  api = apiOnMemory();
  key = await api.newKey(['decide']);
});

/** On the payer's own clock, by arithmetic of this test. */
const written = (epochMs: number, offsetMinutes: number): string => {
  const local = new Date(epochMs + offsetMinutes * minute).toISOString().slice(0, -1);
  if (offsetMinutes === 0) return `${local}Z`;
  const size = Math.abs(offsetMinutes);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${local}${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
};

/** The tie is rounded half to even by hand: rates have one decimal at most. */
const inBase = (amountMinor: number, currency: string): number | null => {
  const rate = rates[currency] ?? null;
  if (rate === null) return null;
  const tenths = BigInt(amountMinor) * BigInt(Math.round(rate * 10));
  const below = tenths / 10n;
  const rest = tenths % 10n;
  return Number(rest > 5n || (rest === 5n && below % 2n === 1n) ? below + 1n : below);
};

const named = (counts: Readonly<Record<string, number>>): string =>
  signalNames
    .filter((name) => (counts[name] ?? 0) > 0)
    .map((name) => `${name}: ${counts[name]} ${counts[name] === 1 ? 'trigger' : 'triggers'}`)
    .join(' | ');

describe('a stream of payments through the API', () => {
  it.each([1, 2, 3, 4, 5, 6])('reads every signal, transition and explanation as defined (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    const home = random.pick([0, 330, -480, 840]);
    const before: Committed[] = [];
    let newestMs = startMs - 400 * day;
    for (let n = 0; n < paymentsPerAccount; n += 1) {
      const late = random.pick([1, 59_999, minute, hour, day, 2 * day, 2 * day + 1]);
      const ahead = random.pick([
        0,
        1,
        1_000,
        minute - 1,
        minute,
        minute + 1,
        hour,
        7 * hour,
        day,
        seed % 3 === 0 ? 95 * day : day,
      ]);
      const occurredAtMs = Math.min(startMs, random.fraction() < 0.2 ? newestMs - late : newestMs + ahead);
      newestMs = Math.max(newestMs, occurredAtMs);
      const offsetMinutes = random.fraction() < 0.8 ? home : random.pick([0, 60, -300]);
      const transaction: Transaction = {
        transactionId: `t${seed}_${n}`,
        userId: `u${seed}`,
        accountId: `a${seed}`,
        occurredAtMs,
        offsetMinutes,
        amountMinor: random.pick([1, 45, 99_999, 1_299_00, 5_000_000, 1 + random.below(1_000_000)]),
        currency: random.pick(['INR', 'INR', 'INR', 'USD', 'JPY', 'THB']),
        channel: null,
        deviceId: random.fraction() < 0.6 ? `d${random.below(seed % 2 === 0 ? 45 : 3)}` : null,
        merchantId: null,
        merchantCategory: null,
        ipAddress: null,
        beneficiaryId: null,
        instrumentId: null,
        location: random.fraction() < 0.5 ? random.pick(places) : null,
        metadata: null,
      };
      const { occurredAtMs: _, offsetMinutes: __, ...fields } = transaction;
      const body = JSON.stringify({ ...fields, occurredAt: written(occurredAtMs, offsetMinutes) });
      const received = await api.call({ method: 'POST', path: '/decisions', key, body });
      expect(received.status).toBe(200);
      const decision = received.body as WireDecision;

      const spendMinor = inBase(transaction.amountMinor, transaction.currency);
      const wanted = oracle(before, transaction, spendMinor, defaultPolicy);
      const at = `payment ${n}: ${body}`;
      expect(decision.late, at).toBe(wanted.late);
      for (const name of signalNames) {
        const { value, triggered } = decision.signals[name];
        const { threshold } = signalSetting(defaultPolicy, name);
        expect(triggered, `${name} of ${at}`).toBe(value !== null && threshold !== null && value >= threshold);
        if (value === null) expect(decision.degraded.map(({ part }) => part)).toContain(name);
        const exact = ({ ...wanted } as Readonly<Record<string, unknown>>)[name] as number | null | undefined;
        if (exact === undefined) continue;
        if (exact === null || value === null) expect(value, `${name} of ${at}`).toBe(exact);
        else expect(Math.abs(value - exact), `${name} of ${at}`).toBeLessThan(6e-5 + Math.abs(exact) * 1e-9);
      }
      const triggers = signalNames.filter((name) => decision.signals[name].triggered);
      if (wanted.triggers24h !== null) {
        const counts = { ...wanted.triggers24h };
        for (const name of triggers) counts[name] = (counts[name] ?? 0) + 1;
        expect(decision.explanation, at).toBe(named(counts));
      }
      const previous = before.at(-1)?.outcome;
      const change = previous === decision.outcome ? 'NO_CHANGE' : `${previous}->${decision.outcome}`;
      expect(decision.transition, at).toBe(previous === undefined ? 'NEW' : change);
      const points = decision.reasons.reduce((sum, reason) => sum + Math.round(100 * reason.points), 0);
      expect(decision.score, at).toBe(Math.min(100, Math.max(0, points / 100)));
      before.push({ transaction, outcome: decision.outcome, spendMinor, triggered: triggers });
    }
  });
});
