import { createHash } from 'node:crypto';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { hasCardNumber } from '../contract/cardNumbers.ts';
import { isId, isTenant } from '../contract/ids.ts';
import { type Scope, scopes } from '../contract/routes.ts';
import { type Clock, Unavailable } from '../ports/ports.ts';
import type { Recognised } from './request.ts';

/** Tokens (JWT) of an OIDC issuer as callers: issuer, audience, signature and times are checked, claims become tenant and scopes. */
export interface TokenIssuer {
  readonly issuer: string;
  readonly audience: string;
  /** Where the issuer's public keys are. */
  readonly jwksUri: string;
  readonly tenantClaim: string;
  /** Holds words separated by spaces, or a list of them. */
  readonly scopeClaim: string;
  /** Which scopes a word of that claim gives. */
  readonly scopes: Readonly<Record<string, readonly Scope[]>>;
  /** The public client as which the console asks for tokens (authorization code with PKCE); without it people bring a token. */
  readonly consoleClientId?: string;
}

export type TokenCheck = (token: string) => Promise<Recognised | null>;

/** Only signatures by public keys: tokens signed with a shared secret, or unsigned, are refused. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const clockToleranceSeconds = 5;
/** An issuer under test beside the local stack. */
const loopback: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);
const unreachable: ReadonlySet<string> = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC']);

/** The settings as `AEGIS_TOKEN_ISSUER` holds them, or null when there are none. Throws an Error that names what is wrong. */
export function tokenIssuerOf(text: string | undefined): TokenIssuer | null {
  if (text === undefined || text === '') return null;
  const given = { tenantClaim: 'tenant', scopeClaim: 'scope', ...(JSON.parse(text) as Partial<TokenIssuer>) };
  const names = ['issuer', 'audience', 'jwksUri', 'tenantClaim', 'scopeClaim'] as const;
  const missing = names.filter((name) => typeof given[name] !== 'string' || given[name] === '');
  if (missing.length > 0) throw new Error(`AEGIS_TOKEN_ISSUER needs ${missing.join(', ')} as text`);
  const { protocol, hostname } = new URL(given.jwksUri!);
  const isSecure = protocol === 'https:' || (protocol === 'http:' && loopback.has(hostname));
  if (!isSecure)
    throw new Error(`AEGIS_TOKEN_ISSUER: jwksUri must begin with https:, on this machine with http:; given ${given.jwksUri}`);
  const granted = Object.values(given.scopes ?? {}).flat();
  if (granted.length === 0 || !granted.every((scope) => scopes.includes(scope))) {
    throw new Error(`AEGIS_TOKEN_ISSUER: scopes must map words of the claim to lists of ${scopes.join(', ')}`);
  }
  return given as TokenIssuer;
}

/** `keys` finds the issuer's public key for a token; by default those at its `jwksUri`. Throws Unavailable when they cannot be had. */
export function tokenCheck(issuer: TokenIssuer, clock: Clock, keys?: JWTVerifyGetKey): TokenCheck {
  let found = keys;
  return async (token) => {
    const { createRemoteJWKSet, errors, jwtVerify } = await import('jose');
    found ??= createRemoteJWKSet(new URL(issuer.jwksUri));
    try {
      const { payload } = await jwtVerify(token, found, {
        issuer: issuer.issuer,
        audience: issuer.audience,
        algorithms,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(clock.nowMs()),
      });
      return callerOf(issuer, payload);
    } catch (error) {
      if (error instanceof errors.JOSEError && !unreachable.has(error.code)) return null;
      throw new Unavailable("the token issuer's keys cannot be had", { cause: error });
    }
  };
}

function callerOf(issuer: TokenIssuer, payload: JWTPayload): Recognised | null {
  const tenant = payload[issuer.tenantClaim];
  if (typeof tenant !== 'string' || !isTenant(tenant)) return null;
  const claim = payload[issuer.scopeClaim];
  const words: readonly unknown[] = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [];
  const granted = new Set(
    words.flatMap((word) => (typeof word === 'string' && Object.hasOwn(issuer.scopes, word) ? issuer.scopes[word]! : [])),
  );
  const name = nameOf(payload.sub!);
  return { tenant, keyId: name, identity: name, scopes: scopes.filter((scope) => granted.has(scope)) };
}

/** Returns the name of a subject in audit entries and logs. */
const nameOf = (subject: string): string =>
  isId(subject) && !hasCardNumber(subject)
    ? `sub:${subject}`
    : `sub:${createHash('sha256').update(subject).digest('hex').slice(0, 16)}`;
