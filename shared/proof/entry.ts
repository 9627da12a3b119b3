/** One audit entry as it is stored, exported and answered. `hash` = lower-case hex SHA-256 of the RFC 8785 form of `body`. */
export interface AuditEntry {
  readonly body: {
    readonly chain: string;
    /** 1, 2, 3... within the chain. */
    readonly sequence: number;
    /** The hash of the entry before; 64 zeros for the first. */
    readonly previousHash: string;
    readonly event: string;
    /** RFC 3339. */
    readonly at: string;
    readonly [field: string]: unknown;
  };
  readonly hash: string;
}

/** An entry as it comes out of a store, its body not looked at. */
export interface StoredEntry {
  readonly body: Readonly<Record<string, unknown>>;
  readonly hash: string;
}

/** Throws a RangeError that names the field for what is no audit entry. The hash is not recomputed. */
export const asAuditEntry = ({ body, hash }: StoredEntry): AuditEntry => {
  const refuse = (field: string, allowed: string): never => {
    const given = JSON.stringify(field === 'hash' ? hash : body[field]);
    throw new RangeError(`entry ${body.sequence} of chain ${body.chain}: ${field} is ${given}; allowed: ${allowed}`);
  };
  if (typeof body.chain !== 'string' || body.chain === '') refuse('chain', 'a text');
  if (!Number.isSafeInteger(body.sequence) || (body.sequence as number) < 1) refuse('sequence', 'an integer from 1');
  if (typeof body.previousHash !== 'string' || !hashPattern.test(body.previousHash))
    refuse('previousHash', 'lower-case hex SHA-256');
  if (typeof body.event !== 'string') refuse('event', 'a text');
  if (typeof body.at !== 'string' || Number.isNaN(Date.parse(body.at))) refuse('at', 'RFC 3339');
  if (!hashPattern.test(hash)) refuse('hash', 'lower-case hex SHA-256');
  return { body, hash } as AuditEntry;
};

const hashPattern = /^[0-9a-f]{64}$/;
