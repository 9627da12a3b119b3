import type { CompiledModel, ModelInForce } from '../domain/model.ts';
import { loadArtefact, ModelInvalid } from '../model/artefact.ts';
import { artefactKey, manifestOf } from '../model/manifest.ts';
import { type Clock, type ObjectStore, type TableStore, Throttled, Unavailable } from '../ports/ports.ts';
import { modelPointerKey, modelVersionKey } from '../store/names.ts';

/** A new model acts everywhere within 10 s: half of it is left to reads and clocks. */
export const modelCacheMs = 5_000;

/**
 * The model that scores now, at most `modelCacheMs` old. What the pointer names is checked whole before it is used; until something
 * better comes the last good one goes on, and without any the answer says why. A pointer that was set back (fewer moves than seen)
 * is refused like a bad artefact. Throws only what is neither a fault of the model nor of a store.
 */
export const modelInForce = (services: {
  readonly table: TableStore;
  readonly models: ObjectStore;
  readonly clock: Clock;
}): (() => Promise<ModelInForce>) => {
  let good: { readonly model: CompiledModel; readonly moves: number } | null = null;
  let answer: { readonly atMs: number; readonly promise: Promise<ModelInForce> } | null = null;

  const refresh = async (): Promise<ModelInForce> => {
    try {
      const pointer = await services.table.get(modelPointerKey);
      if (pointer === null) {
        if (good !== null) throw new ModelInvalid('the model pointer is gone');
        return { model: null, degraded: 'NO_MODEL' };
      }
      const { version, sha256, moves } = pointer;
      if (typeof version !== 'number' || typeof sha256 !== 'string' || typeof moves !== 'number') {
        throw new ModelInvalid('the model pointer is not one');
      }
      if (good !== null && moves < good.moves) throw new ModelInvalid(`the model pointer was set back to move ${moves}`);
      if (good === null || good.moves !== moves || good.model.hash !== sha256 || good.model.version !== version) {
        good = { model: await load(services, version, sha256), moves };
      }
      return { model: good.model, degraded: null };
    } catch (error) {
      const degraded = faultOf(error);
      if (degraded === null) throw error;
      return { model: good?.model ?? null, degraded };
    }
  };

  return () => {
    const nowMs = services.clock.nowMs();
    if (answer !== null && Math.abs(nowMs - answer.atMs) < modelCacheMs) return answer.promise;
    const promise = refresh();
    const mine = { atMs: nowMs, promise };
    answer = mine;
    promise.catch(() => {
      if (answer === mine) answer = null;
    });
    return promise;
  };
};

const load = async (
  { table, models }: { readonly table: TableStore; readonly models: ObjectStore },
  version: number,
  sha256: string,
): Promise<CompiledModel> => {
  const item = await table.get(modelVersionKey(version));
  if (item === null) throw new ModelInvalid(`there is no manifest of version ${version}`);
  const manifest = manifestOf(item, version);
  if (manifest.sha256 !== sha256) throw new ModelInvalid(`the pointer and manifest of version ${version} differ`);
  const bytes = await models.get(artefactKey(sha256));
  if (bytes === null) throw new ModelInvalid(`the artefact of version ${version} is not in the bucket`);
  return loadArtefact(bytes, { version, sha256 });
};

const faultOf = (error: unknown): 'MODEL_INVALID' | 'STORE_UNAVAILABLE' | null => {
  if (error instanceof ModelInvalid) return 'MODEL_INVALID';
  if (error instanceof Unavailable || error instanceof Throttled) return 'STORE_UNAVAILABLE';
  return null;
};
