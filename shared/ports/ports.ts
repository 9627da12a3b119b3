/**
 * What the use cases need of the world. `shared/adapters/aws` implements it on AWS, `shared/adapters/memory` in memory; one behaviour suite
 * (`test/contracts`) runs on both.
 */

export type Scalar = string | number | boolean | Uint8Array;
export type Attribute = Scalar | null | readonly Attribute[] | { readonly [name: string]: Attribute };

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

export type Item = Key & { readonly [attribute: string]: Attribute };

export type Condition =
  | { readonly kind: 'absent' }
  | { readonly kind: 'present' }
  | { readonly kind: 'equals'; readonly attribute: string; readonly value: Scalar | null };

export type Write =
  | { readonly kind: 'put'; readonly item: Item; readonly condition?: Condition }
  | { readonly kind: 'update'; readonly key: Key; readonly change: Change; readonly condition?: Condition }
  | { readonly kind: 'delete'; readonly key: Key; readonly condition?: Condition }
  | { readonly kind: 'check'; readonly key: Key; readonly condition: Condition };

/** `add` creates a missing number as 0 first; `init` sets what is not there yet. */
export interface Change {
  readonly set?: Readonly<Record<string, Attribute>>;
  readonly init?: Readonly<Record<string, Attribute>>;
  readonly add?: Readonly<Record<string, number>>;
  readonly remove?: readonly string[];
}

export interface Query {
  readonly pk: string;
  /** Inclusive bounds on sk. */
  readonly from?: string;
  readonly to?: string;
  readonly descending?: boolean;
  /** 1..1000 items a page; a page may hold fewer and still have a next one. */
  readonly limit: number;
  /** The sk after which to go on, as the page before gave it. */
  readonly after?: string;
  readonly consistent?: boolean;
}

export interface Page {
  readonly items: readonly Item[];
  /** Absent at the end. */
  readonly after?: string;
}

/** One table of items. Every method may throw the `StoreError`s below and nothing else. */
export interface TableStore {
  get(key: Key, options?: { readonly consistent?: boolean }): Promise<Item | null>;
  /** Up to 100 items in one request, in the order of the keys; a key twice is one read. */
  getMany(keys: readonly Key[], options?: { readonly consistent?: boolean }): Promise<readonly (Item | null)[]>;
  query(query: Query): Promise<Page>;
  /** Throws ConditionFailed, with the item that is stored under the key. */
  put(item: Item, condition?: Condition): Promise<void>;
  /** Returns the item as it is afterwards. */
  update(key: Key, change: Change, condition?: Condition): Promise<Item>;
  delete(key: Key, condition?: Condition): Promise<void>;
  /**
   * All or nothing, at most 100 writes; throws TransactionCancelled. With `once` it is sent a single time: for a caller who reads what became
   * of it after OutcomeUnknown. Otherwise a lost reply is followed by a repeat under the same token, which changes nothing a second time.
   */
  transact(writes: readonly Write[], options?: { readonly once?: boolean }): Promise<void>;
  /**
   * Every item, in no order: for erasure, export and rebuilding only. With `segment`, those of one of `of` parts (at most 1,000,000), which
   * together hold each item once; they may be read at the same time.
   */
  scan(options: {
    readonly limit: number;
    readonly after?: Key;
    readonly segment?: { readonly index: number; readonly of: number };
  }): Promise<{ readonly items: readonly Item[]; readonly after?: Key }>;
}

/** Capacity units as the table reports them, transactional factor included. */
export interface Consumed {
  readonly operation: 'get' | 'query' | 'put' | 'update' | 'delete' | 'transact' | 'scan';
  readonly readUnits: number;
  readonly writeUnits: number;
}

/** The condition of a single write does not hold. */
export class ConditionFailed extends Error {
  override readonly name = 'ConditionFailed';
  readonly item: Item | null;
  constructor(item: Item | null) {
    super('the condition of the write does not hold');
    this.item = item;
  }
}

export interface CancellationReason {
  readonly code: 'None' | 'ConditionalCheckFailed' | 'TransactionConflict' | 'Throttled';
  /** For a failed condition: the item that is stored under the key, or null. */
  readonly item: Item | null;
}

/** A transaction that changed nothing; `reasons` has one entry per write, in order. */
export class TransactionCancelled extends Error {
  override readonly name = 'TransactionCancelled';
  readonly reasons: readonly CancellationReason[];
  constructor(reasons: readonly CancellationReason[]) {
    super(`transaction cancelled: ${reasons.map((reason) => reason.code).join(', ')}`);
    this.reasons = reasons;
  }
}

/** Refused for its rate: nothing changed, try again later. */
export class Throttled extends Error {
  override readonly name = 'Throttled';
}

/** A dependency cannot be reached or failed a read: nothing is known to have changed. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/** A write whose reply was lost: it may or may not have happened. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}

/** A message as it goes onto the queue. `body` is one transaction's JSON text. */
export interface QueueMessage {
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** On a FIFO queue messages of a group keep their order. On any other no group waits for a busier one. */
  readonly group?: string;
}

export interface Queue {
  /** Any number of messages, sent in calls of at most 10; the result at i says whether message i is on the queue. */
  send(
    messages: readonly QueueMessage[],
  ): Promise<readonly ({ readonly sent: true } | { readonly sent: false; readonly cause: string })[]>;
}

/** Sends alerts to people: its subscriptions are mail, text messages and chat. */
export interface Topic {
  /** Subject: one line of ASCII, at most 100 characters. Throws when the message is not known to be taken. */
  publish(subject: string, text: string): Promise<void>;
}

/** Objects under immutable, content-addressed keys: written once, never changed. */
export interface ObjectStore {
  put(key: string, body: Uint8Array, options?: { readonly contentType?: string }): Promise<void>;
  /** With `version`, that one of the key's versions, whatever was written over it since. */
  get(key: string, options?: { readonly version?: string }): Promise<Uint8Array | null>;
  /**
   * The version that was put first, of every key below a prefix and behind `after`: what stays true where a later one was written over an
   * object, or hides it. None in a bucket without versions. Throws a RangeError for more than 100,000 versions.
   */
  firstVersions(prefix: string, options?: { readonly after?: string }): Promise<ReadonlyMap<string, string>>;
  list(
    prefix: string,
    options?: { readonly after?: string; readonly limit?: number },
  ): Promise<{ readonly keys: readonly string[]; readonly after?: string }>;
  delete(key: string): Promise<void>;
}

/** Time, ids and waiting: the only ways in which they enter. */
export interface Clock {
  nowMs(): number;
  sleep(ms: number): Promise<void>;
}

export interface Randomness {
  bytes(count: number): Uint8Array;
  /** Uniform in [0, 1). */
  fraction(): number;
}
