import { describe, expect, it } from 'vitest';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { aboutReason, perMinuteMax, quietMs, tell } from '../../../shared/alerts/gate.ts';
import type { AlertKind } from '../../../shared/alerts/message.ts';

const kinds = Object.keys(quietMs) as AlertKind[];
const minuteMs = 60_000;
const startMs = Date.parse('2026-11-20T09:00:00.000Z');

/** A fresh table; `sent` are the subjects that the topic was given. */
const world = () => {
  const state = { nowMs: startMs, broken: false };
  const sent: string[] = [];
  const topic = {
    publish: async (subject: string) => {
      if (state.broken) throw new Error('the topic is away');
      sent.push(subject);
    },
  };
  const table = memoryTable();
  const given = { table, topic, clock: { nowMs: () => state.nowMs } };
  const say = (kind: AlertKind, about: string, occasion: string, tenant = 'dev') =>
    tell(given, { tenant, kind, about, occasion }, { subject: `${kind} ${about} ${occasion}`, text: '' });
  return { state, sent, say };
};

describe.each(kinds)('alerts of kind %s', (kind) => {
  it('tell of one thing once within their quiet time, and again after it', async () => {
    const { state, sent, say } = world();
    await say(kind, 'x', 'one');
    await say(kind, 'y', 'two');
    state.nowMs += quietMs[kind] - 1;
    await say(kind, 'x', 'three');
    expect(sent).toEqual([`${kind} x one`, `${kind} y two`]);
    state.nowMs += 1;
    await say(kind, 'x', 'four');
    expect(sent).toHaveLength(3);
  });

  it('are held back above the number of a minute, per tenant', async () => {
    const { state, sent, say } = world();
    for (let i = 0; i < perMinuteMax + 3; i++) await say(kind, `x${i}`, `o${i}`);
    expect(sent).toHaveLength(perMinuteMax);
    await say(kind, 'x', 'o', 'other');
    state.nowMs += minuteMs;
    await say(kind, 'later', 'o');
    expect(sent).toHaveLength(perMinuteMax + 2);
  });
});

describe('an alert that the topic did not take', () => {
  it('passes again at once when its occasion comes again', async () => {
    const { state, sent, say } = world();
    state.broken = true;
    await expect(say('deadLetters', 'x', 'one')).rejects.toThrow('the topic is away');
    state.broken = false;
    await say('deadLetters', 'x', 'one');
    expect(sent).toEqual(['deadLetters x one']);
  });

  it('silences others about the same for a minute, in which it may be under way, and no longer', async () => {
    const { state, sent, say } = world();
    state.broken = true;
    await expect(say('deadLetters', 'x', 'one')).rejects.toThrow();
    state.broken = false;
    state.nowMs += minuteMs - 1;
    await say('deadLetters', 'x', 'two');
    expect(sent).toEqual([]);
    state.nowMs += 1;
    await say('deadLetters', 'x', 'three');
    expect(sent).toEqual(['deadLetters x three']);
  });
});

it('of several at once about the same, one is sent', async () => {
  const { sent, say } = world();
  await Promise.all(['one', 'two', 'three'].map((occasion) => say('deadLetters', 'x', occasion)));
  expect(sent).toHaveLength(1);
});

it('reasons are told apart, and none reads as an account', () => {
  expect(aboutReason('a')).toBe(aboutReason('a'));
  expect(aboutReason('a')).not.toBe(aboutReason('b'));
  expect(aboutReason('a#b')).not.toContain('#');
});
