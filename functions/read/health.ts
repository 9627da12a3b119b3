import { minuteMs } from '../../shared/domain/durations.ts';
import { callsFailTo } from '../../shared/domain/verdict.ts';
import type { Answer, AnswerWithoutBody, ApiRequest } from '../../shared/edge/request.ts';
import { loadActivePolicy } from '../../shared/policy/store.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import { degradedBy, degradedMinuteKey, minuteStartMs } from '../../shared/projection/counters.ts';
import { cache } from '../../shared/store/cache.ts';
import { readCounters } from './counters.ts';

export interface HealthDependencies {
  readonly version: string;
  readonly table: TableStore;
  /** Messages that wait in the queue; throws when it cannot be asked. */
  readonly waitingMessages: () => Promise<number>;
}

/** A dependency that has not answered by then is down. */
const answerMsMax = 2_000;
/** Decisions as old as this still count, to the minute. */
const degradedMs = 5 * minuteMs;
/** An answer without a key is at most this old, so that those who only watch cost next to nothing; that of a fault less. */
const openAnswerMs = 10_000;
const openFaultMs = 1_000;

type Status = 'ok' | 'degraded' | 'down';

/** A part of the answer. Causes go by their names only. */
interface Part {
  readonly status: Status;
  readonly [detail: string]: unknown;
}

type Parts = Readonly<Record<'table' | 'queue' | 'decisions', Part>>;

/**
 * `GET /health`. Without the table nothing can be decided or read: `down`, 503. Without the queue payments can still be decided in the
 * call: `degraded`, as while decisions of the last 5 minutes were made without a part whose absence calls `failTo`. Without a key (or one
 * that may not read) the answer is the status alone, over the decisions of all tenants.
 */
export function getHealth({ version, table, waitingMessages }: HealthDependencies): AnswerWithoutBody {
  const statuses = cache<Status>({
    max: 1,
    ttlMs: openAnswerMs,
    ttlMsOf: (status) => (status === 'down' ? openFaultMs : openAnswerMs),
  });
  const queue = (): Promise<Part> => probed(async () => ({ status: 'ok', waitingMessages: await waitingMessages() }));

  /** One query of the table, which shows that it answers. */
  const anyones = async (nowMs: number): Promise<Status> => {
    const from = degradedMinuteKey(nowMs - degradedMs);
    const probe = probed(async () => {
      const { items } = await table.query({ pk: from.pk, from: from.sk, limit: 1 });
      return { status: items.length > 0 ? 'degraded' : 'ok' };
    });
    const [decisions, queued] = await Promise.all([probe, queue()]);
    return statusOf({ table: { status: decisions.status === 'down' ? 'down' : 'ok' }, queue: queued, decisions });
  };

  const full = async ({ tenant, receivedAtMs }: ApiRequest): Promise<Answer> => {
    const probe = probed(async () => {
      const lastMs = minuteStartMs(receivedAtMs);
      const [counters, { policy }] = await Promise.all([
        readCounters(table, tenant, minuteStartMs(receivedAtMs - degradedMs), lastMs),
        loadActivePolicy(table, tenant, receivedAtMs),
      ]);
      const causes = Object.entries(degradedBy(counters)).filter(([cause]) => callsFailTo(policy, cause));
      return causes.length === 0 ? { status: 'ok' } : { status: 'degraded', causes: Object.fromEntries(causes) };
    });
    const [decisions, queued] = await Promise.all([probe, queue()]);
    const isDown = decisions.status === 'down';
    const parts = {
      table: isDown ? decisions : ({ status: 'ok' } as const),
      queue: queued,
      decisions: isDown ? ({ status: 'down' } as const) : decisions,
    };
    const status = statusOf(parts);
    return answerOf(status, { status, version, dependencies: parts });
  };

  return async (request) => {
    if (request.scopes.includes('read')) return full(request);
    const status = await statuses.get('', request.receivedAtMs, () => anyones(request.receivedAtMs));
    return answerOf(status, { status });
  };
}

const statusOf = ({ table, queue, decisions }: Parts): Status => {
  if (table.status === 'down') return 'down';
  return queue.status === 'ok' && decisions.status === 'ok' ? 'ok' : 'degraded';
};

const answerOf = (status: Status, body: object): Answer =>
  status === 'down' ? { status: 503, body, headers: { 'retry-after': '1' } } : { status: 200, body };

const probed = async (probe: () => Promise<Part>): Promise<Part> => {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DOMException('no answer', 'TimeoutError')), answerMsMax);
  });
  try {
    return await Promise.race([probe(), timeout]);
  } catch (error) {
    return { status: 'down', cause: error instanceof Error ? error.name : 'Error' };
  } finally {
    clearTimeout(timer);
  }
};
