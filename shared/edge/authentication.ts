import type { Scope } from '../contract/routes.ts';
import type { Clock, TableStore } from '../ports.ts';
import { keyCheck } from './keys.ts';

export interface Caller {
  readonly tenant: string;
  /** Who asks: a key's id. */
  readonly keyId: string;
  readonly scopes: readonly Scope[];
}

/** Who an `Authorization` header speaks for; null for nobody. Throws StoreErrors. */
export type Authentication = (authorization: string | undefined) => Promise<Caller | null>;

const longestHeader = 8_192;

/** API keys as bearer tokens. */
export function keyAuthentication(table: TableStore, clock: Clock): Authentication {
  const check = keyCheck(table, clock);
  return async (authorization) => {
    if (authorization === undefined || authorization.length > longestHeader) return null;
    const match = /^Bearer +([^\s]+)$/i.exec(authorization);
    return match === null ? null : check(match[1]!);
  };
}
