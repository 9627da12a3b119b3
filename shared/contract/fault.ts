import { maskCardNumbers } from './cardNumbers.ts';
import { JsonNumber } from './json.ts';

/** One thing wrong with a request. */
export interface Fault {
  /** JSON pointer into the body; `/name` of a path parameter, `?name` of a query parameter. */
  readonly pointer: string;
  /** The field, what was given and what is allowed. */
  readonly detail: string;
}

const longestShown = 64;
/** Holds any card number that begins within what is shown. */
const longestLookedAt = 4 * longestShown;
const longestLine = 1_000;

/** A given value as a fault may show it: card numbers masked, long ones cut. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(cut(value));
  if (value instanceof JsonNumber) return cut(value.text);
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

/** A JSON pointer's next part (RFC 6901), card numbers masked, long ones cut. */
export const pointerPart = (key: string): string => `/${cut(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** `... to be FIELD must be ALLOWED, given VALUE`, the form of every field's fault. */
export const fault = (pointer: string, field: string, allowed: string, given: unknown): Fault => ({
  pointer,
  detail: `${field} must be ${allowed}; given ${show(given)}`,
});

export const cardNumberFault = (pointer: string): Fault => ({
  pointer,
  detail: 'holds what looks like a card number, which may not be sent; prefix numeric identifiers with a letter',
});

/** Masked before and after: the end of a cut text may be a card number that the whole was not. */
function cut(text: string): string {
  const masked = maskCardNumbers(text.slice(0, longestLookedAt));
  if (masked.length <= longestShown) return masked;
  const end = masked.slice(0, longestShown);
  return `${maskCardNumbers(end.isWellFormed() ? end : end.slice(0, -1))}...`;
}

/**
 * Others' words, card numbers masked, as one line of at most 1,000 characters: it can't pass for a line of ours, and holds no character
 * that SQS and SNS refuse.
 */
export const oneLine = (text: string): string =>
  // Masked before and after: the end of a cut text may be a card number that the whole was not.
  maskCardNumbers(
    maskCardNumbers(text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' '))
      .slice(0, longestLine)
      .toWellFormed(),
  );

/** More faults than this in one transaction or request are not listed. */
export const maximumFaults = 32;

/** Keeps an answer small when a request is nothing but faults. */
export const boundedFaults = (faults: readonly Fault[]): readonly Fault[] =>
  faults.length <= maximumFaults
    ? faults
    : [...faults.slice(0, maximumFaults - 1), { pointer: '', detail: `and more: at most ${maximumFaults} faults are listed` }];
