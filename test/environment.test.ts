import { afterEach, expect, test, vi } from 'vitest';
import { isTrue, optional, required, requiredNumber } from '../shared/store/environment.ts';

afterEach(() => vi.unstubAllEnvs());

const table = 'AEGIS_TABLE';

test.each([
  ['what is set', 'aegis', 'aegis'],
  ['nothing for the empty text', '', undefined],
  ['nothing for what is not set', undefined, undefined],
])('a text is %s', (_, value, expected) => {
  vi.stubEnv(table, value);
  expect(optional('table')).toBe(expected);
  if (expected === undefined) expect(() => required('table')).toThrow('the environment variable AEGIS_TABLE is not set');
  else expect(required('table')).toBe(expected);
});

test.each([
  ['48', 48],
  ['0.5', 0.5],
  ['0', 'AEGIS_MODEL_AGE_ALARM_HOURS is 0; allowed: a number above 0'],
  ['-1', 'is -1; allowed: a number above 0'],
  ['two', 'is two; allowed: a number above 0'],
  ['Infinity', 'is Infinity; allowed: a number above 0'],
  ['', 'AEGIS_MODEL_AGE_ALARM_HOURS is not set'],
])('a number %j is taken or refused by name', (value, expected) => {
  vi.stubEnv('AEGIS_MODEL_AGE_ALARM_HOURS', value);
  if (typeof expected === 'number') expect(requiredNumber('modelAgeAlarmHours')).toBe(expected);
  else expect(() => requiredNumber('modelAgeAlarmHours')).toThrow(expected);
});

test.each([
  ['true', true],
  ['false', false],
  ['', false],
  [undefined, false],
  ['yes', 'AEGIS_WEBHOOKS_TO_LOOPBACK is yes; allowed: true or false'],
])('a switch %j is on, off or refused by name', (value, expected) => {
  vi.stubEnv('AEGIS_WEBHOOKS_TO_LOOPBACK', value);
  if (typeof expected === 'boolean') expect(isTrue('webhooksToLoopback')).toBe(expected);
  else expect(() => isTrue('webhooksToLoopback')).toThrow(expected);
});
