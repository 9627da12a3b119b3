import { itemSizeBytes } from '../../../shared/adapters/memory/itemSize.ts';
import type { Clock, Item, ObjectStore, TableStore, Write } from '../../../shared/ports/ports.ts';
import type { Signer } from '../../../shared/proof/signer.ts';
import { type CallKind, callMs } from './latencies.ts';

/** The job had no time left on AWS when it made this call. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

/** Counts calls and bytes, lets each call take its time on the virtual clock, and keeps what the synthetic stores cost apart. */
export class Meter {
  readonly calls: Partial<Record<CallKind, number>> = {};
  bytes = 0;
  /** Processor time of the stores themselves, which on AWS is not the function's. */
  storesCpuMs = 0;
  /** Whether a call ended after the deadline. */
  isOutOfTime = false;
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  /** Calls that the stores are answering, and the thread's time when the first of them began. */
  #underWay = 0;
  #begun = process.threadCpuUsage();

  constructor(clock: Clock, deadlineMs: number) {
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
  }

  /** Runs a call of a store, which must not wait for anything real. Throws OutOfTime when it ends after the deadline. */
  async call<T>(kind: CallKind, act: () => Promise<T>, bytesOf: (answer: T) => number): Promise<T> {
    if (this.#underWay++ === 0) this.#begun = process.threadCpuUsage();
    let answer: T;
    let bytes = 0;
    try {
      answer = await act();
      bytes = bytesOf(answer);
    } finally {
      if (--this.#underWay === 0) {
        const { user, system } = process.threadCpuUsage(this.#begun);
        this.storesCpuMs += (user + system) / 1_000;
      }
      this.calls[kind] = (this.calls[kind] ?? 0) + 1;
      this.bytes += bytes;
      await this.#clock.sleep(callMs(kind, bytes));
    }
    this.isOutOfTime ||= this.#clock.nowMs() > this.#deadlineMs;
    if (this.isOutOfTime) throw new OutOfTime(`${kind} ends after the job's time`);
    return answer;
  }
}

const sizeOf = (items: readonly (Item | null)[]): number =>
  items.reduce((sum, item) => sum + (item === null ? 0 : itemSizeBytes(item)), 0);

const sizeOfWrites = (writes: readonly Write[]): number =>
  sizeOf(writes.map((write) => (write.kind === 'put' ? write.item : null)));

export const meteredTable = (table: TableStore, meter: Meter): TableStore => ({
  get: (key, options) =>
    meter.call(
      'table get',
      () => table.get(key, options),
      (item) => sizeOf([item]),
    ),
  getMany: (keys, options) => meter.call('table getMany', () => table.getMany(keys, options), sizeOf),
  query: (query) =>
    meter.call(
      'table query',
      () => table.query(query),
      ({ items }) => sizeOf(items),
    ),
  put: (item, condition) =>
    meter.call(
      'table put',
      () => table.put(item, condition),
      () => sizeOf([item]),
    ),
  update: (key, change, condition) =>
    meter.call(
      'table update',
      () => table.update(key, change, condition),
      (item) => sizeOf([item]),
    ),
  delete: (key, condition) =>
    meter.call(
      'table delete',
      () => table.delete(key, condition),
      () => 0,
    ),
  transact: (writes, options) =>
    meter.call(
      'table transact',
      () => table.transact(writes, options),
      () => sizeOfWrites(writes),
    ),
  scan: (options) =>
    meter.call(
      'table scan',
      () => table.scan(options),
      ({ items }) => sizeOf(items),
    ),
});

/** Of one key in a list's answer, with what stands beside it: about 300 bytes of XML. */
const listedKeyBytes = 300;

export const meteredObjects = (objects: ObjectStore, meter: Meter): ObjectStore => ({
  get: (key, options) =>
    meter.call(
      'object get',
      () => objects.get(key, options),
      (body) => body?.length ?? 0,
    ),
  firstVersions: (prefix, options) =>
    meter.call(
      'object list',
      () => objects.firstVersions(prefix, options),
      (versions) => versions.size * listedKeyBytes,
    ),
  put: (key, body, options) =>
    meter.call(
      'object put',
      () => objects.put(key, body, options),
      () => body.length,
    ),
  list: (prefix, options) =>
    meter.call(
      'object list',
      () => objects.list(prefix, options),
      ({ keys }) => keys.length * listedKeyBytes,
    ),
  delete: (key) =>
    meter.call(
      'object delete',
      () => objects.delete(key),
      () => 0,
    ),
});

export const meteredSigner = (signer: Signer, meter: Meter): Signer => ({
  publicKey: signer.publicKey,
  sign: (bytes) =>
    meter.call(
      'kms sign',
      () => signer.sign(bytes),
      (signature) => signature.length,
    ),
});
