import type { AlertChoice } from '../domain/policy.ts';
import { loadActivePolicy } from '../policy/store.ts';
import type { TableStore } from '../ports/ports.ts';
import { alertChoiceOf } from './message.ts';

/** Returns the alerts that a tenant's policy in force asks for. Throws what `loadActivePolicy` throws. */
export const alertChoice = async (table: TableStore, tenant: string, nowMs: number): Promise<Required<AlertChoice>> =>
  alertChoiceOf((await loadActivePolicy(table, tenant, nowMs)).policy);
