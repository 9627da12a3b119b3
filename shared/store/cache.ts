import { LRUCache } from 'lru-cache';

export interface CacheOptions<Value> {
  /** Keys that are kept; the one that was used longest ago goes first. */
  readonly max: number;
  /** How long a value is kept, from the start of its loading; null: until it is displaced. */
  readonly ttlMs: number | null;
  /** A shorter time for some values. */
  readonly ttlMsOf?: (value: Value) => number;
}

export interface Cache<Value> {
  /**
   * The value of a key: the one that is kept or being loaded, else what `load` returns. A load that fails is not kept, and rejects for
   * everyone who waited for it.
   */
  get(key: string, nowMs: number, load: () => Promise<Value>): Promise<Value>;
  delete(key: string): void;
}

/** Values in memory with a named maximum and an explicit time. Callers that ask for the same key at once share one load. */
export function cache<Value>({ max, ttlMs, ttlMsOf }: CacheOptions<Value>): Cache<Value> {
  let now = 0;
  const entries = new LRUCache<string, Promise<Value>>({ max, ttlResolution: 0, perf: { now: () => now } });

  // `lru-cache` keeps an entry through the last millisecond of its time; here the time ends with that millisecond.
  const lifetime = (ms: number | null) => (ms === null ? {} : { ttl: ms - 1 });

  return {
    get(key, nowMs, load) {
      // Plus 1, because `lru-cache` takes the time 0 for none.
      now = nowMs + 1;
      // A clock that was set back must not keep a value for longer.
      const isFromLater = ttlMs !== null && entries.getRemainingTTL(key) > ttlMs;
      const kept = isFromLater ? undefined : entries.get(key);
      if (kept !== undefined) return kept;
      const loading = load();
      entries.set(key, loading, lifetime(ttlMs));
      loading.then(
        (value) => {
          if (ttlMsOf === undefined || entries.peek(key, { allowStale: true }) !== loading) return;
          entries.set(key, loading, { ...lifetime(ttlMsOf(value)), start: nowMs + 1 });
        },
        () => {
          if (entries.peek(key, { allowStale: true }) === loading) entries.delete(key);
        },
      );
      return loading;
    },
    delete(key) {
      entries.delete(key);
    },
  };
}

/** A map of at most `max` entries; the one that was used longest ago goes first. */
export const boundedMap = <Value extends object>(max: number) => new LRUCache<string, Value>({ max });

/** The same, whose entries together have at most the size `sizeMax`: for those of which one can be a thousand times another. */
export const boundedBySize = <Value extends object>(max: number, sizeMax: number, sizeOf: (value: Value) => number) =>
  new LRUCache<string, Value>({ max, maxSize: sizeMax, sizeCalculation: (value) => Math.max(1, sizeOf(value)) });

/** One `Thing` for each object, made when it is first asked for and gone with the object. */
export function onePer<Owner extends object, Thing>(make: (owner: Owner) => Thing): (owner: Owner) => Thing {
  const things = new WeakMap<Owner, Thing>();
  return (owner) => {
    const known = things.get(owner);
    if (known !== undefined) return known;
    const made = make(owner);
    things.set(owner, made);
    return made;
  };
}
