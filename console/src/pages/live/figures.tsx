import type { ApiError } from '../../api.ts';
import { ratePerSecond } from '../../feed.ts';
import { decimal, duration, outcomeWords, percent, whole } from '../../format.ts';
import { type Resource, useClock } from '../../hooks.ts';
import { OutcomeShape } from '../../parts/basics.tsx';
import { type ModelCard, type Outcome, type Overview, outcomes } from '../../wire.ts';
import { feed } from './reader.ts';

/** Whether the view is live, paused or offline. */
export const LiveState = ({ error }: { readonly error: ApiError | null }) => {
  const [kind, text] =
    error !== null
      ? ['offline', error.status === 0 ? 'Offline, trying again' : 'Error, trying again']
      : feed.paused
        ? ['paused', 'Paused']
        : ['on', 'Live'];
  return (
    <span class={`liveState ${kind}`} role="status">
      <span class="dot" aria-hidden="true" />
      {text}
      {error !== null && error.status !== 0 && <span class="hint">{error.message}</span>}
    </span>
  );
};

/** The last hour in figures. */
export function Figures({ overview, model }: { readonly overview: Resource<Overview>; readonly model: Resource<ModelCard> }) {
  const nowMs = useClock(1_000);
  const { data } = overview;
  const total = data === null ? null : outcomes.reduce((sum, outcome) => sum + data.totals[outcome], 0);
  const share = (outcome: Outcome): string => (data === null || !total ? '–' : percent(data.totals[outcome] / total));
  const ms = (value: number | null | undefined): string => (value === null || value === undefined ? '–' : duration(value));
  return (
    <dl class="figures" aria-label="The last hour">
      <Figure name="Decisions, last hour" value={total === null ? '–' : whole(total)} id="total" />
      <Figure name="Per second" value={decimal(Number(ratePerSecond(feed.items, nowMs).toFixed(1)))} id="rate" />
      {outcomes.map((outcome) => (
        <Figure
          key={outcome}
          id={outcome.toLowerCase()}
          name={outcomeWords[outcome]}
          shape={outcome}
          value={data === null ? '–' : whole(data.totals[outcome])}
          note={share(outcome)}
        />
      ))}
      <Figure
        name="Fraud rate"
        value={data === null || data.fraudRate === null ? '–' : percent(data.fraudRate, 2)}
        id="fraudRate"
      />
      <Figure
        name="Latency p50 / p99"
        value={data === null ? '–' : `${ms(data.latencyMs.p50)} / ${ms(data.latencyMs.p99)}`}
        id="latency"
      />
      <Figure name="Queue age" value={ms(data?.queueAgeMs)} id="queueAge" />
      <Figure
        name="Model"
        id="model"
        value={model.data === null ? 'none yet' : duration(Math.max(0, nowMs - Date.parse(model.data.trainedAt)))}
        note={model.data === null ? 'rules only' : `version ${model.data.version}`}
      />
    </dl>
  );
}

const Figure = (props: {
  readonly id: string;
  readonly name: string;
  readonly value: string;
  readonly note?: string;
  readonly shape?: Outcome;
}) => (
  <div class={`figure ${props.shape?.toLowerCase() ?? ''}`} data-figure={props.id}>
    <dt>
      {props.shape !== undefined && <OutcomeShape outcome={props.shape} />}
      {props.name}
    </dt>
    <dd>
      {props.value}
      {props.note !== undefined && <small>{props.note}</small>}
    </dd>
  </div>
);
