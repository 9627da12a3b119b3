import { type Fault, fault, pointerPart } from '../contract/fault.ts';
import { toPlain } from '../contract/json.ts';
import { parseTransaction } from '../contract/transaction.ts';
import type { Transaction } from '../domain/transaction.ts';
import { invalid } from './problem.ts';
import type { ApiRequest } from './request.ts';

/** Readers of request bodies: each returns the body's content, or throws the Problem that names every fault of it. */

/** The transaction that the body is. */
export function readTransaction({ json, receivedAtMs }: ApiRequest): Transaction {
  const parsed = parseTransaction(json ?? null, receivedAtMs);
  if (!parsed.ok) throw invalid(parsed.faults);
  return parsed.transaction;
}

export interface ObjectShape<Body> {
  readonly fields: readonly string[];
  /** What the body must be, for the error: `an object with policy and status`. */
  readonly expected: string;
  /** Returns the content; or adds a fault for each field that is wrong, and returns null. */
  readonly read: (given: Readonly<Record<string, unknown>>, faults: Fault[]) => Body | null;
}

/** A reader of bodies that are JSON objects. An unknown field is a fault. A route with an optional body gets an empty object. */
export const objectBody =
  <Body>({ fields, expected, read }: ObjectShape<Body>) =>
  ({ json }: ApiRequest): Body => {
    const given = json === undefined ? {} : toPlain(json);
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      throw invalid([fault('', 'the body', expected, given)]);
    }
    const faults: Fault[] = Object.keys(given)
      .filter((name) => !fields.includes(name))
      .map((name) => ({ pointer: pointerPart(name), detail: `unknown field; allowed: ${fields.join(', ')}` }));
    const body = read(given as Readonly<Record<string, unknown>>, faults);
    if (faults.length > 0) throw invalid(faults);
    return body as Body;
  };
