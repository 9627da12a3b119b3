import { describe, expect, it } from 'vitest';
import { readError, writeError } from '../../../../shared/adapters/aws/tableErrors.ts';
import { ConditionFailed, OutcomeUnknown, Throttled, TransactionCancelled, Unavailable } from '../../../../shared/ports/ports.ts';

const fault = (name: string, extra: object = {}): Error =>
  Object.assign(new Error('said so'), { name, $metadata: { httpStatusCode: 400 } }, extra);
const noReply = { $metadata: {} };

describe('what the table throws', () => {
  it.each([
    ['a throttle', fault('ThrottlingException'), Throttled, Throttled],
    ['used-up throughput', fault('ProvisionedThroughputExceededException'), Throttled, Throttled],
    ['an account limit', fault('RequestLimitExceeded'), Throttled, Throttled],
    ['a conflict with a transaction', fault('TransactionConflictException'), Throttled, Unavailable],
    ['a server error', fault('InternalServerError', { $metadata: { httpStatusCode: 500 } }), OutcomeUnknown, Unavailable],
    ['an unknown 503', fault('Unknown', { $metadata: { httpStatusCode: 503 } }), OutcomeUnknown, Unavailable],
    ['a timeout', fault('TimeoutError', noReply), OutcomeUnknown, Unavailable],
    ['a reset connection', fault('Error', { code: 'ECONNRESET', ...noReply }), OutcomeUnknown, Unavailable],
    ['a reply nobody can read', fault('SyntaxError', { $metadata: { httpStatusCode: 200 } }), OutcomeUnknown, Unavailable],
    ['a transaction under way', fault('TransactionInProgressException'), OutcomeUnknown, Unavailable],
    ['a token of another transaction', fault('IdempotentParameterMismatchException'), OutcomeUnknown, Unavailable],
    ['a refused connection', fault('Error', { code: 'ECONNREFUSED', ...noReply }), Unavailable, Unavailable],
    ['a missing table', fault('ResourceNotFoundException'), Unavailable, Unavailable],
    ['a missing permission', fault('AccessDeniedException'), Unavailable, Unavailable],
    ['missing credentials', Object.assign(new Error('none'), { name: 'CredentialsProviderError' }), Unavailable, Unavailable],
  ])('reads %s as what it means for a write and for a read', (_, error, forWrite, forRead) => {
    expect(writeError(error)).toBeInstanceOf(forWrite);
    expect(readError(error)).toBeInstanceOf(forRead);
    expect(writeError(error).cause).toBe(error);
  });

  it.each([
    ['a malformed request', fault('ValidationException')],
    ['a value refused before sending', new Error('Special numeric value NaN is not allowed')],
  ])('hands back %s as it is', (_, error) => {
    expect(writeError(error)).toBe(error);
    expect(readError(error)).toBe(error);
  });

  it('hands back a stored number that would lose digits when it is read, and does not know what the write did that returns it', () => {
    const error = Object.assign(new RangeError('beyond 2^53-1'), noReply);
    expect(readError(error)).toBe(error);
    expect(writeError(error)).toBeInstanceOf(OutcomeUnknown);
  });

  it('gives the item that stands there with a failed condition', () => {
    const error = writeError(
      fault('ConditionalCheckFailedException', { Item: { pk: { S: 'p' }, sk: { S: 's' }, n: { N: '2' } } }),
    );
    expect(error).toBeInstanceOf(ConditionFailed);
    expect((error as ConditionFailed).item).toEqual({ pk: 'p', sk: 's', n: 2 });
    expect((writeError(fault('ConditionalCheckFailedException')) as ConditionFailed).item).toBeNull();
  });

  it('gives each write of a cancelled transaction its reason', () => {
    const error = writeError(
      fault('TransactionCanceledException', {
        CancellationReasons: [
          { Code: 'None' },
          { Code: 'ConditionalCheckFailed', Item: { pk: { S: 'p' }, sk: { S: 's' } } },
          { Code: 'TransactionConflict' },
          { Code: 'ThrottlingError' },
          { Code: 'ProvisionedThroughputExceeded' },
        ],
      }),
    );
    expect(error).toBeInstanceOf(TransactionCancelled);
    expect((error as TransactionCancelled).reasons).toEqual([
      { code: 'None', item: null },
      { code: 'ConditionalCheckFailed', item: { pk: 'p', sk: 's' } },
      { code: 'TransactionConflict', item: null },
      { code: 'Throttled', item: null },
      { code: 'Throttled', item: null },
    ]);
  });

  it.each(['ValidationError', 'ItemCollectionSizeLimitExceeded'])('hands back a transaction refused for %s as it is', (Code) => {
    const error = fault('TransactionCanceledException', { CancellationReasons: [{ Code: 'None' }, { Code }] });
    expect(writeError(error)).toBe(error);
  });
});
