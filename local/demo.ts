import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';
import { SingleBar } from 'cli-progress';
import { call, type Target } from '../cli/target.ts';
import { type AuditEntry, chainFault } from './chain.ts';
import { EmulatorError } from './emulators.ts';
import { LocalProblem } from './problem.ts';
import { readSample, type SampleTransaction } from './sample.ts';
import { startLocalStack } from './stack.ts';

/** `npm run demo`: the sample through the whole stack, and the proof that nothing was lost, doubled or altered. */

const batchRows = 100;
/** The next batch goes out when fewer messages wait, so that the time to a decision is not the time in a queue of our own making. */
const waitingMax = 50;
const requestsAtOnce = 8;
const pageRows = 200;
const decideMsMax = 100_000;
const pollMs = 25;
const reasonsShown = 8;

interface DecisionBody {
  readonly transactionId: string;
  readonly userId: string;
  readonly accountId: string;
  readonly occurredAt: string;
  readonly receivedAt: string;
  readonly decidedAt: string;
  readonly outcome: 'ALLOW' | 'REVIEW' | 'BLOCK';
  readonly score: number;
  readonly transition: string;
  readonly reasons: readonly {
    readonly signal: string;
    readonly value: number | null;
    readonly threshold: number | null;
    readonly points: number;
    readonly text: string;
  }[];
  readonly explanation: string;
  readonly late: boolean;
  readonly policyVersion: number;
  readonly audit: { readonly sequence: number; readonly hash: string };
}

const run = async (): Promise<boolean> => {
  const sample = readSample();
  const failures: string[] = [];
  console.log('starting the stack on free ports');
  const stack = await startLocalStack({ onFailure: (text) => failures.push(text) });
  const interrupt = () => void stack.stop().then(() => process.exit(130));
  process.once('SIGINT', interrupt);
  try {
    const target: Target = { url: stack.url, key: stack.key };
    console.log(`sending ${sample.length} payments to ${stack.url}/transactions/batch`);
    const sentRows = await sendAll(target, sample);
    const decisions = (await inParallel(sample, ({ transactionId }) => decisionOf(target, transactionId))).filter(
      (decision) => decision !== null,
    );
    const chains = await inParallel([...accountsOf(sample)], ([, { userId, accountId }]) => auditOf(target, userId, accountId));

    printOutcomes(decisions);
    printSpeed(decisions);
    printReasons(decisions);
    printOne(decisions);
    return prove(sentRows, sample, decisions, chains);
  } finally {
    process.removeListener('SIGINT', interrupt);
    await stack.stop();
    for (const failure of failures) console.error(styleText('red', failure));
  }
};

/** How many rows the API took. Ends when all of them are decided, or after 100 s. */
const sendAll = async (target: Target, sample: readonly SampleTransaction[]): Promise<number> => {
  const bar = new SingleBar({
    format: '  {bar} {value}/{total} {stage} {duration_formatted}',
    hideCursor: true,
    noTTYOutput: !process.stdout.isTTY,
    notTTYSchedule: 5_000,
    stream: process.stdout,
  });
  const untilMs = Date.now() + decideMsMax;
  bar.start(sample.length, 0, { stage: 'sent' });
  let sent = 0;
  for (let from = 0; from < sample.length && Date.now() < untilMs; from += batchRows) {
    const { status, body } = await call(target, 'POST', '/transactions/batch', {
      transactions: sample.slice(from, from + batchRows),
    });
    const { accepted = 0 } = body as { accepted?: number };
    if (status !== 202 || accepted !== Math.min(batchRows, sample.length - from)) {
      bar.stop();
      throw new Error(`a batch was not taken whole: ${status} ${JSON.stringify(body).slice(0, 500)}`);
    }
    sent += accepted;
    bar.update(sent);
    while ((await waitingMessages(target)) > waitingMax && Date.now() < untilMs) await sleep(pollMs);
  }
  bar.update(sent, { stage: 'sent, the last ones being decided' });
  for (const { transactionId } of sample.slice(-batchRows)) {
    while ((await decisionOf(target, transactionId)) === null && Date.now() < untilMs) await sleep(pollMs);
  }
  bar.update(sent, { stage: 'sent and decided' });
  bar.stop();
  return sent;
};

const waitingMessages = async (target: Target): Promise<number> => {
  const { body } = await call(target, 'GET', '/health');
  return (body as { dependencies: { queue: { waitingMessages: number } } }).dependencies.queue.waitingMessages;
};

const decisionOf = async (target: Target, transactionId: string): Promise<DecisionBody | null> => {
  const { status, body } = await call(target, 'GET', `/decisions/${transactionId}`);
  if (status === 200) return body as DecisionBody;
  if (status === 404) return null;
  throw new Error(`GET /decisions/${transactionId} answered ${status} ${JSON.stringify(body)}`);
};

const auditOf = async (target: Target, userId: string, accountId: string): Promise<AuditEntry[]> => {
  const entries: AuditEntry[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const at: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await call(target, 'GET', `/accounts/${accountId}/audit?userId=${userId}&limit=${pageRows}${at}`);
    if (status !== 200) throw new Error(`the audit of ${accountId} answered ${status} ${JSON.stringify(body)}`);
    const page = body as { items: AuditEntry[]; cursor?: string };
    entries.push(...page.items);
    cursor = page.cursor;
  }
  return entries;
};

const accountsOf = (sample: readonly SampleTransaction[]): Map<string, SampleTransaction> =>
  new Map(sample.map((transaction) => [`${transaction.userId} ${transaction.accountId}`, transaction]));

const inParallel = async <T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> => {
  const results = new Array<R>(all.length);
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < all.length; i = next++) results[i] = await work(all[i]!);
  };
  await Promise.all(Array.from({ length: requestsAtOnce }, worker));
  return results;
};

const colours = { ALLOW: 'green', REVIEW: 'yellow', BLOCK: 'red' } as const;

const printOutcomes = (decisions: readonly DecisionBody[]): void => {
  console.log(`\n${styleText('bold', 'outcome      count    share')}`);
  for (const outcome of ['ALLOW', 'REVIEW', 'BLOCK'] as const) {
    const count = decisions.filter((decision) => decision.outcome === outcome).length;
    const share = `${((100 * count) / decisions.length).toFixed(1)} %`;
    console.log(`${styleText(colours[outcome], outcome.padEnd(8))} ${String(count).padStart(9)} ${share.padStart(8)}`);
  }
};

const printSpeed = (decisions: readonly DecisionBody[]): void => {
  const received = decisions.map(({ receivedAt }) => Date.parse(receivedAt));
  const decided = decisions.map(({ decidedAt }) => Date.parse(decidedAt));
  const seconds =
    (decided.reduce((a, b) => Math.max(a, b), 0) - received.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)) / 1_000;
  const latencies = decided.map((at, i) => at - received[i]!).sort((a, b) => a - b);
  const percentile = (p: number) => latencies[Math.min(latencies.length - 1, Math.ceil((p / 100) * latencies.length) - 1)];
  console.log(`\n${decisions.length} decisions in ${seconds.toFixed(1)} s: ${(decisions.length / seconds).toFixed(0)} a second`);
  console.log(`receipt to decision: p50 ${percentile(50)} ms, p99 ${percentile(99)} ms`);
  console.log(`late (out of order by a minute or more): ${decisions.filter(({ late }) => late).length}`);
};

const printReasons = (decisions: readonly DecisionBody[]): void => {
  const counts = new Map<string, number>();
  for (const { signal } of decisions.flatMap(({ reasons }) => reasons)) counts.set(signal, (counts.get(signal) ?? 0) + 1);
  console.log(`\n${styleText('bold', 'most frequent reasons')}`);
  for (const [signal, count] of [...counts].toSorted(([, a], [, b]) => b - a).slice(0, reasonsShown)) {
    console.log(`${signal.padEnd(28)} ${String(count).padStart(6)}`);
  }
};

/** The gravest decision, in full. */
const printOne = (decisions: readonly DecisionBody[]): void => {
  const [gravest] = decisions.toSorted((a, b) => b.score - a.score || b.reasons.length - a.reasons.length);
  if (gravest === undefined) return;
  const { transactionId, accountId, userId, occurredAt, outcome, score, transition, explanation, audit, policyVersion } = gravest;
  console.log(`\n${styleText('bold', 'one decision explained')}`);
  console.log(`${transactionId} of ${userId}, ${accountId}, at ${occurredAt}`);
  console.log(`${styleText(colours[outcome], outcome)} with score ${score} (${transition}), policy version ${policyVersion}`);
  for (const { points, signal, value, threshold, text } of gravest.reasons) {
    const reached = value === null || threshold === null ? '' : ` (${signal} ${value}, threshold ${threshold})`;
    console.log(`  ${`+${points}`.padStart(6)}  ${text}${reached}`);
  }
  console.log(`last 24 hours of the account: ${explanation === '' ? 'no triggers' : explanation}`);
  console.log(`audit entry ${audit.sequence}, hash ${audit.hash}`);
};

/** Prints each claim with what was counted; true when all hold. */
const prove = (
  sentRows: number,
  sample: readonly SampleTransaction[],
  decisions: readonly DecisionBody[],
  chains: readonly (readonly AuditEntry[])[],
): boolean => {
  const entries = chains.flat();
  const hashes = new Map(entries.map(({ body, hash }) => [body.transactionId, hash]));
  const faults = chains.map(chainFault).filter((fault) => fault !== null);
  const unanchored = decisions.filter(({ transactionId, audit }) => hashes.get(transactionId) !== audit.hash);
  const distinct = new Set(decisions.map(({ transactionId }) => transactionId));
  const claims: readonly (readonly [string, boolean, string])[] = [
    [
      'transactions sent = decisions = audit entries',
      sentRows === sample.length && decisions.length === sentRows && distinct.size === sentRows && entries.length === sentRows,
      `${sentRows} sent, ${distinct.size} decided, ${entries.length} entries`,
    ],
    ['every decision has the entry that it names', unanchored.length === 0, `${unanchored.length} without`],
    [
      'every chain is intact, recomputed from its answers',
      faults.length === 0,
      `${chains.length} chains, ${faults.length} broken`,
    ],
  ];
  console.log(`\n${styleText('bold', 'proof')}`);
  for (const [claim, holds, counted] of claims) {
    console.log(`${holds ? styleText('green', 'holds ') : styleText('red', 'FAILS ')} ${claim}: ${counted}`);
  }
  for (const fault of faults.slice(0, 5)) console.log(`       ${fault}`);
  return claims.every(([, holds]) => holds);
};

try {
  process.exitCode = (await run()) ? 0 : 1;
} catch (error) {
  const expected = error instanceof LocalProblem || error instanceof EmulatorError;
  console.error(expected ? error.message : error);
  process.exitCode = 1;
}
