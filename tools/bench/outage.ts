import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { sqsQueue } from '../../shared/adapters/aws/queue.ts';
import { queueProbe, unfinished } from '../../shared/adapters/aws/queueProbe.ts';
import { StillUndecided, waitUntilDecided } from '../cli/decided.ts';
import { emulatorCredentials, emulatorRegion } from '../local/emulatorConnection.ts';
import { startLocalStack } from '../local/stack.ts';
import { descendantsOf, signal } from './processes.ts';

/**
 * The emulator of the table stands still under a running local stack, while payments go on coming straight onto the queue; then it goes
 * on. Exit 1 when a payment is among the dead letters, was lost or was decided twice, or the queue does not drain.
 */
const help = `Usage: npm run bench -- outage [--minutes N] [--per-second N] [--json]

  --minutes N      without the table (default 10)
  --per-second N   payments sent before, during and after (default 20)`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    'per-second': { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const minutes = Number(values.minutes ?? 10);
const perSecond = Number(values['per-second'] ?? 20);
if (!(minutes > 0 && perSecond >= 1)) {
  console.error(
    `--minutes takes a number above 0 and --per-second one from 1 on; given ${values.minutes} and ${values['per-second']}`,
  );
  process.exit(2);
}

const secondMs = 1_000;
/** Traffic before and after the outage. */
const aroundMs = 10_000;
const accounts = 100;
/** After the table is back: the longest pause of a message and the time to decide all of them. */
const drainMsMax = 1_200_000;
const checksAtOnce = 16;

const said: string[] = [];
const stack = await startLocalStack({ onFailure: (text) => said.push(text) });
const connection = { endpoint: stack.endpoints.sqsAndS3, region: emulatorRegion, credentials: emulatorCredentials };
const { AEGIS_QUEUE_URL: url = '', AEGIS_DEAD_LETTER_URL: deadLetterUrl = '' } = stack.environment;
const queue = sqsQueue({ ...connection, url });
const sent: string[] = [];
let stopped: readonly number[] = [];

try {
  stopped = descendantsOf(process.pid).flatMap(({ pid, command }) => (command.includes('dynoxide') ? [pid] : []));
  if (stopped.length === 0) throw new Error('the emulator of the table was not found among the processes');
  await sendFor(aroundMs);
  console.error(`the table stands still for ${minutes} minutes`);
  for (const pid of stopped) signal(pid, 'SIGSTOP');
  await sendFor(minutes * 60_000);
  for (const pid of stopped) signal(pid, 'SIGCONT');
  const backlog = await queueProbe({ ...connection, url }, unfinished)();
  console.error(`the table goes on; ${backlog} payments wait`);
  const backMs = performance.now();
  await sendFor(aroundMs);
  let lost: readonly string[] = [];
  await waitUntilDecided(stack.table, sent, { waitMsMax: drainMsMax, pollMs: secondMs }).catch((error: unknown) => {
    if (!(error instanceof StillUndecided)) throw error;
    lost = error.transactionIds;
  });
  const drainedSeconds = Math.round((performance.now() - backMs) / secondMs);
  const deadLetters = await queueProbe({ ...connection, url: deadLetterUrl }, unfinished)();
  const chained = await decisionsInChains();
  const result = {
    minutes,
    perSecond,
    sent: sent.length,
    backlog,
    drainedSeconds,
    deadLetters,
    lost: lost.length,
    double: chained - sent.length + lost.length,
  };
  if (values.json) console.log(JSON.stringify(result));
  else {
    console.log(
      `${minutes} minutes without the table at ${perSecond} payments a second: ${result.sent} sent, ${backlog} waited, drained after ${drainedSeconds} s; ` +
        `${deadLetters} among the dead letters, ${result.lost} lost, ${result.double} double`,
    );
  }
  if (deadLetters > 0 || lost.length > 0 || result.double !== 0) {
    console.error(said.slice(-10).join('\n'));
    process.exitCode = 1;
  }
} finally {
  for (const pid of stopped) signal(pid, 'SIGCONT');
  queue.close();
  await stack.stop();
}

/** Evenly, a second's payments at a time. A send that fails ends the run: the queue is not what is out. */
async function sendFor(ms: number): Promise<void> {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs) {
    const nextMs = performance.now() + secondMs;
    const ids = Array.from({ length: perSecond }, (_, i) => `outage-${sent.length + i}`);
    const results = await queue.send(
      ids.map((transactionId, i) => ({ body: bodyOf(transactionId, sent.length + i), attributes: {} })),
    );
    const refused = results.find((result) => !result.sent);
    if (refused !== undefined) throw new Error(`the queue did not take a payment: ${JSON.stringify(refused)}`);
    sent.push(...ids);
    await sleep(Math.max(0, Math.min(nextMs, untilMs) - performance.now()));
  }
}

function bodyOf(transactionId: string, number: number): string {
  return JSON.stringify({
    transactionId,
    userId: 'u1',
    accountId: `outage-${number % accounts}`,
    occurredAt: new Date().toISOString(),
    amountMinor: 50_000,
    currency: 'INR',
  });
}

/** Each decision moves its account's sequence on by one: more than were sent means that one was decided twice. */
async function decisionsInChains(): Promise<number> {
  await stack.projected();
  const get = async (path: string): Promise<unknown> => {
    const answer = await fetch(`${stack.url}${path}`, { headers: { authorization: `Bearer ${stack.key}` } });
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  let sum = 0;
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < Math.min(accounts, sent.length); i = next++) {
      const { transactionId } = (await get(`/accounts/outage-${i}/decision?userId=u1`)) as { readonly transactionId: string };
      const { audit } = (await get(`/decisions/${transactionId}`)) as { readonly audit: { readonly sequence: number } };
      sum += audit.sequence;
    }
  };
  await Promise.all(Array.from({ length: checksAtOnce }, worker));
  return sum;
}
