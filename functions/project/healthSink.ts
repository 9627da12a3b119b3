import { callsFailTo } from '../../shared/domain/verdict.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import { degradedMinuteExpiry, degradedMinuteKey, minuteStartMs } from '../../shared/projection/counters.ts';
import { failuresInTurn } from './inTurn.ts';
import { policyReader } from './policyReader.ts';
import type { CommittedDecision, Sink } from './project.ts';

/**
 * Notes each minute in which a decision was degraded for a cause that calls `failTo` by the policy that decided, so that health tells it
 * without a key. One write for a minute and function instance, and none while nothing is degraded.
 */
export const healthSink = ({ table }: { readonly table: TableStore }): Sink => {
  const policyOf = policyReader(table);
  let lastNotedMs = Number.NaN;

  const noteOf = async ({ tenant, decision }: CommittedDecision): Promise<void> => {
    const minute = minuteStartMs(decision.decidedAtMs);
    if (minute === lastNotedMs) return;
    const policy = await policyOf(tenant, decision.policyVersion);
    if (!decision.degraded.some(({ cause }) => callsFailTo(policy, cause))) return;
    await table.update(degradedMinuteKey(minute), { set: degradedMinuteExpiry(minute) });
    lastNotedMs = minute;
  };

  return {
    name: 'health',
    async project({ decisions }) {
      const degraded = decisions.filter(({ decision }) => decision.degraded.length > 0);
      const failures = await failuresInTurn(degraded, noteOf);
      return failures.map(({ value: { position }, cause }) => ({ position, cause }));
    },
  };
};
