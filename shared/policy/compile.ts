import { defaultTracked, isOwnKind } from '../domain/entities.ts';
import type { CompiledPolicy, Policy, RuleFacts } from '../domain/policy.ts';
import { type RuleFault, ruleCompiler } from './cel.ts';
import { policyHash } from './hash.ts';
import type { PolicyVersion } from './store.ts';

/**
 * Makes a policy ready to decide with. Throws PolicyInvalid, naming every rule that does not compile.
 * `evaluateRule` throws when a rule touches what could not be computed, or divides by zero, or overflows.
 */
export const compilePolicy = (policy: Policy, version: number): CompiledPolicy => {
  const ownKinds = (policy.entities ?? defaultTracked).filter(isOwnKind);
  const compile = ruleCompiler(
    Object.keys(policy.lists),
    ownKinds.map(({ kind }) => kind),
  );
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

const compiledOf = new WeakMap<PolicyVersion, CompiledPolicy>();

/** A version that was loaded, ready to decide with; compiled once for as long as the version is in memory. Throws PolicyInvalid. */
export const compiled = (loaded: PolicyVersion): CompiledPolicy => {
  const known = compiledOf.get(loaded);
  if (known !== undefined) return known;
  const made = compilePolicy(loaded.policy, loaded.version);
  compiledOf.set(loaded, made);
  return made;
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
