import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { runningStacks } from '../../../tools/local/runningStacks.ts';

/** `npm start` as a person runs it, with the deployed handlers. */

const main = fileURLToPath(new URL('../../../tools/local/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'aegis-test-'));
const startMsMax = 60_000;
const attempts = 100;

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  readonly key: string;
  /** All it has written so far. */
  readonly output: () => string;
}

const start = async (...args: string[]): Promise<Started> => {
  const env = { ...process.env, AEGIS_LOG_LEVEL: 'warn' };
  const child = spawn(process.execPath, [main, '--port', '0', ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  let output = '';
  const ready = Promise.withResolvers<void>();
  const timer = setTimeout(() => ready.reject(new Error(`not ready: ${output}`)), startMsMax);
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('Ctrl-C stops everything')) ready.resolve();
    });
  }
  child.once('exit', (code) => ready.reject(new Error(`ended with ${code}: ${output}`)));
  await ready.promise.finally(() => clearTimeout(timer));
  return {
    child,
    url: /^api: +(\S+)$/m.exec(output)![1]!,
    key: /^key: (aegis_dev_\S+)$/m.exec(output)![1]!,
    output: () => output,
  };
};

const get = async ({ url, key }: Started, path: string): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } });
  return { status: response.status, body: await response.json() };
};

const post = async ({ url, key }: Started, transactionId: string): Promise<number> => {
  const response = await fetch(`${url}/transactions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      transactionId,
      userId: 'u_1',
      accountId: 'a_1',
      occurredAt: '2026-01-20T13:45:00Z',
      amountMinor: 100,
      currency: 'EUR',
    }),
  });
  return response.status;
};

const eventually = async (holds: () => Promise<boolean>): Promise<boolean> => {
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (await holds()) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
};

const latestIds = async (stack: Started): Promise<string[]> => {
  const { body } = await get(stack, '/decisions/latest');
  return (body as { items: { transactionId: string }[] }).items.map(({ transactionId }) => transactionId);
};

describe('npm start', { timeout: 120_000 }, () => {
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('sends traffic, stops on Ctrl-C with a summary, and leaves nothing that answers', async () => {
    const stack = await start('--rate', '20', '--seed', '5');
    expect(await eventually(async () => (await latestIds(stack)).some((id) => id.startsWith('s5-t')))).toBe(true);
    const isNoted = (): boolean => runningStacks().some(({ url, key }) => url === stack.url && key === stack.key);
    expect(isNoted()).toBe(true);
    stack.child.kill('SIGINT');
    const [code] = await once(stack.child, 'exit');
    expect(code).toBe(0);
    expect(stack.output()).toMatch(/false alarms: \d+ of \d+ honest payments/);
    await expect(fetch(stack.url)).rejects.toThrow();
    expect(isNoted()).toBe(false);
  });

  it('shows after a kill and a restart what was decided before, in the feed too', async () => {
    const args = ['--no-traffic', '--requests', '--data-dir', join(folder, 'killed')];
    const killed = await start(...args);
    expect(await post(killed, 't_before')).toBe(202);
    expect(await eventually(async () => (await get(killed, '/decisions/t_before')).status === 200)).toBe(true);
    const exited = once(killed.child, 'exit');
    killed.child.kill('SIGKILL');
    await exited;

    const restarted = await start(...args);
    try {
      expect(restarted.key).toBe(killed.key);
      expect(await eventually(async () => (await latestIds(restarted)).includes('t_before'))).toBe(true);
      expect((await latestIds(restarted)).filter((id) => id === 't_before')).toHaveLength(1);
      expect(await eventually(async () => restarted.output().includes('"operationId":"getLatestDecisions"'))).toBe(true);
    } finally {
      const stopped = once(restarted.child, 'exit');
      restarted.child.kill('SIGTERM');
      expect((await stopped)[0]).toBe(0);
    }
  });

  it.each([
    ['a port that is none', ['--port', '70000'], "argument '70000' is invalid. allowed: 0 to 65535"],
    ['an emulator that is missing', ['--port', '0'], 'DYNOXIDE_BIN names /nowhere/dynoxide, which is not an executable file'],
  ])('says in one line what to do about %s', async (_, args, message) => {
    const env = { ...process.env, DYNOXIDE_BIN: '/nowhere/dynoxide' };
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    const [code] = await once(child, 'exit');
    expect(code).toBe(1);
    expect(errors.trim().split('\n')).toHaveLength(1);
    expect(errors).toContain(message);
  });
});
