import { useMemo, useRef, useState } from 'preact/hooks';
import type { ApiError } from '../api.ts';
import { type Filter, filtered, noFilter } from '../feed.ts';
import { whole } from '../format.ts';
import { useResource } from '../hooks.ts';
import { useKeys } from '../keys.ts';
import { Empty, Failed, Loading, Panel } from '../parts/basics.tsx';
import type { ModelCard, Overview } from '../wire.ts';
import { DecisionMap } from './live/decisionMap.tsx';
import { Figures, LiveState } from './live/figures.tsx';
import { Filters } from './live/filters.tsx';
import { LatestTable } from './live/latestTable.tsx';
import { Minutes } from './live/minutes.tsx';
import { feed, useFeed } from './live/reader.ts';

const overviewEveryMs = 2_000;
const modelEveryMs = 60_000;
const chartPx = 240;

export function LivePage() {
  const { error, loaded } = useFeed();
  const overview = useResource<Overview>('metrics/overview?minutes=60', overviewEveryMs);
  const model = useResource<ModelCard>(
    overview.data === null || overview.data.modelVersion === null ? null : 'model',
    modelEveryMs,
  );
  const [filter, setFilter] = useState<Filter>(noFilter);
  const shown = useMemo(() => filtered(feed.items, filter), [feed.items, filter]);
  const search = useRef<HTMLInputElement>(null);
  useKeys({ p: () => feed.pause(!feed.paused), '/': () => search.current?.focus() });
  const offline = error ?? overview.error;

  return (
    <div class="live">
      <div class="pageHead">
        <h1>Live</h1>
        <LiveState error={offline} />
        <button type="button" class="pause" aria-pressed={feed.paused} onClick={() => feed.pause(!feed.paused)}>
          {feed.paused ? `Resume${feed.waiting.length > 0 ? ` · ${whole(feed.waiting.length)} new` : ''}` : 'Pause'} <kbd>P</kbd>
        </button>
      </div>
      {offline !== null && offline.status === 403 && <Failed error={offline} what="the decisions" />}
      <Figures overview={overview} model={model} />
      <div class="charts">
        <Minutes height={chartPx} />
        <DecisionMap items={shown} loaded={loaded} height={chartPx} />
      </div>
      <Panel
        title="Latest decisions"
        class="latest"
        hint={
          <>
            {whole(shown.length)}
            {shown.length === feed.items.length ? '' : ` of ${whole(feed.items.length)}`}
          </>
        }
        actions={<Filters filter={filter} onChange={setFilter} search={search} />}
      >
        {feed.items.length === 0 ? (
          <NoDecisions loaded={loaded} error={error} />
        ) : shown.length === 0 ? (
          <Empty title="No decision matches the filters">
            <button type="button" onClick={() => setFilter(noFilter)}>
              Clear the filters
            </button>
          </Empty>
        ) : (
          <LatestTable items={shown} />
        )}
      </Panel>
    </div>
  );
}

const NoDecisions = ({ loaded, error }: { readonly loaded: boolean; readonly error: ApiError | null }) => {
  if (error !== null) return <Failed error={error} what="the decisions" />;
  if (!loaded) return <Loading what="decisions" lines={8} />;
  return (
    <Empty title="No payment has been decided yet">
      <p>
        Send one to <code>POST /decisions</code> (<a href="docs">documentation</a>), or simulate a stream of them:
      </p>
      <p>
        <code>npm run aegis -- simulate --duration 60</code>
      </p>
    </Empty>
  );
};
