import { useMemo, useState } from 'preact/hooks';
import { getText, path } from '../api.ts';
import { entriesMax, type ReadChain, readChain } from '../audit.ts';
import {
  changeText,
  dateTime,
  decimal,
  duration,
  featureLabel,
  money,
  payersTime,
  signalLabel,
  signalValue,
  whole,
} from '../format.ts';
import { asApiError, type Resource, useLoad, useResource } from '../hooks.ts';
import { Facts, OutcomeTag, Panel, Scrolls, Shown } from '../parts/basics.tsx';
import { DispositionForm } from '../parts/disposition.tsx';
import { Waterfall } from '../parts/waterfall.tsx';
import { toAccount } from '../router.ts';
import { useScope } from '../session.tsx';
import type { AuditItem, ExplainedDecision, StoredPolicy } from '../wire.ts';
import { proofText } from './account.tsx';

export function DecisionPage({ transactionId }: { readonly transactionId: string }) {
  const decision = useResource<ExplainedDecision>(`${path`decisions/${transactionId}`}?explain=full`);
  return (
    <div class="decision">
      <Shown of={decision} what="decision" lines={10}>
        {(data) => <Decided decision={data} />}
      </Shown>
    </div>
  );
}

function Decided({ decision }: { readonly decision: ExplainedDecision }) {
  const policy = useResource<StoredPolicy>(path`policy/versions/${decision.policyVersion}`);
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
          <Panel
            title="Why"
            hint={`${decision.reasons.length} ${decision.reasons.length === 1 ? 'reason' : 'reasons'}, points add up to the score`}
          >
            <Waterfall
              reasons={decision.reasons}
              score={decision.score}
              cutoffs={policy.data?.policy.cutoffs ?? null}
              baseCurrency={policy.data?.policy.baseCurrency ?? ''}
            />
            <Counterfactual decision={decision} />
            {decision.degraded.length > 0 && (
              <p class="degraded">
                Decided without:{' '}
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
              <DispositionForm transactionId={decision.transactionId} accountId={accountId} />
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

const Head = ({ decision, entry }: { readonly decision: ExplainedDecision; readonly entry: AuditItem | null }) => {
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
  if (transition === 'NEW') return 'first of the account';
  return transition === 'NO_CHANGE' ? 'same as the one before' : transition.toLowerCase().replace('->', ' → ');
};

const Counterfactual = ({ decision }: { readonly decision: ExplainedDecision }) => {
  if (decision.outcome === 'ALLOW' || decision.counterfactual === undefined) return null;
  return (
    <p class="counterfactual">
      <strong>What would have been enough.</strong>{' '}
      {decision.counterfactual === null
        ? 'No single change of this payment would have been allowed.'
        : `Allowed with ${changeText(String(decision.counterfactual.change))}.`}
    </p>
  );
};

/** Where the forest starts from before it looks at anything: no feature's share. */
const baseline = 'baseline';
/** Shares that are drawn; the rest is folded away. */
const sharesShown = 8;

function ModelShare({ decision: { anomaly, modelVersion } }: { readonly decision: ExplainedDecision }) {
  const { start, shares } = useMemo(() => {
    const all = anomaly?.contributions ?? [];
    return {
      start: all.find(({ feature }) => feature === baseline)?.points ?? 0,
      shares: all
        .filter(({ feature, points }) => feature !== baseline && points !== 0)
        .sort((a, b) => Math.abs(b.points) - Math.abs(a.points)),
    };
  }, [anomaly]);
  if (anomaly === null) {
    return (
      <Panel title="Model">
        <p class="text">No model took part in this decision{modelVersion === null ? ': none was in force.' : '.'}</p>
      </Panel>
    );
  }
  const largest = Math.max(0.01, ...shares.map(({ points }) => Math.abs(points)));
  const rest = shares.slice(sharesShown);
  return (
    <Panel title="Model" hint={`isolation forest, version ${modelVersion}`}>
      <p class="text">
        More unusual than <strong>{decimal(anomaly.percentile)} %</strong> of payments.{' '}
        {shares.length > 0 && `From ${decimal(start)}, where every payment starts, what it saw led to ${decimal(anomaly.score)}:`}
      </p>
      <Shares of={shares.slice(0, sharesShown)} largest={largest} />
      {rest.length > 0 && (
        <details class="folded">
          <summary>
            {rest.length} smaller ones, together {signed(rest.reduce((sum, { points }) => sum + points, 0))}
          </summary>
          <Shares of={rest} largest={largest} />
        </details>
      )}
    </Panel>
  );
}

const signed = (points: number): string => `${points > 0 ? '+' : ''}${points.toFixed(4)}`;

const Shares = (props: {
  readonly of: readonly { readonly feature: string; readonly points: number }[];
  readonly largest: number;
}) => (
  <ul class="shares">
    {props.of.map(({ feature, points }) => (
      <li key={feature}>
        <span class="name">{featureLabel(feature)}</span>
        <span
          class={`bar ${points < 0 ? 'less' : 'more'}`}
          style={{ '--share': String(Math.abs(points) / props.largest) }}
          aria-hidden="true"
        />
        <span class="number">{signed(points)}</span>
      </li>
    ))}
  </ul>
);

const AllSignals = ({ decision, policy }: { readonly decision: ExplainedDecision; readonly policy: StoredPolicy | null }) => (
  <Panel
    title="All signals"
    hint={decision.explanation === '' ? 'none triggered over 24 h' : `over 24 h: ${decision.explanation}`}
  >
    <Scrolls label="All signals">
      <table>
        <thead>
          <tr>
            <th scope="col">Signal</th>
            <th scope="col" class="number">
              Value
            </th>
            <th scope="col" class="number">
              Threshold
            </th>
            <th scope="col">Triggered</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(decision.signals).map(([name, { value, triggered }]) => (
            <tr key={name} class={triggered ? 'triggered' : ''}>
              <th scope="row">{signalLabel(name)}</th>
              <td class="number">{signalValue(name, value, policy?.policy.baseCurrency)}</td>
              <td class="number">
                {signalValue(
                  name,
                  policy?.policy.signals[name as keyof typeof decision.signals]?.threshold ?? null,
                  policy?.policy.baseCurrency,
                )}
              </td>
              <td>{triggered ? 'yes' : value === null ? 'not computed' : 'no'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  </Panel>
);

function Payment({ entry, decision }: { readonly entry: AuditItem | null; readonly decision: ExplainedDecision }) {
  const inputs = entry?.inputs ?? null;
  const metadata = (inputs?.metadata ?? null) as Readonly<Record<string, string>> | null;
  const place = (inputs?.location ?? null) as { latitude: number; longitude: number } | null;
  const text = (name: string): string | null => (typeof inputs?.[name] === 'string' ? (inputs[name] as string) : null);
  const rows = (
    [
      ['Merchant', text('merchantId')],
      ['Category', text('merchantCategory')],
      ['Channel', text('channel')],
      ['Device', text('deviceId')],
      ['Place', place && `${place.latitude.toFixed(3)}, ${place.longitude.toFixed(3)}`],
    ] as const
  ).filter(([, value]) => value !== null);
  return (
    <Panel title="Payment">
      {decision.erased ? (
        <p class="text">The personal data of this account was erased. The decision and its proof remain.</p>
      ) : (
        <>
          <Facts rows={rows} />
          {metadata !== null && (
            <Facts rows={Object.entries(metadata).map(([name, value]) => [name, <span class="given">{value}</span>] as const)} />
          )}
          {entry !== null && rows.length === 0 && metadata === null && (
            <p class="text">Nothing but account and amount was given.</p>
          )}
        </>
      )}
    </Panel>
  );
}

function Proof({ decision, chain }: { readonly decision: ExplainedDecision; readonly chain: Resource<ReadChain> }) {
  const { audit, policyVersion, modelVersion, transactionId } = decision;
  return (
    <Panel title="Proof">
      <ChainState decision={decision} chain={chain} />
      <Facts
        rows={[
          ['Entry', `${whole(audit.sequence)} of the account’s chain`],
          ['Signed', proofText(chain.data?.entries.at(-1)?.proof)],
          ['Hash', <code class="hash">{audit.hash}</code>],
          ['Policy', <a href={`#/policy?version=${policyVersion}`}>version {policyVersion}</a>],
          ['Model', modelVersion === null ? 'none' : <a href="#/model">version {modelVersion}</a>],
        ]}
      />
      {chain.data !== null && chain.data.entries.length > 0 && (
        <details>
          <summary>The entry itself</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
          <pre tabIndex={0}>{JSON.stringify(chain.data.entries.at(-1)!.body, null, 2)}</pre>
        </details>
      )}
      {transactionId !== null && <Evidence transactionId={transactionId} />}
    </Panel>
  );
}

function ChainState({ decision, chain }: { readonly decision: ExplainedDecision; readonly chain: Resource<ReadChain> }) {
  const [kind, text] = chainWords(decision, chain);
  return (
    <p class={`verdict ${kind}`} role="status">
      {text}
    </p>
  );
}

function chainWords(
  { audit, accountId, transactionId }: ExplainedDecision,
  chain: Resource<ReadChain>,
): readonly [kind: string, text: string] {
  if (accountId === null) return ['unknown', 'The account is erased; aegis verify checks its chain by its id.'];
  if (audit.sequence > entriesMax) return ['unknown', `Too far down the chain to check here: aegis verify does it.`];
  if (chain.error !== null) return ['unknown', `The chain could not be read: ${asApiError(chain.error).message}`];
  if (chain.data === null) return ['busy', 'Checking the chain in this browser…'];
  const { entries, check } = chain.data;
  const entry = entries.at(-1);
  if (audit.sequence <= chain.data.archivedThrough)
    return ['unknown', 'The entry is in the archive: aegis verify checks it there.'];
  if (check === null) return ['unknown', 'This browser checks hashes only over HTTPS.'];
  if (check.fault !== null) return ['broken', `Broken: entry ${check.fault.sequence} ${check.fault.text}.`];
  if (entry === undefined || entry.hash !== audit.hash || entry.body.transactionId !== transactionId) {
    return ['broken', `Broken: entry ${audit.sequence} is not the one that this decision names.`];
  }
  const before = entries.length - 1;
  return [
    'verified',
    before === 0
      ? `Verified here: this entry ${audit.sequence === 1 ? 'begins its chain,' : 'is'} unchanged.`
      : `Verified here: this entry and the ${whole(before)} before it are unchanged.`,
  ];
}

/** The pack is a page of its own: it is saved, not shown, since this page may run nothing but its own code. */
function Evidence({ transactionId }: { readonly transactionId: string }) {
  const [fault, setFault] = useState<string | null>(null);
  const save = async (): Promise<void> => {
    setFault(null);
    try {
      const text = await getText(path`decisions/${transactionId}/evidence`);
      const address = URL.createObjectURL(new Blob([text], { type: 'text/html' }));
      Object.assign(document.createElement('a'), { href: address, download: `evidence-${transactionId}.html` }).click();
      URL.revokeObjectURL(address);
    } catch (error) {
      setFault(asApiError(error).message);
    }
  };
  return (
    <p class="evidence">
      <button type="button" onClick={save}>
        Save the evidence pack
      </button>
      {fault !== null && (
        <span class="hint" role="alert">
          {fault}
        </span>
      )}
    </p>
  );
}
