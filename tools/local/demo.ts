import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';
import { SingleBar } from 'cli-progress';
import type { Wire, WireItemOf } from '../../shared/contract/wire.ts';
import { inParallel } from '../../shared/store/parallel.ts';
import { call, type Target } from './call.ts';
import { type ChainEntry, chainFault } from './chain.ts';
import { EmulatorError } from './emulators.ts';
import { LocalProblem } from './problem.ts';
import { readSample, type SampleTransaction } from './sample.ts';
import { startLocalStack } from './stack.ts';

/** `npm run demo`: the sample through the whole stack, and the proof that nothing was lost, doubled or altered. */

const batchRows = 100;
/** The next batch goes out when fewer messages wait, so that the time to a decision is not the time in a queue of our own making. */
const waitingMax = 60;
const requestsAtOnce = 8;
const pageRows = 200;
const decideMsMax = 300_000;
const pollMs = 50;
const reasonsShown = 8;

type Decision = Wire<'Decision'>;
/** A row of an account's timeline. */
type TimelineRow = WireItemOf<'DecisionPage'>;

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
    const accounts = [...accountsOf(sample)];
    const decisions = (
      await inParallel(accounts, requestsAtOnce, ([, { userId, accountId }]) =>
        pages<TimelineRow>(target, userId, accountId, 'decisions'),
      )
    ).flat();
    const chains = await inParallel(accounts, requestsAtOnce, ([, { userId, accountId }]) =>
      pages<ChainEntry>(target, userId, accountId, 'audit'),
    );
    const alarms = await inParallel(
      decisions.filter(({ outcome }) => outcome !== 'ALLOW'),
      requestsAtOnce,
      // Only an erased payment has no id, and nothing here is erased.
      ({ transactionId }) => decisionOf(target, transactionId!),
    );
    const explained = alarms.filter((decision) => decision !== null);

    printOutcomes(decisions);
    printSpeed(chains.flat());
    printReasons(decisions, explained);
    printOne(explained);
    return prove(sentRows, sample, decisions, explained, chains);
  } finally {
    process.removeListener('SIGINT', interrupt);
    await stack.stop();
    for (const failure of failures) console.error(styleText('red', failure));
  }
};

/** How many rows the API took. Ends when all of them are decided, or after 5 minutes. */
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
    const { accepted = 0 } = body as Partial<Wire<'BatchResult'>>;
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
  // The document says of each dependency only that it has a status.
  return (body as { dependencies: { queue: { waitingMessages: number } } }).dependencies.queue.waitingMessages;
};

const decisionOf = async (target: Target, transactionId: string): Promise<Decision | null> => {
  const { status, body } = await call(target, 'GET', `/decisions/${transactionId}`);
  if (status === 200) return body as Decision;
  if (status === 404) return null;
  throw new Error(`GET /decisions/${transactionId} answered ${status} ${JSON.stringify(body)}`);
};

const pages = async <Row>(target: Target, userId: string, accountId: string, what: 'audit' | 'decisions'): Promise<Row[]> => {
  const rows: Row[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const at: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await call(target, 'GET', `/accounts/${accountId}/${what}?userId=${userId}&limit=${pageRows}${at}`);
    if (status !== 200) throw new Error(`${what} of ${accountId}: ${status} ${JSON.stringify(body)}`);
    const page = body as { items: Row[]; cursor?: string };
    rows.push(...page.items);
    cursor = page.cursor;
  }
  return rows;
};

const accountsOf = (sample: readonly SampleTransaction[]): Map<string, SampleTransaction> =>
  new Map(sample.map((transaction) => [`${transaction.userId} ${transaction.accountId}`, transaction]));

const colours = { ALLOW: 'green', REVIEW: 'yellow', BLOCK: 'red' } as const;

const printOutcomes = (decisions: readonly TimelineRow[]): void => {
  console.log(`\n${styleText('bold', 'outcome      count    share')}`);
  for (const outcome of ['ALLOW', 'REVIEW', 'BLOCK'] as const) {
    const count = decisions.filter((decision) => decision.outcome === outcome).length;
    const share = `${((100 * count) / decisions.length).toFixed(1)} %`;
    console.log(`${styleText(colours[outcome], outcome.padEnd(8))} ${String(count).padStart(9)} ${share.padStart(8)}`);
  }
};

/** From the audit entries: when each payment was received, when decided. */
const printSpeed = (entries: readonly ChainEntry[]): void => {
  const received = entries.map(({ body }) => Date.parse(String(body.receivedAt)));
  const decided = entries.map(({ body }) => Date.parse(String(body.at)));
  const firstMs = received.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const seconds = (decided.reduce((a, b) => Math.max(a, b), 0) - firstMs) / 1_000;
  const latencies = decided.map((at, i) => at - received[i]!).sort((a, b) => a - b);
  const percentile = (p: number) => latencies[Math.ceil((p / 100) * latencies.length) - 1];
  console.log(`\n${entries.length} decisions in ${seconds.toFixed(1)} s: ${(entries.length / seconds).toFixed(0)} a second`);
  console.log(`receipt to decision: p50 ${percentile(50)} ms, p99 ${percentile(99)} ms`);
};

/** Signals of every decision; rules, lists and the model of those that were not allowed. */
const printReasons = (decisions: readonly TimelineRow[], explained: readonly Decision[]): void => {
  const triggered = decisions.flatMap(({ signals }) => signals);
  const others = explained
    .flatMap(({ reasons }) => reasons.map(({ signal }) => signal))
    .filter((signal) => /:|^MODEL$/.test(signal));
  const counts = new Map<string, number>();
  for (const signal of [...triggered, ...others]) counts.set(signal, (counts.get(signal) ?? 0) + 1);
  console.log(`\n${styleText('bold', 'most frequent reasons')}`);
  for (const [signal, count] of [...counts].toSorted(([, a], [, b]) => b - a).slice(0, reasonsShown)) {
    console.log(`${signal.padEnd(28)} ${String(count).padStart(6)}`);
  }
};

/** Prints the most severe decision in full. */
const printOne = (decisions: readonly Decision[]): void => {
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
  decisions: readonly TimelineRow[],
  explained: readonly Decision[],
  chains: readonly (readonly ChainEntry[])[],
): boolean => {
  const entries = chains.flat();
  const hashes = new Map(entries.map(({ body, hash }) => [body.transactionId, hash]));
  const faults = chains.map(chainFault).filter((fault) => fault !== null);
  const sent = new Set(sample.map(({ transactionId }) => transactionId));
  const decided = new Set(decisions.map(({ transactionId }) => transactionId));
  const alarms = decisions.filter(({ outcome }) => outcome !== 'ALLOW').length;
  const anchored = explained.filter(({ transactionId, audit }) => hashes.get(transactionId) === audit.hash).length;
  const claims: readonly (readonly [string, boolean, string])[] = [
    [
      'transactions sent = decisions = audit entries',
      sentRows === sent.size && decisions.length === sentRows && entries.length === sentRows,
      `${sentRows} sent, ${decisions.length} decisions, ${entries.length} entries`,
    ],
    [
      'each transaction has one decision and one entry',
      sent.symmetricDifference(decided).size === 0 && sent.symmetricDifference(new Set(hashes.keys())).size === 0,
      `${decided.size} with a decision, ${hashes.size} with an entry`,
    ],
    ['every alarm names the hash of its entry', anchored === alarms, `${anchored} of ${alarms}`],
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
