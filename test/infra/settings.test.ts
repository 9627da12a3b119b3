import { describe, expect, it } from 'vitest';
import { type Settings, SettingsRefused, settingsOf, stages } from '../../infra/settings.ts';

const faultsOf = (stage: string, overrides: Record<string, unknown> = {}): readonly string[] => {
  try {
    settingsOf(stage, overrides as Partial<Settings>);
  } catch (error) {
    if (error instanceof SettingsRefused) return error.faults;
    throw error;
  }
  return [];
};

describe('settings', () => {
  it.each(Object.keys(stages))('of stage %s hold without an edit', (stage) => {
    expect(settingsOf(stage)).toMatchObject({ stage });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['an unknown queue kind', { queueKind: 'lifo' }, 'queueKind: given "lifo", allowed: standard or fifo'],
    ['a region that is none', { region: 'Mumbai' }, 'region: given "Mumbai", allowed: a region such as ap-south-1, or nothing'],
    ['a batch above the limit', { scoreBatchSize: 11 }, 'scoreBatchSize: given 11, allowed: a whole number from 1 to 10'],
    ['a batch of nothing', { scoreBatchSize: 0 }, 'scoreBatchSize: given 0, allowed: a whole number from 1 to 10'],
    [
      'a concurrency below what SQS allows',
      { scoreMaxConcurrency: 1 },
      'scoreMaxConcurrency: given 1, allowed: a whole number from 2 to 1000',
    ],
    ['a fraction', { trainEveryMinutes: 1.5 }, 'trainEveryMinutes: given 1.5, allowed: a whole number from 1 to 10080'],
    [
      'a telephone number without its country',
      { alertPhones: ['9800000000'] },
      'alertPhones: given ["9800000000"], allowed: a list of telephone numbers such as +919800000000',
    ],
    [
      'a console over plain HTTP',
      { consoleUrl: 'http://aegis.example' },
      'consoleUrl: given "http://aegis.example", allowed: an https address without a slash at its end, or nothing',
    ],
    [
      'a key provider that lacks a key',
      { keyProvider: { data: 'arn:aws:kms:ap-south-1:111122223333:key/a' } },
      'keyProvider: given {"data":"arn:aws:kms:ap-south-1:111122223333:key/a"}, allowed: stack, or the ARNs of the KMS keys data, master and signing',
    ],
    [
      'an address that is none',
      { alertEmails: ['nobody'] },
      'alertEmails: given ["nobody"], allowed: a list of e-mail addresses',
    ],
    [
      'an issuer whose keys come over plain HTTP',
      { tokenIssuer: { issuer: 'https://a', audience: 'aegis', jwksUri: 'http://a/keys', scopes: { r: ['read'] } } },
      'tokenIssuer: given {"issuer":"https://a","audience":"aegis","jwksUri":"http://a/keys","scopes":{"r":["read"]}}, allowed: issuer, audience, a jwksUri over https (over http on this machine) and scopes (words of the claim to lists of scopes), or nothing',
    ],
    ['a name that is no setting', { retention: 3 }, 'retention: no such setting'],
    [
      'dead letters kept for a shorter time than messages',
      { messageRetentionDays: 10, deadLetterRetentionDays: 9 },
      'deadLetterRetentionDays: given 9, allowed: at least messageRetentionDays, which is 10',
    ],
    [
      'a timeout so long that the queue could deliver a message only a few times',
      { messageRetentionDays: 1, scoreTimeoutSeconds: 130 },
      'scoreTimeoutSeconds: given 130, allowed: at most 129 with messageRetentionDays 1: the queue must be able to deliver a message 100 times',
    ],
    ['a share above all of it', { readLogShare: 1.5 }, 'readLogShare: given 1.5, allowed: a number from 0 to 1'],
    [
      'reserved instances that leave the others less than Lambda does',
      { reservedConcurrency: { decide: 5 }, lambdaQuota: 100 },
      'reservedConcurrency: given 5 in all, allowed: at most lambdaQuota - 100, which is 0: Lambda keeps the rest for all other functions',
    ],
    [
      'fewer reserved instances of score than the queue may start',
      { reservedConcurrency: { score: 49 } },
      'reservedConcurrency: given 49 for score, allowed: at least scoreMaxConcurrency, which is 50: what the queue hands over beyond it is refused and counts as received',
    ],
    [
      'fewer reserved instances than are kept warm',
      { reservedConcurrency: { decide: 2 }, decideProvisionedConcurrency: 3 },
      'reservedConcurrency: given 2 for decide, allowed: at least decideProvisionedConcurrency, which is 3',
    ],
    [
      'reserved instances of a function that is not hot',
      { reservedConcurrency: { train: 1 } },
      'reservedConcurrency: given {"train":1}, allowed: whole numbers from 1 to 10000 for some of ingest, score, decide, read',
    ],
    ['a firewall somewhere', { firewall: 'edge' }, 'firewall: given "edge", allowed: core, operations or none'],
    ['receives, which follow from the retention', { maxReceives: 5 }, 'maxReceives: no such setting'],
    [
      'an alarm on a compaction that is not due yet',
      { compactEveryMinutes: 120, compactionLagAlarmHours: 2 },
      'compactionLagAlarmHours: given 2, allowed: above compactEveryMinutes, which is 120',
    ],
    [
      'an alarm on a model that is not due yet',
      { trainEveryMinutes: 2880, modelAgeAlarmHours: 48 },
      'modelAgeAlarmHours: given 48, allowed: above trainEveryMinutes, which is 2880',
    ],
    [
      'rows that go while the queues may still ask for them',
      { hotDays: 21 },
      'hotDays: given 21, allowed: at least messageRetentionDays + deadLetterRetentionDays + 4, which is 22: messages in the queues may still need the rows of their accounts',
    ],
    ['rows that go at noon', { hotDays: 22.5 }, 'hotDays: given 22.5, allowed: a whole number from 1 to 36500, or nothing'],
    [
      'a burst below the rate',
      { apiRatePerSecond: 500, apiBurst: 499 },
      'apiBurst: given 499, allowed: at least apiRatePerSecond, which is 500',
    ],
  ])('refuse %s', (_, overrides, fault) => {
    expect(faultsOf('prod', overrides)).toEqual([fault]);
  });

  it('accept both ends of a range', () => {
    expect(faultsOf('prod', { scoreBatchSize: 1 })).toEqual([]);
    expect(faultsOf('prod', { scoreBatchSize: 10 })).toEqual([]);
    expect(faultsOf('prod', { hotDays: 22 })).toEqual([]);
    expect(faultsOf('prod', { messageRetentionDays: 14, deadLetterRetentionDays: 14 })).toEqual([]);
  });

  it('refuse a log retention that CloudWatch does not know, naming those it does', () => {
    const [fault] = faultsOf('prod', { logRetentionDays: 31 });
    expect(fault).toContain('logRetentionDays: given 31');
    expect(fault).toContain(' 30, 60,');
  });

  it('name every fault at once', () => {
    expect(faultsOf('prod', { scoreBatchSize: 0, partialFailuresAlarm: -1, oldVersionDays: 0 })).toHaveLength(3);
  });

  it('refuse a stage that nobody described, naming the stages there are', () => {
    expect(faultsOf('staging')).toEqual(['stage: given "staging", allowed: prod, dev, local']);
  });
});
