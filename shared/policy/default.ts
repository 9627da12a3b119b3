import type { Policy, Rule } from '../domain/policy.ts';
import { firstDefaultPolicy } from './firstDefault.ts';

/** Conditions of rules of 0.1 that say something else now. */
const changed: Readonly<Record<string, string>> = {
  'large-transfer':
    'has(signals.AMOUNT_ANOMALY) && signals.AMOUNT_ANOMALY >= 3.0\n  && (txn.channel == "transfer" || txn.merchantCategory in ["4829", "6051", "6538"])',
  'heavy-day':
    'has(signals.TOTAL_SPEND_24H) && signals.TOTAL_SPEND_24H >= 8000000.0 && signals.TOTAL_SPEND_24H > txn.spendMinor\n  && has(signals.AMOUNT_ANOMALY) && signals.AMOUNT_ANOMALY >= 3.0 && signals.AMOUNT_ANOMALY < 5.0 && txn.channel != "transfer"',
};

/**
 * The policy of a tenant that never published one: version 1. `test/shared/policy/default.test.ts` and `defaultEntities.test.ts` show it on
 * whole accounts, docs/policy.md says why each number is what it is.
 *
 * Rates are examples, rounded, to be replaced by the tenant's own. Every threshold is meant for consumer payments in rupees. One
 * signal or rule of weight alone is REVIEWed (40 to 69 points), two are BLOCKed; NEW_DEVICE_USED, MERCHANT_RISK, ANOMALY and the signals across
 * accounts are only ever second signals: the last are high in a shop or behind a shared address, so rules join them with what an attack has besides.
 * 900 km/h alone is REVIEWed: honest payments reach it too, so BLOCK needs any second signal. 4829, 6051 and 6538 are the categories
 * (ISO 18245) of money and of what is as good as money. No rule reads the account's past, which a replay may lack.
 */
export const defaultPolicy: Policy = {
  ...firstDefaultPolicy,
  signals: {
    ...firstDefaultPolicy.signals,
    DEVICE_ACCOUNTS_24H: { threshold: 25, points: 20 },
    IP_ACCOUNTS_1H: { threshold: 15, points: 20 },
    BENEFICIARY_PAYERS_24H: { threshold: 10, points: 20 },
    INSTRUMENT_ACCOUNTS_24H: { threshold: 3, points: 20 },
    LINKED_FRAUD: { threshold: 1, points: 25 },
  },
  rules: [
    ...firstDefaultPolicy.rules.map((rule): Rule => ({ ...rule, when: changed[rule.id] ?? rule.when })),
    {
      id: 'ordinary-after-large',
      when: 'has(signals.TOTAL_SPEND_24H) && signals.TOTAL_SPEND_24H >= 20000000.0\n  && has(signals.AMOUNT_ANOMALY) && signals.AMOUNT_ANOMALY < 1.0 && has(txn.spendMinor) && txn.spendMinor < 500000',
      points: -10,
      text: 'A small and ordinary payment on a day of large ones',
    },
    {
      id: 'climbing-day',
      when: 'has(ip.payments24h) && ip.payments24h >= 6 && ip.accounts24h <= 2 && !has(txn.latitude)\n  && has(signals.AMOUNT_ANOMALY) && signals.AMOUNT_ANOMALY >= 1.0 && signals.AMOUNT_ANOMALY < 5.0 && has(txn.spendMinor)\n  && has(signals.TOTAL_SPEND_24H) && signals.TOTAL_SPEND_24H >= 2000000.0 && signals.TOTAL_SPEND_24H >= 3.0 * double(txn.spendMinor)',
      points: 40,
      text: 'Payment after payment from one address within a day, and more than is usual',
    },
    {
      id: 'device-farm',
      when: 'txn.channel != "card" && has(device.accounts1h) && (device.accounts1h >= 3 || device.accounts24h >= 5)',
      points: 50,
      text: 'Three accounts within an hour, or five within a day, pay from one device',
    },
    {
      id: 'address-farm',
      when: 'txn.channel != "card" && has(signals.NEW_DEVICE_USED) && signals.NEW_DEVICE_USED >= 1.0\n  && has(ip.accounts1h) && ip.accounts1h >= 5',
      points: 40,
      text: 'A new device, at an address from which five accounts paid within an hour',
    },
    {
      id: 'fan-in',
      when: 'has(beneficiary.accounts1h)\n  && ((beneficiary.accounts1h >= 3 && has(txn.spendMinor) && txn.spendMinor >= 1000000)\n    || (beneficiary.accounts1h >= 2 && has(signals.AMOUNT_ANOMALY) && signals.AMOUNT_ANOMALY >= 2.0))',
      points: 40,
      text: 'Several accounts send much to one payee within an hour',
    },
    {
      id: 'card-passed-around',
      when: 'has(instrument.accounts24h) && has(txn.spendMinor)\n  && (instrument.accounts24h >= 6 || (instrument.accounts24h >= 3 && txn.spendMinor <= 30000))',
      points: 40,
      text: 'One card or bank account is tried from several accounts',
    },
    {
      id: 'merchant-new-devices',
      when: 'has(signals.NEW_DEVICE_USED) && signals.NEW_DEVICE_USED >= 1.0\n  && has(merchant.newDeviceShare1h) && merchant.newDeviceShare1h >= 0.5 && merchant.accounts1h >= 3.5\n  && has(merchant.usualAccounts1h) && merchant.accounts1h >= 2.0 * merchant.usualAccounts1h',
      points: 30,
      text: 'A new device, at a merchant with more accounts than usual, half of them from new devices',
    },
    {
      id: 'merchant-card-testing',
      when: 'has(txn.spendMinor) && txn.spendMinor <= 30000\n  && has(merchant.usualAccounts1h) && merchant.accounts1h >= 3.5 && merchant.accounts1h >= 3.0 * merchant.usualAccounts1h',
      points: 40,
      text: 'A tiny payment, at a merchant with far more accounts than usual',
    },
    {
      id: 'linked-to-fraud',
      when: '(has(beneficiary.frauds) && beneficiary.frauds >= 1)\n  || (has(device.frauds) && device.frauds >= 1 && device.accounts24h >= 2)\n  || (has(instrument.frauds) && instrument.frauds >= 1 && instrument.accounts24h >= 2)',
      points: 40,
      text: 'A payee of a fraud, or a device or instrument of a fraud that several accounts use',
    },
    {
      id: 'entity-late',
      when: '!txn.late && ((has(device.late) && device.late) || (has(ip.late) && ip.late)\n  || (has(beneficiary.late) && beneficiary.late) || (has(instrument.late) && instrument.late))',
      outcome: 'REVIEW',
      text: 'Older than another payment on its device, address, payee or instrument, whose count it does not see',
    },
    {
      id: 'entity-saturated',
      when: '(has(device.saturated) && device.saturated) || (has(ip.saturated) && ip.saturated)\n  || (has(beneficiary.saturated) && beneficiary.saturated)\n  || (has(instrument.saturated) && instrument.saturated && instrument.accounts24h >= 3)',
      outcome: 'REVIEW',
      text: 'More payments than are counted on its device, address, payee or instrument',
    },
  ],
};
