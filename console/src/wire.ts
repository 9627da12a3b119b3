import type { Wire, WireItemOf } from '../../shared/contract/wire.ts';
import type { Outcome } from '../../shared/domain/outcome.ts';
import type { Policy } from '../../shared/domain/policy.ts';

/** What the API answers, by the names this page uses. The shapes come from the OpenAPI document. */

export type { Outcome, Policy };
export type Decision = Wire<'Decision'>;
export type DecisionItem = WireItemOf<'DecisionPage'>;
export type Standing = Wire<'Standing'>;
export type Overview = Wire<'Overview'>;
export type ReviewItem = WireItemOf<'ReviewPage'>;
export type Disposition = Wire<'Review'>['disposition'];
export type ModelCard = Wire<'Model'>;
export type PolicySummary = WireItemOf<'PolicyVersionPage'>;
export type PolicyVersion = Omit<Wire<'PolicyVersion'>, 'policy'> & { readonly policy: Policy };
export type Caller = Wire<'Caller'>;

export type SystemEntry = WireItemOf<'SystemAuditPage'> & { readonly body: { readonly by?: string } };

/** An entry's body has further fields of its event, and its inputs are whatever was sealed with it. */
export type AuditBody = WireItemOf<'AuditPage'>['body'] & { readonly [field: string]: unknown };
export type AuditItem = Omit<WireItemOf<'AuditPage'>, 'body' | 'inputs'> & {
  readonly body: AuditBody;
  readonly inputs: Readonly<Record<string, unknown>> | null;
};

export const outcomes = ['ALLOW', 'REVIEW', 'BLOCK'] as const satisfies readonly Outcome[];

export const dispositions = ['CONFIRMED_FRAUD', 'LEGITIMATE', 'UNSURE'] as const satisfies readonly Disposition[];
