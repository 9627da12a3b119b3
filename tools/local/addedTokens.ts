import type { TablePlugin } from '../../shared/adapters/aws/table.ts';

/**
 * A plugin that blanks the ClientRequestToken which the SDK adds to a transaction that has none. The emulator keeps each token for ten
 * minutes and searches all of them for every transaction with one, so that each decision would make the next one slower. A token that the
 * caller chose stays.
 */
export const withoutAddedTokens: TablePlugin = {
  applyToStack: (stack) =>
    stack.add(
      (next) => (args) => {
        const { input, request } = args as {
          input: { readonly ClientRequestToken?: string };
          request: { readonly body?: unknown };
        };
        if (input.ClientRequestToken === undefined && request.body instanceof Uint8Array) blankToken(request.body);
        return next(args);
      },
      { name: 'withoutAddedTokens', step: 'build' },
    ),
};

const space = 0x20;
const name = ',"ClientRequestToken":"';

/** Overwrites the last member of a JSON object with spaces where it is the token: the length stays the same. A text in JSON has no bare quotes. */
const blankToken = (body: Uint8Array): void => {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const from = bytes.lastIndexOf(name);
  if (from >= 0) bytes.fill(space, from, bytes.indexOf('"', from + name.length) + 1);
};
