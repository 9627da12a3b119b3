import type { AnswerWithoutBody } from '../../shared/edge/request.ts';

/** `GET /caller`: the tenant, the id, the identity and the scopes of the key or token that asks. */
export const getCaller: AnswerWithoutBody = async ({ tenant, keyId, identity, scopes }) => ({
  status: 200,
  body: { tenant, keyId, identity, scopes },
});
