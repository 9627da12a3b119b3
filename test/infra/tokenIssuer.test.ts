import { describe, expect, it } from 'vitest';
import { synthesizeTemplate } from '../../infra/template.ts';
import { tokenIssuerOf } from '../../shared/edge/tokens.ts';
import { env } from '../../shared/store/names.ts';
import { inspect } from './template.ts';

const tokenIssuer = {
  issuer: 'https://login.example',
  audience: 'aegis',
  jwksUri: 'https://login.example/keys',
  tenantClaim: 'org',
  scopeClaim: 'roles',
  scopes: { analyst: ['read', 'review'] },
} as const;

interface Behind {
  readonly name: string;
  readonly value: string | undefined;
}

/** The variable of every function that the API calls. */
function variables(template: ReturnType<typeof synthesizeTemplate>): readonly Behind[] {
  const { entries } = inspect(template);
  const called = entries
    .filter(([, resource]) => resource.Type === 'AWS::ApiGateway::Method')
    .map(([, method]) => JSON.stringify(method));
  return entries
    .filter(
      ([id, resource]) =>
        resource.Type === 'AWS::Lambda::Function' && called.some((text) => text.includes(id.replace(/Function[0-9A-F]{8}$/, ''))),
    )
    .map(([name, resource]) => ({
      name,
      value: (resource.Properties!.Environment as { Variables: Record<string, string> }).Variables[env.tokenIssuer],
    }));
}

describe('the setting tokenIssuer', () => {
  it('reaches every function that the API calls, as it reads it', () => {
    const found = variables(synthesizeTemplate('prod', { tokenIssuer }));
    expect(found.length).toBeGreaterThanOrEqual(4);
    for (const { name, value } of found) expect(tokenIssuerOf(value), name).toEqual(tokenIssuer);
  });

  it('is not there unless given', () => {
    for (const { name, value } of variables(synthesizeTemplate('prod'))) expect(value, name).toBeUndefined();
  });
});
