import { decimal, money, percent, whole } from './format.ts';

/** Says when a signal triggers. */
export const signalSentence = (name: string, threshold: number, baseCurrency: string): string => {
  switch (name) {
    case 'TOTAL_SPEND_24H':
      return `when ${money(threshold, baseCurrency)} or more is spent in 24 hours`;
    case 'TXN_VELOCITY_1H':
      return `from ${whole(threshold)} payments in an hour`;
    case 'RAPID_BURST_1M':
      return `from ${whole(threshold)} payments within 60 seconds`;
    case 'NEW_DEVICE_USED':
      return 'when the device is new to the account';
    case 'AMOUNT_ANOMALY':
      return `when the amount is ${decimal(threshold)} standard deviations above the usual, or more`;
    case 'IMPOSSIBLE_TRAVEL':
      return `when travel from the last place would need ${whole(threshold)} km/h or more`;
    case 'UNUSUAL_HOUR':
      return 'between 01:00 and 05:00, if the account rarely pays at that time';
    case 'MERCHANT_RISK':
      return `when an estimated ${percent(threshold)} or more of the merchant’s payments are fraud`;
    case 'ANOMALY':
      return `when the payment is more unusual than ${decimal(threshold)} % of all payments`;
    case 'DEVICE_ACCOUNTS_24H':
      return `from ${whole(threshold)} accounts on one device within 24 hours`;
    case 'IP_ACCOUNTS_1H':
      return `from ${whole(threshold)} accounts on one address within an hour`;
    case 'BENEFICIARY_PAYERS_24H':
      return `from ${whole(threshold)} accounts that pay one beneficiary within 24 hours`;
    case 'INSTRUMENT_ACCOUNTS_24H':
      return `from ${whole(threshold)} accounts with one instrument within 24 hours`;
    case 'LINKED_FRAUD':
      return `from ${whole(threshold)} payments on the same device, address, beneficiary or instrument that were fraud`;
    default:
      return `from ${decimal(threshold)}`;
  }
};

export interface Change {
  /** `signals.ANOMALY.points`; rules by their id. */
  readonly where: string;
  /** Null when the older document does not have it. */
  readonly before: string | null;
  readonly after: string | null;
}

/** The differences between two documents, leaf by leaf, in the order of the newer one. */
export const changes = (before: unknown, after: unknown): readonly Change[] => {
  const [was, is] = [leaves(before), leaves(after)];
  const names = new Set([...is.keys(), ...was.keys()]);
  return [...names]
    .filter((name) => was.get(name) !== is.get(name))
    .map((where) => ({ where, before: was.get(where) ?? null, after: is.get(where) ?? null }));
};

const leaves = (value: unknown, where = '', found = new Map<string, string>()): Map<string, string> => {
  if (typeof value !== 'object' || value === null)
    return found.set(where, typeof value === 'string' ? value : JSON.stringify(value));
  const members = Array.isArray(value)
    ? value.map((member: unknown, index) => [nameOf(member) ?? String(index), member] as const)
    : Object.entries(value);
  if (members.length === 0 && where !== '') found.set(where, Array.isArray(value) ? '[]' : '{}');
  for (const [name, member] of members) leaves(member, where === '' ? name : `${where}.${name}`, found);
  return found;
};

const nameOf = (member: unknown): string | null =>
  typeof member === 'object' && member !== null && 'id' in member && typeof member.id === 'string' ? member.id : null;
