import { expect, test } from 'vitest';
import { listFields } from '../../../shared/domain/policy.ts';
import { transaction } from '../policy/fixtures.ts';

test('a list holds values of a field that every transaction has, as text or null', () => {
  expect(listFields).toEqual(['userId', 'accountId', 'deviceId', 'merchantId', 'merchantCategory', 'channel', 'currency']);
  for (const field of listFields) expect(typeof transaction[field], field).toBe('string');
});
