import { expect, test } from 'vitest';
import { newDeviceUsed } from '../../../../shared/domain/signals/newDeviceUsed.ts';
import { tokenOf } from '../../../../shared/domain/token.ts';
import { salt, signalInput, t0 } from './input.ts';

const ninetyDaysMs = 90 * 24 * 3_600_000;
const seen = (name: string, agoMs: number) => ({ token: tokenOf(name, salt), lastSeenMs: t0 - agoMs });

test.each([
  ['no device known yet is not new', 'd1', [], 0],
  ['a known device is not new', 'd1', [seen('d2', 0), seen('d1', 1000)], 0],
  ['an unknown device is new once any is known', 'd1', [seen('d2', 0)], 1],
  ['a device unseen for a millisecond less than 90 days is known', 'd1', [seen('d1', ninetyDaysMs - 1)], 0],
  ['a device unseen for 90 days is new', 'd1', [seen('d1', ninetyDaysMs)], 1],
  ['a device unseen for longer is new', 'd1', [seen('d1', ninetyDaysMs + 1)], 1],
  ['a device seen later than a late payment is known', 'd1', [seen('d1', -1000)], 0],
  ['no device given is not new', null, [seen('d2', 0)], 0],
])('%s', (_, deviceId, devices, value) => {
  expect(newDeviceUsed(signalInput({ transaction: { deviceId }, account: { devices } }))).toEqual({
    value,
    usual: devices.length,
  });
});
