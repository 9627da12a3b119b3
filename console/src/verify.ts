import canonicalize from 'canonicalize';
import type { AuditItem } from './wire.ts';

/** A chain checked in the browser, with nothing but SHA-256 (WebCrypto) and RFC 8785: the server's word is not taken for it. */

export interface ChainCheck {
  /** Entries that hold, from the first given on. */
  readonly verified: number;
  /** The first that does not. */
  readonly fault: { readonly sequence: number; readonly text: string } | null;
}

const zeros = '0'.repeat(64);

/** Lower-case hex SHA-256 of the RFC 8785 form. */
export async function hashOf(body: unknown): Promise<string> {
  const text = canonicalize(body);
  if (text === undefined) throw new TypeError('a value that JSON cannot hold has no canonical form');
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Whether this page may compute hashes: browsers allow it on HTTPS and on this machine only. */
export const canVerify = (): boolean => globalThis.crypto?.subtle !== undefined;

/**
 * Entries as the API lists them, oldest first, beginning with the chain's first, or with the one after those that are archived: what
 * comes before that one is taken as it stands.
 */
export async function checkChain(entries: readonly AuditItem[], archivedThrough = 0): Promise<ChainCheck> {
  let previousHash = archivedThrough === 0 ? zeros : (entries[0]?.body.previousHash ?? zeros);
  for (const [index, { body, hash }] of entries.entries()) {
    const sequence = archivedThrough + index + 1;
    const text = await faultOf(body, hash, { sequence, previousHash, chain: entries[0]!.body.chain });
    if (text !== null) return { verified: index, fault: { sequence, text } };
    previousHash = hash;
  }
  return { verified: entries.length, fault: null };
}

async function faultOf(
  body: AuditItem['body'],
  hash: string,
  expected: { readonly sequence: number; readonly previousHash: string; readonly chain: string },
): Promise<string | null> {
  if (body.sequence !== expected.sequence) return `says that it is entry ${body.sequence}`;
  if (body.chain !== expected.chain) return 'belongs to another chain';
  if (body.previousHash !== expected.previousHash) return 'does not follow from the entry before it';
  return (await hashOf(body)) === hash ? null : 'has been changed: its hash is not that of its content';
}
