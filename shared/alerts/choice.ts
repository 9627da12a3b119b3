import type { AlertChoice } from '../domain/policy.ts';
import { loadActivePolicy } from '../policy/store.ts';
import type { TableStore } from '../ports/ports.ts';
import { alertChoiceOf } from './message.ts';

/** What the policy in force of a tenant wants told. Throws as `loadActivePolicy`. */
export const alertChoice = async (table: TableStore, tenant: string, nowMs: number): Promise<Required<AlertChoice>> =>
  alertChoiceOf((await loadActivePolicy(table, tenant, nowMs)).policy);
