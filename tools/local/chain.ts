import { createHash } from 'node:crypto';
import type { WireItemOf } from '../../shared/contract/wire.ts';

type AuditItem = WireItemOf<'AuditPage'>;

/** An entry as `GET /accounts/{accountId}/audit` answers it: what links it to the others, and whatever else its hash covers. */
export interface ChainEntry {
  readonly body: Pick<AuditItem['body'], 'chain' | 'sequence' | 'previousHash'> & Readonly<Record<string, unknown>>;
  readonly hash: AuditItem['hash'];
}

/**
 * The first fault of a whole chain, oldest entry first; null when it is intact. Written against the documented rules alone and sharing no
 * code with the engine, so that the demonstration does not ask the engine to vouch for itself.
 */
export const chainFault = (entries: readonly ChainEntry[]): string | null => {
  let previousHash = '0'.repeat(64);
  for (const [i, { body, hash }] of entries.entries()) {
    const where = `entry ${i + 1} of chain ${entries[0]!.body.chain}`;
    if (body.chain !== entries[0]!.body.chain) return `${where} belongs to chain ${body.chain}`;
    if (body.sequence !== i + 1) return `${where} has sequence ${body.sequence}`;
    if (body.previousHash !== previousHash) return `${where} does not follow the entry before it`;
    if (createHash('sha256').update(canonicalJson(body)).digest('hex') !== hash) return `${where} does not have its hash`;
    previousHash = hash;
  }
  return null;
};

/** RFC 8785 for values that JSON.parse made: members sorted by UTF-16 code units, no space, numbers and strings as ECMAScript writes them. */
export const canonicalJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([name, inner]) => `${JSON.stringify(name)}:${canonicalJson(inner)}`).join(',')}}`;
};
