import type { Finding, FindingKind } from '../../../functions/read/evidence/finding.ts';
import type { VerifyReport } from '../verifyReport.ts';

/** One of `of` parts of the table, from 1. */
export interface Share {
  readonly number: number;
  readonly of: number;
}

/** What `aegis verify --live` says beside what it says of a bundle. */
export interface LiveReport extends VerifyReport {
  readonly live: {
    readonly share: Share;
    /** How many of each were compared with the audit. */
    readonly compared: Readonly<Record<Compared, number>>;
    /** Entries that no checkpoint holds yet, none of them older than the normal lag. */
    readonly notYetCovered: { readonly entries: number; readonly chains: number };
    /** Why something could not be compared, how often, and with which it was so first. */
    readonly notCompared: readonly { readonly cause: string; readonly count: number; readonly example: string }[];
    readonly cost: LiveCost;
  };
}

const comparedKinds = [
  'decisions',
  'states',
  'refoldedEntries',
  'keys',
  'listEntries',
  'policyVersions',
  'modelVersions',
  'webhooks',
] as const;
export type Compared = (typeof comparedKinds)[number];

export interface LiveCost {
  readonly tableCalls: number;
  readonly tableItems: number;
  readonly objectCalls: number;
  readonly objectBytes: number;
  /** Processor time of this process, milliseconds. */
  readonly processorMs: number;
}

/** A finding without what is the same for all that the stores give. */
export type FindingDraft = Partial<Finding> & Pick<Finding, 'kind' | 'text'>;

/** What a live verification has found and counted so far. */
export class Findings {
  readonly #max: number;
  readonly #all = new Map<string, Finding>();
  readonly #causes = new Map<string, { count: number; readonly example: string }>();
  readonly compared = Object.fromEntries(comparedKinds.map((kind) => [kind, 0])) as Record<Compared, number>;
  count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** The same finding twice counts once. */
  add(draft: FindingDraft): void {
    const finding: Finding = { chain: null, sequence: null, since: null, ...draft, line: null };
    const name = `${finding.kind} ${finding.text}`;
    if (this.#all.has(name)) return;
    this.count += 1;
    if (this.#all.size < this.#max) this.#all.set(name, finding);
  }

  readonly find = (kind: FindingKind, text: string): void => this.add({ kind, text });

  notCompared(cause: string, example: string): void {
    const known = this.#causes.get(cause);
    if (known) known.count += 1;
    else this.#causes.set(cause, { count: 1, example });
  }

  all(): readonly Finding[] {
    return [...this.#all.values()];
  }

  causes(): LiveReport['live']['notCompared'] {
    return [...this.#causes].map(([cause, { count, example }]) => ({ cause, count, example }));
  }
}
