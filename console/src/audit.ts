import { get, type Page, path } from './api.ts';
import { type ChainCheck, canVerify, checkChain } from './verify.ts';
import type { AuditItem } from './wire.ts';

/** Entries of a chain that this page reads and checks; longer chains are for `aegis verify`. */
export const entriesMax = 10_000;
const pageSize = 200;

export interface ReadChain {
  /** Entries before these, which only the archive has. */
  readonly archivedThrough: number;
  /** Oldest first, from the chain's first that is not archived. */
  readonly entries: readonly AuditItem[];
  /** Null where the browser may not compute hashes. */
  readonly check: ChainCheck | null;
  /** Whether the chain goes on behind what was read. */
  readonly more: boolean;
}

/** An account's chain from its first entry on that the table keeps, up to one or to its end, checked here. */
export async function readChain(
  accountId: string,
  userId: string | null,
  upTo: number | null,
  signal: AbortSignal,
): Promise<ReadChain> {
  const user = userId === null ? '' : `&userId=${encodeURIComponent(userId)}`;
  const url = `${path`accounts/${accountId}/audit`}?limit=${pageSize}${user}`;
  const entries: AuditItem[] = [];
  let archivedThrough = 0;
  let cursor: string | undefined;
  const isEnough = (): boolean => upTo !== null && archivedThrough + entries.length >= upTo;
  do {
    const page: Page<AuditItem> & { readonly archivedThrough?: number } = await get(
      cursor === undefined ? url : `${url}&cursor=${encodeURIComponent(cursor)}`,
      signal,
    );
    archivedThrough = page.archivedThrough ?? archivedThrough;
    entries.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined && !isEnough() && entries.length < entriesMax);
  const wanted = upTo === null ? entries : entries.slice(0, Math.max(0, upTo - archivedThrough));
  return {
    archivedThrough,
    entries: wanted,
    check: canVerify() ? await checkChain(wanted, archivedThrough) : null,
    more: cursor !== undefined || wanted.length < entries.length,
  };
}
