import { personalInputs } from '../../shared/domain/audit.ts';
import type { MasterSecret } from '../../shared/secrets/masterSecret.ts';
import { SecretSealer } from '../../shared/secrets/sealer.ts';

/** Opens the personal inputs sealed in a chain's entries. */
export type OpenInputs = (
  salt: Uint8Array,
  body: Readonly<Record<string, unknown>>,
) => Promise<Readonly<Record<string, unknown>> | null>;

/** Null once the salt is destroyed, and for what was not sealed with it. Throws Unavailable when the secret cannot be had. */
export function inputsOpener(masterSecret: MasterSecret): OpenInputs {
  const sealers = new Map<number, Promise<SecretSealer>>();
  const sealerOf = (version: number): Promise<SecretSealer> => {
    const known = sealers.get(version);
    if (known !== undefined) return known;
    const made = masterSecret.version(version).then((secret) => new SecretSealer(secret, version));
    sealers.set(version, made);
    made.catch(() => sealers.delete(version));
    return made;
  };
  return async (salt, body) => {
    const { sealed, fingerprint, secretVersion } = body;
    if (typeof sealed !== 'string' || typeof fingerprint !== 'string' || typeof secretVersion !== 'number') return null;
    if (salt.every((byte) => byte === 0)) return null;
    const sealer = await sealerOf(secretVersion);
    const text = opened(() => sealer.open(salt, sealed, fingerprint));
    if (text === null) return null;
    if (body.event !== 'DECISION_MADE') return JSON.parse(text);
    const { transactionId, occurredAt, amountMinor, currency } = body;
    const { userId, accountId, ...others } = personalInputs(text);
    return { transactionId, userId, accountId, occurredAt, amountMinor, currency, ...others };
  };
}

/** What does not open was sealed for another salt, or changed: the chain's hashes tell which, and inputs are never guessed. */
const opened = (open: () => string): string | null => {
  try {
    return open();
  } catch {
    return null;
  }
};
