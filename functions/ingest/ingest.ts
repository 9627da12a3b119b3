import { createHash } from 'node:crypto';
import { type Fault, fault, pointerPart } from '../../shared/contract/fault.ts';
import type { Json } from '../../shared/contract/json.ts';
import { formatInstant } from '../../shared/contract/time.ts';
import { findCardNumbers, parseTransaction, serializeTransaction } from '../../shared/contract/transaction.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';
import { readTransaction } from '../../shared/edge/body.ts';
import { invalid, unavailable } from '../../shared/edge/problem.ts';
import type { Answer, ApiRequest, Endpoints } from '../../shared/edge/request.ts';
import type { Queue, QueueMessage } from '../../shared/ports/ports.ts';
import { messageAttributes } from '../../shared/store/names.ts';

const maximumBatchRows = 500;

/** Beyond this many faults in a batch, a row lists only its first one: an answer stays smaller than a function may give. */
const fullyListedFaults = 4_000;

interface RowResult {
  readonly index: number;
  /** Null where it cannot be read. */
  readonly transactionId: string | null;
  /** FAILED: not taken for no fault of its own, send it again. */
  readonly status: 'QUEUED' | 'REJECTED' | 'FAILED';
  readonly errors?: readonly Fault[];
}

/** The routes of the ingest stage: what passes the contract goes onto the queue, nothing is decided here. */
export const ingestEndpoints = (target: Target): Endpoints => ({
  postTransaction: {
    read: readTransaction,
    answer: (request, transaction: Transaction) => ingestOne(target, request, transaction),
  },
  postTransactionBatch: { read: readRows, answer: (request, rows: readonly Json[]) => ingestBatch(target, request, rows) },
});

export interface Target {
  readonly queue: Queue;
  /** A FIFO queue: messages of one account keep their order. */
  readonly isOrdered: boolean;
  /** A standard queue that is fair: no tenant waits for the backlog of another. */
  readonly isFair?: boolean;
}

async function ingestOne(target: Target, request: ApiRequest, transaction: Transaction): Promise<Answer> {
  const { transactionId } = transaction;
  const [result] = await target.queue.send([messageOf(target, transaction, request)]);
  if (!result?.sent) throw unavailable('The transaction could not be queued; it is safe to send it again.', { cause: result });
  return { status: 202, body: { transactionId, status: 'QUEUED' } };
}

async function ingestBatch(target: Target, request: ApiRequest, given: readonly Json[]): Promise<Answer> {
  const rows = given.map((row) => parseTransaction(row, request.receivedAtMs));
  const good = rows.filter((row) => row.ok);
  const sent = await sendAll(
    target.queue,
    good.map((row) => messageOf(target, row.transaction, request)),
  );
  const results: RowResult[] = [];
  let faults = 0;
  let next = 0;
  for (const [index, row] of rows.entries()) {
    if (row.ok) {
      results.push({ index, transactionId: row.transaction.transactionId, status: sent[next] ? 'QUEUED' : 'FAILED' });
      next++;
    } else {
      faults += row.faults.length;
      const errors = faults > fullyListedFaults ? row.faults.slice(0, 1) : row.faults;
      results.push({ index, transactionId: row.transactionId, status: 'REJECTED', errors });
    }
  }
  return answerOf(results);
}

/** One row in is a success; else the queue's failure is named before the rows' faults, since those rows are worth sending again. */
function answerOf(results: readonly RowResult[]): Answer {
  const count = (status: RowResult['status']): number => results.filter((result) => result.status === status).length;
  const body = { accepted: count('QUEUED'), rejected: count('REJECTED'), failed: count('FAILED'), results };
  if (body.accepted > 0) return { status: 202, body };
  if (body.failed > 0) {
    throw unavailable('No transaction could be queued; those marked FAILED are safe to send again.', { members: body });
  }
  throw invalid([{ pointer: '/transactions', detail: 'no row can be taken; results names the faults of each' }], body);
}

/** Whether each message is on the queue. A queue that fails as a whole has taken nothing that can be relied on. */
async function sendAll(queue: Queue, messages: readonly QueueMessage[]): Promise<readonly boolean[]> {
  if (messages.length === 0) return [];
  const results = await queue.send(messages);
  return messages.map((_, index) => results[index]?.sent === true);
}

/** The rows of a batch, not yet read as transactions. */
function readRows({ json = null }: ApiRequest): readonly Json[] {
  const faults: Fault[] = [];
  if (!(json instanceof Map)) {
    findCardNumbers(json, '', faults);
    throw invalid([...faults, fault('', 'a batch', 'a JSON object of transactions', json)]);
  }
  for (const [key, value] of json) {
    if (key === 'transactions') continue;
    if (faults.length >= fullyListedFaults) break;
    faults.push({ pointer: pointerPart(key), detail: 'unknown field; allowed is transactions' });
    findCardNumbers(new Map([[key, value]]), '', faults);
  }
  const rows: Json | undefined = json.get('transactions');
  const isInRange = Array.isArray(rows) && rows.length >= 1 && rows.length <= maximumBatchRows;
  if (!isInRange) {
    const given = Array.isArray(rows) ? `an array of ${rows.length}` : rows;
    faults.push(fault('/transactions', 'transactions', `an array of 1-${maximumBatchRows}`, given));
  }
  if (faults.length > 0) throw invalid(faults);
  return rows as readonly Json[];
}

function messageOf({ isOrdered, isFair }: Target, transaction: Transaction, request: ApiRequest): QueueMessage {
  return {
    body: serializeTransaction(transaction),
    attributes: {
      [messageAttributes.tenant]: request.tenant,
      [messageAttributes.correlationId]: request.correlationId,
      [messageAttributes.receivedAt]: formatInstant(request.receivedAtMs),
    },
    ...(isOrdered ? { group: groupOf(request.tenant, transaction) } : isFair === true && { group: request.tenant }),
  };
}

/** Hashed, since SQS takes 128 characters. */
const groupOf = (tenant: string, { accountId, userId }: Transaction): string =>
  createHash('sha256').update(`${tenant}#${accountId}#${userId}`).digest('hex');
