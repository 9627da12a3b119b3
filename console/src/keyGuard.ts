/** How long the keyboard must rest after a note was written before keys are commands again. */
export const restMs = 600;

/**
 * Decides whether a key is a command or a part of a text. A writer whose note loses the focus (a click, Tab, a page that changes) goes on
 * typing: those keys are text too, and each of them extends the rest. All times are event times in ms, so that a slow page decides as a
 * fast page does.
 */
export class KeyGuard {
  #restsUntilMs = Number.NEGATIVE_INFINITY;

  /** Records that text was typed, or that a note lost the focus. */
  textAt(atMs: number): void {
    this.#restsUntilMs = Math.max(this.#restsUntilMs, atMs + restMs);
  }

  /** Records that the writer closed the note on purpose (Escape): the next key is a command. */
  closed(): void {
    this.#restsUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** Returns whether a key or a click at this time is still a part of the text. */
  isTextAt(atMs: number): boolean {
    return atMs < this.#restsUntilMs;
  }
}
