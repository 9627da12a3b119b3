import { readFileSync } from 'node:fs';
import { styleText } from 'node:util';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { compilePolicy } from '../../shared/policy/compile.ts';
import { defaultPolicy } from '../../shared/policy/default.ts';
import { NoAnswer } from '../local/call.ts';
import { type SentPayment, sendTraffic, TargetRefused } from '../local/sendTraffic.ts';
import { decisionLine, mainReason, progressText, summaryText } from '../local/trafficText.ts';
import { type AttackName, attackNames, attackScripts } from '../simulation/attacks.ts';
import { SimulatedEngine } from '../simulation/engine.ts';
import { Tallier, type Tally } from '../simulation/tally.ts';
import { defaultTraffic, simulateTraffic, type TrafficOptions } from '../simulation/traffic.ts';
import { policyOfFile } from './policy.ts';
import { type ApiFlags, apiOptions, CommandFailure, refusalOf, resolveTarget } from './target.ts';

const summaryEveryMs = 10_000;

interface Flags extends ApiFlags {
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
  readonly seeds?: readonly [from: number, to: number];
  readonly payments: number;
  readonly policy?: string;
}

export const configure = (command: Command): void => {
  apiOptions(command, 'with the scopes ingest, decide and read')
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
    .option('--csv', 'comma-separated values; aegis evaluate and aegis labels import read them')
    .option('--dry-run', 'print the transactions as JSON lines, send nothing')
    .option('--seeds <from-to>', 'decide these seeds in memory, without a deployment, and print their common summary', seedRange)
    .option('--payments <count>', 'with --seeds: payments of each seed', integer(1, 1_000_000), 6_000)
    .option('--policy <file>', 'with --seeds: a policy file, or what aegis policy show prints (default: the default policy)')
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
  if (flags.seeds !== undefined) return decideInMemory(traffic, flags, flags.seeds);
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
    const tally = await sendTraffic({
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
  } catch (error) {
    const failure =
      error instanceof TargetRefused ? refusalOf(target.url, error.answer) : error instanceof NoAnswer ? error.message : null;
    if (failure === null) throw error;
    if (running.tally().sent > 0) writer.end(running.tally(), Date.now() - startedMs);
    throw new CommandFailure(failure, 2);
  } finally {
    clearInterval(timer);
  }
};

/** Each seed has an engine of its own, with ids that begin alike. */
const decideInMemory = (
  traffic: TrafficOptions,
  { payments, policy: path, json, tag }: Flags,
  [from, to]: readonly [from: number, to: number],
): void => {
  const policy = path === undefined ? compilePolicy(defaultPolicy, 1) : policyOfFile(readFileSync(path, 'utf8'), path);
  const startedMs = performance.now();
  const tallier = new Tallier();
  for (let seed = from; seed <= to; seed++) {
    const engine = new SimulatedEngine(policy);
    for (const simulated of simulateTraffic({ ...traffic, seed, tag: tag ?? `s${seed}` }).take(payments)) {
      const { attack } = simulated;
      tallier.add(attack && { ...attack, id: `${seed}/${attack.id}` }, engine.decide(simulated).outcome);
    }
  }
  const elapsedMs = performance.now() - startedMs;
  const tally = tallier.tally();
  console.log(json === true ? JSON.stringify({ summary: { ...tally, elapsedMs } }) : summaryText(tally, elapsedMs));
};

interface Writer {
  start(): void;
  decision(decided: SentPayment): void;
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
  'channel',
  'deviceId',
  'merchantId',
  'merchantCategory',
  'latitude',
  'longitude',
  'ipAddress',
  'beneficiaryId',
  'instrumentId',
  'fraud',
  'attack',
  'outcome',
  'score',
  'reason',
] as const;

const csvWriter: Writer = {
  start: () => console.log(csvColumns.join(',')),
  decision: ({ simulated: { transaction, attack }, outcome, decision }) => {
    const row: Readonly<Partial<Record<(typeof csvColumns)[number], string | number | undefined>>> = {
      ...transaction,
      latitude: transaction.location?.latitude,
      longitude: transaction.location?.longitude,
      fraud: attack === null ? 0 : 1,
      attack: attack?.name,
      outcome,
      score: decision?.score,
      reason: mainReason(decision)?.signal,
    };
    console.log(csvColumns.map((column) => csvField(row[column] ?? '')).join(','));
  },
  end: (tally, elapsedMs) => console.error(summaryText(tally, elapsedMs)),
};

const csvField = (value: string | number): string =>
  /[",\n\r]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);

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

const seedRange = (text: string): readonly [number, number] => {
  const [from, to = from] = text.split('-');
  const range = [integer(0, 2 ** 32 - 1)(from!), integer(0, 2 ** 32 - 1)(to!)] as const;
  if (text.split('-').length > 2 || range[0] > range[1]) throw new InvalidArgumentError('allowed: a seed, or two such as 51-60');
  return range;
};

const date = (text: string): number => {
  const value = Date.parse(text);
  if (Number.isNaN(value) || value > Date.now()) throw new InvalidArgumentError('allowed: a date in the past such as 2026-01-31');
  return value;
};
