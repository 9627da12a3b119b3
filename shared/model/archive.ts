import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { createGunzip, gzipSync } from 'node:zlib';
import { featureNames } from '../domain/features.ts';
import { NewerRow } from '../domain/rowFormat.ts';
import { signalNames } from '../domain/signals/names.ts';

/**
 * The feature archive: what the model saw of every decision, and the labels that came later, as gzipped JSON lines, one object per
 * batch of the project stage. Nothing in it names a person; a batch written twice has the same key and bytes.
 */
export type ArchiveLine = ArchivedDecision | ArchivedLabel;

export interface ArchivedDecision {
  readonly kind: 'decision';
  readonly tenant: string;
  readonly transactionId: string;
  readonly occurredAtMs: number;
  /** By position in `featureNames`; a line of an earlier version has fewer. */
  readonly features: readonly number[];
  /** By position in `signalNames`; null = could not be computed. A line of an earlier version has fewer. */
  readonly signals: readonly (number | null)[];
  readonly outcome: 'ALLOW' | 'REVIEW' | 'BLOCK';
}

export interface ArchivedLabel {
  readonly kind: 'label';
  readonly tenant: string;
  readonly transactionId: string;
  readonly fraud: boolean;
  readonly knownAtMs: number;
}

const _keysAtOnce = 1_000;
export const archivePrefix = 'features/';

/** Largest line read; a longer one is not ours. */
const lineBytesMax = 16_384;

/** The object that holds these lines. Keys sort by the day of the first line. */
export const archiveObject = (lines: readonly ArchiveLine[]): { readonly key: string; readonly body: Uint8Array } => {
  const [first] = lines;
  if (first === undefined) throw new RangeError('an archive object without lines');
  const text = `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
  const atMs = first.kind === 'decision' ? first.occurredAtMs : first.knownAtMs;
  const day = new Date(atMs).toISOString().slice(0, 10).replaceAll('-', '/');
  const hash = createHash('sha256').update(text).digest('hex');
  return { key: `${archivePrefix}${day}/${hash}.jsonl.gz`, body: gzipSync(text) };
};

/** The lines of one object. Throws an Error that names object and line for what is none, and NewerRow for a line of a newer version. */
export async function* readLines(body: Uint8Array, name: string): AsyncGenerator<ArchiveLine> {
  const lines = createInterface({ input: Readable.from([body]).pipe(createGunzip()), crlfDelay: Number.POSITIVE_INFINITY });
  let number = 0;
  for await (const text of lines) {
    number += 1;
    if (text === '') continue;
    const line = text.length > lineBytesMax ? null : parseLine(text, `${name}, line ${number}`);
    if (line === null) throw new Error(`${name}, line ${number}: not a line of the feature archive`);
    yield line;
  }
}

const parseLine = (text: string, place: string): ArchiveLine | null => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const line = value as Record<string, unknown>;
  if (typeof line.tenant !== 'string' || typeof line.transactionId !== 'string') return null;
  if (line.kind === 'label') {
    return typeof line.fraud === 'boolean' && Number.isSafeInteger(line.knownAtMs) ? (value as ArchivedLabel) : null;
  }
  const isNumber = (x: unknown): boolean => typeof x === 'number' && Number.isFinite(x);
  const { features, signals } = line;
  assertKnown(place, 'features', features, featureNames.length);
  assertKnown(place, 'signals', signals, signalNames.length);
  const isDecision =
    line.kind === 'decision' &&
    Number.isSafeInteger(line.occurredAtMs) &&
    Array.isArray(features) &&
    features.every(isNumber) &&
    Array.isArray(signals) &&
    signals.every((x) => x === null || isNumber(x));
  return isDecision ? (value as ArchivedDecision) : null;
};

/** The only format of a line: its arrays say how many values they hold. */
const lineFormat = 1;

const assertKnown = (place: string, name: string, values: unknown, known: number): void => {
  if (!Array.isArray(values) || values.length <= known) return;
  const detail = ` and holds ${values.length} ${name}, of which ${known} are known`;
  throw new NewerRow(`line of the feature archive ${place}`, lineFormat, lineFormat, detail);
};
