import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Clock, Item, TableStore } from '../ports/ports.ts';
import { ConditionFailed, Unavailable } from '../ports/ports.ts';
import { cache } from '../store/cache.ts';
import { masterSecretKey, sequenceText } from '../store/names.ts';

/** Bytes of the secret of each version. */
export const secretBytes = 32;
const versionPrefix = 'V#';
const nonceBytes = 12;
/** Versions in memory. */
const versionsMax = 1_000;

/** A running process sees a new version after so long. */
export const refreshMs = 60_000;

const nothingStored = {
  table: {
    get: async () => null,
    query: async () => ({ items: [] }),
    put: async () => {
      throw new Unavailable('this master secret has no table and cannot be rotated');
    },
  },
  clock: { nowMs: () => 0 },
};

/** The 32-byte secret that keys and fingerprints are derived from. Versions count from 1; an old one opens what it sealed. */
export interface MasterSecret {
  current(): Promise<{ readonly version: number; readonly secret: Uint8Array }>;
  version(version: number): Promise<Uint8Array>;
}

/** One that can be rotated: a version is in force everywhere `refreshMs` after it was stored under its key. */
export interface RotatableSecret extends MasterSecret {
  /** The item that makes the next version, not stored yet. */
  draft(): Promise<{ readonly version: number; readonly item: Item }>;
}

/** Makes and opens the bytes that the table holds for a version. */
export interface Wrapping {
  generate(version: number): Promise<Uint8Array>;
  open(version: number, blob: Uint8Array): Promise<Uint8Array>;
}

/**
 * The master secret of stacks without KMS. Version 1 is the given secret; later versions lie in the table, encrypted under it. Without
 * `stored` there is only version 1. Throws a RangeError if `base64` is not 32 bytes.
 */
export function localMasterSecret(
  base64: string,
  stored: { readonly table: Stored; readonly clock: Ticking } = nothingStored,
): RotatableSecret {
  const secret = new Uint8Array(Buffer.from(base64, 'base64'));
  if (secret.length !== secretBytes) {
    throw new RangeError(`the local master secret has ${secret.length} bytes, it must be base64 of ${secretBytes}`);
  }
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'aegis local wrapping', secretBytes));
  const wrapping: Wrapping = {
    generate: async (version) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(String(version)));
      return Buffer.concat([nonce, cipher.update(randomBytes(secretBytes)), cipher.final(), cipher.getAuthTag()]);
    },
    open: async (version, blob) => {
      const opening = createDecipheriv('aes-256-gcm', key, blob.subarray(0, nonceBytes));
      opening.setAAD(Buffer.from(String(version))).setAuthTag(blob.subarray(nonceBytes + secretBytes));
      const sealed = blob.subarray(nonceBytes, nonceBytes + secretBytes);
      return new Uint8Array(Buffer.concat([opening.update(sealed), opening.final()]));
    },
  };
  return storedMasterSecret(stored.table, stored.clock, wrapping, secret);
}

type Stored = Pick<TableStore, 'get' | 'put' | 'query'>;
type Ticking = Pick<Clock, 'nowMs'>;

/**
 * A master secret whose versions lie in the table, wrapped. `first`, when given, is version 1 and is not stored; otherwise the first
 * caller ever creates version 1: of two at once, the condition of the write lets one win, and both use that version.
 */
export function storedMasterSecret(table: Stored, clock: Ticking, wrapping: Wrapping, first?: Uint8Array): RotatableSecret {
  const opened = cache<Uint8Array>({ max: versionsMax, ttlMs: null });
  const newest = cache<number>({ max: 1, ttlMs: refreshMs });

  const newestVersion = async (): Promise<number> => {
    const { pk } = masterSecretKey(1);
    const { items } = await table.query({ pk, from: versionPrefix, descending: true, limit: 1, consistent: true });
    if (items[0] !== undefined) return Number(items[0].sk.slice(versionPrefix.length));
    if (first !== undefined) return 1;
    await table.put({ ...masterSecretKey(1), blob: await wrapping.generate(1) }, { kind: 'absent' }).catch((error: unknown) => {
      if (!(error instanceof ConditionFailed)) throw error;
    });
    return 1;
  };

  const open = async (version: number): Promise<Uint8Array> => {
    if (version === 1 && first !== undefined) return first;
    const item = await table.get(masterSecretKey(version), { consistent: true });
    if (item === null) throw new RangeError(`master secret version ${sequenceText(version)} does not exist`);
    if (!(item.blob instanceof Uint8Array)) throw new TypeError(`master secret version ${version} holds no encrypted key`);
    return wrapping.open(version, item.blob);
  };

  const version = (wanted: number): Promise<Uint8Array> => opened.get(String(wanted), 0, () => open(wanted));

  return {
    version,
    async current() {
      const number = await newest.get('newest', clock.nowMs(), newestVersion);
      return { version: number, secret: await version(number) };
    },
    async draft() {
      const next = (await newestVersion()) + 1;
      return { version: next, item: { ...masterSecretKey(next), blob: await wrapping.generate(next) } };
    },
  };
}
