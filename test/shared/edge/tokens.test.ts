import { createLocalJWKSet, exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { bearerAuthentication } from '../../../shared/edge/authentication.ts';
import { type TokenIssuer, tokenCheck, tokenIssuerOf } from '../../../shared/edge/tokens.ts';
import { Unavailable } from '../../../shared/ports/ports.ts';
import { newKey, testStores } from '../../support/stores.ts';

const issuer: TokenIssuer = {
  issuer: 'https://login.example',
  audience: 'aegis',
  jwksUri: 'https://login.example/keys',
  tenantClaim: 'tenant',
  scopeClaim: 'scope',
  scopes: { 'fraud:read': ['read'], 'fraud:analyst': ['read', 'review'] },
};

const stores = testStores();
const { clock } = stores;
const nowSeconds = clock.nowMs() / 1000;
const claims = {
  iss: issuer.issuer,
  aud: 'aegis',
  sub: 'ann',
  exp: nowSeconds + 60,
  tenant: 'acme',
  scope: 'fraud:analyst openid',
};

let own: Awaited<ReturnType<typeof generateKeyPair>>;
let stranger: Awaited<ReturnType<typeof generateKeyPair>>;
let check: ReturnType<typeof tokenCheck>;

const signed = (payload: JWTPayload, by = own) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(by.privateKey);

beforeAll(async () => {
  own = await generateKeyPair('ES256', { extractable: true });
  stranger = await generateKeyPair('ES256');
  check = tokenCheck(
    issuer,
    clock,
    createLocalJWKSet({ keys: [{ ...(await exportJWK(own.publicKey)), kid: 'k1', alg: 'ES256' }] }),
  );
});

describe('tokens of an issuer', () => {
  it('become tenant, name and scopes', async () => {
    expect(await check(await signed(claims))).toEqual({
      tenant: 'acme',
      keyId: 'sub:ann',
      identity: 'sub:ann',
      scopes: ['read', 'review'],
    });
  });

  it('give no scope for words that are not in the map', async () => {
    expect(await check(await signed({ ...claims, scope: ['admin', 'constructor', 7] }))).toMatchObject({ scopes: [] });
  });

  it('hide a subject that is no identifier', async () => {
    const caller = await check(await signed({ ...claims, sub: '4111 1111 1111 1111' }));
    expect(caller?.keyId).toMatch(/^sub:[0-9a-f]{16}$/);
  });

  it.each<[string, () => Promise<string>]>([
    ['signed by another key', () => signed(claims, stranger)],
    ['of another issuer', () => signed({ ...claims, iss: 'https://other.example' })],
    ['for another audience', () => signed({ ...claims, aud: 'other' })],
    ['that have ended', () => signed({ ...claims, exp: nowSeconds - 6 })],
    ['that never end', () => signed({ ...claims, exp: undefined as never })],
    ['that are not yet valid', () => signed({ ...claims, nbf: nowSeconds + 60 })],
    ['without a subject', () => signed({ ...claims, sub: undefined as never })],
    ['without a tenant', () => signed({ ...claims, tenant: undefined })],
    ['with a tenant that is none', () => signed({ ...claims, tenant: 'A#B' })],
    ['without a signature', async () => new UnsecuredJWT(claims).encode()],
    [
      'that use the public key as a shared secret',
      async () =>
        new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
          .sign(new TextEncoder().encode(await exportSPKI(own.publicKey))),
    ],
    [
      'whose claims were changed',
      async () => {
        const [header, , signature] = (await signed(claims)).split('.');
        return `${header}.${Buffer.from(JSON.stringify({ ...claims, tenant: 'other' })).toString('base64url')}.${signature}`;
      },
    ],
    ['that are no tokens', async () => 'x.y.z'],
  ])('are refused when they are ones %s', async (_, make) => {
    expect(await check(await make())).toBeNull();
  });

  it('answer as unavailable when the keys cannot be had', async () => {
    const failing = tokenCheck(issuer, clock, async () => {
      throw new TypeError('fetch failed');
    });
    await expect(failing(await signed(claims))).rejects.toThrow(Unavailable);
  });

  it('are taken beside keys', async () => {
    const { table } = stores;
    const key = await newKey(stores, ['read']);
    const authenticate = bearerAuthentication(table, clock, check);
    expect(await authenticate(`Bearer ${key}`)).toMatchObject({ tenant: 'acme', scopes: ['read'] });
    expect(await authenticate(`Bearer ${await signed(claims)}`)).toMatchObject({ keyId: 'sub:ann' });
    expect(await bearerAuthentication(table, clock, null)(`Bearer ${await signed(claims)}`)).toBeNull();
  });
});

describe('the settings of an issuer', () => {
  it('are none when the variable is not set', () => {
    expect([tokenIssuerOf(undefined), tokenIssuerOf('')]).toEqual([null, null]);
  });

  it('have the usual names of claims', () => {
    const { tenantClaim: _, scopeClaim: __, ...given } = issuer;
    expect(tokenIssuerOf(JSON.stringify(given))).toEqual(issuer);
  });

  it.each([
    ['a missing audience', { audience: undefined }, 'audience'],
    ['keys over plain HTTP', { jwksUri: 'http://login.example/keys' }, 'https:'],
    ['an unknown scope', { scopes: { x: ['root'] } }, 'scopes'],
    ['no scopes', { scopes: {} }, 'scopes'],
  ])('are refused with %s', (_, change, message) => {
    expect(() => tokenIssuerOf(JSON.stringify({ ...issuer, ...change }))).toThrow(message);
  });
});
