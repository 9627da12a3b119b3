import { minuteMs } from '../../shared/domain/durations.ts';
import { outcomes } from '../../shared/domain/outcome.ts';
import { formatInstant } from '../../shared/domain/time.ts';
import type { AnswerWithoutBody } from '../../shared/edge/request.ts';
import { loadActivePolicy } from '../../shared/policy/store.ts';
import type { Item, TableStore } from '../../shared/ports/ports.ts';
import { countOf, degradedBy, latencyPercentiles, minuteStartMs, queueAgeOf } from '../../shared/projection/counters.ts';
import { modelPointerKey } from '../../shared/store/names.ts';
import { readCounters } from './counters.ts';

/** `GET /metrics/overview`: the last `minutes` minutes, the one that runs included. */
export const getOverview =
  (table: TableStore): AnswerWithoutBody =>
  async ({ tenant, query, receivedAtMs }) => {
    const minutes = Number(query.minutes);
    const lastMs = minuteStartMs(receivedAtMs);
    const firstMs = lastMs - (minutes - 1) * minuteMs;
    const [counters, policy, model] = await Promise.all([
      readCounters(table, tenant, firstMs, lastMs),
      loadActivePolicy(table, tenant, receivedAtMs),
      table.get(modelPointerKey),
    ]);
    const [p50, p99] = latencyPercentiles(counters, [0.5, 0.99]);
    const total = (name: Parameters<typeof countOf>[1]): number =>
      counters.reduce((sum, counter) => sum + countOf(counter, name), 0);
    const totals = { ALLOW: total('ALLOW'), REVIEW: total('REVIEW'), BLOCK: total('BLOCK') };
    const decided = outcomes.reduce((sum, outcome) => sum + totals[outcome], 0);
    const blockRate = decided === 0 ? 0 : totals.BLOCK / decided;
    const byMinute = new Map(counters.map((counter) => [counter.sk, counter]));
    return {
      status: 200,
      body: {
        from: formatInstant(firstMs),
        to: formatInstant(lastMs + minuteMs),
        totals,
        minutes: Array.from({ length: minutes }, (_, index) => {
          const minute = formatInstant(firstMs + index * minuteMs);
          const counter = byMinute.get(minute);
          return {
            minute,
            ALLOW: countOf(counter, 'ALLOW'),
            REVIEW: countOf(counter, 'REVIEW'),
            BLOCK: countOf(counter, 'BLOCK'),
          };
        }),
        blockRate,
        fraudRate: blockRate,
        confirmedFraud: total('confirmedFraud'),
        falsePositives: total('falsePositives'),
        blockedAmountMinor: Math.min(total('blockedMinor'), Number.MAX_SAFE_INTEGER),
        latencyMs: { p50: p50 ?? null, p99: p99 ?? null },
        queueAgeMs: newestQueueAge(counters),
        degraded: total('degraded'),
        degradedBy: degradedBy(counters),
        late: total('late'),
        modelVersion: typeof model?.version === 'number' ? model.version : null,
        policyVersion: policy.version,
      },
    };
  };

const newestQueueAge = (counters: readonly Item[]): number | null =>
  counters.map(queueAgeOf).findLast((age) => age !== null)?.ageMs ?? null;
