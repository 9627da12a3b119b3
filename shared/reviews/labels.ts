import type { Item } from '../ports/ports.ts';
import { labelKey, prefixes } from '../store/names.ts';

/** What an analyst, or a chargeback, may say of a transaction. */
export const dispositions = ['CONFIRMED_FRAUD', 'LEGITIMATE', 'UNSURE'] as const;
export type Disposition = (typeof dispositions)[number];

/** `UNSURE` is an answer, but no label. */
export type LabelDisposition = Exclude<Disposition, 'UNSURE'>;

export interface Label {
  readonly tenant: string;
  readonly transactionId: string;
  readonly disposition: LabelDisposition;
  /** When it became known: what was decided before could not have seen it. */
  readonly knownAtMs: number;
  /** Of the sealed inputs it came with; tells a repeat from a later word. */
  readonly fingerprint: string;
  /** The account's chain, and the REVIEWED entry in it. */
  readonly chain: string;
  readonly sequence: number;
}

export const isFraud = (disposition: LabelDisposition): boolean => disposition === 'CONFIRMED_FRAUD';

export const labelItem = ({ tenant, transactionId, ...label }: Label): Item => ({ ...labelKey(tenant, transactionId), ...label });

/** Throws a RangeError for an item that is no label. */
export function labelFromItem(item: Item): Label {
  const [, tenant, transactionId] = item.pk.split('#');
  const { disposition, knownAtMs, fingerprint, chain, sequence } = item as unknown as Label;
  if (!item.pk.startsWith(prefixes.label) || !tenant || !transactionId || typeof knownAtMs !== 'number')
    throw new RangeError(`the item ${item.pk} is no label`);
  return { tenant, transactionId, disposition, knownAtMs, fingerprint, chain, sequence };
}
