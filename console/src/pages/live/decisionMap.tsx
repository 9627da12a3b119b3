import { useState } from 'preact/hooks';
import { Loading, OutcomeLegend, Panel } from '../../parts/basics.tsx';
import { type Dimension, dimensions, percentileBounds } from '../../parts/dimensions.ts';
import { Scatter } from '../../parts/scatter.tsx';
import { toDecision } from '../../router.ts';
import type { DecisionItem } from '../../wire.ts';

const axes = Object.entries(dimensions).map(([value, { label }]) => ({ value: value as Dimension, label }));

interface DecisionMapProps {
  readonly items: readonly DecisionItem[];
  readonly loaded: boolean;
  readonly height: number;
}

/** Every decision as a mark, by two dimensions of the reader's choice. */
export function DecisionMap({ items, loaded, height }: DecisionMapProps) {
  const [x, setX] = useState<Dimension>('hour');
  const [y, setY] = useState<Dimension>('amount');
  const [by, setBy] = useState<'outcome' | 'percentile'>('outcome');
  return (
    <Panel
      title="Map"
      hint={by === 'outcome' ? <OutcomeLegend /> : <Shades />}
      actions={
        <>
          <Axis label="Across" value={x} onChange={setX} />
          <Axis label="Up" value={y} onChange={setY} />
          <label class="inline">
            Colour
            <select value={by} onChange={(event) => setBy(event.currentTarget.value as typeof by)}>
              <option value="outcome">Outcome</option>
              <option value="percentile">Anomaly percentile</option>
            </select>
          </label>
        </>
      }
    >
      {items.length === 0 && !loaded ? (
        <Loading what="the map" />
      ) : (
        <Scatter
          items={items}
          x={x}
          y={y}
          colourBy={by}
          height={height}
          onOpen={({ transactionId }) => {
            if (transactionId !== null) location.hash = toDecision(transactionId);
          }}
        />
      )}
    </Panel>
  );
}

const Axis = (props: { readonly label: string; readonly value: Dimension; readonly onChange: (value: Dimension) => void }) => (
  <label class="inline">
    {props.label}
    <select value={props.value} onChange={(event) => props.onChange(event.currentTarget.value as Dimension)}>
      {axes.map(({ value, label }) => (
        <option key={value} value={value}>
          {label}
        </option>
      ))}
    </select>
  </label>
);

const Shades = () => (
  <span class="legend">
    {[0, ...percentileBounds].map((bound, index) => (
      <span key={bound}>
        <span class={`swatch heat${index}`} /> {bound}+
      </span>
    ))}
  </span>
);
