import { describe, expect, it } from 'vitest';
import { draftOf, forgetDrafts, keepDraft } from '../../console/src/drafts.ts';
import { KeyGuard, restMs } from '../../console/src/keyGuard.ts';

describe('a key', () => {
  it('is a command while nothing was typed', () => {
    expect(new KeyGuard().isTextAt(0)).toBe(false);
  });

  it('is text until the keyboard has rested, and a command from then on', () => {
    const guard = new KeyGuard();
    guard.textAt(1_000);
    expect([guard.isTextAt(1_000 + restMs - 1), guard.isTextAt(1_000 + restMs)]).toEqual([true, false]);
  });

  it('is text through a whole sentence that goes on after its field is gone', () => {
    const guard = new KeyGuard();
    guard.textAt(0);
    for (let atMs = 0; atMs < 20_000; atMs += restMs - 1) {
      expect(guard.isTextAt(atMs)).toBe(true);
      guard.textAt(atMs);
    }
  });

  it('is a command at once when the writer closed the note', () => {
    const guard = new KeyGuard();
    guard.textAt(1_000);
    guard.closed();
    expect(guard.isTextAt(1_001)).toBe(false);
  });

  it('is judged by the time of its event, however late the page comes to it', () => {
    const guard = new KeyGuard();
    guard.textAt(5_000);
    guard.textAt(1_000);
    expect(guard.isTextAt(5_000 + restMs - 1)).toBe(true);
  });
});

describe('the draft of a note', () => {
  it('is kept for its review alone, until it is emptied or the analyst signs out', () => {
    keepDraft('r1', 'called the holder');
    keepDraft('r2', 'chargeback');
    expect([draftOf('r1'), draftOf('r2'), draftOf('r3')]).toEqual(['called the holder', 'chargeback', '']);
    keepDraft('r1', '');
    expect(draftOf('r1')).toBe('');
    forgetDrafts();
    expect(draftOf('r2')).toBe('');
  });
});
