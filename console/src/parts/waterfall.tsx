import { decimal, money, signalLabel, signalValue } from '../format.ts';
import type { Decision } from '../wire.ts';

/** The reasons as bars, each starting where the previous one ended; the last bar is the score, clipped to 0..100. */
export function Waterfall(props: {
  readonly reasons: Decision['reasons'];
  readonly score: number;
  readonly cutoffs: { readonly review: number; readonly block: number } | null;
  readonly baseCurrency: string;
}) {
  const { reasons, score, cutoffs, baseCurrency } = props;
  const sum = reasons.reduce((total, { points }) => total + points, 0);
  const span = Math.max(100, sum);
  const share = (points: number): string => `${((100 * points) / span).toFixed(3)}%`;
  let reached = 0;
  const bars = reasons.map((reason) => {
    const from = reached;
    reached += reason.points;
    return { reason, left: Math.min(from, reached), width: Math.abs(reason.points) };
  });
  const lines = cutoffs === null ? null : <Cutoffs review={share(cutoffs.review)} block={share(cutoffs.block)} />;
  if (reasons.length === 0) return <p class="text">No reason against this payment: 0 points.</p>;
  return (
    <ol class="waterfall">
      {bars.map(({ reason, left, width }) => (
        <li key={reason.signal}>
          <div class="what">
            <strong>{signalLabel(reason.signal)}</strong>
            <span class="why">{reason.text ?? 'erased'}</span>
            <span class="hint">{boundText(reason, baseCurrency)}</span>
          </div>
          <div class="track" aria-hidden="true">
            {lines}
            {width === 0 ? <span class="forced" /> : <span class="bar" style={{ left: share(left), width: share(width) }} />}
          </div>
          <span class="points">
            {reason.points === 0 ? 'decides' : `${reason.points > 0 ? '+' : ''}${decimal(reason.points)}`}
          </span>
        </li>
      ))}
      <li class="total">
        <div class="what">
          <strong>Score</strong>
          {sum !== score && (
            <span class="hint">
              {decimal(sum)} points, clipped to {decimal(score)}
            </span>
          )}
          {cutoffs !== null && (
            <span class="hint">
              review from {cutoffs.review}, block from {cutoffs.block}
            </span>
          )}
        </div>
        <div class="track" aria-hidden="true">
          {lines}
          <span class="bar" style={{ left: '0', width: share(score) }} />
        </div>
        <span class="points">{decimal(score)}</span>
      </li>
    </ol>
  );
}

/** The signal's threshold and, for an amount, the usual amount; empty for signals that are yes or no. */
const boundText = ({ signal, threshold, usual }: Decision['reasons'][number], baseCurrency: string): string => {
  if (threshold === null || yesOrNo.has(signal)) return '';
  const from = `from ${signalValue(signal, threshold, baseCurrency)}`;
  return signal === 'AMOUNT_ANOMALY' && usual !== undefined && baseCurrency !== ''
    ? `${from}, usually ${money(usual, baseCurrency)}`
    : from;
};

const yesOrNo: ReadonlySet<string> = new Set(['NEW_DEVICE_USED', 'UNUSUAL_HOUR']);

const Cutoffs = ({ review, block }: { readonly review: string; readonly block: string }) => (
  <>
    <span class="cut review" style={{ left: review }} />
    <span class="cut block" style={{ left: block }} />
  </>
);
