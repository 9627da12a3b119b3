import type { Endpoint } from '../../shared/edge/http.ts';

/** `GET /caller`: the tenant, the id and the scopes of the key or token that asks. */
export const getCaller: Endpoint = async ({ tenant, keyId, scopes }) => ({ status: 200, body: { tenant, keyId, scopes } });
