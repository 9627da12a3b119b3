import type { Policy } from '../domain/policy.ts';

/**
 * The policy of a tenant that never published one: version 1.
 *
 * Rates are examples, rounded, to be replaced by the tenant's own. Every threshold is meant for consumer payments in rupees. One
 * signal or rule of weight alone is REVIEWed (40 to 69 points), two are BLOCKed; NEW_DEVICE_USED, MERCHANT_RISK and ANOMALY are only
 * ever second signals. 900 km/h alone is REVIEWed: honest payments reach it too, so BLOCK needs any second signal. heavy-day looks
 * at the second payment of a day and on, up to where AMOUNT_ANOMALY weighs the size by itself. 4829, 6051 and 6538 are the categories
 * (ISO 18245) of money and of what is as good as money. No rule reads the account's past, which a replay may lack.
 */
export const defaultPolicy: Policy = {
  baseCurrency: 'INR',
  rates: {
    AED: '22.6',
    AUD: '54.5',
    BRL: '15.2',
    CAD: '60.4',
    CHF: '94.1',
    CNY: '11.6',
    EUR: '90.7',
    GBP: '105.5',
    HKD: '10.7',
    JPY: '0.558',
    KRW: '0.0602',
    MXN: '4.5',
    SEK: '8.1',
    SGD: '62.2',
    USD: '83.2',
    ZAR: '4.6',
  },
  cutoffs: { review: 40, block: 70 },
  signals: {
    TOTAL_SPEND_24H: { threshold: 20_000_000, points: 45 },
    TXN_VELOCITY_1H: { threshold: 15, points: 40 },
    RAPID_BURST_1M: { threshold: 5, points: 45 },
    NEW_DEVICE_USED: { threshold: 1, points: 20 },
    AMOUNT_ANOMALY: { threshold: 5, points: 40 },
    IMPOSSIBLE_TRAVEL: { threshold: 900, points: 50 },
    UNUSUAL_HOUR: { threshold: 1, points: 40 },
    MERCHANT_RISK: { threshold: 0.1, points: 30 },
    ANOMALY: { threshold: 99, points: 20 },
  },
  rules: [
    {
      id: 'burst-of-20',
      when: 'has(signals.RAPID_BURST_1M) && signals.RAPID_BURST_1M >= 20.0',
      outcome: 'BLOCK',
      text: '20 or more payments within a minute',
    },
    {
      id: 'new-device-large-amount',
      when: 'has(signals.NEW_DEVICE_USED) && signals.NEW_DEVICE_USED >= 1.0\n  && has(signals.AMOUNT_ANOMALY) && signals.AMOUNT_ANOMALY >= 3.0',
      points: 25,
      text: 'A new device, and an amount far above what is usual',
    },
    {
      id: 'large-transfer',
      when: 'has(signals.AMOUNT_ANOMALY) && signals.AMOUNT_ANOMALY >= 2.0\n  && (txn.channel == "transfer" || txn.merchantCategory in ["4829", "6051", "6538"])',
      points: 40,
      text: 'Money sent on, and more than is usual',
    },
    {
      id: 'heavy-day',
      when: 'has(signals.TOTAL_SPEND_24H) && signals.TOTAL_SPEND_24H >= 8000000.0 && signals.TOTAL_SPEND_24H > txn.spendMinor\n  && has(signals.AMOUNT_ANOMALY) && signals.AMOUNT_ANOMALY >= 1.5 && signals.AMOUNT_ANOMALY < 5.0',
      points: 40,
      text: 'Much spent within a day, and now more than is usual',
    },
    {
      id: 'night-run',
      when: 'has(signals.TXN_VELOCITY_1H) && signals.TXN_VELOCITY_1H >= 3.0\n  && txn.hour >= 1 && txn.hour < 5',
      points: 40,
      text: 'Three or more payments within an hour of the night',
    },
  ],
  lists: {
    blockedAccounts: {
      kind: 'block',
      field: 'accountId',
      outcome: 'BLOCK',
      overrides: false,
      text: 'The account is on the block list',
    },
    blockedDevices: {
      kind: 'block',
      field: 'deviceId',
      outcome: 'BLOCK',
      overrides: false,
      text: 'The device is on the block list',
    },
    blockedMerchants: {
      kind: 'block',
      field: 'merchantId',
      outcome: 'BLOCK',
      overrides: false,
      text: 'The merchant is on the block list',
    },
    watchedAccounts: {
      kind: 'block',
      field: 'accountId',
      outcome: 'REVIEW',
      overrides: false,
      text: 'The account is being watched',
    },
    trustedAccounts: {
      kind: 'allow',
      field: 'accountId',
      outcome: 'ALLOW',
      overrides: false,
      text: 'The account is on the allow list',
    },
  },
  failTo: 'REVIEW',
  failOn: null,
  population: { mean: 11.5, sd: 1.5 },
  merchantPrior: { a: 0.5, b: 49.5 },
  learnedWeight: 0,
};
