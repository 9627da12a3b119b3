import { path } from '../api.ts';
import { entriesMax, type ReadChain, readChain } from '../audit.ts';
import { changeText, dateTime, decimal, duration, money, payersTime, plural, signalLabel } from '../format.ts';
import { useLoad, useResource } from '../hooks.ts';
import { OutcomeTag, Panel, Shown } from '../parts/basics.tsx';
import { DispositionForm } from '../parts/disposition.tsx';
import { Waterfall } from '../parts/waterfall.tsx';
import { toAccount } from '../router.ts';
import { useScope } from '../session.tsx';
import type { AuditItem, Decision, PolicyVersion } from '../wire.ts';
import { AllSignals } from './decision/allSignals.tsx';
import { ModelShare } from './decision/modelShare.tsx';
import { Payment } from './decision/payment.tsx';
import { Proof } from './decision/proof.tsx';

export function DecisionPage({ transactionId }: { readonly transactionId: string }) {
  const decision = useResource<Decision>(`${path`decisions/${transactionId}`}?explain=full`);
  return (
    <div class="decision">
      <Shown of={decision} what="decision" lines={10}>
        {(data) => <Decided decision={data} />}
      </Shown>
    </div>
  );
}

function Decided({ decision }: { readonly decision: Decision }) {
  const policy = useResource<PolicyVersion>(path`policy/versions/${decision.policyVersion}`);
  const { accountId, userId, audit } = decision;
  const chain = useLoad<ReadChain>(
    accountId === null || audit.sequence > entriesMax ? null : `${accountId}/${userId}/${audit.sequence}`,
    (signal) => readChain(accountId!, userId, audit.sequence, signal),
  );
  const entry = chain.data?.entries.at(-1) ?? null;
  const mayReview = useScope('review');
  return (
    <>
      <Head decision={decision} entry={entry} />
      <div class="columns">
        <div>
          <Panel title="Why" hint={`${plural(decision.reasons.length, 'reason')}; their points add up to the score`}>
            <Waterfall
              reasons={decision.reasons}
              score={decision.score}
              cutoffs={policy.data?.policy.cutoffs ?? null}
              baseCurrency={policy.data?.policy.baseCurrency ?? ''}
            />
            <Counterfactual decision={decision} />
            {decision.degraded.length > 0 && (
              <p class="degraded">
                Not available for this decision:{' '}
                {decision.degraded.map(({ part, cause, rule }) => (
                  <span class="chip" key={rule ?? part}>
                    {rule === undefined ? signalLabel(part) : `Rule ${rule}`} ({cause.toLowerCase().replaceAll('_', ' ')})
                  </span>
                ))}
              </p>
            )}
          </Panel>
          <ModelShare decision={decision} />
        </div>
        <div>
          {mayReview && decision.transactionId !== null && (
            <Panel title="Review">
              <DispositionForm
                transactionId={decision.transactionId}
                accountId={accountId}
                draft={`decision/${decision.transactionId}`}
              />
            </Panel>
          )}
          <Payment entry={entry} decision={decision} />
          <Proof decision={decision} chain={chain} />
          <AllSignals decision={decision} policy={policy.data} />
        </div>
      </div>
    </>
  );
}

const Head = ({ decision, entry }: { readonly decision: Decision; readonly entry: AuditItem | null }) => {
  const { amountMinor, currency } = (entry?.body ?? {}) as { amountMinor?: number; currency?: string };
  return (
    <div class="pageHead decisionHead">
      <OutcomeTag outcome={decision.outcome} large />
      <h1>
        <span class="unseen">Decision on </span>
        {decision.transactionId}
      </h1>
      <p class="sub">
        <strong>{decimal(decision.score)} points</strong>
        {amountMinor !== undefined && currency !== undefined && <strong>{money(amountMinor, currency)}</strong>}
        {decision.accountId !== null && (
          <a href={toAccount(decision.accountId, decision.userId)}>
            {decision.accountId} <span class="hint">of {decision.userId}</span>
          </a>
        )}
        {decision.occurredAt !== null && <span>paid {payersTime(decision.occurredAt)}</span>}
        <span>
          decided {dateTime(decision.decidedAt)}, {duration(Date.parse(decision.decidedAt) - Date.parse(decision.receivedAt))}{' '}
          after receipt
        </span>
        {decision.late && <span class="chip">late</span>}
        {decision.erased && <span class="chip">erased</span>}
        <span class="chip">{transitionWords(decision.transition)}</span>
      </p>
    </div>
  );
};

const transitionWords = (transition: string): string => {
  if (transition === 'NEW') return 'first decision on the account';
  return transition === 'NO_CHANGE' ? 'same as before' : transition.toLowerCase().replace('->', ' → ');
};

const Counterfactual = ({ decision }: { readonly decision: Decision }) => {
  if (decision.outcome === 'ALLOW' || decision.counterfactual === undefined) return null;
  return (
    <p class="counterfactual">
      <strong>What would have changed this.</strong>{' '}
      {decision.counterfactual === null
        ? 'No single change would have allowed the payment.'
        : `The payment would have been allowed with ${changeText(String(decision.counterfactual.change))}.`}
    </p>
  );
};
