/** How large a rule may be; `cel.ts` says what else the language leaves out. */
export const ruleLimits = {
  expressionCharacters: 1_000,
  nodes: 250,
  depth: 16,
  listElements: 100,
  callArguments: 3,
} as const;
