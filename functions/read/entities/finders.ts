import { entityKinds } from '../../../shared/domain/entities.ts';
import type { TableStore } from '../../../shared/ports/ports.ts';
import type { MasterSecret } from '../../../shared/secrets/masterSecret.ts';
import type { Finder } from '../search.ts';
import { canonicalId, named } from './named.ts';

/** Find the entities that are noted, by any address of a network. */
export const entityFinders = (table: TableStore, masterSecret: MasterSecret): readonly Finder[] =>
  entityKinds.map((kind) => async (tenant, name) => {
    const id = canonicalId(kind, name);
    if (id === null) return [];
    const { notes } = await named(masterSecret, tenant, kind, id);
    const { items } = await table.query({ pk: notes, limit: 1 });
    return items.length === 0 ? [] : [{ kind, id, link: `entities/${kind}/${encodeURIComponent(id)}` }];
  });
