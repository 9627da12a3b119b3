import canonicalize from 'canonicalize';
import type { AuditItem } from './wire.ts';

/** Checks a chain in the browser with SHA-256 (WebCrypto) and RFC 8785, without trusting the server. */

export interface ChainCheck {
  /** The number of valid entries before the first fault. */
  readonly verified: number;
  /** The first entry that is not valid. */
  readonly fault: { readonly sequence: number; readonly text: string } | null;
}

const zeros = '0'.repeat(64);

/** Lower-case hex SHA-256 of the RFC 8785 form. */
export async function hashOf(body: unknown): Promise<string> {
  const text = canonicalize(body);
  if (text === undefined) throw new TypeError('a value that is not JSON has no canonical form');
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Whether this page can compute hashes: browsers allow it only on HTTPS and on localhost. */
export const canVerify = (): boolean => globalThis.crypto?.subtle !== undefined;

/**
 * Checks entries as the API lists them, oldest first, from the chain's first or from the one after `archivedThrough`. The link from the
 * first entry to an archived one is not checked.
 */
export async function checkChain(entries: readonly Pick<AuditItem, 'body' | 'hash'>[], archivedThrough = 0): Promise<ChainCheck> {
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
  if (body.sequence !== expected.sequence) return `is numbered ${body.sequence}`;
  if (body.chain !== expected.chain) return 'belongs to another chain';
  if (body.previousHash !== expected.previousHash) return 'does not continue the previous entry';
  return (await hashOf(body)) === hash ? null : 'was changed: its hash does not match its content';
}
