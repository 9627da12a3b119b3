import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { env } from '../../../shared/store/names.ts';

const program = fileURLToPath(new URL('../../../tools/cli/aegis.ts', import.meta.url));
const aegis = (...words: string[]): Promise<{ readonly code: number; readonly text: string }> =>
  promisify(execFile)(process.execPath, [program, ...words], { env: { ...process.env, [env.table]: 'none' } }).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    (error: { readonly code: number; readonly stderr: string }) => ({ code: error.code, text: error.stderr }),
  );

describe('what aegis refuses before it touches a store', () => {
  it.each([
    [['webhooks', 'replay', '--from', '2026-11-20T00:00:00Z'], 2, '--from needs the id of a webhook'],
    [
      ['webhooks', 'replay', 'wh_1', '--from', '2026-11-20T00:00:00Z', '--to', '2026-11-19T00:00:00Z'],
      2,
      '--to must be after --from',
    ],
    [['webhooks', 'replay', 'wh_1', '--from', 'yesterday'], 1, 'allowed: RFC 3339'],
    [['sinks', 'pause', 'heads'], 1, 'Allowed choices are archive, features, alerts, webhooks'],
  ])('%j', async (words, code, text) => {
    const ended = await aegis(...words);
    expect([ended.code, ended.text]).toEqual([code, expect.stringContaining(text)]);
  });
});
