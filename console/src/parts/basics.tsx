import type { ComponentChildren } from 'preact';
import type { ApiError } from '../api.ts';
import { outcomeWords, signalLabel } from '../format.ts';
import type { Resource } from '../hooks.ts';
import { type Outcome, outcomes } from '../wire.ts';

/** An outcome in its colour, with its own shape for people who cannot tell the colours apart. */
export const OutcomeTag = ({ outcome, large = false }: { readonly outcome: Outcome; readonly large?: boolean }) => (
  <span class={`tag ${outcome.toLowerCase()}${large ? ' large' : ''}`}>
    <OutcomeShape outcome={outcome} />
    {outcomeWords[outcome]}
  </span>
);

export const OutcomeShape = ({ outcome }: { readonly outcome: Outcome }) => (
  <svg class="shape" viewBox="0 0 10 10" aria-hidden="true">
    {outcome === 'ALLOW' && <circle cx="5" cy="5" r="4" />}
    {outcome === 'REVIEW' && <path d="M5 .8 9.5 9H.5z" />}
    {outcome === 'BLOCK' && <path d="M1 1h8v8H1z" />}
  </svg>
);

export const OutcomeLegend = () => (
  <span class="legend">
    {outcomes.map((outcome) => (
      <span key={outcome} class={outcome.toLowerCase()}>
        <OutcomeShape outcome={outcome} /> {outcomeWords[outcome]}
      </span>
    ))}
  </span>
);

export const Signals = ({ names }: { readonly names: readonly string[] }) => (
  <span class="chips">
    {names.map((name) => (
      <span class="chip" key={name}>
        {signalLabel(name)}
      </span>
    ))}
  </span>
);

export interface PanelProps {
  readonly title: string;
  readonly hint?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly class?: string;
  readonly children: ComponentChildren;
}

export const Panel = ({ title, hint, actions, children, class: kind = '' }: PanelProps) => (
  <section class={`panel ${kind}`}>
    <header>
      <h2>{title}</h2>
      {hint !== undefined && <span class="hint">{hint}</span>}
      {actions !== undefined && <div class="actions">{actions}</div>}
    </header>
    {children}
  </section>
);

export const Loading = ({ what, lines = 4 }: { readonly what: string; readonly lines?: number }) => (
  <div class="loading" role="status">
    <span class="unseen">Loading {what}</span>
    {Array.from({ length: lines }, (_, line) => (
      <span class="bone" key={line} />
    ))}
  </div>
);

export const Empty = ({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) => (
  <div class="state">
    <svg viewBox="0 0 48 48" aria-hidden="true">
      <path d="M24 5 8 11v12c0 10 6.5 17.500 16 20 9.5-2.5 16-10 16-20V11z" />
    </svg>
    <p class="title">{title}</p>
    {children !== undefined && <div class="text">{children}</div>}
  </div>
);

/** Shows what failed, and a button to try again when that can help. */
export const Failed = ({
  error,
  what,
  retry,
}: {
  readonly error: ApiError;
  readonly what: string;
  readonly retry?: () => void;
}) => (
  <div class="state failed" role="alert">
    <p class="title">{failureTitle(error, what)}</p>
    <div class="text">
      <p>{error.status === 0 ? 'The API does not answer. This page keeps trying.' : error.message}</p>
      {error.faults.map((fault) => (
        <p key={fault.pointer}>
          <code>{fault.pointer}</code> {fault.detail}
        </p>
      ))}
    </div>
    {retry !== undefined && (
      <button type="button" onClick={retry}>
        Try again
      </button>
    )}
  </div>
);

const failureTitle = (error: ApiError, what: string): string => {
  if (error.status === 0) return 'Offline';
  if (error.status === 403) return `This key cannot read ${what}`;
  if (error.status === 404) return `There is no such ${what}`;
  return `${what[0]!.toUpperCase()}${what.slice(1)} could not be read`;
};

/** Shows a resource: its content, else its failure, else that it loads. Content stays visible while a newer read fails. */
export function Shown<Body>({
  of,
  what,
  lines,
  children,
}: {
  readonly of: Resource<Body>;
  readonly what: string;
  readonly lines?: number;
  readonly children: (data: Body) => ComponentChildren;
}) {
  if (of.data !== null) return <>{children(of.data)}</>;
  if (of.error !== null) return <Failed error={of.error} what={what} retry={of.reload} />;
  return <Loading what={what} {...(lines !== undefined && { lines })} />;
}

export const Facts = ({ rows }: { readonly rows: readonly (readonly [string, ComponentChildren])[] }) => (
  <dl class="facts">
    {rows.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

export interface Choice<Value extends string> {
  readonly value: Value;
  readonly label: string;
}

/** A choice among a few values, as buttons; the chosen one is pressed. */
export function Choices<Value extends string>({
  label,
  choices,
  value,
  onChange,
}: {
  readonly label: string;
  readonly choices: readonly Choice<Value>[];
  readonly value: Value;
  readonly onChange: (value: Value) => void;
}) {
  return (
    <fieldset class="choices">
      <legend class="unseen">{label}</legend>
      {choices.map((choice) => (
        <button type="button" key={choice.value} aria-pressed={choice.value === value} onClick={() => onChange(choice.value)}>
          {choice.label}
        </button>
      ))}
    </fieldset>
  );
}

/** A box that scrolls when its content is wider, or with `tall` longer, than the page allows. */
export const Scrolls = (props: { readonly label: string; readonly tall?: boolean; readonly children: ComponentChildren }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
  <section class={props.tall ? 'scrolls tall' : 'scrolls'} tabIndex={0} aria-label={props.label}>
    {props.children}
  </section>
);
