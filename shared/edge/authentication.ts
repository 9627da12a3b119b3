import type { Clock, TableStore } from '../ports/ports.ts';
import { keyCheck } from './keys.ts';
import type { Authentication } from './request.ts';
import type { TokenCheck } from './tokens.ts';

const longestHeader = 8_192;

/** API keys as bearer tokens, and where an issuer is configured its tokens too. */
export function bearerAuthentication(table: TableStore, clock: Clock, checkToken: TokenCheck | null): Authentication {
  const checkKey = keyCheck(table, clock);
  return async (authorization) => {
    if (authorization === undefined || authorization.length > longestHeader) return null;
    const bearer = /^Bearer +([^\s]+)$/i.exec(authorization)?.[1];
    if (bearer === undefined) return null;
    if (!bearer.startsWith('aegis_') && checkToken !== null) return checkToken(bearer);
    const record = await checkKey(bearer);
    return record && { ...record, identity: record.owner ?? record.keyId };
  };
}
