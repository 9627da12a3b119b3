import { maskCardNumbers } from '../contract/cardNumbers.ts';
import { optional } from '../store/environment.ts';

/** One JSON line per entry on standard output, with secrets and card numbers taken out. */

const levels = ['debug', 'info', 'warn', 'error', 'audit', 'silent'] as const;
/** `audit` is for what must be found again: it is written whatever the least level, `silent` excepted. */
export type Level = Exclude<(typeof levels)[number], 'silent'>;

export type Log = (level: Level, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** The least level written: `AEGIS_LOG_LEVEL`, `warn` by default. */
const threshold = levelOf(optional('logLevel'));

export const log: Log = (level, message, fields = {}) => {
  if (levels.indexOf(level) < levels.indexOf(threshold)) return;
  process.stdout.write(`${logLine(level, message, fields)}\n`);
};

/** The line as it is written; errors become their name, message and stack. */
export function logLine(level: Level, message: string, fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ level, message, ...fields }, (name, value: unknown) => {
    if (secretNames.has(name.toLowerCase())) return '[redacted]';
    if (typeof value === 'string') return redact(value);
    if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack, cause: value.cause };
    return value;
  });
}

const secretNames: ReadonlySet<string> = new Set(['authorization', 'secret', 'password', 'token', 'apikey']);

const redact = (text: string): string =>
  maskCardNumbers(text).replace(/aegis_([a-z0-9-]{1,32})_[A-Za-z0-9]+/g, 'aegis_$1_[redacted]');

function levelOf(text: string | undefined): (typeof levels)[number] {
  if (text === undefined) return 'warn';
  const level = levels.find((known) => known === text);
  if (level === undefined) throw new Error(`AEGIS_LOG_LEVEL must be one of ${levels.join(', ')}; given ${text}`);
  return level;
}
