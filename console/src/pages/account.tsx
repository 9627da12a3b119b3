import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import { distanceKm } from '../../../shared/domain/geo.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';
import { type Page, pages, path } from '../api.ts';
import { type ReadChain, readChain } from '../audit.ts';
import { ago, dateTime, decimal, dispositionWords, money, payersTime, signalLabel, whole } from '../format.ts';
import { useClock, useLoad, useResource } from '../hooks.ts';
import { Empty, Facts, OutcomeTag, Panel, Scrolls, Shown, Signals } from '../parts/basics.tsx';
import { type ChartSeries, TimeChart } from '../parts/timeChart.tsx';
import { toAccount, toDecision } from '../router.ts';
import type { AuditItem, Disposition, WireDecisionItem, WireStanding } from '../wire.ts';

const refreshMs = 5_000;
const timelineMax = 600;

/** Where to look for an account, with those seen last. */
export function AccountsPage() {
  const [text, setText] = useState('');
  const id = useId();
  const latest = useResource<Page<WireDecisionItem>>('decisions/latest?limit=200', refreshMs);
  const nowMs = useClock(refreshMs);
  return (
    <div class="accounts">
      <div class="pageHead">
        <h1>Accounts</h1>
      </div>
      <form
        class="find"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== '') location.hash = toAccount(text.trim());
        }}
      >
        <label for={id}>Account id</label>
        <input id={id} type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        <button type="submit" class="primary">
          Open
        </button>
      </form>
      <Panel title="Seen last">
        <Shown of={latest} what="accounts">
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No account has paid yet" />
            ) : (
              <Scrolls label="Accounts seen last">
                <table>
                  <thead>
                    <tr>
                      <th scope="col">Account</th>
                      <th scope="col">User</th>
                      <th scope="col">Last outcome</th>
                      <th scope="col" class="number">
                        Score
                      </th>
                      <th scope="col">Decided</th>
                      <th scope="col" class="wide">
                        Signals
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {lastByAccount(items).map((item) => (
                      <tr key={`${item.accountId}/${item.userId}`}>
                        <td class="id">
                          <a href={toAccount(item.accountId!, item.userId)}>{item.accountId}</a>
                        </td>
                        <td class="id">{item.userId}</td>
                        <td>
                          <OutcomeTag outcome={item.outcome} />
                        </td>
                        <td class="number">{decimal(item.score)}</td>
                        <td class="nowrap">{ago(item.decidedAt, nowMs)}</td>
                        <td class="wide">
                          <Signals names={item.signals} />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </Scrolls>
            )
          }
        </Shown>
      </Panel>
    </div>
  );
}

const lastByAccount = (items: readonly WireDecisionItem[]): readonly WireDecisionItem[] => {
  const found = new Map<string, WireDecisionItem>();
  for (const item of items) {
    const name = `${item.accountId}/${item.userId}`;
    if (item.accountId !== null && !found.has(name)) found.set(name, item);
  }
  return [...found.values()];
};

export function AccountPage({ accountId, userId }: { readonly accountId: string; readonly userId: string | null }) {
  const user = userId === null ? '' : `userId=${encodeURIComponent(userId)}`;
  const standing = useResource<WireStanding>(`${path`accounts/${accountId}/decision`}?${user}`, refreshMs);
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

function Known({ standing, userId }: { readonly standing: WireStanding; readonly userId: string }) {
  const { accountId } = standing;
  const timeline = useLoad<readonly WireDecisionItem[]>(
    `${accountId}/${userId}/timeline/${standing.transactionId}`,
    async (signal) => {
      const found: WireDecisionItem[] = [];
      const url = `${path`accounts/${accountId}/decisions`}?limit=200&userId=${encodeURIComponent(userId)}`;
      for await (const items of pages<WireDecisionItem>(url, timelineMax / 200, signal)) found.push(...items);
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
          <Panel title="Scores over time" hint="every decision, by its outcome">
            <Shown of={timeline} what="timeline">
              {(items) => <Scores items={items} />}
            </Shown>
          </Panel>
          <Panel title="Signals over time" hint="one column a payment, newest right">
            <Shown of={timeline} what="timeline">
              {(items) => <SignalStrip items={items} />}
            </Shown>
          </Panel>
          <Panel title="Timeline" hint={timeline.data === null ? '' : `${whole(timeline.data.length)} decisions`}>
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
          <Panel title="Places" hint="distance from where it pays most">
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

const Triggers = ({ counts }: { readonly counts: WireStanding['triggers'] }) => (
  <span class="chips">
    {Object.entries(counts).map(([name, count]) => (
      <span class="chip" key={name}>
        {signalLabel(name)} × {count}
      </span>
    ))}
  </span>
);

function Scores({ items }: { readonly items: readonly WireDecisionItem[] }) {
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
  if (times.length === 0) return <Empty title="Nothing is kept of this account" />;
  return (
    <TimeChart label={`Scores of ${times.length} decisions over time`} times={times} series={series} height={170} max={105} />
  );
}

const columnsMax = 60;

/** One column a payment, one row a signal. */
function SignalStrip({ items }: { readonly items: readonly WireDecisionItem[] }) {
  const columns = items.slice(0, columnsMax).toReversed();
  const rows = signalNames.filter((name) => columns.some(({ signals }) => signals.includes(name)));
  const table = useRef<HTMLTableElement>(null);
  const newest = columns.at(-1)?.transactionId;
  useEffect(() => {
    const scrolled = table.current?.parentElement;
    if (scrolled) scrolled.scrollLeft = scrolled.scrollWidth;
  }, [newest]);
  if (rows.length === 0) return <p class="text">No signal triggered in the last {columns.length} payments.</p>;
  return (
    <Scrolls label="Signals over time">
      <table class="strip" ref={table}>
        <tbody>
          {rows.map((name) => (
            <tr key={name}>
              <th scope="row">{signalLabel(name)}</th>
              {columns.map((item) => (
                <td key={item.transactionId}>
                  {item.signals.includes(name) && item.transactionId !== null && (
                    <a class={`cell ${item.outcome.toLowerCase()}`} href={toDecision(item.transactionId)}>
                      <span class="unseen">{`${signalLabel(name)} at ${dateTime(item.decidedAt)}`}</span>
                    </a>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  );
}

const rowsMax = 100;

const Timeline = ({ items }: { readonly items: readonly WireDecisionItem[] }) => (
  <Scrolls label="Timeline, newest first" tall>
    <table>
      <thead>
        <tr>
          <th scope="col">Paid, payer’s clock</th>
          <th scope="col">Outcome</th>
          <th scope="col" class="number">
            Score
          </th>
          <th scope="col" class="number">
            Amount
          </th>
          <th scope="col" class="wide">
            Signals
          </th>
          <th scope="col">Transaction</th>
        </tr>
      </thead>
      <tbody>
        {items.slice(0, rowsMax).map((item) => (
          <tr key={item.transactionId}>
            <td class="nowrap">{item.occurredAt === null ? '–' : payersTime(item.occurredAt)}</td>
            <td>
              <OutcomeTag outcome={item.outcome} />
            </td>
            <td class="number">{decimal(item.score)}</td>
            <td class="number nowrap">
              {item.amountMinor === null || item.currency === null ? '–' : money(item.amountMinor, item.currency)}
            </td>
            <td class="wide">
              <Signals names={item.signals} />
            </td>
            <td class="id">{item.transactionId !== null && <a href={toDecision(item.transactionId)}>{item.transactionId}</a>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </Scrolls>
);

const Chain = ({ chain: { entries, check, more, archivedThrough } }: { readonly chain: ReadChain }) => (
  <>
    {check === null ? (
      <p class="verdict unknown">This browser checks hashes only over HTTPS.</p>
    ) : check.fault === null ? (
      <p class="verdict verified" role="status">
        Verified here: {whole(check.verified)} {check.verified === 1 ? 'entry' : 'entries'}, each unchanged and in its place
        {archivedThrough > 0 && `; the ${whole(archivedThrough)} before them are in the archive: aegis verify checks those`}
        {more ? '; the chain goes on' : ''}.
      </p>
    ) : (
      <p class="verdict broken" role="alert">
        Broken: entry {check.fault.sequence} {check.fault.text}.
      </p>
    )}
    <Scrolls label="Audit entries, newest first" tall>
      <table>
        <thead>
          <tr>
            <th scope="col" class="number">
              Entry
            </th>
            <th scope="col">Event</th>
            <th scope="col">At</th>
            <th scope="col">Proof</th>
            <th scope="col">Hash</th>
          </tr>
        </thead>
        <tbody>
          {entries
            .slice(-rowsMax)
            .toReversed()
            .map((entry) => (
              <tr key={entry.body.sequence}>
                <td class="number">{entry.body.sequence}</td>
                <td>
                  <AuditEvent entry={entry} />
                </td>
                <td class="nowrap">{dateTime(entry.body.at)}</td>
                <td class="nowrap">{proofText(entry.proof)}</td>
                <td>
                  <code title={entry.hash}>{entry.hash.slice(0, 10)}</code>
                </td>
              </tr>
            ))}
        </tbody>
      </table>
    </Scrolls>
  </>
);

/** What proves an entry beside the check in this browser. */
export const proofText = (proof: AuditItem['proof']): string => {
  if (proof?.state === 'CHECKPOINTED') return `signed, checkpoint ${proof.checkpoint}`;
  return proof?.state === 'CHAINED' ? 'chained, not signed yet' : 'not known';
};

/** What happened, and for a review who said what. */
export function AuditEvent({ entry: { body, inputs } }: { readonly entry: AuditItem }) {
  if (body.event === 'DECISION_MADE') {
    return <a href={toDecision(String(body.transactionId))}>{String(body.outcome).toLowerCase()}</a>;
  }
  if (body.event !== 'REVIEWED') return <>{body.event.toLowerCase().replaceAll('_', ' ')}</>;
  const said = (inputs ?? {}) as { transactionId?: string; disposition?: Disposition; note?: string | null; by?: string };
  return (
    <span class="event">
      <strong>{said.disposition === undefined ? 'reviewed' : dispositionWords[said.disposition]}</strong>
      {said.by !== undefined && <span class="hint"> by {said.by}</span>}
      {said.note && <q>{said.note}</q>}
    </span>
  );
}

interface PlaceSeen {
  readonly atMs: number;
  readonly latitude: number;
  readonly longitude: number;
}

function Places({ entries }: { readonly entries: readonly AuditItem[] }) {
  const chart = useMemo(() => {
    const seen = entries.flatMap(({ body, inputs }): PlaceSeen[] => {
      const place = inputs?.location as { latitude: number; longitude: number } | null | undefined;
      return place ? [{ atMs: Date.parse(String(body.occurredAt)), ...place }] : [];
    });
    if (seen.length === 0) return null;
    const home = middle(seen);
    const rising = seen.toSorted((a, b) => a.atMs - b.atMs);
    const km = rising.map((place) => distanceKm(home, place));
    return { home, times: rising.map(({ atMs }) => atMs / 1_000), km, farthestKm: Math.max(...km) };
  }, [entries]);
  const series = useMemo<ChartSeries[]>(
    () => (chart === null ? [] : [{ label: 'Distance', colour: 'accent', kind: 'points', values: chart.km }]),
    [chart],
  );
  if (chart === null) return <p class="text">No payment said where it was made.</p>;
  return (
    <>
      <TimeChart
        label={`Distance from the usual place, ${chart.times.length} payments, at most ${whole(chart.farthestKm)} km`}
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

/** The place with the middle latitude and the middle longitude: a few far ones do not move it. */
const middle = (places: readonly PlaceSeen[]): { readonly latitude: number; readonly longitude: number } => {
  const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
  return {
    latitude: median(places.map(({ latitude }) => latitude)),
    longitude: median(places.map(({ longitude }) => longitude)),
  };
};

function Devices({ entries }: { readonly entries: readonly AuditItem[] }) {
  const devices = useMemo(() => {
    const found = new Map<string, { count: number; blocked: number; last: string }>();
    for (const { body, inputs } of entries) {
      if (typeof inputs?.deviceId !== 'string') continue;
      const known = found.get(inputs.deviceId) ?? { count: 0, blocked: 0, last: '' };
      known.count += 1;
      if (body.outcome !== 'ALLOW') known.blocked += 1;
      known.last = String(body.occurredAt);
      found.set(inputs.deviceId, known);
    }
    return [...found].sort(([, a], [, b]) => b.count - a.count);
  }, [entries]);
  if (devices.length === 0) return <p class="text">No payment named a device.</p>;
  return (
    <Scrolls label="Devices">
      <table>
        <thead>
          <tr>
            <th scope="col">Device</th>
            <th scope="col" class="number">
              Payments
            </th>
            <th scope="col" class="number">
              Not allowed
            </th>
            <th scope="col">Last</th>
          </tr>
        </thead>
        <tbody>
          {devices.map(([name, { count, blocked, last }]) => (
            <tr key={name}>
              <th scope="row" class="id">
                {name}
              </th>
              <td class="number">{count}</td>
              <td class="number">{blocked}</td>
              <td class="nowrap">{`${last.slice(0, 10)} ${last.slice(11, 16)}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  );
}
