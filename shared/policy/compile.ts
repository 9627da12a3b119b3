import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { CompiledPolicy, Policy, RuleFacts } from '../domain/policy.ts';
import { type RuleFault, ruleCompiler } from './cel.ts';

/**
 * Makes a policy ready to decide with. Throws PolicyInvalid, naming every rule that does not compile.
 * `evaluateRule` throws when a rule touches what could not be computed, or divides by zero, or overflows.
 */
export const compilePolicy = (policy: Policy, version: number): CompiledPolicy => {
  const compile = ruleCompiler(Object.keys(policy.lists));
  const rules: ((facts: RuleFacts) => boolean)[] = [];
  const faults: string[] = [];
  for (const rule of policy.rules) {
    const compiled = compile(rule.when);
    if (compiled.ok) rules.push(compiled.evaluate);
    else faults.push(`rule ${rule.id}: ${ruleFaultText(compiled.fault)}`);
  }
  if (faults.length > 0) throw new PolicyInvalid(faults);
  return {
    version,
    hash: policyHash(policy),
    policy,
    evaluateRule: (index, facts) => {
      const rule = rules[index];
      if (rule === undefined) throw new RangeError(`there is no rule ${index}, only ${rules.length}`);
      return rule(facts);
    },
  };
};

/** Lower-case hex SHA-256 of the RFC 8785 form. */
export const policyHash = (policy: Policy): string => createHash('sha256').update(policyText(policy)).digest('hex');

/** The RFC 8785 form of a policy, as it is stored and hashed. */
export const policyText = (policy: Policy): string => {
  const text = canonicalize(policy);
  if (text === undefined) throw new TypeError('a policy has no canonical form');
  return text;
};

export const ruleFaultText = ({ line, column, detail }: RuleFault): string => `line ${line}, column ${column}: ${detail}`;

class PolicyInvalid extends Error {
  override readonly name = 'PolicyInvalid';
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`the policy does not compile: ${faults.join('; ')}`);
    this.faults = faults;
  }
}
