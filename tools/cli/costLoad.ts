import { createHash } from 'node:crypto';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { hourMs } from '../../shared/domain/durations.ts';
import { emulatorCredentials, emulatorRegion } from '../local/emulatorConnection.ts';
import type { LocalStack } from '../local/stack.ts';
import { waitUntilDecided } from './decided.ts';

export const routes = ['batch', 'single', 'queue', 'sync'] as const;
export type Route = (typeof routes)[number];

/** What the payments name: so many entities that are counted, or a device that the policy does not track. */
export const loads = ['0', '1', '4', 'untracked'] as const;
export type LoadKind = (typeof loads)[number];

const batchRows = 500;
const sendMessages = 10;
const waitMsMax = 180_000;

interface LoadOptions {
  readonly route: Route;
  readonly load: LoadKind;
  /** Start of every id. */
  readonly name: string;
  readonly count: number;
  /** Calls at the same time, where a call carries one payment. */
  readonly clients: number;
}

/** Share of the payments that come as bursts on one account, so that not all are allowed. */
const burstShare = 0.02;
const burstLength = 20;

/** Two payments per account, hours apart, and a few bursts: about the mix of a usual day. */
const paymentsOf = (load: LoadKind, name: string, count: number) => {
  const bursts = Math.floor(count * burstShare);
  const half = Math.ceil((count - bursts) / 2);
  const nowMs = Date.now();
  return Array.from({ length: count }, (_, i) => {
    const burst = i >= count - bursts;
    return {
      transactionId: `${name}-${i}`,
      userId: 'u1',
      accountId: burst ? `${name}-burst${Math.floor((count - 1 - i) / burstLength)}` : `${name}-a${i % half}`,
      occurredAt: byDay(burst || i >= half ? nowMs : nowMs - 6 * hourMs, nowMs),
      amountMinor: 50_000 + i,
      currency: 'INR',
      channel: 'upi',
      merchantId: `m${i % 50}`,
      merchantCategory: '5411',
      ...entityFields(load === 'untracked' ? 1 : Number(load), `${name}-${i % half}`),
    };
  });
};

/** Returns the fields of a payment that name 0 to 4 entities, the device first; they are the same only for the same `name`. */
export function entityFields(entities: number, name: string): Readonly<Record<string, string>> {
  const hash = createHash('sha256').update(name).digest('hex');
  const fields = [
    ['deviceId', `d-${name}`],
    ['ipAddress', `2001:${hash.slice(0, 4)}:${hash.slice(4, 8)}:${hash.slice(8, 12)}::1`],
    ['beneficiaryId', `${name}@upi`],
    ['instrumentId', `card-${name}`],
  ];
  return Object.fromEntries(fields.slice(0, entities));
}

/**
 * Returns a time in RFC 3339 at the offset where it is about noon at `nowMs`: the work of a payment must not depend on the hour of the
 * measurement, as the unusual hours of the default policy would make it.
 */
export function byDay(epochMs: number, nowMs: number): string {
  const offsetHours = 12 - new Date(nowMs).getUTCHours();
  const local = new Date(epochMs + offsetHours * hourMs).toISOString().slice(0, -1);
  return `${local}${offsetHours < 0 ? '-' : '+'}${String(Math.abs(offsetHours)).padStart(2, '0')}:00`;
}

/** Sends payments by a route, `clients` of them at a time, and waits until each is decided. Throws Error when one is refused. */
export async function sendLoad(
  stack: LocalStack,
  { route, load, name, count, clients }: LoadOptions,
): Promise<{ readonly apiCalls: number; readonly producerSends: number }> {
  const payments = paymentsOf(load, name, count);
  const post = async (path: string, body: unknown): Promise<void> => {
    const answer = await fetch(`${stack.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
  };
  let next = 0;
  const inTurn = (work: (payment: unknown) => Promise<void>) =>
    Promise.all(
      Array.from({ length: clients }, async () => {
        for (let i = next++; i < count; i = next++) await work(payments[i]);
      }),
    );
  let apiCalls = 0;
  let producerSends = 0;
  if (route === 'batch') {
    for (; apiCalls * batchRows < count; apiCalls++)
      await post('/transactions/batch', { transactions: payments.slice(apiCalls * batchRows, (apiCalls + 1) * batchRows) });
  } else if (route === 'single') {
    await inTurn((payment) => post('/transactions', payment));
    apiCalls = count;
  } else if (route === 'sync') {
    await inTurn((payment) => post('/decisions', payment));
    apiCalls = count;
  } else {
    const queue = new SQSClient({ endpoint: stack.endpoints.sqsAndS3, region: emulatorRegion, credentials: emulatorCredentials });
    for (; producerSends * sendMessages < count; producerSends++) {
      const some = payments.slice(producerSends * sendMessages, (producerSends + 1) * sendMessages);
      const { Failed = [] } = await queue.send(
        new SendMessageBatchCommand({
          QueueUrl: stack.environment.AEGIS_QUEUE_URL!,
          Entries: some.map((payment, i) => ({
            Id: String(i),
            MessageBody: JSON.stringify(payment),
            MessageAttributes: { tenant: { DataType: 'String', StringValue: 'dev' } },
          })),
        }),
      );
      if (Failed.length > 0) throw new Error(`${Failed.length} messages were refused: ${Failed[0]!.Message}`);
    }
    queue.destroy();
  }
  await waitUntilDecided(
    stack.table,
    payments.map(({ transactionId }) => transactionId),
    { waitMsMax },
  );
  return { apiCalls, producerSends };
}
