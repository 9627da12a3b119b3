import { LocalProblem } from './problem.ts';

/** Records that go to the function: of these events, with a partition key that begins with one of these. */
export interface StreamRule {
  /** Null: of every event. */
  readonly events: readonly string[] | null;
  readonly keyPrefixes: readonly string[];
}

/**
 * The rules of Lambda's patterns, of whose language it knows what `infra/` writes; null without a pattern: every record goes. Throws LocalProblem
 * for any other.
 */
export const streamRulesOf = (patterns: readonly string[]): readonly StreamRule[] | null =>
  patterns.length === 0 ? null : patterns.map(ruleOf);

/** Whether any of the rules takes the record. */
export const isTaken = (rules: readonly StreamRule[] | null, eventName: string, pk: string): boolean =>
  rules === null ||
  rules.some(
    ({ events, keyPrefixes }) => (events?.includes(eventName) ?? true) && keyPrefixes.some((prefix) => pk.startsWith(prefix)),
  );

const ruleOf = (pattern: string): StreamRule => {
  const { eventName, dynamodb, ...others } = JSON.parse(pattern);
  const rules: unknown = dynamodb?.Keys?.pk?.S;
  const isKnown =
    JSON.stringify({ dynamodb: { Keys: { pk: { S: rules } } } }) === JSON.stringify({ dynamodb, ...others }) &&
    (eventName === undefined || (Array.isArray(eventName) && eventName.every((name) => typeof name === 'string')));
  if (!isKnown || !Array.isArray(rules) || !rules.every((rule) => typeof rule?.prefix === 'string'))
    throw new LocalProblem(`the local stack does not know this filter of a stream: ${pattern}`);
  return { events: eventName ?? null, keyPrefixes: rules.map(({ prefix }) => prefix) };
};
