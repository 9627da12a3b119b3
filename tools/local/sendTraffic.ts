import { setTimeout as sleep } from 'node:timers/promises';
import type { Wire } from '../../shared/contract/wire.ts';
import { type SimulatedOutcome, Tallier, type Tally } from '../simulation/tally.ts';
import { type SimulatedTransaction, simulateTraffic, type TrafficOptions } from '../simulation/traffic.ts';
import { type Answer, call, NoAnswer, type Target } from './call.ts';

const maxInFlight = 64;
const pollMs = 100;
const decisionTimeoutMs = 30_000;

/** What became of one simulated transaction. */
export interface SentPayment {
  readonly simulated: SimulatedTransaction;
  readonly outcome: SimulatedOutcome;
  /** The deployment's decision; null when there is none. */
  readonly decision: Wire<'Decision'> | null;
  /** Why there is no decision. */
  readonly fault: string | null;
}

export interface SendTrafficOptions extends TrafficOptions {
  readonly target: Target;
  /** Transactions a second. */
  readonly rate: number;
  /** So many go out at once, before the rate holds. */
  readonly headStart?: number;
  /** Stops after so many; rate times duration for a run of fixed length. */
  readonly transactions: number;
  /** `queue`: POST /transactions and wait for the decision; `call`: POST /decisions. */
  readonly via: 'queue' | 'call';
  readonly signal: AbortSignal;
  /** Called in the order of sending. */
  readonly onDecision: (sent: SentPayment) => void;
}

/** The deployment accepts no request of this caller: its key is not valid or lacks a scope. */
export class TargetRefused extends Error {
  override readonly name = 'TargetRefused';
  readonly answer: Answer;
  constructor(url: string, answer: Answer) {
    super(`${url} answered ${answer.status} ${JSON.stringify(answer.body)}`);
    this.answer = answer;
  }
}

/**
 * Sends simulated traffic at the given rate, at most 64 at a time, and reports every decision. Times of payment run as fast as the traffic
 * does and never ahead of the clock. Stops at the first payment that shows that no other one can succeed either, and throws NoAnswer or
 * TargetRefused.
 */
export const sendTraffic = async (options: SendTrafficOptions): Promise<Tally> => {
  const { rate, headStart = 0, transactions } = options;
  const failing = new AbortController();
  const signal = AbortSignal.any([options.signal, failing.signal]);
  const tallier = new Tallier();
  const inFlight: Promise<SentPayment>[] = [];
  const report = async () => {
    const decided = await inFlight.shift()!;
    if (signal.aborted && decided.decision === null) return;
    tallier.add(decided.simulated.attack, decided.outcome);
    options.onDecision(decided);
  };
  const startedMs = Date.now();
  let sent = 0;
  for (const simulated of simulateTraffic(options)) {
    if (sent === transactions || signal.aborted) break;
    const dueMs = Math.max(startedMs + (Math.max(0, sent - headStart) * 1_000) / rate, simulated.occurredAtMs);
    await sleep(Math.max(0, dueMs - Date.now()), undefined, { signal }).catch(ignoreAbort);
    if (signal.aborted) break;
    sent++;
    inFlight.push(
      decide(options, simulated, signal, failing.signal).catch((error: unknown) => {
        failing.abort(error);
        return undecided(simulated, 'stopped');
      }),
    );
    while (inFlight.length >= maxInFlight) await report();
    while (inFlight.length > 0 && (await isSettled(inFlight[0]!))) await report();
  }
  while (inFlight.length > 0) await report();
  if (failing.signal.aborted) throw failing.signal.reason;
  return tallier.tally();
};

const ignoreAbort = (error: unknown): void => {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error;
};

const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  const pending = Symbol('pending');
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
};

/** Throws NoAnswer and TargetRefused, unless the run is being stopped. */
const decide = async (
  { target, via }: SendTrafficOptions,
  simulated: SimulatedTransaction,
  stopped: AbortSignal,
  failed: AbortSignal,
): Promise<SentPayment> => {
  const { transaction } = simulated;
  const ask = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const answer = await call(target, method, path, body, failed);
    if (answer.status === 401 || answer.status === 403) throw new TargetRefused(target.url, answer);
    return answer;
  };
  try {
    const posted = await ask('POST', via === 'queue' ? '/transactions' : '/decisions', transaction);
    if (posted.status === 200) return decided(simulated, posted.body as Wire<'Decision'>);
    if (posted.status !== 202) return undecided(simulated, `${posted.status} ${JSON.stringify(posted.body)}`);
    for (const untilMs = Date.now() + decisionTimeoutMs; Date.now() < untilMs && !stopped.aborted; await sleep(pollMs)) {
      const answer = await ask('GET', `/decisions/${transaction.transactionId}`);
      if (answer.status === 200) return decided(simulated, answer.body as Wire<'Decision'>);
      if (answer.status !== 404) return undecided(simulated, `${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return undecided(simulated, stopped.aborted ? 'stopped' : `no decision within ${decisionTimeoutMs / 1_000} s`);
  } catch (error) {
    if (error instanceof NoAnswer && stopped.aborted) return undecided(simulated, 'stopped');
    throw error;
  }
};

const undecided = (simulated: SimulatedTransaction, fault: string): SentPayment => ({
  simulated,
  outcome: 'UNDECIDED',
  decision: null,
  fault,
});

const decided = (simulated: SimulatedTransaction, decision: Wire<'Decision'>): SentPayment => ({
  simulated,
  outcome: decision.outcome,
  decision,
  fault: null,
});
