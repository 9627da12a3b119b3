import { useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import { signalNames } from '../../../shared/domain/signals/names.ts';
import { type ApiError, get, type Page } from '../api.ts';
import { Feed, type Filter, filtered, kept, noFilter, ratePerSecond } from '../feed.ts';
import { ago, clock, decimal, duration, money, outcomeWords, payersTime, percent, signalLabel, whole } from '../format.ts';
import { asApiError, type Resource, useClock, useKeys, useResource } from '../hooks.ts';
import { Choices, Empty, Failed, Loading, OutcomeShape, OutcomeTag, Panel, Signals } from '../parts/basics.tsx';
import { type Dimension, dimensions, percentileBounds } from '../parts/dimensions.ts';
import { Scatter } from '../parts/scatter.tsx';
import { TimeChart } from '../parts/timeChart.tsx';
import { toAccount, toDecision } from '../router.ts';
import { type ModelCard, type Outcome, type Overview, outcomes, type WireDecisionItem } from '../wire.ts';

const feedEveryMs = 1_000;
const overviewEveryMs = 2_000;
const modelEveryMs = 60_000;
const backoffMsMax = 15_000;
const chartPx = 240;
const pageSize = 200;
const smallPageSize = 25;
/** Pages read to catch up after a pause or a burst. */
const catchUpPagesMax = 10;
/** Older pages read in each round, until the view holds all that it keeps. */
const olderPagesPerRound = 2;

/** Outlives the page, so that coming back finds what was there. */
const feed = new Feed();

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
        <Minutes />
        <DecisionMap items={shown} loaded={loaded} />
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
          <Empty title="No decision matches these filters">
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

/** Reads the newest decisions again and again while the page is seen. */
function useFeed(): { readonly error: ApiError | null; readonly loaded: boolean } {
  const [, changed] = useReducer((round: number) => round + 1, 0);
  const [error, setError] = useState<ApiError | null>(null);
  const [loaded, setLoaded] = useState(feed.items.length > 0);
  useEffect(() => feed.subscribe(() => changed(undefined as never)), []);
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    const round = async (): Promise<void> => {
      try {
        if (!document.hidden) {
          await readNew(stop.signal);
          failures = 0;
          setError(null);
          setLoaded(true);
        }
      } catch (problem) {
        if (stop.signal.aborted) return;
        failures += 1;
        setError(asApiError(problem));
      }
      if (!stop.signal.aborted) timer = setTimeout(round, Math.min(backoffMsMax, feedEveryMs * 2 ** failures));
    };
    round();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, []);
  return { error, loaded };
}

/** Where older decisions go on; undefined before the first page, null behind the last. */
let older: string | null | undefined;

/** What is new, down to what is known already; then a little of what is older, so that neither waits for the other. */
async function readNew(signal: AbortSignal): Promise<void> {
  if (older === undefined) {
    const first: Page<WireDecisionItem> = await get(`decisions/latest?limit=${pageSize}`, signal);
    feed.add(first.items);
    older = first.items.length === 0 ? undefined : (first.cursor ?? null);
    return;
  }
  await catchUp(signal);
  const isFull = (): boolean => feed.paused || feed.items.length >= kept;
  for (let page = 0; page < olderPagesPerRound && older !== null && !isFull(); page += 1) {
    const next: Page<WireDecisionItem> = await get(
      `decisions/latest?limit=${pageSize}&cursor=${encodeURIComponent(older)}`,
      signal,
    );
    feed.add(next.items);
    older = next.cursor ?? null;
  }
}

async function catchUp(signal: AbortSignal): Promise<void> {
  // Mostly a handful is new: a small page is enough.
  const { items }: Page<WireDecisionItem> = await get(`decisions/latest?limit=${smallPageSize}`, signal);
  if (items.length < smallPageSize || items.some(({ transactionId }) => feed.knows(transactionId))) {
    feed.add(items);
    return;
  }
  const found: WireDecisionItem[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < catchUpPagesMax; page += 1) {
    const url = `decisions/latest?limit=${pageSize}`;
    const next: Page<WireDecisionItem> = await get(
      cursor === undefined ? url : `${url}&cursor=${encodeURIComponent(cursor)}`,
      signal,
    );
    found.push(...next.items);
    cursor = next.cursor;
    if (cursor === undefined || next.items.some(({ transactionId }) => feed.knows(transactionId))) {
      feed.add(found);
      return;
    }
  }
  // More was missed than is caught up with: a view with a hole in it would be wrong.
  feed.restart(found);
  older = cursor ?? null;
}

const LiveState = ({ error }: { readonly error: ApiError | null }) => {
  const [kind, text] =
    error !== null
      ? ['offline', error.status === 0 ? 'Offline, trying again' : 'Trouble, trying again']
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

function Figures({ overview, model }: { readonly overview: Resource<Overview>; readonly model: Resource<ModelCard> }) {
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
      <Figure name="Fraud rate" value={data === null ? '–' : percent(data.fraudRate, 2)} id="fraudRate" />
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
        note={model.data === null ? 'rules alone' : `version ${model.data.version}`}
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

const ranges = [
  { value: '15', label: '15 min' },
  { value: '60', label: '1 h' },
  { value: '360', label: '6 h' },
  { value: '1440', label: '24 h' },
] as const;
type Range = (typeof ranges)[number]['value'];
const barsMax = 96;

function Minutes() {
  const [range, setRange] = useState<Range>('60');
  const overview = useResource<Overview>(`metrics/overview?minutes=${range}`, range === '1440' ? modelEveryMs : overviewEveryMs);
  const { data } = overview;
  const bars = useMemo(() => (data === null ? null : barsOf(data.minutes)), [data]);
  return (
    <Panel
      title={bars === null || bars.minutes === 1 ? 'Decisions a minute' : `Decisions every ${bars.minutes} minutes`}
      hint={<Legend />}
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
          height={chartPx}
          format={whole}
        />
      )}
    </Panel>
  );
}

/** Minutes added up into so few bars that each can be seen. Stacked: each bar stands behind the one before it. */
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

const Legend = () => (
  <span class="legend">
    {outcomes.map((outcome) => (
      <span key={outcome} class={outcome.toLowerCase()}>
        <OutcomeShape outcome={outcome} /> {outcomeWords[outcome]}
      </span>
    ))}
  </span>
);

const axes = Object.entries(dimensions).map(([value, { label }]) => ({ value: value as Dimension, label }));

function DecisionMap({ items, loaded }: { readonly items: readonly WireDecisionItem[]; readonly loaded: boolean }) {
  const [x, setX] = useState<Dimension>('hour');
  const [y, setY] = useState<Dimension>('amount');
  const [by, setBy] = useState<'outcome' | 'percentile'>('outcome');
  return (
    <Panel
      title="Map"
      hint={by === 'outcome' ? <Legend /> : <Shades />}
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
          height={chartPx}
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

const outcomeChoices = [
  { value: '', label: 'All' },
  ...outcomes.map((outcome) => ({ value: outcome as Outcome | '', label: outcomeWords[outcome] })),
] as const;

function Filters(props: {
  readonly filter: Filter;
  readonly onChange: (filter: Filter) => void;
  readonly search: { readonly current: HTMLInputElement | null };
}) {
  const { filter, onChange, search } = props;
  return (
    <>
      <Choices<Outcome | ''>
        label="Outcome"
        choices={outcomeChoices}
        value={filter.outcome ?? ''}
        onChange={(outcome) => onChange({ ...filter, outcome: outcome === '' ? null : outcome })}
      />
      <select
        aria-label="Signal"
        value={filter.signal ?? ''}
        onChange={({ currentTarget: { value } }) => onChange({ ...filter, signal: value === '' ? null : value })}
      >
        <option value="">Any signal</option>
        {signalNames.map((name) => (
          <option key={name} value={name}>
            {signalLabel(name)}
          </option>
        ))}
      </select>
      <label class="inline">
        Score from
        <input
          type="number"
          min={0}
          max={100}
          step={5}
          value={filter.scoreMin}
          onInput={({ currentTarget: { value } }) => onChange({ ...filter, scoreMin: Number(value) })}
        />
      </label>
      <input
        ref={search}
        type="search"
        aria-label="Account, user or transaction"
        placeholder="Account, user, transaction  /"
        value={filter.text}
        onInput={({ currentTarget: { value } }) => onChange({ ...filter, text: value })}
      />
    </>
  );
}

const NoDecisions = ({ loaded, error }: { readonly loaded: boolean; readonly error: ApiError | null }) => {
  if (error !== null) return <Failed error={error} what="the decisions" />;
  if (!loaded) return <Loading what="decisions" lines={8} />;
  return (
    <Empty title="No payment has been decided yet">
      <p>
        Send one to <code>POST /decisions</code> (<a href="docs">how</a>), or a whole stream:
      </p>
      <p>
        <code>npm run aegis -- simulate --duration 60</code>
      </p>
    </Empty>
  );
};

const rowPx = 34;
const rowsAround = 8;

/** Only the rows in sight are in the page. Rows that arrive above do not move what one is reading. */
function LatestTable({ items }: { readonly items: readonly WireDecisionItem[] }) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const newest = useRef<string | null>(null);
  const nowMs = useClock(5_000);
  useEffect(() => {
    const before = newest.current;
    newest.current = items[0]?.transactionId ?? null;
    const element = box.current;
    if (element === null || before === null || element.scrollTop < rowPx) return;
    const added = items.findIndex(({ transactionId }) => transactionId === before);
    if (added > 0) element.scrollTop += added * rowPx;
  }, [items]);
  const visible = Math.ceil((box.current?.clientHeight ?? 500) / rowPx);
  const first = Math.max(0, Math.floor(top / rowPx) - rowsAround);
  const last = Math.min(items.length, first + visible + 2 * rowsAround);
  return (
    <section
      class="rows"
      ref={box}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label="Latest decisions, newest first"
      onScroll={() => setTop(box.current!.scrollTop)}
    >
      <table aria-rowcount={items.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">Decided</th>
            <th scope="col">Outcome</th>
            <th scope="col" class="number">
              Score
            </th>
            <th scope="col" class="number">
              Amount
            </th>
            <th scope="col">Account</th>
            <th scope="col" class="wide">
              Signals
            </th>
            <th scope="col" class="wide">
              Paid, payer’s clock
            </th>
            <th scope="col">Transaction</th>
          </tr>
        </thead>
        <tbody>
          {first > 0 && <Spacer height={`${first * rowPx}px`} />}
          {items.slice(first, last).map((item, index) => (
            <Row key={item.transactionId} item={item} index={first + index + 2} nowMs={nowMs} />
          ))}
          {last < items.length && <Spacer height={`${(items.length - last) * rowPx}px`} />}
        </tbody>
      </table>
    </section>
  );
}

/** Stands for the rows that are out of sight. */
const Spacer = ({ height }: { readonly height: string }) => (
  <tr class="spacer">
    <td colSpan={8} style={{ height }} />
  </tr>
);

const Row = ({ item, index, nowMs }: { readonly item: WireDecisionItem; readonly index: number; readonly nowMs: number }) => (
  <tr
    aria-rowindex={index}
    class={item.outcome.toLowerCase()}
    onClick={(event) => {
      const isLink = event.target instanceof Element && event.target.closest('a') !== null;
      if (!isLink && item.transactionId !== null) location.hash = toDecision(item.transactionId);
    }}
  >
    <td class="nowrap" title={ago(item.decidedAt, nowMs)}>
      {clock(item.decidedAt)}
    </td>
    <td>
      <OutcomeTag outcome={item.outcome} />
    </td>
    <td class="number">
      <span class="scoreBar" style={{ '--score': String(item.score) }}>
        {decimal(item.score)}
      </span>
    </td>
    <td class="number nowrap">
      {item.amountMinor === null || item.currency === null ? '–' : money(item.amountMinor, item.currency)}
    </td>
    <td class="id">
      {item.accountId === null ? 'erased' : <a href={toAccount(item.accountId, item.userId)}>{item.accountId}</a>}
    </td>
    <td class="wide">
      <Signals names={item.signals} />
    </td>
    <td class="wide nowrap">{item.occurredAt === null ? '–' : payersTime(item.occurredAt)}</td>
    <td class="id">
      {item.transactionId === null ? 'erased' : <a href={toDecision(item.transactionId)}>{item.transactionId}</a>}
    </td>
  </tr>
);
