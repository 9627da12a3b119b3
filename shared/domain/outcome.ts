/** The three answers, in order of gravity: when two meet, the graver wins. */
export const outcomes = ['ALLOW', 'REVIEW', 'BLOCK'] as const;

export type Outcome = (typeof outcomes)[number];

export const graver = (a: Outcome, b: Outcome): Outcome => (outcomes.indexOf(a) >= outcomes.indexOf(b) ? a : b);
