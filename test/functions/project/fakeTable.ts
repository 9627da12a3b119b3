import type { Change, Condition, Item, Key, Query, TableStore, Write } from '../../../shared/ports.ts';
import { ConditionFailed, TransactionCancelled } from '../../../shared/ports.ts';

/** What the stages under test need of a table: items by key, conditions, atomic transactions. `beforeTransact` may throw or write. */
export class FakeTable implements TableStore {
  readonly items = new Map<string, Item>();
  queryPageItemsMax = 1_000;
  beforeTransact: (writes: readonly Write[]) => Promise<void> | void = () => {};
  afterTransact: (writes: readonly Write[]) => Promise<void> | void = () => {};
  queries = 0;

  async get(key: Key): Promise<Item | null> {
    return this.#at(key);
  }

  async query({ pk, from, to, descending, limit, after }: Query) {
    this.queries += 1;
    const all = [...this.items.values()]
      .filter((item) => item.pk === pk && (from === undefined || item.sk >= from) && (to === undefined || item.sk <= to))
      .sort((a, b) => (a.sk < b.sk ? -1 : 1));
    if (descending) all.reverse();
    const rest = after === undefined ? all : all.filter(({ sk }) => (descending ? sk < after : sk > after));
    const items = rest.slice(0, Math.min(limit, this.queryPageItemsMax));
    return items.length < rest.length ? { items, after: items.at(-1)!.sk } : { items };
  }

  async put(item: Item, condition?: Condition): Promise<void> {
    if (!holds(condition, this.#at(item))) throw new ConditionFailed(this.#at(item));
    this.items.set(nameOf(item), item);
  }

  async update(): Promise<Item> {
    throw new Error('not used');
  }

  async delete(key: Key): Promise<void> {
    this.items.delete(nameOf(key));
  }

  async transact(writes: readonly Write[]): Promise<void> {
    await this.beforeTransact(writes);
    const reasons = writes.map((write) => {
      const standing = this.#at(write.kind === 'put' ? write.item : write.key);
      return holds(write.condition, standing)
        ? ({ code: 'None', item: null } as const)
        : ({ code: 'ConditionalCheckFailed', item: standing } as const);
    });
    if (reasons.some(({ code }) => code !== 'None')) throw new TransactionCancelled(reasons);
    for (const write of writes) {
      if (write.kind === 'put') this.items.set(nameOf(write.item), write.item);
      if (write.kind === 'delete') this.items.delete(nameOf(write.key));
      if (write.kind === 'update') this.items.set(nameOf(write.key), changed(this.#at(write.key) ?? write.key, write.change));
    }
    await this.afterTransact(writes);
  }

  async scan() {
    return { items: [...this.items.values()] };
  }

  #at(key: Key): Item | null {
    return this.items.get(nameOf(key)) ?? null;
  }
}

const nameOf = ({ pk, sk }: Key): string => `${pk} ${sk}`;

const holds = (condition: Condition | undefined, item: Item | null): boolean => {
  if (condition === undefined) return true;
  if (condition.kind === 'absent') return item === null;
  if (condition.kind === 'present') return item !== null;
  return item !== null && item[condition.attribute] === condition.value;
};

const changed = (item: Item | Key, { set = {}, add = {}, remove = [] }: Change): Item => {
  const result: Record<string, Item[string]> = { ...item, ...set };
  for (const [name, amount] of Object.entries(add)) result[name] = Number(result[name] ?? 0) + amount;
  for (const name of remove) delete result[name];
  return result as Item;
};
