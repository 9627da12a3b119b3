import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../../shared/domain/bytes.ts';
import { knownNames } from '../../../shared/domain/knownNames.ts';
import { emptyProfile } from '../../../shared/domain/profile.ts';
import { NewerRow } from '../../../shared/domain/rowFormat.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';
import { readSpans, signalsIn, writeSpans } from '../../../shared/domain/spanCodec.ts';
import type { Span } from '../../../shared/domain/spans.ts';
import { type AccountState, describeState, devicesMax, newAccount, placesMax, saltBytes } from '../../../shared/domain/state.ts';
import { decodeState, encodeState } from '../../../shared/domain/stateCodec.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { seeded } from '../../support/windowRun.ts';
import { DrivenAccount, t0 } from './driven.ts';

const timeMs = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2099, 0, 1) });
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const positive = fc.double({ min: 5e-324, max: 1e12, noNaN: true });
const degrees = (limit: number) =>
  fc.oneof(
    fc.double({ min: -limit, max: limit, noNaN: true }),
    fc.integer({ min: -limit * 1e7, max: limit * 1e7 }).map((steps) => steps / 1e7),
    fc.constantFrom(0, -0, limit, -limit),
  );

/** Spans of a version with so many signals; a signal is a rare event, so that many spans have none of the later ones. */
const spanOf = (signals: number): fc.Arbitrary<Span> =>
  fc
    .record({
      oldestMs: timeMs,
      lengthMs: fc.nat(172_800_000),
      count: fc.oneof(fc.constantFrom(0, 1, 1, 1), fc.integer({ min: 2, max: 20_000 })),
      gaps: fc.oneof(fc.constant(0), fc.nat(5)),
      spendMinor: fc.oneof(fc.nat(1e6), fc.maxSafeNat()),
      mask: fc.oneof(fc.constant(0), fc.nat(511), fc.nat(2 ** signals - 1)),
      counts: fc.oneof(
        fc.constant(null),
        fc.array(fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(5_000)), { minLength: signals, maxLength: signals }),
      ),
      unordered: fc.boolean(),
    })
    .map(({ oldestMs, lengthMs, count, gaps, spendMinor, mask, counts, unordered }) => ({
      count,
      entries: count === 0 ? 1 + gaps : count + gaps,
      oldestMs,
      newestMs: oldestMs + (count > 1 ? lengthMs : 0),
      spendMinor: count === 0 ? 0 : spendMinor,
      triggered: count === 1 ? mask : 0,
      triggers: count > 1 && counts?.some((times) => times > 0) ? counts : null,
      unordered: count > 0 && unordered,
    }));

const span = spanOf(signalNames.length);

const moments = fc.oneof(
  fc.constant({ atMs: 0, weight: 0, mean: 0, spread: 0 }),
  fc.record({ atMs: timeMs, weight: positive, mean: finite, spread: finite }),
);
const share = fc.oneof(
  fc.constant({ atMs: 0, weight: 0, part: 0 }),
  fc.record({ atMs: timeMs, weight: positive, part: fc.oneof(fc.constant(0), positive) }),
);
const float = fc.float({ noNaN: true, noDefaultInfinity: true, min: 0 });

const stateOf = (signals: number): fc.Arbitrary<AccountState> =>
  fc
    .record({
      payments: fc.integer({ min: 1, max: 1e9 }),
      reviews: fc.nat(1000),
      chain: fc.stringMatching(/^[\w-]{22}$/),
      head: fc.stringMatching(/^[0-9a-f]{64}$/),
      salt: fc.uint8Array({ minLength: saltBytes, maxLength: saltBytes }),
      firstSeenMs: timeMs,
      newestMs: timeMs,
      lastOutcome: fc.constantFrom(null, 'ALLOW', 'REVIEW', 'BLOCK'),
      spans: fc.array(spanOf(signals), { maxLength: 40 }),
      amounts: moments,
      nights: share,
      devices: fc.array(fc.record({ token: fc.nat(0xffffffff), lastSeenMs: timeMs }), { maxLength: devicesMax }),
      places: fc.array(fc.record({ latitude: degrees(90), longitude: degrees(180), atMs: timeMs }), { maxLength: placesMax }),
      placesForgotten: fc.boolean(),
      usual: fc.record({ spend24hMinor: float, count1h: float, count1m: float }),
    })
    .map(({ reviews, ...rest }) => ({ ...rest, sequence: rest.payments + reviews, profile: emptyProfile }) as AccountState);

const own = signalNames.length;
const state = stateOf(own);

/** An account after some hundred payments of every kind. */
const lived = (): DrivenAccount => {
  const random = seeded(11);
  const account = new DrivenAccount(defaultPolicy);
  let nowMs = t0;
  for (let i = 0; i < 300; i++) {
    nowMs += Math.floor(random() * 400_000);
    account.pay({
      occurredAtMs: random() < 0.1 ? nowMs - Math.floor(random() * 90_000_000) : nowMs,
      amountMinor: 1 + Math.floor(random() * 1e6),
      deviceId: random() < 0.5 ? null : `d${Math.floor(random() * 6)}`,
      location: random() < 0.5 ? null : { latitude: random() * 90, longitude: random() * 180 },
    });
  }
  return account;
};

describe('a packed state', () => {
  test('of any kind reads back equal', () => {
    fc.assert(
      fc.property(state, (given) => {
        expect(decodeState(encodeState(given), given.sequence)).toEqual(given);
      }),
    );
  });

  test('reached by real decisions reads back equal and packs to the same bytes', () => {
    const { state: reached } = lived();
    expect(reached.spans.some(({ count }) => count > 1)).toBe(true);
    const bytes = encodeState(reached);
    expect(encodeState(decodeState(bytes, reached.sequence))).toEqual(bytes);
    expect(decodeState(bytes, reached.sequence)).toEqual(reached);
  });

  let packed: Uint8Array | null = null;
  const packedOnce = (): Uint8Array => {
    packed ??= encodeState(lived().state);
    return packed;
  };

  test('of a newer format is refused by its name', () => {
    const bytes = packedOnce();
    const newer = 'the account state S#dev#a / u is in format 3; this version reads formats up to 2';
    expect(() => decodeState(bytes.with(0, 3), 300, 'S#dev#a / u')).toThrow(newer);
    expect(() => decodeState(new Uint8Array(0), 0)).toThrow('the account state is damaged: the bytes end too early');
  });

  describe.each([9, 14, 20, 31])('by a version of %i signals', (count) => {
    const known = { ...knownNames, signals: Array.from({ length: count }, (_, i) => `SIGNAL_${i}`) };
    const grown = state.chain((given) => fc.array(spanOf(count), { maxLength: 20 }).map((spans) => ({ ...given, spans })));

    test('reads back equal, in the first format that holds it', () => {
      fc.assert(
        fc.property(grown, (given) => {
          const bytes = encodeState(given, known);
          expect(decodeState(bytes, given.sequence, '', known)).toEqual(given);
          expect(bytes[0]).toBe(signalsIn(given.spans) > 9 ? 2 : 1);
        }),
      );
    });

    test('is read right by this version where no later signal triggered, and refused by name where one did', () => {
      fc.assert(
        fc.property(grown, (given) => {
          const bytes = encodeState(given, known);
          const read = () => decodeState(bytes, given.sequence, 'S#dev#a / u');
          if (signalsIn(given.spans) > own) expect(read).toThrow(NewerRow);
          else {
            const spans = given.spans.map((one) => ({
              ...one,
              triggers: one.triggers && signalNames.map((_, signal) => one.triggers![signal] ?? 0),
            }));
            expect(read()).toEqual({ ...given, spans });
          }
        }),
      );
    });

    test('takes a state of 9 signals over: what came later has not triggered', () => {
      const first = { ...knownNames, signals: signalNames.slice(0, 9) };
      fc.assert(
        fc.property(stateOf(9), (given) => {
          const { spans } = decodeState(encodeState(given, first), given.sequence, '', known);
          for (const [i, { triggers, triggered }] of spans.entries()) {
            expect(triggered).toBe(given.spans[i]!.triggered);
            const before = given.spans[i]!.triggers;
            expect(triggers).toEqual(before && known.signals.map((_, signal) => before[signal] ?? 0));
          }
        }),
      );
    });
  });

  test('cut off anywhere is refused', () => {
    const bytes = packedOnce();
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeState(bytes.subarray(0, length), 300), `${length} of ${bytes.length} bytes`).toThrow(RangeError);
  });

  test('with bytes after its end is refused', () => {
    const bytes = packedOnce();
    expect(() => decodeState(Uint8Array.of(...bytes, 0), 300)).toThrow('longer than it says');
  });

  test('with any one byte changed reads as some state or is refused, and nothing else', () => {
    const bytes = packedOnce();
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.with(at, bytes[at]! ^ 0xff);
      try {
        decodeState(changed, 300);
      } catch (error) {
        expect(error, `byte ${at}`).toBeInstanceOf(RangeError);
      }
    }
  });

  test('does not depend on where in a buffer it lies', () => {
    const bytes = packedOnce();
    const larger = new Uint8Array(bytes.length + 9);
    larger.set(bytes, 5);
    expect(decodeState(larger.subarray(5, 5 + bytes.length), 300)).toEqual(decodeState(bytes, 300));
  });

  test('keeps nothing of the buffer it was read from', () => {
    const bytes = Uint8Array.from(packedOnce());
    const state = decodeState(bytes, 300);
    bytes.fill(0);
    expect(state).toEqual(decodeState(packedOnce(), 300));
  });

  test('spans alone read back equal', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 60 }), timeMs, (spans, baseMs) => {
        const writer = new ByteWriter();
        writeSpans(writer, spans, baseMs);
        const reader = new ByteReader(writer.finish());
        expect(readSpans(reader, baseMs)).toEqual(spans);
        expect(reader.done).toBe(true);
      }),
    );
  });
});

describe('the room of a place', () => {
  const withPlace = (latitude: number, longitude: number): number =>
    encodeState({ ...newAccount('c', new Uint8Array(16), t0), newestMs: t0, places: [{ latitude, longitude, atMs: t0 }] }).length;
  const none = encodeState({ ...newAccount('c', new Uint8Array(16), t0), newestMs: t0 }).length;

  test.each([
    ['whole degrees', 12, 77, 1 + 4 + 5],
    ['7 decimals', 12.9715987, -77.5945627, 1 + 4 + 5],
    ['the south pole on the date line', -90, 180, 1 + 5 + 5],
    ['more decimals than 7', 12.97159871, 77.59456271, 1 + 14 + 14],
    ['a zero below zero', -0, 0, 1 + 14 + 1],
  ])('%s', (_, latitude, longitude, bytes) => {
    expect(withPlace(latitude, longitude) - none).toBe(bytes);
  });
});

test('a new account knows nothing', () => {
  expect(newAccount('c', new Uint8Array(16), t0)).toEqual({
    sequence: 0,
    payments: 0,
    chain: 'c',
    head: '0000000000000000000000000000000000000000000000000000000000000000',
    salt: new Uint8Array(16),
    firstSeenMs: t0,
    newestMs: Number.NEGATIVE_INFINITY,
    lastOutcome: null,
    spans: [],
    amounts: { atMs: 0, weight: 0, mean: 0, spread: 0 },
    nights: { atMs: 0, weight: 0, part: 0 },
    devices: [],
    places: [],
    placesForgotten: false,
    usual: { spend24hMinor: 0, count1h: 0, count1m: 0 },
    profile: emptyProfile,
  });
});

describe('for a person', () => {
  test('times are dates and the salt is not shown', () => {
    const { state: reached } = lived();
    const shown = describeState(reached) as { salt: string; firstSeen: string; newest: string; spans: { from: string }[] };
    expect(shown.salt).toBe('(16 bytes)');
    expect(shown.firstSeen).toBe('2026-11-20T08:15:00.000Z');
    expect(Date.parse(shown.newest)).toBe(reached.newestMs);
    expect(Date.parse(shown.spans[0]!.from)).toBe(reached.spans[0]!.oldestMs);
  });

  test('an account without payments has no newest one', () => {
    expect(describeState(newAccount('c', new Uint8Array(16), t0))).toMatchObject({ newest: null });
  });
});
