import type { WireDecision, WireDecisionItem, WireStanding } from '../../shared/contract/render.ts';
import type { Counterfactual } from '../../shared/domain/counterfactual.ts';
import type { Outcome } from '../../shared/domain/outcome.ts';
import type { Policy } from '../../shared/domain/policy.ts';

/** What the API answers, as far as this page reads it. What may be missing in an answer is optional here. */

export type { Outcome, Policy, WireDecision, WireDecisionItem, WireStanding };

export const outcomes = ['ALLOW', 'REVIEW', 'BLOCK'] as const satisfies readonly Outcome[];

export type ExplainedDecision = WireDecision & { readonly counterfactual?: Counterfactual | null };

export interface Overview {
  readonly from: string;
  readonly to: string;
  readonly totals: Readonly<Record<Outcome, number>>;
  readonly minutes: readonly (Readonly<Record<Outcome, number>> & { readonly minute: string })[];
  readonly fraudRate: number;
  readonly latencyMs: { readonly p50: number | null; readonly p99: number | null };
  readonly queueAgeMs: number | null;
  readonly modelVersion: number | null;
  readonly policyVersion: number;
}

export interface AuditBody {
  readonly chain: string;
  readonly sequence: number;
  readonly previousHash: string;
  readonly event: string;
  readonly at: string;
  readonly [field: string]: unknown;
}

export interface AuditItem {
  readonly body: AuditBody;
  readonly hash: string;
  readonly inputs: Readonly<Record<string, unknown>> | null;
  readonly proof?: { readonly state: 'CHECKPOINTED' | 'CHAINED' | 'UNKNOWN'; readonly checkpoint: number | null };
}

export const dispositions = ['CONFIRMED_FRAUD', 'LEGITIMATE', 'UNSURE'] as const;
export type Disposition = (typeof dispositions)[number];

export interface ReviewItem {
  readonly reviewId: string;
  readonly userId: string;
  readonly accountId: string;
  readonly state: 'open' | 'closed';
  readonly openedAt: string;
  readonly outcome: Outcome;
  readonly transactionIds: readonly string[];
  readonly disposition?: Disposition;
  readonly closedAt?: string;
}

export interface PolicySummary {
  readonly version: number;
  readonly hash: string;
  readonly status: string;
  readonly publishedAt: string | null;
  readonly by?: string | null;
}

export type StoredPolicy = PolicySummary & { readonly policy: Policy };

export interface ModelCard {
  readonly version: number;
  readonly kind: string;
  readonly trainedAt: string;
  readonly trainingWindow: unknown;
  readonly rows: number;
  readonly features: readonly string[];
  readonly metrics: unknown;
  readonly sha256: string;
  readonly status?: string;
  readonly reason?: string | null;
  readonly learned?: { readonly frauds: number; readonly honest: number } | null;
  readonly codeVersion?: string;
  readonly bytes?: number;
  /** Population stability index of its scores against the version before it; null for the first. */
  readonly drift?: number | null;
}
