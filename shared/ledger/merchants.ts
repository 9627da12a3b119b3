import { type MerchantFigures, noFigures } from '../domain/merchant.ts';
import { type Clock, type Item, type TableStore, Throttled, Unavailable } from '../ports/ports.ts';
import { cache } from '../store/cache.ts';
import { merchantKey } from '../store/names.ts';

/** A process reads the figures of a merchant at most this often. */
export const merchantCacheMs = 10_000;
const merchantsMax = 20_000;

/**
 * Reads merchants' figures: eventually consistent, half a read unit at most each 10 s. Null when the store cannot be read; the
 * decision says so.
 */
export function merchantFigures(
  table: TableStore,
  clock: Clock,
): (tenant: string, merchantId: string) => Promise<MerchantFigures | null> {
  const cached = cache<MerchantFigures>({ max: merchantsMax, ttlMs: merchantCacheMs });
  return async (tenant, merchantId) => {
    const key = merchantKey(tenant, merchantId);
    try {
      return await cached.get(key.pk, clock.nowMs(), async () => {
        const item = await table.get(key);
        return item ? figuresFromItem(item) : noFigures;
      });
    } catch (error) {
      if (error instanceof Unavailable || error instanceof Throttled) return null;
      throw error;
    }
  };
}

/** Attributes of a merchant's item; decayed weights are as of `asOfMs`, which their shares do not depend on. */
export function figuresFromItem(item: Item): MerchantFigures {
  const number = (name: string): number => (typeof item[name] === 'number' ? (item[name] as number) : 0);
  const share = (frauds: number, labelled: number): number | null =>
    labelled > 0 ? Math.round((frauds / labelled) * 1e6) / 1e6 : null;
  return {
    labelled: number('labelled'),
    frauds: number('frauds'),
    riskShort: share(number('fraudsShort'), number('labelledShort')),
    riskLong: share(number('fraudsLong'), number('labelledLong')),
  };
}
