import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Schemas } from '../../client/client.ts';
import { api, folder } from './deployed.ts';

/** Requests and payments of the upgrade test, and what must be true of an account whatever version decided its payments. */

export type Transaction = Schemas['Transaction'];
export type Decision = Schemas['Decision'];

export const userId = 'u_upgrade';

/** Keeps a value for the later phases of the test, which run in processes of their own. */
export const keep = (name: string, value: unknown): void =>
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(value, null, 1));
export const kept = <T>(name: string): T => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as T;

const attemptsMax = 10;
const pauseMs = 500;
/** Answers after which the contract allows a repeat. */
const repeatable = new Set([429, 502, 503, 504]);

/** Sends a request with the key that the earlier version made. Returns status and body; repeats it while the answer allows that. */
export const ask = async (
  method: string,
  path: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly body: unknown }> => {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(`${api}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${kept<string>('key')}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!repeatable.has(response.status) || attempt === attemptsMax) {
      return { status: response.status, body: text.startsWith('{') ? (JSON.parse(text) as unknown) : text };
    }
    await sleep(pauseMs);
  }
};

/** The body of a 200. Throws an AssertionError that shows any other answer. */
export const get = async <T = Record<string, unknown>>(path: string): Promise<T> => {
  const { status, body } = await ask('GET', path);
  assert.equal(status, 200, `GET ${path} answered ${status}: ${JSON.stringify(body)}`);
  return body as T;
};

const spacingMs = 20_000;
const beforeNowMs = 40 * 60_000;

/** When the first payment of every account happens; all of an account lie within the hour after it. */
const baseMs = (): number => {
  if (!existsSync(join(folder, 'base.json'))) keep('base', Date.now() - beforeNowMs);
  return kept<number>('base');
};

/** `ms` as a time of day near noon: at night a payment of a new account is unusual. */
const nearNoon = (ms: number): string => {
  const offsetHours = 12 - new Date(baseMs()).getUTCHours();
  const sign = offsetHours < 0 ? '-' : '+';
  const offset = `${sign}${String(Math.abs(offsetHours)).padStart(2, '0')}:00`;
  return new Date(ms + offsetHours * 3_600_000).toISOString().replace('Z', offset);
};

/** The `n`-th payment of an account, from 1; the same whenever it is asked for. */
export const paymentOf = (accountId: string, n: number, changes: Partial<Transaction> = {}): Transaction => ({
  transactionId: `${accountId}-${n}`,
  userId,
  accountId,
  occurredAt: nearNoon(baseMs() + n * spacingMs),
  amountMinor: 10_000 + ((n * 7_919) % 5_000),
  currency: 'INR',
  channel: 'upi',
  deviceId: `${accountId}-device-${Math.ceil(n / 4)}`,
  merchantId: `m_${n % 3}`,
  merchantCategory: '5411',
  location: { latitude: 12.97 + n / 1_000, longitude: 77.59 },
  metadata: { payment: String(n) },
  ...changes,
});

interface AuditItem {
  readonly body: { readonly event: string; readonly sequence: number; readonly previousHash: string };
  readonly hash: string;
  readonly inputs: { readonly transactionId: string };
}

const pageLimit = 200;
export const auditPath = (accountId: string): string => `/accounts/${accountId}/audit?userId=${userId}&limit=${pageLimit}`;

/** The decisions of an account in the order of its chain. Throws an AssertionError when a link of the chain is broken or missing. */
const decisionsInChain = async (accountId: string): Promise<readonly Decision[]> => {
  const { items, cursor } = await get<{ items: readonly AuditItem[]; cursor?: string }>(auditPath(accountId));
  assert.equal(cursor, undefined, `${accountId} has more than ${pageLimit} entries`);
  for (const [i, { body }] of items.entries()) {
    assert.equal(body.sequence, i + 1, `entry ${i + 1} of ${accountId}`);
    assert.equal(body.previousHash, i === 0 ? '0'.repeat(64) : items[i - 1]!.hash, `entry ${i + 1} of ${accountId}`);
  }
  const made = items.filter(({ body }) => body.event === 'DECISION_MADE');
  const decisions: Decision[] = [];
  for (const { inputs, body, hash } of made) {
    const decision = await get<Decision>(`/decisions/${inputs.transactionId}`);
    assert.deepEqual(decision.audit, { sequence: body.sequence, hash }, `the entry of ${inputs.transactionId}`);
    decisions.push(decision);
  }
  return decisions;
};

/**
 * Throws an AssertionError unless the account has exactly these payments, each once, and each decision counted every payment and every
 * amount before it: a state that a version misread would give other figures. Needs payments of `paymentOf`, all of them within an hour.
 */
export const assertWhole = async (accountId: string, payments: readonly Transaction[]): Promise<void> => {
  const decisions = await decisionsInChain(accountId);
  assert.deepEqual(
    decisions.map(({ transactionId }) => transactionId).sort(),
    payments.map((payment) => payment.transactionId).sort(),
  );
  const byId = new Map(payments.map((payment) => [payment.transactionId, payment]));
  const devices = new Set<Transaction['deviceId']>();
  let spentMinor = 0;
  for (const [i, { transactionId, outcome, signals }] of decisions.entries()) {
    const { amountMinor, deviceId } = byId.get(transactionId)!;
    assert.equal(signals.TXN_VELOCITY_1H!.value, i + 1, `payments counted by ${transactionId}`);
    assert.equal(signals.TOTAL_SPEND_24H!.value, spentMinor + amountMinor, `amounts counted by ${transactionId}`);
    assert.equal(signals.NEW_DEVICE_USED!.value, i === 0 || devices.has(deviceId) ? 0 : 1, `the device of ${transactionId}`);
    if (outcome === 'BLOCK') continue;
    spentMinor += amountMinor;
    devices.add(deviceId);
  }
};

/** Throws an AssertionError naming the place where `now` lacks or changes something of `before`. Fields may be added, a cursor may differ. */
export const assertKept = (before: unknown, now: unknown, place: string): void => {
  if (Array.isArray(before)) {
    assert.ok(
      Array.isArray(now) && now.length === before.length,
      `${place}: ${before.length} items became ${JSON.stringify(now)}`,
    );
    for (const [i, item] of before.entries()) assertKept(item, now[i], `${place}[${i}]`);
  } else if (before !== null && typeof before === 'object') {
    assert.ok(now !== null && typeof now === 'object', `${place} became ${JSON.stringify(now)}`);
    for (const [name, value] of Object.entries(before)) {
      if (name !== 'cursor') assertKept(value, (now as Record<string, unknown>)[name], `${place}.${name}`);
    }
  } else assert.equal(now, before, place);
};
