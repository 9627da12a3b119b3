import { gunzipSync, gzipSync } from 'node:zlib';
import type { Clock, TableStore } from '../../shared/ports/ports.ts';
import { expiryAttribute, progressKey } from '../../shared/store/names.ts';
import type { StreamRecord } from './records.ts';

/** Whether a sink has done a record. */
export type Done = (sink: string, record: StreamRecord) => boolean;

/**
 * What each sink has done of a batch that comes again. The stream comes back with the first record that failed and all that follow, so a
 * note under the id of that record is found by one read, and a batch that never failed costs no write.
 */
export interface Progress {
  /** Throws StoreErrors: then nothing is known, and no sink may be called. */
  recall(records: readonly StreamRecord[]): Promise<Done>;
  /** `records` are those that come again. Throws StoreErrors. */
  remember(
    records: readonly StreamRecord[],
    sinks: readonly string[],
    isDone: (sink: string, index: number) => boolean,
  ): Promise<void>;
}

/** The stream keeps a record for a day; nothing comes again after that. */
const keptMs = 2 * 86_400_000;
const noteBytesMax = 4 * 2 ** 20;
const formatVersion = 1;

/** Of each sink, one character a record: whether it is done. Long runs of one character take no room once compressed. */
interface Note {
  readonly records: readonly string[];
  readonly done: Readonly<Record<string, string>>;
}

export const tableProgress = ({ table, clock }: { readonly table: TableStore; readonly clock: Clock }): Progress => ({
  async recall(records) {
    const first = records[0]?.eventID;
    const item = first === undefined ? null : await table.get(progressKey(first), { consistent: true });
    if (item === null || item.v !== formatVersion) return () => false;
    const note = JSON.parse(gunzipSync(item.note as Uint8Array, { maxOutputLength: noteBytesMax }).toString()) as Note;
    const places = new Map(note.records.map((id, i) => [id, i]));
    return (sink, { eventID = '' }) => note.done[sink]?.[places.get(eventID) ?? -1] === isDoneMark;
  },

  async remember(records, sinks, isDone) {
    const ids = records.map(({ eventID }) => eventID ?? '');
    if (ids[0] === undefined || ids.includes('')) return;
    const done = Object.fromEntries(
      sinks.map((sink) => [sink, ids.map((_, i) => (isDone(sink, i) ? isDoneMark : isOwedMark)).join('')]),
    );
    const note: Note = { records: ids, done };
    await table.put({
      ...progressKey(ids[0]),
      v: formatVersion,
      note: gzipSync(JSON.stringify(note)),
      [expiryAttribute]: Math.ceil((clock.nowMs() + keptMs) / 1_000),
    });
  },
});

const isDoneMark = '1';
const isOwedMark = '0';
