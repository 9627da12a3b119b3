import type { Wire } from '../../shared/contract/wire.ts';
import { objectBody } from '../../shared/edge/body.ts';
import type { Endpoint } from '../../shared/edge/request.ts';
import { type PolicyFault, parsePolicy } from './parsePolicy.ts';

/** Faults in one answer. */
const faultsMax = 500;

/** `POST /policy/lint`, body `{ policy }`: every fault that would keep it from being published, by its place in the policy. Changes nothing. */
export const lintPolicy: Endpoint<readonly PolicyFault[]> = {
  read: objectBody<readonly PolicyFault[]>({
    fields: ['policy'],
    expected: 'an object with policy',
    read: (given, faults) => {
      if (!('policy' in given)) {
        faults.push({ pointer: '/policy', detail: 'policy is missing; allowed: a policy document' });
        return null;
      }
      const parsed = parsePolicy(given.policy);
      return parsed.ok ? [] : parsed.faults;
    },
  }),
  answer: async (_, faults) => ({ status: 200, body: lintOf(faults) }),
};

const lintOf = (faults: readonly PolicyFault[]): Wire<'PolicyLint'> => ({
  ok: faults.length === 0,
  faults:
    faults.length <= faultsMax
      ? faults
      : [...faults.slice(0, faultsMax - 1), { pointer: '', detail: `and more: at most ${faultsMax} faults are listed` }],
});
