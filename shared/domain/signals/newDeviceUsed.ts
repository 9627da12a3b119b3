import { dayMs } from '../durations.ts';
import { tokenOf } from '../token.ts';
import { reading, type Signal } from './signal.ts';

/** A device seen as long ago as this is new again. */
const forgottenMs = 90 * dayMs;

/** 1 when the account has known devices and this is none of them. What is usual is how many it knows. */
export const newDeviceUsed: Signal = ({ transaction, account }) => {
  const { deviceId } = transaction;
  if (deviceId === null || account.devices.length === 0) return reading(0, account.devices.length);
  const token = tokenOf(deviceId, account.salt);
  const known = account.devices.find((device) => device.token === token);
  const isNew = known === undefined || transaction.occurredAtMs - known.lastSeenMs >= forgottenMs;
  return reading(isNew ? 1 : 0, account.devices.length);
};
