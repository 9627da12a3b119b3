import { describe, expect, it } from 'vitest';
import type { TrafficFigures } from '../../../shared/domain/merchant.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import { atLocal, type Known, midnightMs, Payer, signalsOf } from './payer.ts';

const busy: TrafficFigures = {
  asOfMs: midnightMs,
  accounts1h: 9,
  payments1h: 9,
  newDeviceShare1h: 0.8,
  flaggedShare1h: 0,
  usualAccounts1h: 1.5,
  usualPayments1h: 2,
  usualNewDeviceShare: 0.02,
  usualFlaggedShare: 0,
};

describe('the default policy on what is known besides the account', () => {
  it.each<[string, Partial<Transaction>, Known, string, string[]]>([
    [
      'the 3rd account of a device within an hour',
      {},
      { entities: { device: { accounts1h: 3, accounts24h: 3 } } },
      'REVIEW',
      ['RULE:device-farm'],
    ],
    [
      'the 5th account of a device within a day',
      {},
      { entities: { device: { accounts24h: 5 } } },
      'REVIEW',
      ['RULE:device-farm'],
    ],
    ['the 4th of a family’s tablet within a day', {}, { entities: { device: { accounts24h: 4 } } }, 'ALLOW', []],
    [
      'a card at the terminal of a shop',
      { channel: 'card' },
      { entities: { device: { accounts1h: 9, accounts24h: 24 } } },
      'ALLOW',
      [],
    ],
    [
      'the 3rd account of a device that is new to it',
      { deviceId: 'd_new' },
      { entities: { device: { accounts1h: 3, accounts24h: 3 } } },
      'BLOCK',
      ['NEW_DEVICE_USED', 'RULE:device-farm'],
    ],
    ['the 12th of an office', {}, { entities: { ip: { accounts1h: 12, accounts24h: 12 } } }, 'ALLOW', []],
    ['a busy address', {}, { entities: { ip: { accounts1h: 30, accounts24h: 30 } } }, 'ALLOW', ['IP_ACCOUNTS_1H']],
    [
      'a new device at an address of five accounts',
      { deviceId: 'd_new' },
      { entities: { ip: { accounts1h: 5 } } },
      'REVIEW',
      ['NEW_DEVICE_USED', 'RULE:address-farm'],
    ],
    [
      'the 3rd who sends much to a payee',
      { channel: 'transfer', amountMinor: 1_000_000 },
      { entities: { beneficiary: { accounts1h: 3 } } },
      'BLOCK',
      ['RULE:large-transfer', 'RULE:fan-in'],
    ],
    [
      'the 9th who gives for a present',
      { channel: 'transfer', amountMinor: 150_000 },
      { entities: { beneficiary: { accounts1h: 9, accounts24h: 9 } } },
      'ALLOW',
      [],
    ],
    [
      'a tiny payment with a card of three accounts',
      { amountMinor: 9_900 },
      { entities: { instrument: { accounts24h: 3 } } },
      'REVIEW',
      ['INSTRUMENT_ACCOUNTS_24H', 'RULE:card-passed-around'],
    ],
    [
      'a usual payment with a family’s card',
      {},
      { entities: { instrument: { accounts24h: 3 } } },
      'ALLOW',
      ['INSTRUMENT_ACCOUNTS_24H'],
    ],
    [
      'a payment with a card of six accounts',
      {},
      { entities: { instrument: { accounts24h: 6 } } },
      'REVIEW',
      ['INSTRUMENT_ACCOUNTS_24H', 'RULE:card-passed-around'],
    ],
    ['a known device at a merchant in a rush', {}, { traffic: busy }, 'ALLOW', []],
    [
      'a new device at a merchant in a rush of new devices',
      { deviceId: 'd_new' },
      { traffic: busy },
      'REVIEW',
      ['NEW_DEVICE_USED', 'RULE:merchant-new-devices'],
    ],
    [
      'a new device at a merchant in a rush of known ones',
      { deviceId: 'd_new' },
      { traffic: { ...busy, newDeviceShare1h: 0.2 } },
      'ALLOW',
      ['NEW_DEVICE_USED'],
    ],
    [
      'a new device at a merchant that is always so busy',
      { deviceId: 'd_new' },
      { traffic: { ...busy, usualAccounts1h: 8 } },
      'ALLOW',
      ['NEW_DEVICE_USED'],
    ],
    [
      'a tiny payment at a merchant in a rush',
      { amountMinor: 9_900 },
      { traffic: busy },
      'REVIEW',
      ['RULE:merchant-card-testing'],
    ],
    ['an address of one fraud', {}, { entities: { ip: { frauds: 1 } } }, 'ALLOW', ['LINKED_FRAUD']],
    [
      'a new device of one fraud',
      { deviceId: 'd_new' },
      { entities: { device: { frauds: 1 } } },
      'REVIEW',
      ['NEW_DEVICE_USED', 'LINKED_FRAUD'],
    ],
    [
      'a payee of one fraud',
      {},
      { entities: { beneficiary: { frauds: 1 } } },
      'REVIEW',
      ['LINKED_FRAUD', 'RULE:linked-to-fraud'],
    ],
    [
      'an address that is not counted any more',
      {},
      { entities: { ip: { saturated: true } } },
      'REVIEW',
      ['RULE:entity-saturated'],
    ],
    ['one’s own card that is not counted any more', {}, { entities: { instrument: { saturated: true } } }, 'ALLOW', []],
    [
      'a payment sent behind newer ones of a payee',
      {},
      { entities: { beneficiary: { late: true } } },
      'REVIEW',
      ['RULE:entity-late'],
    ],
  ])('of an ordinary account: %s', (_what, paid, known, outcome, signals) => {
    const payer = new Payer();
    payer.livesOrdinarily(30);
    const { decision } = payer.pay(paid, known);
    expect([decision.outcome, signalsOf(decision)]).toEqual([outcome, signals]);
  });

  it('REVIEWs payment after payment from one address within a day, once they are more than usual', () => {
    const address = (payments24h: number) => ({ entities: { ip: { payments24h } } });
    const outcomes = (known: (payment: number) => Known) => {
      const payer = new Payer();
      payer.livesOrdinarily(30);
      return Array.from(
        { length: 8 },
        (_, i) => payer.pay({ occurredAtMs: atLocal(6 + i), amountMinor: 260_000, location: null }, known(i + 1)).decision,
      ).map((decision) => signalsOf(decision).includes('RULE:climbing-day'));
    };
    expect(outcomes(address).indexOf(true)).toBeGreaterThanOrEqual(5);
    expect(outcomes(() => address(1))).not.toContain(true);
  });
});
