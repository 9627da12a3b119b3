import { number, numberOrNull, orNull, record, unsigned } from '../domain/codecs.ts';
import { type Field, fieldsOf } from '../domain/fields.ts';
import type { MerchantFigures, TrafficFigures } from '../domain/merchant.ts';

/** How an audit entry packs what was known of the merchant. */

/** The format that brought the figures of its traffic. */
const trafficFormat = 3;

const ofMerchant = fieldsOf<MerchantFigures>();
/** The labels' figures, as 0.1 wrote them. */
export const merchant = record<MerchantFigures>([
  ofMerchant.field('labelled', unsigned),
  ofMerchant.field('frauds', unsigned),
  ofMerchant.field('riskShort', numberOrNull),
  ofMerchant.field('riskLong', numberOrNull),
]);

const ofTraffic = fieldsOf<TrafficFigures>();
const traffic = orNull(
  record<TrafficFigures>([
    ofTraffic.field('asOfMs', unsigned),
    ofTraffic.field('accounts1h', number),
    ofTraffic.field('payments1h', number),
    ofTraffic.field('newDeviceShare1h', numberOrNull),
    ofTraffic.field('flaggedShare1h', numberOrNull),
    ofTraffic.field('usualAccounts1h', numberOrNull),
    ofTraffic.field('usualPayments1h', numberOrNull),
    ofTraffic.field('usualNewDeviceShare', numberOrNull),
    ofTraffic.field('usualFlaggedShare', numberOrNull),
  ]),
);

/** The traffic's figures, which stand apart: the others have the place that 0.1 gave them. */
export const merchantTraffic: Field<{ readonly merchant: MerchantFigures | null }> = {
  newestFormat: trafficFormat,
  formatFor: (row) => (row.merchant?.traffic === undefined ? 1 : trafficFormat),
  write: (writer, row, layout) => {
    if (layout.format >= trafficFormat) traffic.write(writer, row.merchant?.traffic ?? null, row, layout);
  },
  read: (reader, row, layout) => {
    const figures = layout.format >= trafficFormat ? traffic.read(reader, row, layout) : null;
    if (figures === null) return;
    if (!row.merchant) throw new RangeError('traffic of no merchant');
    row.merchant = { ...row.merchant, traffic: figures };
  },
};
