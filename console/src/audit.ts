import { get, type Page, path } from './api.ts';
import { type ChainCheck, canVerify, checkChain } from './verify.ts';
import type { AuditItem } from './wire.ts';

/** At most this many entries of a chain are read and checked here; `aegis verify` checks longer chains. */
export const entriesMax = 10_000;
const pageSize = 200;

export interface ReadChain {
  /** The number of entries before these, which are only in the archive. */
  readonly archivedThrough: number;
  /** Oldest first, from the first entry that is not archived. */
  readonly entries: readonly AuditItem[];
  /** Null where the browser cannot compute hashes. */
  readonly check: ChainCheck | null;
  /** Whether the chain has entries after these. */
  readonly more: boolean;
}

/** Reads and checks an account's chain, from the first entry that the table keeps up to entry `upTo`, or to the end when that is null. */
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
