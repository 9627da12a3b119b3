import type { TargetedMouseEvent } from 'preact';
import { useId, useReducer, useRef } from 'preact/hooks';
import { draftOf, keepDraft } from '../drafts.ts';
import { dispositionWords } from '../format.ts';
import { dismiss, hold, holdMs, undo, undoLast, useHeld } from '../held.ts';
import { useClock } from '../hooks.ts';
import { closeOnEscape, isTyping, useKeys } from '../keys.ts';
import { type Disposition, dispositions } from '../wire.ts';

const keyOf: Readonly<Record<Disposition, string>> = { CONFIRMED_FRAUD: 'f', LEGITIMATE: 'l', UNSURE: 'u' };
const noteCharactersMax = 1_000;

interface DispositionFormProps {
  readonly transactionId: string;
  readonly accountId: string | null;
  /** The name of the note's draft: it is kept while the analyst looks at something else. */
  readonly draft: string;
  /** Whether the payment is on the screen: until then nothing can be decided. */
  readonly ready?: boolean;
  readonly onHeld?: () => void;
}

/** The form for a disposition of one payment: F, L and U decide, N writes a note. */
export function DispositionForm({ transactionId, accountId, draft, ready = true, onHeld }: DispositionFormProps) {
  useHeld(); // An undone disposition gives its note back.
  const [, draw] = useReducer((round: number) => round + 1, 0);
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const choose = (disposition: Disposition): void => {
    if (!ready) return;
    const note = draftOf(draft).trim();
    keepDraft(draft, '');
    field.current?.blur();
    hold({ transactionId, accountId, disposition, note, draft });
    onHeld?.();
  };
  const clicked = (event: TargetedMouseEvent<HTMLButtonElement>, disposition: Disposition): void => {
    // A space typed right after the focus left the note presses the button without a pointer.
    if (event.detail > 0 || !isTyping(event)) choose(disposition);
  };
  useKeys(
    {
      f: () => choose('CONFIRMED_FRAUD'),
      l: () => choose('LEGITIMATE'),
      u: () => choose('UNSURE'),
      n: () => field.current?.focus(),
    },
    { repeats: false },
  );
  return (
    <div class="disposition">
      <label for={id}>
        Note <kbd>N</kbd>
      </label>
      <textarea
        id={id}
        ref={field}
        rows={2}
        maxLength={noteCharactersMax}
        value={draftOf(draft)}
        onInput={(event) => {
          keepDraft(draft, event.currentTarget.value);
          draw(undefined as never);
        }}
        onKeyDown={closeOnEscape}
      />
      <div class="buttons">
        {dispositions.map((disposition) => (
          <button
            type="button"
            key={disposition}
            class={disposition.toLowerCase()}
            disabled={!ready}
            onClick={(event) => clicked(event, disposition)}
          >
            {dispositionWords[disposition]} <kbd>{keyOf[disposition].toUpperCase()}</kbd>
          </button>
        ))}
      </div>
      <p class="hint">Escape closes the note. A disposition is sent after {holdMs / 1_000} seconds; until then Z undoes it.</p>
    </div>
  );
}

/** The dispositions that are held, sent or failed, at the foot of every page. */
export function HeldReviews() {
  const held = useHeld();
  const nowMs = useClock(250);
  useKeys({ z: undoLast });
  return (
    <div class="toasts" role="status" aria-live="polite">
      {held.map((review) => (
        <div key={review.id} class={`toast ${review.state}`}>
          <p>
            <strong>{dispositionWords[review.disposition]}</strong> <code>{review.transactionId}</code>
            {review.state === 'sending' && ' is being sent'}
            {review.state === 'sent' && ' is recorded'}
            {review.state === 'failed' && ` was not recorded: ${review.message}`}
          </p>
          {review.state === 'held' && (
            <>
              <span class="countdown" aria-hidden="true">
                {Math.max(0, Math.ceil((review.dueMs - nowMs) / 1_000))} s
              </span>
              <button type="button" onClick={() => undo(review.id)}>
                Undo <kbd>Z</kbd>
              </button>
            </>
          )}
          {review.state === 'failed' && (
            <>
              <button
                type="button"
                onClick={() => {
                  dismiss(review.id);
                  hold(review);
                }}
              >
                Try again
              </button>
              <button type="button" onClick={() => dismiss(review.id)}>
                Dismiss
              </button>
            </>
          )}
        </div>
      ))}
    </div>
  );
}
