import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { GetObjectCommand, ListBucketsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import {
  ChangeMessageVisibilityCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Wire } from '../../shared/contract/wire.ts';
import { env } from '../../shared/store/names.ts';
import { scanItems } from '../../shared/store/pages.ts';
import { bytesOfAttribute, personal, readable, traceFinder, unpacked } from '../../test/support/traces.ts';
import { emulatorCredentials, emulatorRegion } from '../local/emulatorConnection.ts';
import { startLocalStack } from '../local/stack.ts';

/**
 * Erases people from the local stack with `aegis erase` and searches every byte of every table, queue, bucket and export for them. Prints
 * where how many were found before and after; exit code 1 when one of the erased is found, one of the others is gone, or an export no longer verifies.
 */
const help = `Usage: npm run bench -- erase [--erased N] [--others N]

  --erased N   people who are erased (default 1000)
  --others N   people who stay (default 100)`;

const paymentsEach = 3;
const batchRows = 500;
const reviewedEvery = 4;
const parkedEvery = 5;
const waitMsMax = 600_000;

const { values } = parseArgs({
  options: {
    erased: { type: 'string', default: '1000' },
    others: { type: 'string', default: '100' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const erased = Number(values.erased);
const people = erased + Number(values.others);
const tracesIn = traceFinder(people);

const stack = await startLocalStack();
const folder = mkdtempSync(join(tmpdir(), 'aegis-erase-'));
const at = { endpoint: stack.endpoints.sqsAndS3, region: emulatorRegion, credentials: emulatorCredentials };
const sqs = new SQSClient(at);
const s3 = new S3Client({ ...at, forcePathStyle: true });
let isGood = true;
let parquetFiles = 0;
try {
  await fill();
  const before = await searched('before');
  await aegis('erase', '--by', 'bench', '--user', ...Array.from({ length: erased }, (_, i) => personal(i).userId));
  await stack.projected();
  await stack.invoke('checkpoint', {});
  const after = await searched('after');
  const again = await aegis('erase', '--user', ...Array.from({ length: erased }, (_, i) => personal(i).userId));
  console.log('where                          erased found before    after | others found before    after');
  for (const place of new Set([...before.keys(), ...after.keys()])) {
    const cells = [before, after].map((found) => [...(found.get(place) ?? [])]);
    const [was, is] = cells.map((found) => found.filter((i) => i < erased).length);
    const [othersWere, othersAre] = cells.map((found) => found.filter((i) => i >= erased).length);
    console.log(`${place.padEnd(30)} ${col(was!, 19)} ${col(is!, 8)} | ${col(othersWere!, 19)} ${col(othersAre!, 8)}`);
    isGood &&= is === 0;
  }
  const all = new Set([...after.values()].flatMap((found) => [...found]));
  isGood &&= Array.from({ length: people - erased }, (_, i) => erased + i).every((i) => all.has(i));
  isGood &&=
    Math.max(...[...before.values()].map((found) => found.size)) === people && again.includes('nothing was left to erase');
  isGood &&= parquetFiles > 0;
  console.log(
    `${erased} people erased, ${people - erased} kept; erasing again: ${again.split('\n')[0]}; ${parquetFiles} Parquet files searched; ${isGood ? 'passed' : 'FAILED'}`,
  );
} finally {
  sqs.destroy();
  s3.destroy();
  rmSync(folder, { recursive: true });
  await stack.stop();
}
process.exitCode = isGood ? 0 : 1;

function col(value: number, width: number): string {
  return String(value).padStart(width);
}

async function aegis(...given: string[]): Promise<string> {
  const command = fileURLToPath(new URL('../cli/aegis.ts', import.meta.url));
  const environment = { ...process.env, ...stack.environment };
  return (await promisify(execFile)(process.execPath, [command, ...given], { env: environment, maxBuffer: 2 ** 26 })).stdout;
}

async function post(path: string, body: unknown, correlationId?: string): Promise<void> {
  const headers = {
    authorization: `Bearer ${stack.key}`,
    'content-type': 'application/json',
    ...(correlationId && { 'x-correlation-id': correlationId }),
  };
  const answer = await fetch(`${stack.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
}

function payment(i: number, n: number) {
  return {
    transactionId: `txn-${i}-${n}`,
    occurredAt: new Date(Date.now() - (paymentsEach - n) * 60_000).toISOString(),
    amountMinor: n === 0 ? 10_000 : 500_000_000,
    currency: 'INR',
    ...personal(i),
    // A label counts for its merchant, who is not the person: reviewed payments are a shop's.
    ...(n === 1 && { merchantId: 'shop' }),
  };
}

/** Payments by both ways, reviews with notes, dead letters, events that wait for a webhook, a model, checkpoints. */
async function fill(): Promise<void> {
  for (let n = 1; n < paymentsEach; n++) {
    for (let from = 0; from < people; from += batchRows) {
      const transactions = Array.from({ length: Math.min(batchRows, people - from) }, (_, k) => payment(from + k, n));
      await post('/transactions/batch', { transactions });
    }
  }
  for (let i = 0; i < people; i++) await post('/decisions', payment(i, 0), `correlation-of-${i}.x`);
  await drained();
  for (let i = 0; i < people; i += reviewedEvery)
    await post(`/decisions/txn-${i}-1/review`, { disposition: 'LEGITIMATE', note: `note-of-${i}.x` });
  const queueUrl = stack.environment[env.queueUrl]!;
  const webhookDeadLetters = stack.environment[env.webhookDeadLetterUrl]!;
  for (let i = 0; i < people; i += parkedEvery) {
    const poison = { ...payment(i, 9), amountMinor: -1 };
    await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(poison) }));
    const event = { type: 'decision.made', tenant: 'dev', data: payment(i, 1) };
    await sqs.send(new SendMessageCommand({ QueueUrl: webhookDeadLetters, MessageBody: JSON.stringify(event) }));
  }
  await drained();
  await stack.projected();
  await stack.invoke('train', {});
  await stack.invoke('compact', { throughDay: new Date().toISOString().slice(0, 10) });
  await stack.invoke('checkpoint', {});
}

/** Every payment decided and nothing on its way. */
async function drained(): Promise<void> {
  for (const endMs = Date.now() + waitMsMax; ; await sleep(1_000)) {
    const headers = { authorization: `Bearer ${stack.key}` };
    const health = (await (await fetch(`${stack.url}/health`, { headers })).json()) as {
      readonly dependencies: { readonly queue: { readonly waitingMessages?: number } };
    };
    const answer = await fetch(`${stack.url}/metrics/overview?minutes=60`, { headers });
    await stack.projected();
    const { totals } = (await answer.json()) as Wire<'Overview'>;
    const counted = Object.values(totals).reduce((sum, count) => sum + count, 0);
    if (counted >= people * paymentsEach && !health.dependencies.queue.waitingMessages) return;
    if (Date.now() > endMs) throw new Error(`after ${waitMsMax} ms ${counted} of ${people * paymentsEach} payments are decided`);
  }
}

type Found = Map<string, ReadonlySet<number>>;

/** Who is found where: every item, object and message, and what is exported of them. */
async function searched(when: string): Promise<Found> {
  const found: Found = new Map();
  let bytes: Buffer[] = [];
  for await (const item of scanItems(stack.table, 500)) bytes.push(bytesOfAttribute(item));
  found.set('table', tracesIn(Buffer.concat(bytes)));
  const paid = new Set<number>();
  for (const { Name } of (await s3.send(new ListBucketsCommand({}))).Buckets ?? []) {
    bytes = [];
    for (let token: string | undefined; ; ) {
      const page = await s3.send(new ListObjectsV2Command({ Bucket: Name, ContinuationToken: token }));
      for (const { Key } of page.Contents ?? []) {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket: Name, Key }));
        const read = await readable(await Body!.transformToByteArray());
        bytes.push(Buffer.from(`${Key} `), read);
        if (/^(features|parquet\/features|parquet\/labels)\//.test(Key!)) addTransactions(paid, read);
        parquetFiles += Key!.endsWith('.parquet') ? 1 : 0;
      }
      token = page.NextContinuationToken;
      if (token === undefined) break;
    }
    found.set(`bucket ${shortName(Name!)}`, tracesIn(Buffer.concat(bytes)));
  }
  found.set('features, by transaction', paid);
  for (const QueueUrl of (await sqs.send(new ListQueuesCommand({}))).QueueUrls ?? [])
    found.set(`queue ${shortName(QueueUrl)}`, tracesIn(await messagesOf(QueueUrl)));
  const file = join(folder, `${when}.jsonl.gz`);
  await aegis('export', file);
  const report = await aegis('verify', file);
  if (!report.startsWith('INTACT')) throw new Error(`the export ${when} the erasure does not verify: ${report}`);
  await aegis('evidence', 'txn-1-1', '--out', join(folder, `${when}.html`));
  const exported = readdirSync(folder).filter((name) => name.startsWith(when));
  found.set(
    'export and evidence page',
    tracesIn(Buffer.concat(exported.map((name) => unpacked(readFileSync(join(folder, name)))))),
  );
  return found;
}

/** Features name a transaction and no person: whose it is says the transaction's id. */
function addTransactions(paid: Set<number>, read: Buffer): void {
  for (const [, i] of read.toString('latin1').matchAll(/\btxn-(\d+)-\d/g)) paid.add(Number(i));
}

/** What waits in a queue, left there. */
async function messagesOf(QueueUrl: string): Promise<Buffer> {
  const texts: string[] = [];
  const handles: string[] = [];
  for (let empty = 0; empty < 3; ) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 300, MessageAttributeNames: ['All'] }),
    );
    empty = Messages.length === 0 ? empty + 1 : 0;
    for (const { Body, MessageAttributes, ReceiptHandle } of Messages) {
      texts.push(JSON.stringify([Body, MessageAttributes]));
      handles.push(ReceiptHandle!);
    }
  }
  for (const ReceiptHandle of handles)
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
  return Buffer.from(texts.join('\n'));
}

function shortName(name: string): string {
  return name.split('/').at(-1)!.slice(-22);
}
