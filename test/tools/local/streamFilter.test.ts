import { describe, expect, it } from 'vitest';
import { LocalProblem } from '../../../tools/local/problem.ts';
import { keyPrefixesOf } from '../../../tools/local/streamFilter.ts';

const pattern = (...prefixes: string[]) =>
  JSON.stringify({ dynamodb: { Keys: { pk: { S: prefixes.map((prefix) => ({ prefix })) } } } });

describe('the filter of a stream', () => {
  it.each([
    ['takes everything where there is none', [], null],
    ['takes the beginnings it names', [pattern('D#', 'A#')], ['D#', 'A#']],
    ['takes what any of several patterns takes', [pattern('D#'), pattern('A#')], ['D#', 'A#']],
  ])('%s', (_, patterns, prefixes) => {
    expect(keyPrefixesOf(patterns)).toEqual(prefixes);
  });

  it.each([
    ['of another operator', JSON.stringify({ dynamodb: { Keys: { pk: { S: [{ suffix: 'D#' }] } } } })],
    ['of a whole key', JSON.stringify({ dynamodb: { Keys: { pk: { S: ['D#1'] } } } })],
    ['of the sort key', JSON.stringify({ dynamodb: { Keys: { sk: { S: [{ prefix: 'D#' }] } } } })],
    ['that asks for more beside it', JSON.stringify({ eventName: ['INSERT'], ...JSON.parse(pattern('D#')) })],
    ['of everything', '{}'],
  ])('refuses a pattern %s instead of delivering what AWS would not', (_, unknown) => {
    expect(() => keyPrefixesOf([unknown])).toThrow(LocalProblem);
  });
});
