import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { env } from '../../../shared/store/names.ts';
import { resolveTarget, storesOption } from '../../../tools/cli/target.ts';
import { noteStack, type RunningStack, runningStacks } from '../../../tools/local/runningStacks.ts';

/** A process that has ended: the pid of no other one while this test runs. */
const deadPid = 2 ** 22 + 1;

let folder: string;
const printed: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aegis-stacks-'));
  printed.length = 0;
  vi.spyOn(console, 'error').mockImplementation((text: string) => void printed.push(text));
  for (const name of ['AEGIS_URL', 'AEGIS_KEY', env.table, env.deadLetterUrl, env.webhookDeadLetterUrl])
    vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const stack = (port: number, startedAtMs: number, pid = process.pid): RunningStack => ({
  url: `http://127.0.0.1:${port}`,
  key: `key-${port}`,
  environment: { [env.table]: `table-${port}` },
  pid,
  startedAtMs,
});
const running = [stack(8001, 2), stack(8000, 1)];

describe('the notes of local stacks', () => {
  it('list those that run, the one started last first, and forget those that were killed', () => {
    noteStack(stack(8000, 1, process.ppid), folder);
    const forget = noteStack(stack(8001, 2), folder);
    noteStack(stack(8002, 3, deadPid), folder);
    expect(runningStacks(folder).map(({ url }) => url)).toEqual(['http://127.0.0.1:8001', 'http://127.0.0.1:8000']);
    expect(readdirSync(folder)).toHaveLength(2);
    forget();
    expect(runningStacks(folder).map(({ url }) => url)).toEqual(['http://127.0.0.1:8000']);
  });

  it('are none where no stack was ever started', () => {
    expect(runningStacks(join(folder, 'none'))).toEqual([]);
  });
});

describe('a command that talks to the API', () => {
  it('prints that it uses the stack started last, and which others run', () => {
    expect(resolveTarget({}, running)).toEqual({ url: 'http://127.0.0.1:8001', key: 'key-8001' });
    expect(printed).toEqual([
      'target: the local stack http://127.0.0.1:8001, which was started last; --url chooses another: http://127.0.0.1:8000',
    ]);
  });

  it('uses the local stack of --url with its own key', () => {
    expect(resolveTarget({ url: 'http://127.0.0.1:8000/' }, running)).toEqual({ url: 'http://127.0.0.1:8000', key: 'key-8000' });
    expect(printed).toEqual(['target: the local stack http://127.0.0.1:8000']);
  });

  it('never sends the key of a local stack elsewhere', () => {
    expect(() => resolveTarget({ url: 'https://api.example.com' }, running)).toThrow('no key for https://api.example.com');
    expect(resolveTarget({ url: 'https://api.example.com', key: 'k' }, running).key).toBe('k');
    expect(printed).toEqual(['target: https://api.example.com']);
  });
});

describe('a command that talks to table and queues', () => {
  const act = async (...args: string[]): Promise<string | undefined> => {
    let table: string | undefined;
    const command = new Command().exitOverride().action(() => {
      table = process.env[env.table];
    });
    await storesOption(command, { stacks: () => running }).parseAsync(args, { from: 'user' });
    return table;
  };

  it('uses the stack started last and says so', async () => {
    expect(await act()).toBe('table-8001');
    expect(printed[0]).toContain('http://127.0.0.1:8001, which was started last');
  });

  it('uses the local stack of --url, whatever the environment names', async () => {
    vi.stubEnv(env.table, 'deployed');
    expect(await act('--url', 'http://127.0.0.1:8000')).toBe('table-8000');
  });

  it('uses the environment before a local stack, and says so', async () => {
    vi.stubEnv(env.table, 'deployed');
    expect(await act()).toBe('deployed');
    expect(printed).toEqual([`target: the stack of the environment, ${env.table}=deployed`]);
  });

  it('refuses an address where no local stack runs', async () => {
    await expect(act('--url', 'http://127.0.0.1:9')).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('no local stack runs there. Running: http://127.0.0.1:8001, http://127.0.0.1:8000.'),
    });
  });
});
