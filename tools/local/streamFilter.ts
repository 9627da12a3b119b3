import { LocalProblem } from './problem.ts';

/**
 * What the partition keys of the records begin with that go to the function; null without a pattern: every record goes. Of Lambda's language
 * of patterns it knows what `infra/` writes; a record that any of them takes is taken. Throws LocalProblem for any other.
 */
export const keyPrefixesOf = (patterns: readonly string[]): readonly string[] | null =>
  patterns.length === 0 ? null : patterns.flatMap(prefixesIn);

const prefixesIn = (pattern: string): string[] => {
  const { dynamodb, ...others } = JSON.parse(pattern);
  const rules: unknown = dynamodb?.Keys?.pk?.S;
  const known = JSON.stringify({ dynamodb: { Keys: { pk: { S: rules } } } }) === JSON.stringify({ dynamodb, ...others });
  if (!known || !Array.isArray(rules) || !rules.every((rule) => typeof rule?.prefix === 'string'))
    throw new LocalProblem(`the local stack does not know this filter of a stream: ${pattern}`);
  return rules.map(({ prefix }) => prefix);
};
