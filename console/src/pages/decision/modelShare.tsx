import { useMemo } from 'preact/hooks';
import { decimal, featureLabel, plural } from '../../format.ts';
import { Panel } from '../../parts/basics.tsx';
import type { Decision } from '../../wire.ts';

/** The score that the forest starts from; it is no feature's share. */
const baseline = 'baseline';
/** Shares that are drawn; the others are folded away. */
const sharesShown = 8;

/** How much each feature added to the anomaly score. */
export function ModelShare({ decision: { anomaly, modelVersion } }: { readonly decision: Decision }) {
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
        <p class="text">{modelVersion === null ? 'No model was in force.' : 'The model could not be used for this decision.'}</p>
      </Panel>
    );
  }
  const largest = Math.max(0.01, ...shares.map(({ points }) => Math.abs(points)));
  const rest = shares.slice(sharesShown);
  return (
    <Panel title="Model" hint={`isolation forest, version ${modelVersion}`}>
      <p class="text">
        More unusual than <strong>{decimal(anomaly.percentile)} %</strong> of payments.{' '}
        {shares.length > 0 &&
          `Every payment starts at ${decimal(start)}; its features moved the score to ${decimal(anomaly.score)}:`}
      </p>
      <Shares of={shares.slice(0, sharesShown)} largest={largest} />
      {rest.length > 0 && (
        <details class="folded">
          <summary>
            {plural(rest.length, 'smaller share')}, {signed(rest.reduce((sum, { points }) => sum + points, 0))} in total
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
