import type { TableStore } from '../ports/ports.ts';
import { receiverKey } from '../store/names.ts';

/** What is remembered of a receiver that takes nothing. There is no item of one that does. */
export interface ReceiverState {
  readonly failingSinceMs: number;
  /** 0 while it is not disabled. */
  readonly disabledAtMs: number;
}

/** Null for a receiver that takes what it gets. */
export async function readReceiver(table: TableStore, tenant: string, endpointId: string): Promise<ReceiverState | null> {
  const item = await table.get(receiverKey(tenant, endpointId), { consistent: true });
  return item === null ? null : { failingSinceMs: Number(item.failingSinceMs), disabledAtMs: Number(item.disabledAtMs) };
}
