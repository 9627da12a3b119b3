import { expect } from 'vitest';
import type { Scope } from '../../../shared/contract/routes.ts';
import { createKey } from '../../../shared/edge/keys.ts';
import { type Api, apiOnMemory } from '../../support/api.ts';
import { type Asking, asking, everyItem } from '../../support/asking.ts';

export const hourMs = 3_600_000;
export const blockedMinor = 3_000_000_000;
/** By the default policy: allowed, REVIEWed for spend alone, BLOCKed for an amount far beyond the population as well. */
export const amounts = { ALLOW: 10_000, REVIEW: 30_000_000, BLOCK: blockedMinor } as const;

export let api: Api;
export let ana: Asking;
export let ben: Asking;
export let boss: Asking;
let payments = 0;

export const person = async (owner: string, scopes: readonly Scope[]): Promise<Asking> => {
  const wanted = { tenant: 'acme', scopes, createdBy: 'test', owner, expiresAtMs: null };
  return asking(api, (await createKey(api.store, wanted)).key);
};

/** A payment of an account, decided and projected; its id. */
export const pay = async (accountId: string, outcome: keyof typeof amounts, more: object = {}): Promise<string> => {
  payments += 1;
  const transactionId = `t${payments}`;
  const occurredAt = new Date(api.clock.nowMs()).toISOString();
  const body = { transactionId, userId: 'u_42', accountId, occurredAt, amountMinor: amounts[outcome], currency: 'INR', ...more };
  expect((await boss('POST', '/decisions', { body })).status).toBe(200);
  await api.project();
  return transactionId;
};

export const reviewsOf = async (query: Record<string, string> = {}) => (await everyItem(ana, '/reviews', query)).items;

export const reviewOf = async (accountId: string) => {
  const all = [...(await reviewsOf()), ...(await reviewsOf({ state: 'closed' }))];
  return all.find((review) => review.accountId === accountId);
};

export const act = (by: Asking, what: 'claim' | 'release', reviewId: string) => by('POST', `/reviews/${reviewId}/${what}`);
export const dispose = (by: Asking, reviewId: string, body: object) => by('POST', `/reviews/${reviewId}/dispose`, { body });

/** An API on an empty table, or one with these faults, and keys of those who work with it. */
export const beginWork = async (options: Parameters<typeof apiOnMemory>[0] = {}): Promise<void> => {
  payments = 0;
  api = apiOnMemory(options);
  ana = await person('ana', ['read', 'review']);
  ben = await person('ben', ['read', 'review']);
  boss = await person('boss', ['decide', 'read', 'review', 'admin']);
};
