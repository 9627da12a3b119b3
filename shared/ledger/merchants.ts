import { dayMs } from '../domain/durations.ts';
import { knownNames } from '../domain/knownNames.ts';
import { type MerchantFigures, noFigures } from '../domain/merchant.ts';
import { type MerchantTraffic, merchantTrafficFormat, trafficFigures } from '../domain/merchantTraffic.ts';
import { DamagedRow, packRow, unpackRow } from '../domain/rowFormat.ts';
import { type Clock, type Item, type TableStore, Throttled, Unavailable } from '../ports/ports.ts';
import { cache } from '../store/cache.ts';
import { expiryAttribute, merchantKey, merchantTrafficKey } from '../store/names.ts';

/** A process reads the figures of a merchant at most this often. */
export const merchantCacheMs = 10_000;
const merchantsMax = 20_000;
/** What is usual at a merchant without a payment for so long is not usual any more. */
const trafficKeptMs = 90 * dayMs;

interface MerchantRead {
  readonly labels: MerchantFigures;
  readonly traffic: MerchantTraffic | null;
}

/**
 * Reads merchants' figures for payments of a time: both items by one query, eventually consistent, half a read unit at most each 10 s. Null
 * when they cannot be read; the decision says so. Throws NewerRow.
 */
export function merchantFigures(
  table: TableStore,
  clock: Clock,
): (tenant: string, merchantId: string, occurredAtMs: number) => Promise<MerchantFigures | null> {
  const cached = cache<MerchantRead>({ max: merchantsMax, ttlMs: merchantCacheMs });
  return async (tenant, merchantId, occurredAtMs) => {
    const { pk, sk } = merchantKey(tenant, merchantId);
    try {
      const { labels, traffic } = await cached.get(pk, clock.nowMs(), async () => {
        const { items } = await table.query({ pk, limit: 2 });
        const ofLabels = items.find((item) => item.sk === sk);
        const ofTraffic = items.find((item) => item.sk === merchantTrafficKey(tenant, merchantId).sk);
        return {
          labels: ofLabels ? figuresFromItem(ofLabels) : noFigures,
          traffic: ofTraffic ? trafficFromItem(ofTraffic) : null,
        };
      });
      return traffic === null ? labels : { ...labels, traffic: trafficFigures(traffic, occurredAtMs) };
    } catch (error) {
      if (error instanceof Unavailable || error instanceof Throttled || error instanceof DamagedRow) return null;
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

/** When decisions of a merchant were first and last made, of those that were counted. */
export interface MerchantSeen {
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Null for an item without traffic, and one that was written before this was kept. */
export const seenFromItem = ({ firstMs, lastMs }: Item): MerchantSeen | null =>
  typeof firstMs === 'number' && typeof lastMs === 'number' ? { firstMs, lastMs } : null;

/** The item of a merchant's traffic; `revision` counts its writes. */
export const trafficItem = (
  tenant: string,
  merchantId: string,
  {
    traffic,
    revision,
    writtenAtMs,
    seen,
  }: {
    readonly traffic: MerchantTraffic;
    readonly revision: number;
    readonly writtenAtMs: number;
    readonly seen: MerchantSeen;
  },
): Item => ({
  ...merchantTrafficKey(tenant, merchantId),
  traffic: packRow(merchantTrafficFormat, traffic, knownNames),
  revision,
  ...seen,
  [expiryAttribute]: Math.ceil((writtenAtMs + trafficKeptMs) / 1_000),
});

/** Throws NewerRow and DamagedRow. */
export const trafficFromItem = ({ pk, traffic }: Item): MerchantTraffic =>
  unpackRow(merchantTrafficFormat, traffic instanceof Uint8Array ? traffic : new Uint8Array(0), knownNames, pk);
