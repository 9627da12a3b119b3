import type { Endpoint } from '../../shared/edge/http.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import { modelPointerKey } from '../../shared/store/names.ts';

export interface HealthDependencies {
  readonly version: string;
  readonly table: TableStore;
  /** Messages that wait in the queue; throws when it cannot be asked. */
  readonly waitingMessages: () => Promise<number>;
}

/** A dependency that has not answered by then is down. */
const answerMsMax = 2_000;

/**
 * `GET /health`. Without the table nothing can be decided or read: `down`, 503. Without the queue payments can still be decided in
 * the call: `degraded`.
 */
export const getHealth =
  ({ version, table, waitingMessages }: HealthDependencies): Endpoint =>
  async () => {
    const [tableHealth, queueHealth] = await Promise.all([
      probed(async () => {
        await table.get(modelPointerKey);
        return {};
      }),
      probed(async () => ({ waitingMessages: await waitingMessages() })),
    ]);
    const status = tableHealth.status === 'down' ? 'down' : queueHealth.status === 'down' ? 'degraded' : 'ok';
    const body = { status, version, dependencies: { table: tableHealth, queue: queueHealth } };
    return status === 'down' ? { status: 503, body, headers: { 'retry-after': '1' } } : { status: 200, body };
  };

/** The cause goes by its name only: anyone may read this. */
const probed = async (probe: () => Promise<object>): Promise<{ readonly status: 'ok' | 'down'; readonly cause?: string }> => {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DOMException('no answer', 'TimeoutError')), answerMsMax);
  });
  try {
    return { status: 'ok', ...(await Promise.race([probe(), timeout])) };
  } catch (error) {
    return { status: 'down', cause: error instanceof Error ? error.name : 'Error' };
  } finally {
    clearTimeout(timer);
  }
};
