/** A function that failed: it threw, could not load, or took longer than its timeout. */
export class FunctionFailed extends Error {
  override readonly name = 'FunctionFailed';
}

export const timedOutAfter = (stage: string, timeoutMs: number): FunctionFailed =>
  new FunctionFailed(`${stage}: timed out after ${timeoutMs / 1_000} s`);
