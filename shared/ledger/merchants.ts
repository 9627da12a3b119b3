import { type MerchantFigures, noFigures } from '../domain/merchant.ts';
import { type Clock, type Item, type TableStore, Throttled, Unavailable } from '../ports/ports.ts';
import { merchantKey } from '../store/names.ts';

/** Figures are read at most this often for one merchant by one process. */
export const merchantCacheMs = 10_000;
const cachedMax = 20_000;

/**
 * Reads merchants' figures: eventually consistent, half a read unit at most each 10 s. Null when the store can't be read, which the
 * decision names.
 */
export function merchantFigures(
  table: TableStore,
  clock: Clock,
): (tenant: string, merchantId: string) => Promise<MerchantFigures | null> {
  const cached = new Map<string, { readonly readAtMs: number; readonly figures: MerchantFigures }>();
  return async (tenant, merchantId) => {
    const key = merchantKey(tenant, merchantId);
    const nowMs = clock.nowMs();
    const known = cached.get(key.pk);
    if (known && nowMs - known.readAtMs < merchantCacheMs) return known.figures;
    try {
      const item = await table.get(key);
      const figures = item ? figuresFromItem(item) : noFigures;
      if (cached.size >= cachedMax) cached.delete(cached.keys().next().value!);
      cached.set(key.pk, { readAtMs: nowMs, figures });
      return figures;
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
