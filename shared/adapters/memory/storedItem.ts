import type { Attribute, Change, Condition, Item, Key, Write } from '../../ports/ports.ts';
import { itemSizeBytes } from './itemSize.ts';

const itemBytesMax = 400 * 1_024;

/** A frozen item and its size, measured once. */
export interface Stored {
  readonly item: Item;
  readonly bytes: number;
}

export const keyOf = (write: Write): Key => (write.kind === 'put' ? write.item : write.key);

/** The item after the write; null when there is none. */
export function effect(write: Write, before: Stored | null): Stored | null {
  switch (write.kind) {
    case 'put':
      return stored(write.item);
    case 'update':
      return stored(changed(write.key, before?.item ?? null, write.change));
    case 'delete':
      return null;
    case 'check':
      return before;
  }
}

function changed(key: Key, before: Item | null, change: Change): Item {
  const { set = {}, init = {}, add = {}, remove = [] } = change;
  const named = [...Object.keys(set), ...Object.keys(init), ...Object.keys(add), ...remove];
  if (named.length === 0) throw new RangeError('an update must change something: set, init, add or remove');
  for (const attribute of named) {
    if (attribute === 'pk' || attribute === 'sk') throw new RangeError(`an update cannot change the key attribute ${attribute}`);
  }
  if (new Set(named).size < named.length) throw new RangeError(`an update names an attribute twice: ${named.join(', ')}`);
  const after: { pk: string; sk: string; [attribute: string]: Attribute } = { ...(before ?? {}), pk: key.pk, sk: key.sk };
  for (const [attribute, value] of Object.entries(set)) after[attribute] = value;
  for (const [attribute, value] of Object.entries(init)) if (!Object.hasOwn(after, attribute)) after[attribute] = value;
  for (const [attribute, amount] of Object.entries(add)) {
    if (!Number.isSafeInteger(amount)) throw new RangeError(`add.${attribute} is ${amount}, allowed are whole numbers`);
    const current = after[attribute] ?? 0;
    if (typeof current !== 'number') throw new TypeError(`add.${attribute} meets ${typeof current}, not a number`);
    after[attribute] = current + amount;
  }
  for (const attribute of remove) delete after[attribute];
  return after;
}

/** Whether the condition holds for what is stored. */
export function holds(condition: Condition, stored: Stored | null): boolean {
  switch (condition.kind) {
    case 'absent':
      return stored === null;
    case 'present':
      return stored !== null;
    case 'equals': {
      const value = stored?.item[condition.attribute];
      if (value instanceof Uint8Array && condition.value instanceof Uint8Array)
        return Buffer.compare(value, condition.value) === 0;
      return value === condition.value;
    }
  }
}

/** Copies and measures; throws if the item is too large or holds what cannot be stored. */
function stored(given: Item): Stored {
  const item = copied(given, '') as Item;
  const bytes = itemSizeBytes(item);
  if (bytes > itemBytesMax) throw new RangeError(`an item has ${bytes} bytes, allowed are ${itemBytesMax}`);
  return { item, bytes };
}

/** A deep copy that nobody can change; binaries cannot be frozen, so each is a copy of its own. */
function copied(value: Attribute, path: string): Attribute {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) {
      throw new RangeError(`${path} is ${value}, allowed are numbers up to 2^53-1`);
    }
    return value === 0 ? 0 : value;
  }
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return Object.freeze(value.map((element: Attribute, index) => copied(element, `${path}/${index}`)));
  if (typeof value !== 'object') throw new TypeError(`${path} is ${typeof value}, which no attribute can be`);
  const copy: Record<string, Attribute> = {};
  for (const name of Object.keys(value)) copy[name] = copied((value as Record<string, Attribute>)[name]!, `${path}/${name}`);
  return Object.freeze(copy);
}
