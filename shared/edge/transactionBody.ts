import { parseTransaction } from '../contract/transaction.ts';
import type { Transaction } from '../domain/transaction.ts';
import { type ApiRequest, invalid } from './http.ts';

/** The transaction that a request's body is. Throws the Problem that names all that is wrong with it. */
export function readTransaction({ json, receivedAtMs }: ApiRequest): Transaction {
  const parsed = parseTransaction(json ?? null, receivedAtMs);
  if (!parsed.ok) throw invalid(parsed.faults);
  return parsed.transaction;
}
