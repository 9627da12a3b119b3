import { describe, expect, it } from 'vitest';
import { failedIdentifiers } from '../../../tools/local/queueSource.ts';

describe('a partial-batch answer', () => {
  it.each([
    ['names nothing: all are done', { batchItemFailures: [] }, []],
    ['is null: all are done', null, []],
    ['is missing: all are done', undefined, []],
    ['has no list: all are done', {}, []],
    ['names one: the other is done', { batchItemFailures: [{ itemIdentifier: 'a' }] }, ['a']],
    ['has a list that is none: all failed', { batchItemFailures: 'a' }, 'all'],
    ['names an unknown one: all failed', { batchItemFailures: [{ itemIdentifier: 'a' }, { itemIdentifier: 'z' }] }, 'all'],
    ['names the empty text: all failed', { batchItemFailures: [{ itemIdentifier: '' }] }, 'all'],
    ['names null: all failed', { batchItemFailures: [{ itemIdentifier: null }] }, 'all'],
    ['holds null: all failed', { batchItemFailures: [null] }, 'all'],
  ])('%s', (_, answer, expected) => {
    const failed = failedIdentifiers(answer, ['a', 'b']);
    expect(failed === 'all' ? failed : [...failed]).toEqual(expected);
  });
});
