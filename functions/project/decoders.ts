import { auditFromItem, decisionFromItem } from '../../shared/ledger/items.ts';
import { asAuditEntry } from '../../shared/proof/entry.ts';
import type { Decoders } from './records.ts';

/** Reads the items of the table. An entry is checked as a whole, so that no sink fails a batch for one that is none. */
export const decodersOfItems: Decoders = {
  decode: decisionFromItem,
  decodeEntry: (item) => {
    const { body, hash } = asAuditEntry(auditFromItem(item));
    return { body, hash };
  },
};
