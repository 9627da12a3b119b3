import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { colour, useScheme, useSize } from '../hooks.ts';

export interface ChartSeries {
  readonly label: string;
  /** Name of a colour in the style sheet. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  readonly kind: 'bars' | 'points' | 'line';
}

export interface TimeChartProps {
  /** What the chart shows, for people who cannot see it. */
  readonly label: string;
  /** Epoch seconds, ascending. */
  readonly times: readonly number[];
  /** The caller stacks bars: the tallest series first, the others are drawn in front of it. */
  readonly series: readonly ChartSeries[];
  readonly height: number;
  /** Horizontal lines, such as cut-offs. */
  readonly marks?: readonly { readonly value: number; readonly colour: string }[];
  readonly max?: number;
  readonly format?: (value: number) => string;
}

/** Values over time, on a canvas; redrawn in place when the data changes. */
export function TimeChart(props: TimeChartProps) {
  const [ref, { width }] = useSize<HTMLDivElement>();
  const chart = useRef<uPlot | null>(null);
  const scheme = useScheme();
  const latest = useRef(props);
  latest.current = props;
  const shape = props.series.map((series) => `${series.label}/${series.colour}/${series.kind}`).join();
  useEffect(() => {
    if (width === 0) return;
    chart.current = new uPlot(options(latest, width), data(latest.current), ref.current!);
    return () => {
      chart.current?.destroy();
      chart.current = null;
    };
  }, [width, scheme, shape, props.height]);

  useEffect(() => {
    chart.current?.setData(data(props));
  }, [props.times, props.series]);

  return <div ref={ref} class="chart" role="img" aria-label={props.label} style={{ height: `${props.height}px` }} />;
}

const data = ({ times, series }: TimeChartProps): uPlot.AlignedData =>
  [times, ...series.map(({ values }) => values)] as unknown as uPlot.AlignedData;

function options(latest: { readonly current: TimeChartProps }, width: number): uPlot.Options {
  const { series, height, max } = latest.current;
  // Marks at zero are drawn above the labels of the axis, not on them.
  const hasPoints = series.some(({ kind }) => kind === 'points');
  const ink = colour('ink-soft');
  const line = colour('line');
  const axis = { stroke: ink, font: '11px system-ui, sans-serif', grid: { stroke: line, width: 1 }, ticks: { show: false } };
  const format = latest.current.format ?? String;
  return {
    width,
    height,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
    padding: [8, 20, 0, 0],
    scales: {
      x: { time: true },
      y: { range: (_chart, _min, top) => [hasPoints ? -0.06 * (max ?? Math.max(1, top)) : 0, max ?? Math.max(1, top * 1.1)] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 26, space: 64, values: (_chart, splits) => splits.map(timeLabel) },
      {
        ...axis,
        size: 52,
        space: 30,
        values: (_chart, splits) => splits.map((value) => (Number.isInteger(value) && value >= 0 ? format(value) : '')),
      },
    ],
    series: [
      {},
      ...series.map(({ label, colour: name, kind }) => ({
        label,
        stroke: colour(name),
        ...(kind === 'bars' && {
          fill: colour(name),
          width: 0,
          paths: uPlot.paths.bars!({ size: [0.8, 24] }),
          points: { show: false },
        }),
        ...(kind === 'points' && { paths: () => null, points: { show: true, size: 7, fill: colour(name) } }),
        ...(kind === 'line' && { width: 1.5, points: { show: false } }),
      })),
    ],
    hooks: {
      draw: [
        (chart) => {
          for (const mark of latest.current.marks ?? []) {
            const y = chart.valToPos(mark.value, 'y', true);
            chart.ctx.save();
            chart.ctx.strokeStyle = colour(mark.colour);
            chart.ctx.setLineDash([4, 4]);
            chart.ctx.beginPath();
            chart.ctx.moveTo(chart.bbox.left, y);
            chart.ctx.lineTo(chart.bbox.left + chart.bbox.width, y);
            chart.ctx.stroke();
            chart.ctx.restore();
          }
        },
      ],
    },
  };
}

/** The date at midnight, else the time. */
const timeLabel = (seconds: number): string => {
  const date = new Date(seconds * 1_000);
  const isMidnight = date.getHours() === 0 && date.getMinutes() === 0;
  return isMidnight
    ? date.toLocaleDateString('en', { day: 'numeric', month: 'short' })
    : date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
};
