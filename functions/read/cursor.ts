import { createHash } from 'node:crypto';
import { dayMs } from '../../shared/domain/durations.ts';

/**
 * Opaque page cursors: where the next page begins, when the cursor was given, and a checksum that binds it to its tenant, route and
 * filters. The checksum protects against mistakes, not against forgery: a cursor only reads the caller's own tenant, and its content is
 * checked like everything that a caller sends.
 */

const checksumBytes = 12;
export const cursorLifetimeMs = 7 * dayMs;
const aheadMs = 5 * 60_000;

/** `boundTo`: tenant, operation and every filter of the page; `after`: where the next page begins, in the caller's own terms. */
export function encodeCursor(boundTo: readonly string[], after: string, nowMs: number): string {
  const payload = JSON.stringify([nowMs, after]);
  return Buffer.concat([checksum(boundTo, payload), Buffer.from(payload, 'utf8')]).toString('base64url');
}

/** Returns where the next page begins; null for a cursor that is malformed, too old or bound to something else. */
export function decodeCursor(boundTo: readonly string[], cursor: string, nowMs: number): string | null {
  if (!/^[A-Za-z0-9_-]+$/.test(cursor)) return null;
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.toString('base64url') !== cursor || bytes.length <= checksumBytes) return null;
  const payload = bytes.subarray(checksumBytes).toString('utf8');
  if (!checksum(boundTo, payload).equals(bytes.subarray(0, checksumBytes))) return null;
  const content = contentOf(payload);
  if (content === null) return null;
  const [givenAtMs, after] = content;
  if (givenAtMs < nowMs - cursorLifetimeMs || givenAtMs > nowMs + aheadMs) return null;
  return after;
}

function contentOf(payload: string): readonly [givenAtMs: number, after: string] | null {
  try {
    const content: unknown = JSON.parse(payload);
    if (!Array.isArray(content) || content.length !== 2) return null;
    const [givenAtMs, after] = content;
    return typeof givenAtMs === 'number' && typeof after === 'string' && after !== '' && after.isWellFormed()
      ? [givenAtMs, after]
      : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Returns whether a text is a sequence number. */
export const isSequence = (after: string): boolean => /^[1-9][0-9]{0,14}$/.test(after);

function checksum(boundTo: readonly string[], payload: string): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([...boundTo, payload]))
    .digest()
    .subarray(0, checksumBytes);
}
