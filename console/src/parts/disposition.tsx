import { useId, useRef, useState } from 'preact/hooks';
import { dispositionWords } from '../format.ts';
import { dismiss, hold, holdMs, undo, undoLast, useHeld } from '../held.ts';
import { useClock, useKeys } from '../hooks.ts';
import { type Disposition, dispositions } from '../wire.ts';

const keyOf: Readonly<Record<Disposition, string>> = { CONFIRMED_FRAUD: 'f', LEGITIMATE: 'l', UNSURE: 'u' };
const noteCharactersMax = 1_000;

/** What an analyst says of one payment. F, L and U decide, N writes a note. */
export function DispositionForm({
  transactionId,
  accountId,
  onHeld,
}: {
  readonly transactionId: string;
  readonly accountId: string | null;
  readonly onHeld?: () => void;
}) {
  const [note, setNote] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const choose = (disposition: Disposition): void => {
    hold({ transactionId, accountId, disposition, note: note.trim() });
    setNote('');
    field.current?.blur();
    onHeld?.();
  };
  useKeys({
    f: () => choose('CONFIRMED_FRAUD'),
    l: () => choose('LEGITIMATE'),
    u: () => choose('UNSURE'),
    n: () => field.current?.focus(),
  });
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
        value={note}
        onInput={(event) => setNote(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
      <div class="buttons">
        {dispositions.map((disposition) => (
          <button type="button" key={disposition} class={disposition.toLowerCase()} onClick={() => choose(disposition)}>
            {dispositionWords[disposition]} <kbd>{keyOf[disposition].toUpperCase()}</kbd>
          </button>
        ))}
      </div>
      <p class="hint">Sent after {holdMs / 1_000} seconds; until then Z takes it back.</p>
    </div>
  );
}

/** The dispositions on their way, at the foot of every page. */
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
