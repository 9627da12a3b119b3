/** RFC 3339 with 3 decimals in the given offset, `Z` for zero: how every instant of the API and of the audit chain is written. */
export function formatInstant(epochMs: number, offsetMinutes = 0): string {
  const text = new Date(epochMs + offsetMinutes * 60_000).toISOString();
  if (offsetMinutes === 0) return text;
  const minutes = Math.abs(offsetMinutes);
  return `${text.slice(0, -1)}${offsetMinutes < 0 ? '-' : '+'}${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;
}

const twoDigits = (value: number): string => (value < 10 ? `0${value}` : String(value));
