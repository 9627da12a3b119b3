import type { Judgement } from '../domain/decide.ts';
import type { ModelInForce } from '../domain/model.ts';
import { entityCounter, type TimeLimit } from '../entities/counting.ts';
import type { LedgerDependencies } from '../ledger/dependencies.ts';
import { merchantFigures } from '../ledger/merchants.ts';
import { compiled } from '../policy/compile.ts';
import { listHits } from '../policy/lists.ts';
import { loadActivePolicy } from '../policy/store.ts';
import type { Clock, Randomness, TableStore } from '../ports/ports.ts';
import type { MasterSecret } from '../secrets/masterSecret.ts';
import { SecretSealer } from '../secrets/sealer.ts';

export interface LedgerServices {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly masterSecret: MasterSecret;
  /** Left out: the records of entities may take any time. */
  readonly timeLimit?: TimeLimit;
}

/** The ledger with what is in force: each tenant's policy, the model, the secret. */
export function ledgerOf(services: LedgerServices, modelInForce: () => Promise<ModelInForce>): LedgerDependencies {
  const { table, clock, randomness, masterSecret } = services;
  let sealer: SecretSealer | null = null;
  const currentSealer = async (): Promise<SecretSealer> => {
    const { version, secret } = await masterSecret.current();
    if (sealer?.secretVersion !== version) sealer = new SecretSealer(secret, version);
    return sealer;
  };
  const judgement = async (tenant: string): Promise<Judgement> => {
    const [policy, model, current] = await Promise.all([
      loadActivePolicy(table, tenant, clock.nowMs()),
      modelInForce(),
      currentSealer(),
    ]);
    return { policy: compiled(policy), model, sealer: current };
  };
  return {
    table,
    clock,
    randomness,
    judgement,
    merchantFigures: merchantFigures(table, clock),
    entities: entityCounter(services),
    listHits: (tenant, policy, transaction) => listHits(table, tenant, policy.policy, transaction, clock.nowMs()),
  };
}
