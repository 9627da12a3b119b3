import { InvalidArgumentError } from 'commander';
import { isTenant } from '../../shared/contract/ids.ts';
import { defaultTenant } from '../../shared/store/names.ts';

/** Parsers of options; each throws InvalidArgumentError with what is allowed. */

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const durationMsMax = 3_650 * unitMs.d;

/** `90d`, `12h`, `30m`, `10s` as milliseconds. */
export const durationMs = (text: string): number => {
  const match = /^(\d{1,9})([smhd])$/.exec(text);
  const ms = match === null ? Number.NaN : Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
  if (!(ms <= durationMsMax)) throw new InvalidArgumentError('allowed: a number and s, m, h or d, such as 90d, up to 3650d');
  return ms;
};

export const commaSeparated = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

export const tenant = (text: string): string => {
  if (!isTenant(text)) throw new InvalidArgumentError('allowed: 1-32 of a-z 0-9 -');
  return text;
};

export const wholeNumber =
  (low: number, high: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d{1,12}$/.test(text) || value < low || value > high) throw new InvalidArgumentError(`allowed: ${low} to ${high}`);
    return value;
  };

export const tenantOption = ['--tenant <name>', 'the tenant', tenant, defaultTenant] as const;

/** The actor in the audit when a command acts without a key. */
export const cliActor = 'cli';

/** Returns rows as text, each column as wide as its longest value. */
export const tableText = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((value, column) => value.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};
