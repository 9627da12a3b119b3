import { boundedMap } from '../../shared/store/cache.ts';

/** What this instance remembers of receivers that held a place for long and took nothing. */
export interface Breaker {
  /** Whether a delivery may be tried now. While it is open one of them is let through from time to time, to see. */
  allows(endpointId: string, nowMs: number): boolean;
  /** Tells how long a delivery took, and whether it was taken. */
  tell(endpointId: string, nowMs: number, delivery: { readonly tookMs: number; readonly taken: boolean }): void;
}

/** A delivery that fails sooner costs its neighbours nothing. */
const heldMs = 3_000;
const firstOpenMs = 60_000;
const openMsMax = 900_000;
const rememberedEndpoints = 10_000;

export function breaker(): Breaker {
  const open = boundedMap<{ untilMs: number; openMs: number }>(rememberedEndpoints);
  return {
    allows(endpointId, nowMs) {
      const one = open.get(endpointId);
      if (one === undefined) return true;
      if (nowMs < one.untilMs) return false;
      // The one that goes to see; the others wait for what it finds.
      one.untilMs = nowMs + one.openMs;
      return true;
    },
    tell(endpointId, nowMs, { tookMs, taken }) {
      if (taken) open.delete(endpointId);
      else if (tookMs >= heldMs) {
        const before = open.get(endpointId);
        const openMs = before === undefined ? firstOpenMs : Math.min(openMsMax, 2 * before.openMs);
        open.set(endpointId, { untilMs: nowMs + openMs, openMs });
      }
    },
  };
}
