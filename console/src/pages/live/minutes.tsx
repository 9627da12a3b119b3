import { useMemo, useState } from 'preact/hooks';
import { outcomeWords, whole } from '../../format.ts';
import { useResource } from '../../hooks.ts';
import { Choices, Failed, Loading, OutcomeLegend, Panel } from '../../parts/basics.tsx';
import { TimeChart } from '../../parts/timeChart.tsx';
import { type Outcome, type Overview, outcomes } from '../../wire.ts';

const refreshMs = 2_000;
const dayRefreshMs = 60_000;

const ranges = [
  { value: '15', label: '15 min' },
  { value: '60', label: '1 h' },
  { value: '360', label: '6 h' },
  { value: '1440', label: '24 h' },
] as const;
type Range = (typeof ranges)[number]['value'];
const barsMax = 96;

/** Decisions by time, stacked by outcome. */
export function Minutes({ height }: { readonly height: number }) {
  const [range, setRange] = useState<Range>('60');
  const overview = useResource<Overview>(`metrics/overview?minutes=${range}`, range === '1440' ? dayRefreshMs : refreshMs);
  const { data } = overview;
  const bars = useMemo(() => (data === null ? null : barsOf(data.minutes)), [data]);
  return (
    <Panel
      title={bars === null || bars.minutes === 1 ? 'Decisions per minute' : `Decisions every ${bars.minutes} minutes`}
      hint={<OutcomeLegend />}
      actions={<Choices<Range> label="Range" choices={ranges} value={range} onChange={setRange} />}
    >
      {bars === null ? (
        overview.error === null ? (
          <Loading what="figures" />
        ) : (
          <Failed error={overview.error} what="the figures" retry={overview.reload} />
        )
      ) : (
        <TimeChart
          label={`Decisions by time: ${outcomes.map((outcome) => `${data!.totals[outcome]} ${outcomeWords[outcome]}`).join(', ')}`}
          times={bars.times}
          series={bars.series}
          height={height}
          format={whole}
        />
      )}
    </Panel>
  );
}

/** At most `barsMax` bars of whole minutes. The series are stacked: each one includes those that are drawn in front of it. */
function barsOf(all: Overview['minutes']) {
  const minutes = Math.ceil(all.length / barsMax);
  const bars: Overview['minutes'][number][] = [];
  for (let at = 0; at < all.length; at += minutes) {
    const run = all.slice(at, at + minutes);
    const sum = (outcome: Outcome): number => run.reduce((total, minute) => total + minute[outcome], 0);
    bars.push({ minute: run[0]!.minute, ALLOW: sum('ALLOW'), REVIEW: sum('REVIEW'), BLOCK: sum('BLOCK') });
  }
  const series = [
    { label: 'Allow', colour: 'allow-soft', kind: 'bars', values: bars.map((bar) => bar.ALLOW + bar.REVIEW + bar.BLOCK) },
    { label: 'Review', colour: 'review', kind: 'bars', values: bars.map((bar) => bar.REVIEW + bar.BLOCK) },
    { label: 'Block', colour: 'block', kind: 'bars', values: bars.map((bar) => bar.BLOCK) },
  ] as const;
  return { minutes, times: bars.map(({ minute }) => Date.parse(minute) / 1_000), series };
}
