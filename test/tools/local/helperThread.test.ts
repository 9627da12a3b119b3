import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { FunctionFailed } from '../../../tools/local/functionFailed.ts';
import { startHelperThread } from '../../../tools/local/helperThread.ts';

const file = new URL('./stubs/failingThread.ts', import.meta.url);
const listeners = { onOutput: () => undefined, onFailure: () => undefined };

describe('a thread with part of the local stack', () => {
  it('answers, and refuses with what was thrown', async () => {
    const thread = startHelperThread<'answer' | 'refuse'>(file, 'part', {}, listeners);
    await thread.ready;
    expect(await thread.call('answer')).toBe(7);
    await expect(thread.call('refuse')).rejects.toThrow(new FunctionFailed('not today'));
    await thread.end();
  });

  it('ends the process when it breaks, and says which it was and why', () => {
    const source = `
      import { startHelperThread } from ${JSON.stringify(new URL('../../../tools/local/helperThread.ts', import.meta.url).href)};
      const thread = startHelperThread(new URL(${JSON.stringify(file.href)}), 'part', {}, { onOutput() {}, onFailure() {} });
      await thread.call('break');
      await new Promise((resolve) => setTimeout(resolve, 5_000));
    `;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', source], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain('the thread part of the local stack failed');
    expect(stderr).toContain('broken');
  });
});
