import type { Item } from '../ports/ports.ts';
import { labelKey, prefixes } from '../store/names.ts';

/** What an analyst, or a chargeback, may say of a transaction. */
export const dispositions = ['CONFIRMED_FRAUD', 'LEGITIMATE', 'UNSURE'] as const;
export type Disposition = (typeof dispositions)[number];

/** `UNSURE` is an answer, but no label. */
export type LabelDisposition = Exclude<Disposition, 'UNSURE'>;

/** Who says what a transaction was: a person at work on it, or an import of what became known elsewhere, such as a chargeback. */
export const labelSources = ['ANALYST', 'IMPORT'] as const;
export type LabelSource = (typeof labelSources)[number];

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
  /** A label of 0.1 has none of these: its entry alone says by whom it is, sealed. */
  readonly said?: {
    /** The id of a key or token. */
    readonly by: string;
    readonly source: LabelSource;
  };
}

export const isFraud = (disposition: LabelDisposition): boolean => disposition === 'CONFIRMED_FRAUD';

export const labelItem = ({ tenant, transactionId, ...label }: Label): Item => ({ ...labelKey(tenant, transactionId), ...label });

/** Throws a RangeError for an item that is no label. */
export function labelFromItem(item: Item): Label {
  const [, tenant, transactionId] = item.pk.split('#');
  const { disposition, knownAtMs, fingerprint, chain, sequence, said } = item as unknown as Label;
  if (!item.pk.startsWith(prefixes.label) || !tenant || !transactionId || typeof knownAtMs !== 'number')
    throw new RangeError(`the item ${item.pk} is no label`);
  const label = { tenant, transactionId, disposition, knownAtMs, fingerprint, chain, sequence };
  return said === undefined ? label : { ...label, said };
}
