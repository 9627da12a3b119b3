import { pages, path } from './api.ts';
import { type ChainCheck, canVerify, checkChain } from './verify.ts';
import type { AuditItem } from './wire.ts';

/** Entries of a chain that this page reads and checks; longer chains are for `aegis verify`. */
export const entriesMax = 10_000;
const pageSize = 200;

export interface ReadChain {
  /** Oldest first, from the chain's first. */
  readonly entries: readonly AuditItem[];
  /** Null where the browser may not compute hashes. */
  readonly check: ChainCheck | null;
  /** Whether the chain goes on behind what was read. */
  readonly more: boolean;
}

/** An account's chain from its first entry up to one, or to its end, checked here. */
export async function readChain(
  accountId: string,
  userId: string | null,
  upTo: number | null,
  signal: AbortSignal,
): Promise<ReadChain> {
  const user = userId === null ? '' : `&userId=${encodeURIComponent(userId)}`;
  const entries: AuditItem[] = [];
  let lastPage = 0;
  for await (const items of pages<AuditItem>(
    `${path`accounts/${accountId}/audit`}?limit=${pageSize}${user}`,
    entriesMax / pageSize,
    signal,
  )) {
    entries.push(...items);
    lastPage = items.length;
    if (upTo !== null && entries.length >= upTo) break;
  }
  const wanted = upTo === null ? entries : entries.slice(0, upTo);
  return {
    entries: wanted,
    check: canVerify() ? await checkChain(wanted) : null,
    more: wanted.length < entries.length || (lastPage === pageSize && entries.length >= entriesMax),
  };
}
