/** A change of the sources. */
export interface Edit {
  /** The code to change, as a pattern of `pattern.ts`: `$NAME` is any expression, `...$REST` the other properties of an object. */
  readonly find: string;
  /** Only inside a function, method or constant of this name, for a pattern that is also found elsewhere. */
  readonly within?: string;
  /** Only in this folder, for the same reason. */
  readonly folder?: string;
  /** The bug is made wherever the pattern is found; by default it must be found exactly once. */
  readonly isEverywhere?: boolean;
  readonly replace: string;
}

/** A bug that somebody could make: `edits` put it into the sources, `caughtBy` must fail for it. */
export interface Bug {
  readonly name: string;
  /** What it does to users. */
  readonly breaks: string;
  readonly edits: readonly Edit[];
  /** A test file by the end of its path, or the simulation's first seeds. */
  readonly caughtBy: string;
}

export const simulation = 'simulation';
