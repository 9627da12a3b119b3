/** What the person who started the local stack can put right: shown as one line, without a stack trace. */
export class LocalProblem extends Error {
  override readonly name = 'LocalProblem';
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
