import { amountAnomaly } from './amountAnomaly.ts';
import { entityFigure, linkedFraud } from './entityFigure.ts';
import { impossibleTravel } from './impossibleTravel.ts';
import { merchantRisk } from './merchantRisk.ts';
import type { SignalName } from './names.ts';
import { newDeviceUsed } from './newDeviceUsed.ts';
import { rapidBurst1m } from './rapidBurst1m.ts';
import type { Signal } from './signal.ts';
import { totalSpend24h } from './totalSpend24h.ts';
import { txnVelocity1h } from './txnVelocity1h.ts';
import { unusualHour } from './unusualHour.ts';

/** Every signal but ANOMALY, which is what the model says of the others. */
export type AccountSignalName = Exclude<SignalName, 'ANOMALY'>;

/** The one list to add a signal to, besides its name. */
const signals: Readonly<Record<AccountSignalName, Signal>> = {
  TOTAL_SPEND_24H: totalSpend24h,
  TXN_VELOCITY_1H: txnVelocity1h,
  RAPID_BURST_1M: rapidBurst1m,
  NEW_DEVICE_USED: newDeviceUsed,
  AMOUNT_ANOMALY: amountAnomaly,
  IMPOSSIBLE_TRAVEL: impossibleTravel,
  UNUSUAL_HOUR: unusualHour,
  MERCHANT_RISK: merchantRisk,
  DEVICE_ACCOUNTS_24H: entityFigure('device', 'accounts24h'),
  IP_ACCOUNTS_1H: entityFigure('ip', 'accounts1h'),
  BENEFICIARY_PAYERS_24H: entityFigure('beneficiary', 'accounts24h'),
  INSTRUMENT_ACCOUNTS_24H: entityFigure('instrument', 'accounts24h'),
  LINKED_FRAUD: linkedFraud,
};

export const accountSignals = Object.entries(signals) as readonly (readonly [AccountSignalName, Signal])[];
