import type { ByteReader, ByteWriter } from './bytes.ts';
import { unsigned } from './codecs.ts';
import { type Field, fieldsOf, type Layout, readFields, writeFields } from './fields.ts';
import { knownLayout } from './knownNames.ts';
import { maskOf, type Span } from './spans.ts';

/** What a span states before its fields, beside its distance from the span before it. */
const flags = { triggers: 1, unordered: 2, merged: 4 } as const;

/** The signals that triggered, as a mask, and how often each did where the span holds several payments. */
const triggers: Field<Span> = {
  write: (writer, span) => {
    writer.unsigned(maskIn(span));
    if (span.count > 1) for (const times of span.triggers ?? []) if (times > 0) writer.unsigned(times);
  },
  read: (reader, span, { names: { signals } }) => {
    const mask = reader.unsigned();
    if (mask >= 2 ** signals.length) throw new RangeError(`a trigger of a signal beyond the ${signals.length} known`);
    if (span.count! > 1) span.triggers = signals.map((_, i) => ((mask >> i) & 1 ? reader.unsigned() : 0));
    else span.triggered = mask;
  },
};

const { field, distance } = fieldsOf<Span>();

/** By the flags of a span: all of its fields after its time. */
const byFlags: readonly (readonly Field<Span>[])[] = Array.from({ length: 8 }, (_, given) => [
  field('spendMinor', unsigned),
  ...(given & flags.merged
    ? [field('count', unsigned), distance('entries', 'count', unsigned), distance('newestMs', 'oldestMs', unsigned)]
    : []),
  ...(given & flags.triggers ? [triggers] : []),
]);

/**
 * Writes the spans; times are kept as distances. A span is plain when it is a single payment in order that triggered nothing: twice its
 * distance and its amount, about 6 bytes. Any other states its flags in an odd number, its distance, and its fields.
 */
export function writeSpans(writer: ByteWriter, spans: readonly Span[], baseMs: number, layout: Layout = knownLayout): void {
  writer.unsigned(spans.length);
  let previousMs = baseMs;
  for (const span of spans) {
    const aheadMs = span.oldestMs - previousMs;
    const given = flagsOf(span);
    if (given === 0 && aheadMs >= 0) writer.unsigned(aheadMs * 2).unsigned(span.spendMinor);
    else writeFields(byFlags[given]!, writer.unsigned(given * 2 + 1).signed(aheadMs), span, layout);
    previousMs = span.newestMs;
  }
}

const flagsOf = (span: Span): number =>
  (span.triggers !== null || span.triggered !== 0 ? flags.triggers : 0) |
  (span.unordered ? flags.unordered : 0) |
  (span.entries !== 1 || span.count !== 1 || span.newestMs !== span.oldestMs ? flags.merged : 0);

export function readSpans(reader: ByteReader, baseMs: number, layout: Layout = knownLayout): Span[] {
  const spans = new Array<Span>(reader.unsigned());
  let previousMs = baseMs;
  for (let i = 0; i < spans.length; i++) {
    const head = reader.unsigned();
    const span =
      head % 2 === 0 ? plain(previousMs + head / 2, reader.unsigned()) : readFlagged(reader, (head - 1) / 2, previousMs, layout);
    spans[i] = span;
    previousMs = span.newestMs;
  }
  return spans;
}

const plain = (atMs: number, spendMinor: number): Span => ({
  count: 1,
  entries: 1,
  oldestMs: atMs,
  newestMs: atMs,
  spendMinor,
  triggered: 0,
  triggers: null,
  unordered: false,
});

const readFlagged = (reader: ByteReader, given: number, previousMs: number, layout: Layout): Span => {
  const fields = byFlags[given];
  if (fields === undefined) throw new RangeError(`flags of a span that are not known: ${given}`);
  const span = { ...plain(previousMs + reader.signed(), 0), unordered: (given & flags.unordered) !== 0 };
  return readFields<Span>(fields, reader, span, layout);
};

/** How many signals the spans refer to: one more than the position of the last that triggered. */
export const signalsIn = (spans: readonly Span[]): number => {
  let mask = 0;
  for (const span of spans) mask |= maskIn(span);
  return 32 - Math.clz32(mask);
};

const maskIn = ({ triggers, triggered }: Span): number => (triggers === null ? triggered : maskOf(triggers));
