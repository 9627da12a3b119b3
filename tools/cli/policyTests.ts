import { z } from 'zod';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import { parseTransactionText } from '../../shared/contract/transaction.ts';
import { ledgerOf } from '../../shared/deciding/judgement.ts';
import type { Decision } from '../../shared/domain/decision.ts';
import { outcomes } from '../../shared/domain/outcome.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';
import { settle } from '../../shared/ledger/ledger.ts';
import { putListEntry } from '../../shared/policy/lists.ts';
import { publishPolicy } from '../../shared/policy/store.ts';
import { localMasterSecret } from '../../shared/secrets/masterSecret.ts';
import { merchantKey } from '../../shared/store/names.ts';
import { seededRandom } from '../../shared/store/random.ts';
import { durationMs } from './values.ts';

/**
 * A policy's own test cases as data: given lists, merchants and earlier payments, when one more payment comes, then it is decided so. Each
 * case is decided on stores in memory by the engine's own path, with rules alone: no model, nothing else known.
 */

const tenant = 'test';
const timesMax = 1_000;
/** Of the payment of a case that names none. */
const usualTime = '2026-01-15T12:00:00.000Z';
const waitMsMax = 60_000;

const payment = z.record(z.string(), z.unknown());
const earlier = z
  .object({ ago: z.string().optional(), times: z.number().int().min(1).max(timesMax).default(1) })
  .catchall(z.unknown());

const given = z
  .strictObject({
    payments: z.array(earlier).default([]),
    lists: z.record(z.string(), z.array(z.string())).default({}),
    merchants: z
      .record(z.string(), z.strictObject({ labelled: z.number().int().min(0), frauds: z.number().int().min(0) }))
      .default({}),
  })
  .prefault({});

const testCase = z.strictObject({
  name: z.string().min(1),
  given,
  when: payment,
  // biome-ignore lint/suspicious/noThenProperty: the word of the file; what is no function is never called as one
  then: z.strictObject({
    outcome: z.enum(outcomes),
    score: z.number().optional(),
    reasons: z.array(z.string()).optional(),
  }),
});

const testFile = z.strictObject({ defaults: payment.default({}), tests: z.array(testCase).min(1) });

export type PolicyTests = z.infer<typeof testFile>;
type PolicyTest = PolicyTests['tests'][number];

/** The test cases of a file. Throws an Error that names the file and everything that is wrong with it. */
export const readPolicyTests = (text: string, fileName: string): PolicyTests => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${fileName}: not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = testFile.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(
    parsed.error.issues.map(({ path, message }) => `${fileName}#/${path.map(String).join('/')}: ${message}`).join('\n'),
  );
};

export interface TestResult {
  readonly name: string;
  /** What differs, as sentences; none for a case that holds. */
  readonly faults: readonly string[];
}

/** Decides every case under a policy, in order, each on stores of its own. */
export const runPolicyTests = async (policy: Policy, { defaults, tests }: PolicyTests): Promise<TestResult[]> => {
  const results: TestResult[] = [];
  for (const test of tests) results.push({ name: test.name, faults: await faultsOf(policy, defaults, test) });
  return results;
};

const faultsOf = async (policy: Policy, defaults: PolicyTests['defaults'], test: PolicyTest): Promise<readonly string[]> => {
  const payments = paymentsOf(policy, defaults, test);
  if ('faults' in payments) return payments.faults;
  const unknown = Object.keys(test.given.lists).filter((list) => !Object.hasOwn(policy.lists, list));
  if (unknown.length > 0) return unknown.map((list) => `the policy has no list ${list}`);
  const decision = await decided(policy, test, payments);
  return typeof decision === 'string' ? [decision] : differences(decision, test.then);
};

const differences = ({ outcome, score, reasons }: Decision, then: PolicyTest['then']): string[] => {
  const names = reasons.map(({ signal }) => signal);
  const told = `${outcome}, score ${score}, reasons ${names.join(', ') || 'none'}`;
  const wanted = (what: string): string => `expected ${what}; decided ${told}`;
  const faults: string[] = [];
  if (outcome !== then.outcome) faults.push(wanted(then.outcome));
  if (then.score !== undefined && score !== then.score) faults.push(wanted(`score ${then.score}`));
  if (then.reasons !== undefined && names.toSorted().join() !== then.reasons.toSorted().join())
    faults.push(wanted(`reasons ${then.reasons.join(', ') || 'none'}`));
  return faults;
};

/** The earlier payments in the order of their times, then the one that is tested; or what is wrong with them. */
const paymentsOf = (
  policy: Policy,
  defaults: PolicyTests['defaults'],
  { given: { payments }, when }: PolicyTest,
): readonly Transaction[] | { readonly faults: readonly string[] } => {
  const usual = { userId: 'u_1', accountId: 'a_1', currency: policy.baseCurrency, occurredAt: usualTime, ...defaults };
  const faults: string[] = [];
  const parse = (pointer: string, fields: Readonly<Record<string, unknown>>): Transaction | null => {
    // Nothing is too far ahead of a receipt at the end of time.
    const parsed = parseTransactionText(JSON.stringify({ transactionId: pointer.replaceAll('/', '.'), ...fields }), latestMs);
    if (parsed.ok) return parsed.transaction;
    faults.push(...parsed.faults.map((fault) => `${pointer}${fault.pointer}: ${fault.detail}`));
    return null;
  };
  const tested = parse('when', { ...usual, ...when });
  const before = payments.flatMap(({ ago, times, ...fields }, index) => {
    const pointer = `given/payments/${index}`;
    const agoMs = ago === undefined ? null : agoOf(ago);
    if (ago !== undefined && agoMs === null)
      faults.push(`${pointer}/ago: ago must be a number and s, m, h or d, such as 90s; given ${ago}`);
    const atMs = tested === null || agoMs === null ? null : tested.occurredAtMs - agoMs;
    const time = atMs === null ? {} : { occurredAt: new Date(atMs).toISOString() };
    return Array.from({ length: times }, (_, i) => parse(`${pointer}/${i}`, { ...usual, ...fields, ...time }));
  });
  if (tested === null || faults.length > 0) return { faults: [...new Set(faults)] };
  const known = before.filter((one) => one !== null);
  return [...known.toSorted((a, b) => a.occurredAtMs - b.occurredAtMs), tested];
};

const latestMs = Date.UTC(2100, 0, 1);

const agoOf = (text: string): number | null => {
  try {
    return durationMs(text);
  } catch {
    return null;
  }
};

/** The decision on the last payment, each received when it occurred; or why there is none. */
const decided = async (
  policy: Policy,
  { given: { lists, merchants } }: PolicyTest,
  payments: readonly Transaction[],
): Promise<Decision | string> => {
  const table = memoryTable();
  const random = seededRandom(1);
  let nowMs = payments[0]!.occurredAtMs;
  const clock = { nowMs: () => nowMs, sleep: async () => {} };
  const change = { by: tenant, atMs: nowMs, salt: random.bytes(16) };
  await publishPolicy(table, tenant, { policy, status: 'active', ...change });
  for (const [list, entries] of Object.entries(lists)) {
    for (const entry of entries) await putListEntry(table, tenant, { list, entry, expiresAtMs: null, ...change });
  }
  for (const [merchantId, { labelled, frauds }] of Object.entries(merchants)) {
    const shares = { labelledShort: labelled, fraudsShort: frauds, labelledLong: labelled, fraudsLong: frauds };
    await table.put({ ...merchantKey(tenant, merchantId), labelled, frauds, ...shares, asOfMs: nowMs });
  }
  const masterSecret = localMasterSecret(Buffer.alloc(32, 1).toString('base64'));
  const services = { table, clock, randomness: random, masterSecret };
  const ledger = ledgerOf(services, async () => ({ model: null, degraded: 'NO_MODEL' }));
  let last: Decision | null = null;
  for (const transaction of payments) {
    nowMs = transaction.occurredAtMs;
    const submission = { tenant, transaction, receivedAtMs: nowMs, correlationId: null, queueAgeMs: null, redelivered: false };
    const [settled] = await settle(ledger, [submission], nowMs + waitMsMax);
    if (settled?.kind !== 'decided') return `${transaction.transactionId} was not decided: ${settled?.kind}`;
    last = settled.stored.decision;
  }
  return last ?? 'there is no payment';
};
