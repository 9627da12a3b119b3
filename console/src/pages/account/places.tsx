import { useMemo } from 'preact/hooks';
import { distanceKm } from '../../../../shared/domain/geo.ts';
import { plural, whole } from '../../format.ts';
import { type ChartSeries, TimeChart } from '../../parts/timeChart.tsx';
import type { AuditItem } from '../../wire.ts';

interface PaymentPlace {
  readonly atMs: number;
  readonly latitude: number;
  readonly longitude: number;
}

/** How far from the usual place each payment was made. */
export function Places({ entries }: { readonly entries: readonly AuditItem[] }) {
  const chart = useMemo(() => {
    const visited = entries.flatMap(({ body, inputs }): PaymentPlace[] => {
      const place = inputs?.location as { latitude: number; longitude: number } | null | undefined;
      return place ? [{ atMs: Date.parse(String(body.occurredAt)), ...place }] : [];
    });
    if (visited.length === 0) return null;
    const home = middle(visited);
    const rising = visited.toSorted((a, b) => a.atMs - b.atMs);
    const km = rising.map((place) => distanceKm(home, place));
    return { home, times: rising.map(({ atMs }) => atMs / 1_000), km, farthestKm: Math.max(...km) };
  }, [entries]);
  const series = useMemo<ChartSeries[]>(
    () => (chart === null ? [] : [{ label: 'Distance', colour: 'accent', kind: 'points', values: chart.km }]),
    [chart],
  );
  if (chart === null) return <p class="text">No payment gave its place.</p>;
  return (
    <>
      <TimeChart
        label={`Distance from the usual place, ${plural(chart.times.length, 'payment')}, at most ${whole(chart.farthestKm)} km`}
        times={chart.times}
        series={series}
        height={130}
        format={(value) => `${whole(value)}`}
      />
      <p class="text hint">
        Usual place {chart.home.latitude.toFixed(2)}, {chart.home.longitude.toFixed(2)}; farthest {whole(chart.farthestKm)} km
        from it.
      </p>
    </>
  );
}

/** The median latitude and longitude: a few distant places do not move it. */
const middle = (places: readonly PaymentPlace[]): { readonly latitude: number; readonly longitude: number } => {
  const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
  return {
    latitude: median(places.map(({ latitude }) => latitude)),
    longitude: median(places.map(({ longitude }) => longitude)),
  };
};
