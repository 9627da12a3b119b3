import { useLayoutEffect, useRef } from 'preact/hooks';
import { KeyGuard } from './keyGuard.ts';

/** The keys of the page. One listener and one guard serve all of it: while a note is written, no key is a command. */

interface Commands {
  readonly keys: Readonly<Record<string, () => void>>;
  /** Whether a key that is held down acts again and again. */
  readonly repeats: boolean;
}

const guard = new KeyGuard();
const active = new Set<{ readonly current: Commands }>();

const isNote = (target: EventTarget | null): boolean => target instanceof HTMLTextAreaElement;

const isOtherField = (target: EventTarget | null): boolean =>
  target instanceof HTMLInputElement || target instanceof HTMLSelectElement;

/** Whether an event comes so soon after typing that it is still a part of the text. */
export const isTyping = (event: Event): boolean => guard.isTextAt(event.timeStamp);

/** For a note's `onKeyDown`: Escape closes the note, and the next key is a command again. */
export const closeOnEscape = (event: KeyboardEvent): void => {
  if (event.key !== 'Escape' || event.isComposing) return;
  (event.currentTarget as HTMLElement).blur();
  guard.closed();
};

/** Keys that act anywhere on the page, except in a field, with Ctrl, Alt or Meta, and while text is typed. */
export function useKeys(keys: Commands['keys'], { repeats = true } = {}): void {
  const latest = useRef<Commands>({ keys, repeats });
  latest.current = { keys, repeats };
  // Before the page is painted: a key pressed on what is seen first must not be lost.
  useLayoutEffect(() => {
    active.add(latest);
    return () => void active.delete(latest);
  }, []);
}

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || isOtherField(event.target)) return;
  const { key, timeStamp } = event;
  if (isNote(event.target)) {
    if (key !== 'Escape') guard.textAt(timeStamp);
    return;
  }
  const isPrintable = key.length === 1;
  const command = isTyping(event) ? undefined : [...active].find(({ current }) => Object.hasOwn(current.keys, key))?.current;
  if (command !== undefined) {
    event.preventDefault();
    if (!event.repeat || command.repeats) command.keys[key]!();
    return;
  }
  // A letter that is no command starts a text; a space may press the button that has the focus.
  if (isPrintable && (key !== ' ' || isTyping(event))) guard.textAt(timeStamp);
});

addEventListener('focusout', (event) => {
  if (isNote(event.target)) guard.textAt(event.timeStamp);
});
