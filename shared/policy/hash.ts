import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Policy } from '../domain/policy.ts';

/** Lower-case hex SHA-256 of the RFC 8785 form. */
export const policyHash = (policy: Policy): string => createHash('sha256').update(policyText(policy)).digest('hex');

/** The RFC 8785 form of a policy, as it is stored and hashed. */
export const policyText = (policy: Policy): string => {
  const text = canonicalize(policy);
  if (text === undefined) throw new TypeError('a policy has no canonical form');
  return text;
};
