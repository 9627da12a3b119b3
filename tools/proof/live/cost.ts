import type { ObjectStore, TableStore } from '../../../shared/ports/ports.ts';
import type { LiveCost } from './liveReport.ts';

/** Counts what a verification reads. */
export class CostMeter {
  #tableCalls = 0;
  #tableItems = 0;
  #objectCalls = 0;
  #objectBytes = 0;
  readonly #started = process.cpuUsage();

  table(table: TableStore): TableStore {
    const count = (items: number): void => {
      this.#tableCalls += 1;
      this.#tableItems += items;
    };
    return {
      ...table,
      get: async (key, options) => {
        const item = await table.get(key, options);
        count(item === null ? 0 : 1);
        return item;
      },
      getMany: async (keys, options) => {
        if (keys.length === 0) return [];
        const items = await table.getMany(keys, options);
        count(items.length);
        return items;
      },
      query: async (query) => {
        const page = await table.query(query);
        count(page.items.length);
        return page;
      },
      scan: async (options) => {
        const page = await table.scan(options);
        count(page.items.length);
        return page;
      },
    };
  }

  objects(objects: ObjectStore): ObjectStore {
    return {
      ...objects,
      get: async (key, options) => {
        const bytes = await objects.get(key, options);
        this.#objectCalls += 1;
        this.#objectBytes += bytes?.length ?? 0;
        return bytes;
      },
      firstVersions: async (prefix, options) => {
        this.#objectCalls += 1;
        return objects.firstVersions(prefix, options);
      },
      list: async (prefix, options) => {
        this.#objectCalls += 1;
        return objects.list(prefix, options);
      },
    };
  }

  cost(): LiveCost {
    const { user, system } = process.cpuUsage(this.#started);
    return {
      tableCalls: this.#tableCalls,
      tableItems: this.#tableItems,
      objectCalls: this.#objectCalls,
      objectBytes: this.#objectBytes,
      processorMs: Math.round((user + system) / 1_000),
    };
  }
}
