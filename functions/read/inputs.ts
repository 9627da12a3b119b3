import { personalInputs } from '../../shared/domain/audit.ts';
import type { MasterSecret } from '../../shared/secrets/masterSecret.ts';
import { SecretSealer } from '../../shared/secrets/sealer.ts';
import { cache } from '../../shared/store/cache.ts';

/** Versions of the master secret that are cached. */
const versionsMax = 1_000;

/** Opens the personal inputs sealed in a chain's entries. */
export type OpenInputs = (
  salt: Uint8Array,
  body: Readonly<Record<string, unknown>>,
) => Promise<Readonly<Record<string, unknown>> | null>;

/** Returns the inputs; null once the salt is destroyed, and for inputs not sealed with it. Throws Unavailable when the secret cannot be read. */
export function inputsOpener(masterSecret: MasterSecret): OpenInputs {
  const sealers = cache<SecretSealer>({ max: versionsMax, ttlMs: null });
  const sealerOf = (version: number): Promise<SecretSealer> =>
    sealers.get(String(version), 0, async () => new SecretSealer(await masterSecret.version(version), version));
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

/** Inputs that do not open were sealed for another salt, or were changed. The chain's hashes show which. */
const opened = (open: () => string): string | null => {
  try {
    return open();
  } catch {
    return null;
  }
};
