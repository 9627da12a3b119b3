import { expect, it } from 'vitest';
import { itemFromImage } from '../../../functions/project/image.ts';
import { streamImage } from '../../../tools/local/streamImage.ts';

it('an item in a stream event is DynamoDB JSON with bytes as base64 text, which the projection reads back', () => {
  const bytes = Uint8Array.of(0, 1, 254, 255);
  const item = { pk: 'p', sk: 's', n: -0.5, yes: true, nothing: null, b: bytes, list: ['a', bytes], map: { b: bytes } };
  const image = streamImage(item);
  expect(JSON.parse(JSON.stringify(image))).toEqual({
    pk: { S: 'p' },
    sk: { S: 's' },
    n: { N: '-0.5' },
    yes: { BOOL: true },
    nothing: { NULL: true },
    b: { B: 'AAH+/w==' },
    list: { L: [{ S: 'a' }, { B: 'AAH+/w==' }] },
    map: { M: { b: { B: 'AAH+/w==' } } },
  });
  expect(itemFromImage(image)).toEqual(item);
});
