import { describe, expect, it } from 'vitest';
import { LocalProblem } from '../../../tools/local/problem.ts';
import { isTaken, streamRulesOf } from '../../../tools/local/streamFilter.ts';

const keys = (...prefixes: string[]) => ({ dynamodb: { Keys: { pk: { S: prefixes.map((prefix) => ({ prefix })) } } } });
const pattern = (value: object) => JSON.stringify(value);
const removed = { eventName: ['REMOVE'], ...keys('S#') };

describe('the filter of a stream', () => {
  it.each<[string, readonly string[], readonly [string, string][], readonly [string, string][]]>([
    ['takes everything where there is none', [], [['INSERT', 'D#1']], []],
    [
      'takes the beginnings it names',
      [pattern(keys('D#', 'A#'))],
      [
        ['INSERT', 'D#1'],
        ['REMOVE', 'A#1'],
      ],
      [['INSERT', 'S#1']],
    ],
    [
      'takes what any of several patterns takes',
      [pattern(keys('D#')), pattern(keys('A#'))],
      [['MODIFY', 'A#1']],
      [['MODIFY', 'R#1']],
    ],
    [
      'takes the events it names',
      [pattern({ eventName: ['INSERT', 'MODIFY'], ...keys('D#') }), pattern(removed)],
      [
        ['INSERT', 'D#1'],
        ['REMOVE', 'S#1'],
      ],
      [
        ['REMOVE', 'D#1'],
        ['INSERT', 'S#1'],
      ],
    ],
  ])('%s', (_, patterns, taken, left) => {
    const rules = streamRulesOf(patterns);
    for (const [eventName, pk] of taken) expect(isTaken(rules, eventName, pk)).toBe(true);
    for (const [eventName, pk] of left) expect(isTaken(rules, eventName, pk)).toBe(false);
  });

  it.each([
    ['of another operator', { dynamodb: { Keys: { pk: { S: [{ suffix: 'D#' }] } } } }],
    ['of a whole key', { dynamodb: { Keys: { pk: { S: ['D#1'] } } } }],
    ['of the sort key', { dynamodb: { Keys: { sk: { S: [{ prefix: 'D#' }] } } } }],
    ['that asks for more beside it', { eventID: ['1'], ...keys('D#') }],
    ['of events by another operator', { eventName: [{ prefix: 'IN' }], ...keys('D#') }],
    ['of a caller', { ...removed, userIdentity: { principalId: ['somebody'] } }],
    ['of everything', {}],
  ])('refuses a pattern %s instead of delivering what AWS would not', (_, unknown) => {
    expect(() => streamRulesOf([pattern(unknown)])).toThrow(LocalProblem);
  });
});
