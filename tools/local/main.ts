import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';
import { Command, InvalidArgumentError } from 'commander';
import type { Settings } from '../../infra/settings.ts';
import { env } from '../../shared/store/names.ts';
import { defaultTraffic } from '../simulation/traffic.ts';
import { call, type Target } from './call.ts';
import { EmulatorError } from './emulators.ts';
import { LocalProblem, messageOf } from './problem.ts';
import { noteStack } from './runningStacks.ts';
import { scheduledEvent } from './schedules.ts';
import { sendTraffic } from './sendTraffic.ts';
import { type LocalStack, startLocalStack } from './stack.ts';
import { decisionLine, summaryText } from './trafficText.ts';

/** `npm start`: the local stack with gentle traffic, until Ctrl-C. */

interface Flags {
  readonly port: number;
  readonly dataDir?: string;
  readonly concurrency?: number;
  readonly settings?: Partial<Settings>;
  readonly traffic: boolean;
  readonly rate: number;
  readonly seed?: number;
  readonly requests?: true;
}

/** Fewer attacks than the simulator sends by default: the console should look like a day, not like a drill. */
const attackEvery = 100;
/** Payments that go out at once, so that there is something to see and enough to train a first model on. */
const headStart = 400;
const trainEveryMs = 5_000;
/** A second Ctrl-C, or this long after the first, ends the process without waiting. */
const stopMsMax = 10_000;

const within = (low: number, high: number, whole: boolean) => (text: string) => {
  const value = Number(text);
  if (text.trim() === '' || !(value >= low && value <= high) || (whole && !Number.isInteger(value))) {
    throw new InvalidArgumentError(`allowed: ${low} to ${high}`);
  }
  return value;
};

/** What is in it, the template's synthesis checks. */
const jsonObject = (text: string): Partial<Settings> => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new InvalidArgumentError('allowed: a JSON object');
};

const program = new Command('npm start --')
  .description('The whole stack on this machine: API, console and simulated traffic.')
  .option('--port <number>', 'of the API; 0 takes a free one', within(0, 65_535, true), 8000)
  .option('--data-dir <path>', 'keep data here across restarts (default: a temporary folder)')
  .option('--no-traffic', 'send no simulated payments')
  .option('--rate <number>', 'simulated payments a second', within(0.01, 1_000, false), 2)
  .option('--seed <integer>', 'of the simulated payments (default: another one every time)', within(0, 2 ** 32 - 1, true))
  .option('--requests', 'print a line for each request: who, what, outcome')
  .option('--concurrency <count>', 'queue batches at a time (default: what the template says)', within(1, 64, true))
  .option('--settings <json>', "single settings of the stage, as in cdk deploy -c settings='{...}'", jsonObject)
  .allowExcessArguments(false);

const run = async (flags: Flags): Promise<void> => {
  const stopping = new AbortController();
  const signalled = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (stopping.signal.aborted) process.exit(130);
        stopping.abort();
        setTimeout(() => process.exit(1), stopMsMax).unref();
        resolve();
      });
    }
  });

  const stack = await startLocalStack({
    port: flags.port,
    ...(flags.dataDir === undefined ? {} : { dataDir: flags.dataDir }),
    ...(flags.concurrency === undefined ? {} : { concurrency: flags.concurrency }),
    ...(flags.settings === undefined ? {} : { settings: flags.settings }),
    ...(flags.requests === undefined ? {} : { onRequest: (line: string) => console.log(styleText('dim', line)) }),
    onFailure: (text) => console.error(styleText('red', text)),
  });
  const target: Target = { url: stack.url, key: stack.key };
  let forget = (): void => undefined;
  try {
    forget = noteStack({ ...target, environment: stack.environment, pid: process.pid, startedAtMs: Date.now() });
    announce(stack);
    const work =
      flags.traffic && !stopping.signal.aborted
        ? [simulateTraffic(flags, target, stopping.signal), trainFirstModel(stack, target, stopping.signal)]
        : [];
    await signalled;
    console.log('\nstopping');
    await Promise.all(work);
  } finally {
    forget();
    await stack.stop();
  }
};

const announce = (stack: LocalStack): void =>
  console.log(
    [
      `api:     ${stack.url}`,
      `console: ${stack.url}/`,
      `docs:    ${stack.url}/docs`,
      `queue:   ${stack.environment[env.queueUrl]}`,
      `data:    ${stack.dataDir}`,
      `key: ${stack.key}`,
      'Ctrl-C stops everything.',
      '',
    ].join('\n'),
  );

/** The schedule's first turn would come too late for a look around: trains as soon as the archive holds enough rows. */
const trainFirstModel = async (stack: LocalStack, target: Target, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted && (await call(target, 'GET', '/model')).status === 404) {
    // Traffic may keep the stream busy for ever: what is archived by then is enough.
    await Promise.race([stack.projected(), sleep(trainEveryMs, undefined, { ref: false })]);
    const report = (await stack.invoke('train', scheduledEvent('first-model'))) as {
      outcome: string;
      manifest?: { version: number };
    };
    if (report.outcome === 'published') console.log(styleText('dim', `-- trained model ${report.manifest?.version}`));
    else await sleep(trainEveryMs, undefined, { ref: false, signal }).catch(() => undefined);
  }
};

const simulateTraffic = async (flags: Flags, target: Target, signal: AbortSignal): Promise<void> => {
  const seed = flags.seed ?? Math.floor(Date.now() / 1_000);
  console.log(`simulated traffic: ${flags.rate} payments a second, seed ${seed}\n`);
  const startedMs = Date.now();
  const tally = await sendTraffic({
    ...defaultTraffic,
    seed,
    tag: `s${seed}`,
    attackEvery,
    target,
    rate: flags.rate,
    headStart,
    transactions: Number.POSITIVE_INFINITY,
    via: 'queue',
    signal,
    onDecision: (decided) => console.log(decisionLine(decided)),
  }).catch((error: unknown) => {
    console.error(styleText('red', `simulated traffic stopped: ${messageOf(error)}`));
    return null;
  });
  if (tally !== null) console.log(`\n${summaryText(tally, Date.now() - startedMs)}`);
};

try {
  await run(program.parse().opts<Flags>());
} catch (error) {
  if (!(error instanceof LocalProblem) && !(error instanceof EmulatorError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
