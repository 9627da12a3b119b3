import type { Scope } from '../contract/routes.ts';
import type { Clock, TableStore } from '../ports/ports.ts';
import { keyCheck } from './keys.ts';
import type { TokenCheck } from './tokens.ts';

export interface Caller {
  readonly tenant: string;
  /** Who asks: a key's id, or a token's subject. */
  readonly keyId: string;
  readonly scopes: readonly Scope[];
}

/** Who an `Authorization` header speaks for; null for nobody. Throws StoreErrors. */
export type Authentication = (authorization: string | undefined) => Promise<Caller | null>;

const longestHeader = 8_192;

/** API keys as bearer tokens, and where an issuer is configured its tokens too. */
export function bearerAuthentication(table: TableStore, clock: Clock, checkToken: TokenCheck | null): Authentication {
  const checkKey = keyCheck(table, clock);
  return async (authorization) => {
    if (authorization === undefined || authorization.length > longestHeader) return null;
    const bearer = /^Bearer +([^\s]+)$/i.exec(authorization)?.[1];
    if (bearer === undefined) return null;
    if (bearer.startsWith('aegis_') || checkToken === null) return checkKey(bearer);
    return checkToken(bearer);
  };
}
