import type { Log } from '../../shared/edge/log.ts';
import { counts, type Measure } from '../../shared/edge/metrics.ts';
import { ConditionFailed, type TableStore } from '../../shared/ports/ports.ts';
import { receiverKey } from '../../shared/store/names.ts';
import { type ReceiverState, readReceiver } from '../../shared/webhooks/receivers.ts';

/** Disables receivers that have taken nothing for days, and tells people of each by a metric. */
export interface ReceiverWatch {
  /** Throws store errors. */
  read(tenant: string, endpointId: string): Promise<ReceiverState | null>;
  /** After a delivery. Throws nothing: what was delivered must not be sent again. */
  note(delivery: Delivery): Promise<void>;
}

export interface Delivery {
  readonly tenant: string;
  readonly endpointId: string;
  /** As it was before. */
  readonly state: ReceiverState | null;
  readonly taken: boolean;
  /** Of this message. */
  readonly tries: number;
  readonly nowMs: number;
}

/** Before so many tries of one message, about 40 minutes, a failure is nothing to remember: most receivers are away for a moment now and then. */
const triesRemembered = 4;

export const receiverWatch = ({
  table,
  log,
  measure,
  disableAfterMs,
}: {
  readonly table: TableStore;
  readonly log: Log;
  readonly measure: Measure;
  readonly disableAfterMs: number;
}): ReceiverWatch => {
  const noted = async ({ tenant, endpointId, state, taken, tries, nowMs }: Delivery): Promise<void> => {
    const key = receiverKey(tenant, endpointId);
    if (taken) {
      if (state !== null) await table.delete(key);
    } else if (state === null) {
      if (tries >= triesRemembered) await table.put({ ...key, failingSinceMs: nowMs, disabledAtMs: 0 }, { kind: 'absent' });
    } else if (state.disabledAtMs === 0 && nowMs - state.failingSinceMs >= disableAfterMs) {
      const disabled = { ...key, failingSinceMs: state.failingSinceMs, disabledAtMs: nowMs };
      await table.put(disabled, { kind: 'equals', attribute: 'disabledAtMs', value: 0 });
      log('audit', 'webhook disabled', { tenant, endpointId, failingSince: new Date(state.failingSinceMs).toISOString() });
      measure(counts({ WebhooksDisabled: 1 }));
    }
  };
  return {
    read: (tenant, endpointId) => readReceiver(table, tenant, endpointId),
    note: async (delivery) => {
      try {
        await noted(delivery);
      } catch (error) {
        // Another instance was first; or the next delivery tries again.
        if (!(error instanceof ConditionFailed)) log('warn', 'receiver not noted', { endpointId: delivery.endpointId, error });
      }
    },
  };
};
