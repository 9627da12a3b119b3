import { useMemo } from 'preact/hooks';
import type { Page } from '../api.ts';
import { dateTime, decimal, duration, featureLabel, whole, words } from '../format.ts';
import { type Resource, useClock, useResource } from '../hooks.ts';
import { Empty, Facts, Panel, Scrolls, Shown } from '../parts/basics.tsx';
import { stabilityOf } from '../stability.ts';
import type { DecisionItem, ModelCard } from '../wire.ts';

const refreshMs = 30_000;

export function ModelPage() {
  const model = useResource<ModelCard>('model', refreshMs);
  const versions = useResource<Page<ModelCard>>('model/versions?limit=50', refreshMs);
  const latest = useResource<Page<DecisionItem>>('decisions/latest?limit=200', refreshMs);
  const isNone = model.error?.status === 404;
  return (
    <div class="model">
      <div class="pageHead">
        <h1>Model</h1>
        {model.data !== null && <span class="hint">version {model.data.version}, in force</span>}
      </div>
      <div class="columns">
        <div>
          {isNone ? (
            <Panel title="Card">
              <Empty title="No model is in force yet">
                <p>
                  The rules alone decide payments, and every decision says so. The first model is trained from archived payments
                  on its schedule, or with
                </p>
                <p>
                  <code>npm run aegis -- train</code>
                </p>
              </Empty>
            </Panel>
          ) : (
            <Panel title="Card">
              <Shown of={model} what="model">
                {(card) => <Card card={card} />}
              </Shown>
            </Panel>
          )}
          <Panel title="History" hint="every trained version, with its figures">
            {versions.error?.status === 404 ? (
              <p class="text">No version has been trained yet.</p>
            ) : (
              <Shown of={versions} what="versions">
                {({ items }) =>
                  items.length === 0 ? (
                    <p class="text">No version has been trained yet.</p>
                  ) : (
                    <History items={items} inForce={model.data?.version ?? null} />
                  )
                }
              </Shown>
            )}
          </Panel>
        </div>
        <div>
          <Distributions latest={latest} />
          {model.data !== null && (
            <Panel title="Drift" hint="population stability index; below 0.1 stable, from 0.25 a large shift">
              <Drift value={model.data.drift ?? null} percentiles={percentilesOf(latest.data?.items ?? [])} />
            </Panel>
          )}
        </div>
      </div>
    </div>
  );
}

/** The usual reading of the population stability index. */
const driftWords = (index: number): string => (index < 0.1 ? 'stable' : index < 0.25 ? 'some shift' : 'a large shift');

/** Fewer percentiles than this say nothing about their distribution. */
const percentilesMin = 50;

const Drift = (props: { readonly value: number | null; readonly percentiles: readonly number[] }) => {
  const { value, percentiles } = props;
  const now = percentiles.length < percentilesMin ? null : stabilityOf(percentiles);
  const text = (index: number): string => `${index.toFixed(3)}, ${driftWords(index)}`;
  return (
    <Facts
      rows={[
        ['Against the previous version', value === null ? 'no previous version' : text(value)],
        [
          'Recent payments',
          now === null
            ? `too few scored: ${percentiles.length} of ${percentilesMin}`
            : `${text(now)} against a uniform distribution, ${whole(percentiles.length)} payments`,
        ],
      ]}
    />
  );
};

const percentilesOf = (items: readonly DecisionItem[]): readonly number[] =>
  items.map(({ anomalyPercentile }) => anomalyPercentile ?? null).filter((value) => value !== null);

function Card({ card }: { readonly card: ModelCard }) {
  const nowMs = useClock(refreshMs);
  return (
    <>
      <Facts
        rows={[
          ['Kind', card.kind],
          ['Trained', `${dateTime(card.trainedAt)} (${duration(Math.max(0, nowMs - Date.parse(card.trainedAt)))} ago)`],
          ['Window', windowText(card.trainingWindow)],
          ['Rows', whole(card.rows)],
          ['Learned layer', learnedText(card.learned ?? null)],
          ...(card.codeVersion === undefined ? [] : [['Trained by', `version ${card.codeVersion}`] as const]),
          ...(card.bytes === undefined ? [] : [['Size', `${whole(card.bytes / 1024)} KB`] as const]),
          ['Artefact', <code class="hash">{card.sha256}</code>],
        ]}
      />
      <h3>Features</h3>
      <p class="chips">
        {card.features.map((feature) => (
          <span class="chip" key={feature}>
            {featureLabel(feature)}
          </span>
        ))}
      </p>
      <h3>Figures</h3>
      <Figures of={card.metrics} />
    </>
  );
}

const learnedText = (learned: ModelCard['learned'] | null): string =>
  learned ? `from ${whole(learned.frauds)} fraudulent and ${whole(learned.honest)} honest payments` : 'off: too few labels';

const windowText = (window: unknown): string => {
  if (typeof window !== 'object' || window === null) return String(window ?? '–');
  return Object.values(window)
    .map((value) =>
      typeof value === 'number' ? dateTime(new Date(value).toISOString()) : typeof value === 'string' ? dateTime(value) : '',
    )
    .join(' – ');
};

/** Figures by name; the name of a set precedes the names of its figures. */
function Figures({ of }: { readonly of: unknown }) {
  const rows = flat(of);
  if (rows.length === 0) return <p class="text">There was no version to compare it with.</p>;
  return <Facts rows={rows} />;
}

/** Figures of the set `comparison` go by their own names. */
const nameOf = (key: string): string => (key === 'comparison' ? '' : words(key));

const flat = (value: unknown, name = ''): readonly (readonly [string, string])[] => {
  if (typeof value === 'number') return [[name, decimal(value)]];
  if (typeof value === 'string' || typeof value === 'boolean') return [[name, String(value)]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    flat(member, name === '' || key === 'comparison' ? nameOf(key) : `${name} · ${words(key)}`),
  );
};

const History = ({ items, inForce }: { readonly items: readonly ModelCard[]; readonly inForce: number | null }) => (
  <Scrolls label="Versions of the model">
    <table class="history">
      <thead>
        <tr>
          <th scope="col">Version</th>
          <th scope="col">Trained</th>
          <th scope="col" class="number">
            Rows
          </th>
          <th scope="col">State</th>
          <th scope="col">Figures</th>
        </tr>
      </thead>
      <tbody>
        {items.map((card) => (
          <tr key={card.version}>
            <th scope="row">{card.version}</th>
            <td class="nowrap">{dateTime(card.trainedAt)}</td>
            <td class="number">{whole(card.rows)}</td>
            <td>
              {card.version === inForce ? 'in force' : card.status === 'published' ? 'earlier' : card.status}
              {card.reason && <span class="hint"> {card.reason}</span>}
            </td>
            <td>
              {[...flat(card.metrics), ...flat(card.drift ?? null, 'Drift')]
                .slice(0, 6)
                .map(([name, value]) => `${name} ${value}`)
                .join(', ')}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </Scrolls>
);

const binsOf = (values: readonly number[]): readonly number[] => {
  const bins = Array.from({ length: 20 }, () => 0);
  for (const value of values) bins[Math.min(19, Math.floor(value / 5))]! += 1;
  return bins;
};

function Distributions({ latest }: { readonly latest: Resource<Page<DecisionItem>> }) {
  return (
    <>
      <Panel title="Scores" hint="of the latest 200 decisions">
        <Shown of={latest} what="decisions">
          {({ items }) => (
            <Histogram label="Scores" values={items.map(({ score }) => score)} none="No payment has been decided yet." />
          )}
        </Shown>
      </Panel>
      <Panel title="Anomaly percentiles" hint="of the same decisions; uniform while the model fits the payments">
        <Shown of={latest} what="decisions">
          {({ items }) => (
            <Histogram label="Anomaly percentiles" values={percentilesOf(items)} none="No model was used for these decisions." />
          )}
        </Shown>
      </Panel>
    </>
  );
}

function Histogram({
  label,
  values,
  none,
}: {
  readonly label: string;
  readonly values: readonly number[];
  readonly none: string;
}) {
  const bins = useMemo(() => binsOf(values), [values]);
  if (values.length === 0) return <p class="text">{none}</p>;
  const most = Math.max(...bins);
  return (
    <figure
      class="histogram"
      role="img"
      aria-label={`${label}: ${bins
        .map((count, bin) => (count > 0 ? `${count} from ${bin * 5}` : ''))
        .filter(Boolean)
        .join(', ')}`}
    >
      <div class="bins">
        {bins.map((count, bin) => (
          <span
            key={bin}
            class={count > 0 ? 'some' : ''}
            style={{ '--share': String(count / most) }}
            title={`${bin * 5} to ${bin * 5 + 5}: ${count}`}
          >
            {count > 0 && <small>{count}</small>}
          </span>
        ))}
      </div>
      <div class="scale">
        {[0, 20, 40, 60, 80, 100].map((value) => (
          <span key={value}>{value}</span>
        ))}
      </div>
    </figure>
  );
}
