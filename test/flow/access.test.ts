import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalStack, startLocalStack } from '../../tools/local/stack.ts';

/** Who may do what, over HTTP: an OIDC issuer of its own beside the local stack, and a limit of each caller. */

/** So few that no machine is too slow to reach it. */
const perSecond = 1;

let issuer: Server;
let issuerUrl: string;
let stack: LocalStack;
let own: Awaited<ReturnType<typeof generateKeyPair>>;
let stranger: Awaited<ReturnType<typeof generateKeyPair>>;

beforeAll(async () => {
  own = await generateKeyPair('ES256', { extractable: true });
  stranger = await generateKeyPair('ES256');
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(own.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] });
  issuer = createServer((_, response) => {
    response.setHeader('content-type', 'application/json').end(keys);
  });
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
  issuerUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
  stack = await startLocalStack({
    settings: {
      keyCallsPerSecond: perSecond,
      tokenIssuer: {
        issuer: issuerUrl,
        audience: 'aegis',
        jwksUri: `${issuerUrl}/keys`,
        tenantClaim: 'tenant',
        scopeClaim: 'scope',
        scopes: { 'payments:send': ['decide'], 'fraud:analyst': ['read', 'review'] },
      },
    },
  });
}, 120_000);

afterAll(async () => {
  await stack?.stop();
  issuer?.close();
});

const claims = (more: JWTPayload = {}): JWTPayload => ({
  iss: issuerUrl,
  aud: 'aegis',
  sub: 'ann',
  exp: Math.floor(Date.now() / 1_000) + 60,
  tenant: 'acme',
  scope: 'payments:send fraud:analyst',
  ...more,
});

const signed = (payload: JWTPayload, by = own): Promise<string> =>
  new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(by.privateKey);

const call = (token: string, path: string, body?: object): Promise<Response> =>
  fetch(stack.url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

const payment = (transactionId: string) => ({
  transactionId,
  userId: 'u_1',
  accountId: 'a_1',
  occurredAt: '2026-01-20T13:45:00+05:30',
  amountMinor: 129_900,
  currency: 'INR',
});

describe('a token of the issuer, over HTTP', () => {
  it('decides and reads within its tenant, whose decisions another tenant does not find', async () => {
    const token = await signed(claims());
    expect((await call(token, '/decisions', payment('txn_acme'))).status).toBe(200);
    expect(await (await call(token, '/decisions/txn_acme')).json()).toMatchObject({
      transactionId: 'txn_acme',
      duplicate: false,
    });
    const other = await signed(claims({ tenant: 'other', sub: 'bob' }));
    expect((await call(other, '/decisions/txn_acme')).status).toBe(404);
    expect((await call(stack.key, '/decisions/txn_acme')).status).toBe(404);
  });

  it.each<[string, number, () => Promise<string>]>([
    ['that has expired is refused', 401, () => signed(claims({ sub: 'eve', exp: Math.floor(Date.now() / 1_000) - 60 }))],
    ['for another audience is refused', 401, () => signed(claims({ sub: 'eve', aud: 'shop' }))],
    ['of another issuer is refused', 401, () => signed(claims({ sub: 'eve', iss: 'https://other.example' }))],
    ['signed by a stranger is refused', 401, () => signed(claims({ sub: 'eve' }), stranger)],
    ['with `alg: none` is refused', 401, async () => new UnsecuredJWT(claims({ sub: 'eve' })).encode()],
    ['with a changed claim is refused', 401, async () => tampered(await signed(claims({ sub: 'eve' })))],
    ['without the scope of the route is refused', 403, () => signed(claims({ sub: 'eve', scope: 'payments:send' }))],
    ['without a tenant is refused', 401, () => signed(claims({ sub: 'eve', tenant: 7 }))],
  ])('%s', async (_, status, token) => {
    const answer = await call(await token(), '/decisions/latest');
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });
});

describe('the limit of each caller, over HTTP', () => {
  it('answers 429 with the seconds to wait beyond it, and nobody else waits', async () => {
    const busy = await signed(claims({ sub: 'busy' }));
    const answers = await Promise.all(Array.from({ length: 60 }, () => call(busy, '/decisions/latest?limit=1')));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(perSecond);
    expect(answers.every(({ status }) => status === 200 || status === 429)).toBe(true);
    for (const answer of refused) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    const calm = await signed(claims({ sub: 'calm' }));
    expect((await call(calm, '/decisions/latest?limit=1')).status).toBe(200);
  });
});

/** The same signature under a payload that names another tenant. */
const tampered = (token: string): string => {
  const [header, payload, signature] = token.split('.');
  const { tenant: _, ...others } = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as JWTPayload;
  const changed = Buffer.from(JSON.stringify({ ...others, tenant: 'other' })).toString('base64url');
  return [header, changed, signature].join('.');
};
