import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type AttackName, attackNames, attackScripts } from '../simulation/attacks.ts';
import { type AttackTally, type SimulatedOutcome, Tallier, type Tally } from '../simulation/tally.ts';
import { defaultTraffic, type SimulatedTransaction, simulateTraffic, type TrafficOptions } from '../simulation/traffic.ts';
import { call, resolveTarget, type Target } from './target.ts';

const maxInFlight = 64;
const pollMs = 100;
const decisionTimeoutMs = 30_000;
const summaryEveryMs = 10_000;

/** What became of one simulated transaction. */
export interface Simulated {
  readonly simulated: SimulatedTransaction;
  readonly outcome: SimulatedOutcome;
  /** The deployment's decision; null when there is none. */
  readonly decision: DecisionBody | null;
  /** Why there is no decision. */
  readonly fault: string | null;
}

interface DecisionBody {
  readonly outcome: 'ALLOW' | 'REVIEW' | 'BLOCK';
  readonly score: number;
  readonly decidedAt: string;
  readonly reasons: readonly { readonly signal: string; readonly points: number; readonly text: string }[];
}

export interface SimulateOptions extends TrafficOptions {
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
  readonly onDecision: (decided: Simulated) => void;
}

/**
 * Sends simulated traffic at the given rate, at most 64 at a time, and reports every decision. Times of payment run as fast as the traffic
 * does and never ahead of the clock.
 */
export const simulate = async (options: SimulateOptions): Promise<Tally> => {
  const { rate, headStart = 0, transactions, signal } = options;
  const tallier = new Tallier();
  const inFlight: Promise<Simulated>[] = [];
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
    inFlight.push(decide(options, simulated));
    while (inFlight.length >= maxInFlight) await report();
    while (inFlight.length > 0 && (await isSettled(inFlight[0]!))) await report();
  }
  while (inFlight.length > 0) await report();
  return tallier.tally();
};

const ignoreAbort = (error: unknown): void => {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error;
};

const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  const pending = Symbol('pending');
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
};

const decide = async (options: SimulateOptions, simulated: SimulatedTransaction): Promise<Simulated> => {
  const { target, via } = options;
  const undecided = (fault: string): Simulated => ({ simulated, outcome: 'UNDECIDED', decision: null, fault });
  const { transaction } = simulated;
  try {
    const posted = await call(target, 'POST', via === 'queue' ? '/transactions' : '/decisions', transaction);
    if (posted.status === 200) return decided(simulated, posted.body as DecisionBody);
    if (posted.status !== 202) return undecided(`${posted.status} ${JSON.stringify(posted.body)}`);
    for (const untilMs = Date.now() + decisionTimeoutMs; Date.now() < untilMs && !options.signal.aborted; await sleep(pollMs)) {
      const answer = await call(target, 'GET', `/decisions/${transaction.transactionId}`);
      if (answer.status === 200) return decided(simulated, answer.body as DecisionBody);
      if (answer.status !== 404) return undecided(`${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return undecided(options.signal.aborted ? 'stopped' : `no decision within ${decisionTimeoutMs / 1_000} s`);
  } catch (error) {
    return undecided(error instanceof Error ? error.message : String(error));
  }
};

const decided = (simulated: SimulatedTransaction, decision: DecisionBody): Simulated => ({
  simulated,
  outcome: decision.outcome,
  decision,
  fault: null,
});

interface Flags {
  readonly url?: string;
  readonly key?: string;
  readonly rate: number;
  readonly duration?: number;
  readonly seed: number;
  readonly attack?: AttackName[];
  readonly attackEvery: number;
  readonly people: number;
  readonly start: number;
  readonly currency: string;
  readonly tag?: string;
  readonly via: 'queue' | 'call';
  readonly json?: true;
  readonly csv?: true;
  readonly dryRun?: true;
}

export const configure = (command: Command): void => {
  command
    .option('--url <url>', 'address of the API (default: AEGIS_URL, else the running local stack)')
    .option('--key <key>', 'API key with the scopes ingest, decide and read (default: AEGIS_KEY, else the local stack)')
    .option('--rate <number>', 'transactions a second', number(0.01, 10_000), 10)
    .option('--duration <seconds>', 'how long to send (default: until Ctrl-C)', number(0.1, 31_536_000))
    .option('--seed <integer>', 'the same seed gives the same transactions', integer(0, 2 ** 32 - 1), 1)
    .addOption(new Option('--attack <name...>', 'only these attacks, or none (default: all)').choices([...attackNames, 'none']))
    .option(
      '--attack-every <count>',
      'honest payments between two attacks, on average',
      integer(1, 1_000_000),
      defaultTraffic.attackEvery,
    )
    .option('--people <count>', 'accounts', integer(12, 100_000), defaultTraffic.people)
    .addOption(
      new Option('--start <date>', 'first day of payment')
        .argParser(date)
        .default(defaultTraffic.startMs, new Date(defaultTraffic.startMs).toISOString().slice(0, 10)),
    )
    .option('--currency <code>', 'of every payment', defaultTraffic.currency)
    .option('--tag <text>', 'start of every id (default: s and the seed)')
    .addOption(new Option('--via <path>', 'POST /transactions or POST /decisions').choices(['queue', 'call']).default('queue'))
    .option('--json', 'one JSON object a line, the summary last')
    .option('--csv', 'comma-separated values')
    .option('--dry-run', 'print the transactions as JSON lines, send nothing')
    .addHelpText(
      'after',
      `\nAttacks:\n${attackNames.map((name) => `  ${name.padEnd(20)} ${attackScripts[name].text}`).join('\n')}`,
    )
    .action(run);
};

const run = async (flags: Flags): Promise<void> => {
  const traffic: TrafficOptions = {
    seed: flags.seed,
    startMs: flags.start,
    people: flags.people,
    currency: flags.currency,
    tag: flags.tag ?? `s${flags.seed}`,
    attacks: flags.attack === undefined ? attackNames : attackNames.filter((name) => flags.attack!.includes(name)),
    attackEvery: flags.attackEvery,
  };
  const transactions = flags.duration === undefined ? Number.POSITIVE_INFINITY : Math.ceil(flags.duration * flags.rate);
  if (flags.dryRun === true) {
    if (!Number.isFinite(transactions)) throw new Error('--dry-run needs --duration: the stream has no end');
    for (const { transaction, attack } of simulateTraffic(traffic).take(transactions)) {
      console.log(JSON.stringify({ transaction, attack }));
    }
    return;
  }

  const target = resolveTarget(flags);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const writer = flags.json === true ? jsonWriter : flags.csv === true ? csvWriter : textWriter;
  const startedMs = Date.now();
  const running = new Tallier();
  const timer = setInterval(
    () => console.error(styleText('dim', progressText(running.tally(), Date.now() - startedMs))),
    summaryEveryMs,
  );
  writer.start();
  try {
    const tally = await simulate({
      ...traffic,
      target,
      rate: flags.rate,
      transactions,
      via: flags.via,
      signal: stop.signal,
      onDecision: (decided) => {
        running.add(decided.simulated.attack, decided.outcome);
        writer.decision(decided);
      },
    });
    writer.end(tally, Date.now() - startedMs);
    if (tally.outcomes.UNDECIDED > 0 && !stop.signal.aborted) process.exitCode = 1;
  } finally {
    clearInterval(timer);
  }
};

interface Writer {
  start(): void;
  decision(decided: Simulated): void;
  end(tally: Tally, elapsedMs: number): void;
}

const textWriter: Writer = {
  start() {},
  decision: (decided) => console.log(decisionLine(decided)),
  end: (tally, elapsedMs) => console.log(`\n${summaryText(tally, elapsedMs)}`),
};

const jsonWriter: Writer = {
  start() {},
  decision: ({ simulated: { transaction, attack }, outcome, decision, fault }) =>
    console.log(JSON.stringify({ transaction, attack, outcome, decision, ...(fault === null ? {} : { fault }) })),
  end: (tally, elapsedMs) => console.log(JSON.stringify({ summary: { ...tally, elapsedMs } })),
};

const csvColumns = [
  'occurredAt',
  'transactionId',
  'userId',
  'accountId',
  'amountMinor',
  'currency',
  'attack',
  'outcome',
  'score',
  'reason',
];

const csvWriter: Writer = {
  start: () => console.log(csvColumns.join(',')),
  decision: ({ simulated: { transaction, attack }, outcome, decision }) => {
    const { occurredAt, transactionId, userId, accountId, amountMinor, currency } = transaction;
    const reason = mainReason(decision)?.signal ?? '';
    const row = [
      occurredAt,
      transactionId,
      userId,
      accountId,
      amountMinor,
      currency,
      attack?.name ?? '',
      outcome,
      decision?.score ?? '',
      reason,
    ];
    console.log(row.map(csvField).join(','));
  },
  end: (tally, elapsedMs) => console.error(summaryText(tally, elapsedMs)),
};

const csvField = (value: string | number): string =>
  /[",\n\r]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);

const mainReason = (decision: DecisionBody | null) => decision?.reasons.toSorted((a, b) => b.points - a.points)[0] ?? null;

const colours = { ALLOW: 'green', REVIEW: 'yellow', BLOCK: 'red', UNDECIDED: 'magenta' } as const;

/** Time, account, amount, outcome with its main reason, and the attack it belongs to, for people. */
export const decisionLine = ({ simulated: { transaction, attack }, outcome, decision, fault }: Simulated): string =>
  [
    transaction.occurredAt.slice(0, 16).replace('T', ' '),
    transaction.accountId.padEnd(12),
    money(transaction.amountMinor, transaction.currency).padStart(14),
    styleText(colours[outcome], outcome.padEnd(6)),
    mainReason(decision)?.text ?? fault ?? '',
    attack === null ? '' : styleText('cyan', `[${attack.name}]`),
  ]
    .join('  ')
    .trimEnd();

/** Minor units as text in the currency's own decimals. */
export const money = (amountMinor: number, currency: string): string => {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'code' });
  return format.format(amountMinor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
};

/** What has come so far: rate, outcomes, false alarms, and per attack the payments caught of those decided. */
export const progressText = ({ sent, outcomes, attacks, falseAlarms, honest }: Tally, elapsedMs: number): string =>
  [
    `-- ${sent} decided, ${((sent * 1_000) / elapsedMs).toFixed(1)}/s: ${counts(outcomes)}; false alarms ${falseAlarms} of ${honest}`,
    ...Object.entries(attacks).map(([name, { caught, missed }]) => `${name} caught ${caught}, missed ${missed}`),
  ].join('; ');

const counts = (outcomes: Tally['outcomes']): string =>
  Object.entries(outcomes)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ');

/** The figures of a whole run as a table, one row per attack; precision and recall are of payments. */
export const summaryText = (tally: Tally, elapsedMs: number): string => {
  const row = (name: string, { attacks, noticed, sent, caught, missed, precision, recall }: AttackTally) =>
    [
      name.padEnd(20),
      ...[attacks, noticed, sent, caught, missed].map((count) => String(count).padStart(8)),
      percent(precision),
      percent(recall),
    ].join(' ');
  return [
    `${tally.sent} sent in ${(elapsedMs / 1_000).toFixed(1)} s (${((tally.sent * 1_000) / elapsedMs).toFixed(1)}/s): ${counts(tally.outcomes)}`,
    `false alarms: ${tally.falseAlarms} of ${tally.honest} honest payments`,
    `${''.padEnd(20)}  attacks  noticed payments   caught   missed precision    recall`,
    ...Object.entries(tally.attacks).map(([name, attack]) => row(name, attack)),
    row('all attacks', tally.allAttacks),
  ].join('\n');
};

const percent = (share: number | null): string => (share === null ? '-' : `${(100 * share).toFixed(1)} %`).padStart(9);

const number = (low: number, high: number) => (text: string) => {
  const value = Number(text);
  if (text.trim() === '' || !(value >= low && value <= high)) throw new InvalidArgumentError(`allowed: ${low} to ${high}`);
  return value;
};

const integer = (low: number, high: number) => (text: string) => {
  const value = number(low, high)(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError(`allowed: whole numbers, ${low} to ${high}`);
  return value;
};

const date = (text: string): number => {
  const value = Date.parse(text);
  if (Number.isNaN(value) || value > Date.now()) throw new InvalidArgumentError('allowed: a date in the past such as 2026-01-31');
  return value;
};
