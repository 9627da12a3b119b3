import { useMemo, useState } from 'preact/hooks';
import { type Page, path } from '../api.ts';
import { dateTime, signalLabel } from '../format.ts';
import { useResource } from '../hooks.ts';
import { Empty, Facts, OutcomeTag, Panel, Shown } from '../parts/basics.tsx';
import { changes, signalSentence } from '../policyWords.ts';
import { usePlace } from '../router.ts';
import { useScope } from '../session.tsx';
import type { Policy, PolicySummary, PolicyVersion, SystemEntry } from '../wire.ts';

export function PolicyPage() {
  const wanted = usePlace().query.get('version');
  const inForce = useResource<PolicyVersion>('policy');
  const asked = useResource<PolicyVersion>(wanted === null ? null : path`policy/versions/${wanted}`);
  const shown = wanted === null ? inForce : asked;
  const mayAdmin = useScope('admin');
  return (
    <div class="policy">
      <div class="pageHead">
        <h1>Policy</h1>
        {shown.data !== null && (
          <span class="hint">
            version {shown.data.version}
            {inForce.data?.version === shown.data.version ? ', in force' : ', not in force'}
            {shown.data.publishedAt !== null && `, published ${dateTime(shown.data.publishedAt)}`}
          </span>
        )}
        {wanted !== null && <a href="#/policy">Show the policy in force</a>}
      </div>
      <Shown of={shown} what="policy" lines={10}>
        {(stored) => (
          <div class="columns">
            <div>
              <InWords policy={stored.policy} />
              <Rules policy={stored.policy} />
            </div>
            <div>
              <Cutoffs stored={stored} />
              <Lists policy={stored.policy} />
              <Versions inForce={inForce.data} />
              {mayAdmin && <SystemChain />}
            </div>
          </div>
        )}
      </Shown>
    </div>
  );
}

const Cutoffs = ({ stored: { policy, hash } }: { readonly stored: PolicyVersion }) => {
  const { review, block } = policy.cutoffs;
  return (
    <Panel title="Cut-offs">
      <div class="cutoffs" aria-hidden="true" style={{ '--from-review': `${review}%`, '--from-block': `${block}%` }}>
        <span class="allow">Allow</span>
        <span class="review">Review from {review}</span>
        <span class="block">Block from {block}</span>
      </div>
      <Facts
        rows={[
          ['Review', `from ${review} points`],
          ['Block', `from ${block} points`],
          ['When a part is not available', <OutcomeTag outcome={policy.failTo} />],
          ['Base currency', policy.baseCurrency],
          ['Learned layer', policy.learnedWeight === 0 ? 'off' : `weight ${policy.learnedWeight}`],
          ['Hash', <code class="hash">{hash}</code>],
        ]}
      />
    </Panel>
  );
};

const InWords = ({ policy }: { readonly policy: Policy }) => (
  <Panel title="Signals">
    <ul class="sentences">
      {Object.entries(policy.signals).map(([name, { threshold, points }]) =>
        threshold === null ? null : (
          <li key={name}>
            <span>
              <strong>{signalLabel(name)}</strong> {signalSentence(name, threshold, policy.baseCurrency)}
            </span>
            <span class="points">+{points}</span>
          </li>
        ),
      )}
    </ul>
  </Panel>
);

const Rules = ({ policy }: { readonly policy: Policy }) => (
  <Panel title="Rules" hint="written in CEL">
    {policy.rules.length === 0 ? (
      <p class="text">There are no rules besides the signals.</p>
    ) : (
      <ul class="sentences rules">
        {policy.rules.map((rule) => (
          <li key={rule.id}>
            <span>
              <strong>{rule.text}</strong>
              <code class="rule">{rule.when}</code>
              <span class="hint">{rule.id}</span>
            </span>
            {rule.outcome === undefined ? <span class="points">+{rule.points}</span> : <OutcomeTag outcome={rule.outcome} />}
          </li>
        ))}
      </ul>
    )}
  </Panel>
);

const Lists = ({ policy }: { readonly policy: Policy }) => (
  <Panel title="Lists">
    <ul class="sentences">
      {Object.entries(policy.lists).map(([name, list]) => (
        <li key={name}>
          <span>
            <strong>{name}</strong> {list.text}{' '}
            <span class="hint">
              by {list.field}
              {list.overrides ? ', overrides block lists and rules' : ''}
            </span>
          </span>
          <OutcomeTag outcome={list.outcome} />
        </li>
      ))}
    </ul>
  </Panel>
);

function Versions({ inForce }: { readonly inForce: PolicyVersion | null }) {
  const versions = useResource<Page<PolicySummary>>('policy/versions?limit=100');
  const [older, setOlder] = useState<number | null>(null);
  const [newer, setNewer] = useState<number | null>(null);
  const items = versions.data?.items ?? [];
  const to = newer ?? inForce?.version ?? null;
  const from = older ?? items.find(({ version }) => to !== null && version < to)?.version ?? null;
  return (
    <Panel title="Versions">
      <Shown of={versions} what="versions">
        {() =>
          items.length < 2 ? (
            <p class="text">This is the only version. Publish a new one with PUT /policy or aegis policy publish.</p>
          ) : (
            <>
              <ul class="versions">
                {items.map((item) => (
                  <li key={item.version}>
                    <a href={`#/policy?version=${item.version}`}>Version {item.version}</a>
                    <span class="chip">{item.version === inForce?.version ? 'in force' : item.status}</span>
                    <span class="hint">
                      {item.publishedAt === null ? 'default' : dateTime(item.publishedAt)}
                      {item.by ? ` by ${item.by}` : ''}
                    </span>
                  </li>
                ))}
              </ul>
              <div class="compare">
                <VersionChoice label="Compare" items={items} value={from} onChange={setOlder} />
                <VersionChoice label="with" items={items} value={to} onChange={setNewer} />
              </div>
              {from !== null && to !== null && <Differences from={from} to={to} />}
            </>
          )
        }
      </Shown>
    </Panel>
  );
}

const VersionChoice = (props: {
  readonly label: string;
  readonly items: readonly PolicySummary[];
  readonly value: number | null;
  readonly onChange: (version: number) => void;
}) => (
  <label class="inline">
    {props.label}
    <select value={String(props.value ?? '')} onChange={(event) => props.onChange(Number(event.currentTarget.value))}>
      {props.items.map(({ version }) => (
        <option key={version} value={String(version)}>
          version {version}
        </option>
      ))}
    </select>
  </label>
);

function Differences({ from, to }: { readonly from: number; readonly to: number }) {
  const before = useResource<PolicyVersion>(path`policy/versions/${from}`);
  const after = useResource<PolicyVersion>(path`policy/versions/${to}`);
  const found = useMemo(
    () => (before.data === null || after.data === null ? null : changes(before.data.policy, after.data.policy)),
    [before.data, after.data],
  );
  if (found === null) return <Shown of={before.data === null ? before : after} what="version" children={() => null} />;
  if (found.length === 0) return <p class="text">The two versions are the same.</p>;
  return (
    <ul class="differences" aria-label={`Differences from version ${from} to version ${to}`}>
      {found.map(({ where, before: was, after: is }) => (
        <li key={where}>
          <code>{where}</code>
          {was !== null && <del>{was}</del>}
          {is !== null && <ins>{is}</ins>}
        </li>
      ))}
    </ul>
  );
}

function SystemChain() {
  const chain = useResource<Page<SystemEntry>>('audit/system?limit=200');
  return (
    <Panel title="Who changed what" hint="the system chain">
      <Shown of={chain} what="system chain">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nothing has changed yet" />
          ) : (
            <ul class="versions">
              {items.toReversed().map(({ body, hash }) => (
                <li key={hash}>
                  <strong>{body.event.toLowerCase().replaceAll('_', ' ')}</strong>
                  <span class="hint">
                    {dateTime(body.at)}
                    {body.by !== undefined && ` by ${body.by}`}
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Shown>
    </Panel>
  );
}
