import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { accountFields, merchantFields, ruleCompiler, txnFields } from '../../../shared/policy/cel.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { listLimits } from '../../../shared/policy/lists.ts';
import { ruleLimits } from '../../../shared/policy/ruleLimits.ts';
import { policyLimits, policyShape } from '../../../shared/policy/schema.ts';

const text = readFileSync(new URL('../../../docs/policy.md', import.meta.url), 'utf8');

describe('docs/policy.md', () => {
  const rules = [...text.matchAll(/```cel\n([^`]+)```/g)].map((match) => match[1]!.trim());

  it('has examples of rules', () => {
    expect(rules.length).toBeGreaterThanOrEqual(5);
  });

  it.each(rules)('shows a rule that compiles: %s', (rule) => {
    expect(ruleCompiler(Object.keys(defaultPolicy.lists))(rule)).toMatchObject({ ok: true });
  });

  it.each([
    ...Object.keys(txnFields),
    ...Object.keys(accountFields),
    ...Object.keys(merchantFields),
    ...Object.keys(policyShape.shape),
  ])('tells of %s', (name) => {
    expect(text).toMatch(new RegExp(`[\`.]${name}\``));
  });

  it('names the limits that hold', () => {
    const { expressionCharacters, nodes, depth, listElements } = ruleLimits;
    expect(text.replaceAll(/\s+/g, ' ')).toContain(
      `at most ${expressionCharacters.toLocaleString('en')} characters, ${nodes} nodes, ${depth} levels and ${listElements} elements`,
    );
    expect(text).toContain(`at most ${policyLimits.rules} |`);
    expect(text).toContain(`at most ${policyLimits.lists} |`);
    expect(text).toContain(`holds ${listLimits.entries.toLocaleString('en')} entries`);
  });
});
