import { maskCardNumbers } from './cardNumbers.ts';

/** A dead letter's text, so that it fits a message with its attributes also where one may have 256 KiB. */
const buriedBytesMax = 240_000;

/**
 * Text that a queue takes: what SQS refuses, and what is beyond U+FFFF, which some emulators refuse, as JSON's escapes. JSON stays the
 * same JSON.
 */
export const queueSafe = (text: string): string =>
  text.replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** What a producer sent as it may lie among the dead letters: card numbers masked, and none of it refused there. */
export function buriedText(text: string): string {
  const safe = queueSafe(maskCardNumbers(text));
  if (Buffer.byteLength(safe) <= buriedBytesMax) return safe;
  const cut = Buffer.from(safe)
    .subarray(0, buriedBytesMax)
    .toString('utf8')
    .replace(/\ufffd$/, '');
  // Masked again: the end of a cut text may be a card number that the whole was not.
  return `${queueSafe(maskCardNumbers(cut))}...`;
}
