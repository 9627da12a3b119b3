import { type Fault, fault, pointerPart } from '../../shared/contract/fault.ts';
import { noteCharactersMax } from '../../shared/contract/schemas.ts';
import { formatInstant } from '../../shared/contract/time.ts';
import { type ApiRequest, type Endpoint, endpointWithBody, invalid, notFound } from '../../shared/edge/http.ts';
import { type DisposeDependencies, type Disposition, dispose, dispositions } from './dispose.ts';

const fields = ['disposition', 'note'];
/** An analyst waits no longer. */
const withinMs = 10_000;

/** `POST /decisions/{transactionId}/review`: what a transaction was, by a person. */
export const postReview = (dependencies: DisposeDependencies): Endpoint =>
  endpointWithBody(parsed, async ({ tenant, keyId, parameters, receivedAtMs }, { disposition, note }) => {
    const transactionId = parameters.transactionId!;
    const disposal = { tenant, transactionId, disposition, note, by: keyId };
    const result = await dispose(dependencies, disposal, receivedAtMs + withinMs);
    if (result.kind === 'unknown') throw notFound(`There is no decision on transaction ${transactionId}.`);
    if (result.kind === 'erased')
      throw notFound(`The data of transaction ${transactionId} were erased; it can be labelled no more.`);
    const { knownAtMs, review } = result;
    return { status: 200, body: { transactionId, disposition, knownAt: formatInstant(knownAtMs), review } };
  });

function parsed({ body }: ApiRequest): { readonly disposition: Disposition; readonly note: string | null } {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalid([fault('', 'the body', 'an object with disposition and note', body)]);
  }
  const { disposition, note = null } = body as Readonly<Record<string, unknown>>;
  const faults: Fault[] = Object.keys(body)
    .filter((name) => !fields.includes(name))
    .map((name) => ({ pointer: pointerPart(name), detail: `unknown field; allowed: ${fields.join(', ')}` }));
  const isDisposition = dispositions.some((known) => known === disposition);
  if (!isDisposition) faults.push(fault('/disposition', 'disposition', `one of ${dispositions.join(', ')}`, disposition));
  const isNote = note === null || (typeof note === 'string' && [...note].length <= noteCharactersMax);
  if (!isNote) faults.push(fault('/note', 'note', `a text of at most ${noteCharactersMax} characters`, note));
  if (!isDisposition || !isNote || faults.length > 0) throw invalid(faults);
  return { disposition: disposition as Disposition, note };
}
