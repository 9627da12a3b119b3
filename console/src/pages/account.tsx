import { useMemo } from 'preact/hooks';
import { pages, path } from '../api.ts';
import { type ReadChain, readChain } from '../audit.ts';
import { ago, decimal, plural, signalLabel } from '../format.ts';
import { useClock, useLoad, useResource } from '../hooks.ts';
import { Empty, Facts, OutcomeTag, Panel, Shown } from '../parts/basics.tsx';
import { type ChartSeries, TimeChart } from '../parts/timeChart.tsx';
import { toDecision } from '../router.ts';
import type { DecisionItem, Standing } from '../wire.ts';
import { Chain } from './account/chain.tsx';
import { Devices } from './account/devices.tsx';
import { Places } from './account/places.tsx';
import { SignalStrip } from './account/signalStrip.tsx';
import { Timeline } from './account/timeline.tsx';

const refreshMs = 5_000;
const timelineMax = 600;

export function AccountPage({ accountId, userId }: { readonly accountId: string; readonly userId: string | null }) {
  const user = userId === null ? '' : `userId=${encodeURIComponent(userId)}`;
  const standing = useResource<Standing>(`${path`accounts/${accountId}/decision`}?${user}`, refreshMs);
  const knownUser = userId ?? standing.data?.userId ?? null;
  return (
    <div class="account">
      <div class="pageHead">
        <h1>
          <span class="unseen">Account </span>
          {accountId}
        </h1>
        {knownUser !== null && <span class="hint">of {knownUser}</span>}
      </div>
      <Shown of={standing} what="account" lines={10}>
        {(data) => <Known standing={data} userId={knownUser!} />}
      </Shown>
    </div>
  );
}

function Known({ standing, userId }: { readonly standing: Standing; readonly userId: string }) {
  const { accountId } = standing;
  const timeline = useLoad<readonly DecisionItem[]>(
    `${accountId}/${userId}/timeline/${standing.transactionId}`,
    async (signal) => {
      const found: DecisionItem[] = [];
      const url = `${path`accounts/${accountId}/decisions`}?limit=200&userId=${encodeURIComponent(userId)}`;
      for await (const items of pages<DecisionItem>(url, timelineMax / 200, signal)) found.push(...items);
      return found;
    },
  );
  const chain = useLoad<ReadChain>(`${accountId}/${userId}/chain/${standing.transactionId}`, (signal) =>
    readChain(accountId, userId, null, signal),
  );
  const nowMs = useClock(refreshMs);
  return (
    <>
      <div class="standing">
        <OutcomeTag outcome={standing.outcome} large />
        <Facts
          rows={[
            ['Last decision', <a href={toDecision(standing.transactionId)}>{ago(standing.decidedAt, nowMs)}</a>],
            ['Score', decimal(standing.score)],
            ['Triggers in 24 h', standing.explanation === '' ? 'none' : <Triggers counts={standing.triggers} />],
          ]}
        />
      </div>
      <div class="columns">
        <div>
          <Panel title="Scores over time" hint="every decision, coloured by outcome">
            <Shown of={timeline} what="timeline">
              {(items) => <Scores items={items} />}
            </Shown>
          </Panel>
          <Panel title="Signals over time" hint="one column for each payment, the newest on the right">
            <Shown of={timeline} what="timeline">
              {(items) => <SignalStrip items={items} />}
            </Shown>
          </Panel>
          <Panel title="Timeline" hint={timeline.data === null ? '' : plural(timeline.data.length, 'decision')}>
            <Shown of={timeline} what="timeline">
              {(items) => <Timeline items={items} />}
            </Shown>
          </Panel>
        </div>
        <div>
          <Panel title="Audit chain">
            <Shown of={chain} what="audit chain">
              {(data) => <Chain chain={data} />}
            </Shown>
          </Panel>
          <Panel title="Places" hint="distance from the usual place">
            <Shown of={chain} what="places">
              {({ entries }) => <Places entries={entries} />}
            </Shown>
          </Panel>
          <Panel title="Devices">
            <Shown of={chain} what="devices">
              {({ entries }) => <Devices entries={entries} />}
            </Shown>
          </Panel>
        </div>
      </div>
    </>
  );
}

const Triggers = ({ counts }: { readonly counts: Standing['triggers'] }) => (
  <span class="chips">
    {Object.entries(counts).map(([name, count]) => (
      <span class="chip" key={name}>
        {signalLabel(name)} × {count}
      </span>
    ))}
  </span>
);

function Scores({ items }: { readonly items: readonly DecisionItem[] }) {
  const { times, series } = useMemo(() => {
    const rising = items
      .filter(({ occurredAt }) => occurredAt !== null)
      .toSorted((a, b) => Date.parse(a.occurredAt!) - Date.parse(b.occurredAt!));
    const of = (outcome: string): (number | null)[] => rising.map((item) => (item.outcome === outcome ? item.score : null));
    const points: ChartSeries[] = [
      { label: 'Allow', colour: 'allow', kind: 'points', values: of('ALLOW') },
      { label: 'Review', colour: 'review', kind: 'points', values: of('REVIEW') },
      { label: 'Block', colour: 'block', kind: 'points', values: of('BLOCK') },
    ];
    return { times: rising.map(({ occurredAt }) => Date.parse(occurredAt!) / 1_000), series: points };
  }, [items]);
  if (times.length === 0) return <Empty title="No decisions on this account are kept" />;
  return (
    <TimeChart
      label={`Scores of ${plural(times.length, 'decision')} over time`}
      times={times}
      series={series}
      height={170}
      max={105}
    />
  );
}
