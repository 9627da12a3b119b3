import type { CompiledModel } from '../../shared/domain/model.ts';
import type { CompiledPolicy } from '../../shared/domain/policy.ts';
import { loadArtefact } from '../../shared/model/artefact.ts';
import { artefactKey } from '../../shared/model/manifest.ts';
import { readManifest } from '../../shared/model/store.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import { readPolicyOfEntry } from '../../shared/policy/store.ts';
import type { ObjectStore, TableStore } from '../../shared/ports/ports.ts';

/** The policy by which an entry was decided, by its version and hash, or null; its hash is that of what is stored now. */
export const policyOf = async (
  table: TableStore,
  tenant: string,
  version: number,
  hash: string,
): Promise<CompiledPolicy | null> => {
  const stored = await readPolicyOfEntry(table, tenant, version, hash);
  return stored && compilePolicy(stored.policy, version);
};

/** A version of the model as it was, or null when its manifest or artefact is not kept. Throws ModelInvalid for a damaged one. */
export const modelOf = async (table: TableStore, models: ObjectStore, version: number): Promise<CompiledModel | null> => {
  const manifest = await readManifest(table, version);
  const bytes = manifest && (await models.get(artefactKey(manifest.sha256)));
  return manifest && bytes ? loadArtefact(bytes, { version, sha256: manifest.sha256, features: manifest.features }) : null;
};
