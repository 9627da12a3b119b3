import type { AnswerWithoutBody } from '../../shared/edge/request.ts';

/** `GET /caller`: the tenant, the id and the scopes of the key or token that asks. */
export const getCaller: AnswerWithoutBody = async ({ tenant, keyId, scopes }) => ({
  status: 200,
  body: { tenant, keyId, scopes },
});
