import type { CompiledModel } from '../../../shared/domain/model.ts';
import type { CompiledPolicy } from '../../../shared/domain/policy.ts';
import { readManifest } from '../../../shared/model/store.ts';
import type { ObjectStore, TableStore } from '../../../shared/ports/ports.ts';
import type { MasterSecret } from '../../../shared/secrets/masterSecret.ts';
import { SecretSealer } from '../../../shared/secrets/sealer.ts';
import { type Cache, cache } from '../../../shared/store/cache.ts';
import type { ReplayWorld } from '../refold.ts';
import { modelOf, policyOf } from '../versions.ts';

interface WorldStores {
  readonly table: TableStore;
  readonly models: ObjectStore;
  readonly masterSecret: MasterSecret;
}

const versionsKept = 500;
/** A compiled model takes about a megabyte. */
const modelsKept = 50;

/** Policies, models and secrets by version, each read once. */
export class Worlds {
  readonly #stores: WorldStores;
  readonly #sealers: Cache<SecretSealer> = cache({ max: versionsKept, ttlMs: null });
  readonly #policies: Cache<CompiledPolicy | null> = cache({ max: versionsKept, ttlMs: null });
  readonly #models: Cache<CompiledModel | null> = cache({ max: modelsKept, ttlMs: null });
  readonly #manifests: Cache<string | null> = cache({ max: versionsKept, ttlMs: null });

  constructor(stores: WorldStores) {
    this.#stores = stores;
  }

  /** Throws what reading the version throws. */
  policyOf(tenant: string, version: number): Promise<CompiledPolicy | null> {
    return this.#policies.get(`${tenant} ${version}`, 0, () => policyOf(this.#stores.table, tenant, version));
  }

  /** SHA-256 of a version's artefact as its manifest says; null without one. */
  modelHashOf(version: number): Promise<string | null> {
    return this.#manifests.get(String(version), 0, async () => (await readManifest(this.#stores.table, version))?.sha256 ?? null);
  }

  of(tenant: string, salt: Uint8Array): ReplayWorld {
    const { table, models, masterSecret } = this.#stores;
    return {
      salt,
      sealerOf: (version) =>
        this.#sealers.get(String(version), 0, async () => new SecretSealer(await masterSecret.version(version), version)),
      policyOf: (version) => this.policyOf(tenant, version),
      modelOf: (version) => this.#models.get(String(version), 0, () => modelOf(table, models, version)),
    };
  }
}
