import { createLocalJWKSet, exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { exampleTransaction } from '../../../functions/read/openapi.ts';
import type { Scope } from '../../../shared/contract/routes.ts';
import { scopes } from '../../../shared/contract/routes.ts';
import { bearerAuthentication } from '../../../shared/edge/authentication.ts';
import { listKeys } from '../../../shared/edge/keys.ts';
import { type TokenIssuer, tokenCheck } from '../../../shared/edge/tokens.ts';
import { newReview } from '../../../shared/reviews/review.ts';
import { revokeKeyNoted } from '../../../tools/cli/keyChanges.ts';
import { type Api, apiOnMemory } from '../../support/api.ts';
import { document, undocumented } from '../../support/documented.ts';
import type { Received, Sent } from '../../support/http.ts';

/**
 * Every operation of the OpenAPI document with every credential that does not open it: a route that is added is in here, too.
 * What belongs to `acme` is there, so that an answer of 404 or an empty page means that it is kept from others.
 */

interface Operation {
  readonly name: string;
  readonly scope: Scope | null;
  readonly sent: Sent;
}

const issuer: TokenIssuer = {
  issuer: 'https://login.example',
  audience: 'aegis',
  jwksUri: 'https://login.example/keys',
  tenantClaim: 'tenant',
  scopeClaim: 'scope',
  scopes: Object.fromEntries(scopes.map((scope) => [scope, [scope]])),
};

const reviewIdOf = (transactionId: string): string =>
  newReview('acme', 'a_7', 'u_42', { transactionId, outcome: 'REVIEW', decidedAtMs: 0 }).reviewId;

/** Of things that `acme` has; anything else is a parameter that needs an example here. */
const parameters: Readonly<Record<string, string>> = {
  transactionId: 'txn_8Zk1',
  accountId: 'a_7',
  userId: 'u_42',
  q: 'u_42',
  reviewId: reviewIdOf('txn_blocked'),
  version: '1',
  list: 'blockedAccounts',
  entry: 'a_9',
  kind: 'device',
  id: 'd_9',
  path: 'start.js',
};

const operations: readonly Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, described]) => {
    const { requestBody } = described as { requestBody?: { content: { 'application/json': { example?: unknown } } } };
    const example = requestBody?.content['application/json'].example;
    const given = (name: string): string => parameters[name] ?? expect.fail(`no example of ${name}`);
    const asked = described.parameters as readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
    const needed = asked.filter((parameter) => parameter.in === 'query' && parameter.required);
    return {
      name: `${method.toUpperCase()} ${path}`,
      scope: (described['x-scope'] ?? null) as Scope | null,
      sent: {
        method: method.toUpperCase(),
        path: path.replace(/\{(\w+)\}/g, (_, name: string) => given(name)),
        query: Object.fromEntries(needed.map(({ name }) => [name, [given(name)]])),
        body: example === undefined ? null : JSON.stringify(example),
      },
    };
  }),
);
const closed = operations.filter(({ scope }) => scope !== null);
const open = operations.filter(({ scope }) => scope === null);

/** Not there, or no more when asked a second time; a review is claimed by whoever asks first, and no version waits for approval. */
const gone = new Set([
  'DELETE /lists/{list}/{entry}',
  'GET /model',
  'POST /policy/versions/{version}/approval',
  'POST /reviews/{reviewId}/claim',
  'POST /reviews/{reviewId}/release',
  'POST /reviews/{reviewId}/dispose',
]);

let api: Api;
let right: string;
let own: Awaited<ReturnType<typeof generateKeyPair>>;
let stranger: Awaited<ReturnType<typeof generateKeyPair>>;

const claims = (change: JWTPayload = {}): JWTPayload => ({
  iss: issuer.issuer,
  aud: issuer.audience,
  sub: 'ann',
  exp: api.clock.nowMs() / 1000 + 60,
  tenant: 'acme',
  scope: scopes.join(' '),
  ...change,
});

const signed = (payload: JWTPayload, by = own): Promise<string> =>
  new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(by.privateKey);

/** An API in which `acme` has a decision, an account, a review and a list entry. */
beforeAll(async () => {
  own = await generateKeyPair('ES256', { extractable: true });
  stranger = await generateKeyPair('ES256');
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(own.publicKey)), kid: 'k1', alg: 'ES256' }] });
  const checking = { check: null as ReturnType<typeof bearerAuthentication> | null };
  api = apiOnMemory({ authenticate: (header) => checking.check!(header) });
  checking.check = bearerAuthentication(api.table, api.clock, tokenCheck(issuer, api.clock, keys));
  right = await api.newKey(scopes);
  for (const { name, sent } of operations) {
    if (name !== 'POST /decisions' && name !== 'PUT /lists/{list}/{entry}') continue;
    expect((await api.call({ ...sent, key: right })).status).toBe(200);
  }
  const blocked = { ...exampleTransaction, transactionId: 'txn_blocked', amountMinor: 3_000_000_000 };
  const paid = await api.call({ method: 'POST', path: '/decisions', key: right, body: JSON.stringify(blocked) });
  expect(paid.body).toMatchObject({ outcome: 'BLOCK' });
  await api.project();
});

/** Neither a write nor a message. */
async function refused(sent: Sent): Promise<Received> {
  for (const sink of Object.values(api.sinks)) sink.length = 0;
  const received = await api.call(sent);
  expect(api.sinks.writes).toEqual([]);
  expect(api.sinks.queued).toEqual([]);
  return received;
}

const tampered = (text: string, at: number): string => `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;

const credentials: readonly (readonly [string, () => Promise<string | null>])[] = [
  ['none', async () => null],
  ['a malformed key', async () => 'aegis_acme'],
  ['a key of no tenant', async () => 'aegis__0123456789abcdef'],
  [
    'an expired key',
    async () => {
      const key = await api.newKey(scopes, 'acme', api.clock.nowMs() + 10);
      api.clock.advance(10);
      return key;
    },
  ],
  [
    'a revoked key',
    async () => {
      const known = new Set((await listKeys(api.table, 'acme')).map(({ keyId }) => keyId));
      const key = await api.newKey(scopes);
      const made = (await listKeys(api.table, 'acme')).find(({ keyId }) => !known.has(keyId))!;
      await revokeKeyNoted(api.store, 'acme', made.keyId, 'ops');
      return key;
    },
  ],
  ['a key with another last character', async () => `${right.slice(0, -1)}${right.endsWith('0') ? '1' : '0'}`],
  ['a key under the name of another tenant', async () => right.replace('acme', 'other')],
  ['an unsigned token', async () => new UnsecuredJWT(claims()).encode()],
  [
    'a signed token with its algorithm set to none',
    async () => {
      const [, payload, signature] = (await signed(claims())).split('.');
      return `${Buffer.from('{"alg":"none","kid":"k1"}').toString('base64url')}.${payload}.${signature}`;
    },
  ],
  [
    'a token signed with the public key as a secret',
    async () =>
      new SignJWT(claims())
        .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
        .sign(new TextEncoder().encode(await exportSPKI(own.publicKey))),
  ],
  ['a token of a stranger', async () => signed(claims(), stranger)],
  ['an expired token', async () => signed(claims({ exp: api.clock.nowMs() / 1000 - 60 }))],
  ['a token of another issuer', async () => signed(claims({ iss: 'https://evil.example' }))],
  ['a token for another audience', async () => signed(claims({ aud: 'other' }))],
  [
    'a token whose claims were changed',
    async () => {
      const [header, payload, signature] = (await signed(claims())).split('.');
      return `${header}.${tampered(payload!, payload!.length - 8)}.${signature}`;
    },
  ],
  [
    'a token whose signature was changed',
    async () => {
      const token = await signed(claims());
      return tampered(token, token.length - 20);
    },
  ],
];

describe('the authorisation matrix', () => {
  it('has every scope in it', () => {
    expect(new Set(closed.map(({ scope }) => scope))).toEqual(new Set(scopes));
  });

  it.each(closed)(
    '$name takes its example with the right key and the right token, and answers as documented',
    async ({ name, sent, scope }) => {
      for (const key of [await api.newKey([scope!]), await signed(claims({ scope: scope! }))]) {
        const { status, result } = await api.call({ ...sent, key });
        if (!gone.has(name)) expect([200, 201, 202]).toContain(status);
        expect([401, 403]).not.toContain(status);
        expect(undocumented(sent.method!, sent.path!, result)).toBeNull();
      }
    },
  );

  describe.each(credentials)('refuses %s', (_, credential) => {
    it.each(closed)('on $name', async ({ sent }) => {
      const received = await refused({ ...sent, key: await credential() });
      expect(received.status).toBe(401);
      expect(received.headers['www-authenticate']).toBe('Bearer');
    });
  });

  it.each(closed)('$name refuses a key and a token of every other scope, naming what it needs', async ({ sent, scope }) => {
    const others = scopes.filter((other) => other !== scope);
    for (const key of [await api.newKey(others), await signed(claims({ scope: others.join(' ') }))]) {
      const received = await refused({ ...sent, key });
      expect(received.status).toBe(403);
      expect(received.body).toMatchObject({ detail: expect.stringContaining(`the scope ${scope}`) });
    }
  });

  it.each(closed.filter(({ sent }) => sent.method === 'GET'))('$name shows nothing to another tenant', async ({ sent }) => {
    for (const key of [await api.newKey(scopes, 'other'), await signed(claims({ tenant: 'other' }))]) {
      const { status, result } = await refused({ ...sent, key });
      expect([200, 404]).toContain(status);
      if (/txn_8Zk1|\ba_7\b/.test(sent.path!)) expect(status).toBe(404);
      const said = result.body.replaceAll('txn_8Zk1 ', '').replaceAll(/There is no [^"]*/g, '');
      for (const secret of ['txn_8Zk1', 'u_42', 'a_7', 'a_9']) expect(said).not.toContain(secret);
    }
  });

  it('lets no other tenant review, unlist or repeat what it has', async () => {
    const other = await api.newKey(scopes, 'other');
    const named = (name: string): Sent => operations.find((operation) => operation.name === name)!.sent;
    expect((await refused({ ...named('POST /decisions/{transactionId}/review'), key: other })).status).toBe(404);
    expect((await refused({ ...named('DELETE /lists/{list}/{entry}'), key: other })).status).toBe(404);
    const repeated = await api.call({ ...named('POST /decisions'), key: other });
    expect(repeated).toMatchObject({ status: 200, body: { duplicate: false, transition: 'NEW' } });
  });

  it.each(open)('$name is answered without a key, and with a wrong one', async ({ sent }) => {
    for (const key of [null, 'aegis_acme_0', 'eyJhbGciOiJub25lIn0.e30.']) {
      const { status } = await refused({ ...sent, key });
      expect([401, 403]).not.toContain(status);
    }
  });
});
