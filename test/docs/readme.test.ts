import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleTransaction } from '../../functions/read/openapi.ts';
import { type LocalStack, startLocalStack } from '../../tools/local/stack.ts';

/** What the README says is run, word for word but for port and key. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');
const commands = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, command]) => command!);
const attempts = 50;

describe('the README', () => {
  let stack: LocalStack;
  beforeAll(async () => {
    stack = await startLocalStack();
  });
  afterAll(() => stack.stop());

  const run = async (command: string): Promise<unknown> => {
    const { stdout } = await promisify(execFile)('bash', ['-c', command.replaceAll('http://127.0.0.1:8000', stack.url)], {
      env: { ...process.env, AEGIS_KEY: stack.key },
    });
    return JSON.parse(stdout);
  };

  it('posts a transaction and reads its decision with its own commands', async () => {
    const [exporting, posting, reading, ...more] = commands;
    expect(more).toEqual([]);
    expect(exporting).toMatch(/^export AEGIS_KEY=aegis_dev_/);
    expect(await run(posting!)).toEqual({ transactionId: 'txn_8Zk1', status: 'QUEUED' });
    let answer: unknown;
    for (let attempt = 0; attempt < attempts; attempt++) {
      answer = await run(reading!);
      if ((answer as { status?: number }).status !== 404) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(answer).toMatchObject({ transactionId: 'txn_8Zk1', accountId: 'a_7', outcome: 'ALLOW', audit: { sequence: 1 } });
  });

  it('sends the payment that the page of the API sends, so that one after the other is a repeat', async () => {
    const sent = JSON.parse(/-d '(\{[\s\S]*?\})'\n/.exec(commands[1]!)![1]!);
    expect(sent).toEqual(exampleTransaction);
    const document = await (await fetch(`${stack.url}/openapi.json`)).json();
    const examples = ['/transactions', '/decisions'].map(
      (path) => document.paths[path].post.requestBody.content['application/json'].example,
    );
    for (const [path, body] of [
      ['/transactions', sent],
      ['/decisions', examples[1]],
      ['/transactions', examples[0]],
    ]) {
      const answer = await fetch(`${stack.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      expect([path, answer.status]).toEqual([path, path === '/decisions' ? 200 : 202]);
    }
  });

  it('names only scripts that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> };
    const named = [...readme.matchAll(/`npm (?:run )?([a-z]+(?::[a-z]+)?)\b/g)].map(([, name]) => name!);
    const missing = named.filter((name) => !(name in scripts));
    expect(named).toContain('demo');
    expect(missing).toEqual([]);
  });

  it('lists the stages that have a handler, and no others', () => {
    const listed = [...readme.matchAll(/^\| ([a-z]+) \| .* \| (?:API|queue|table stream|schedule) \|$/gm)].map(
      ([, stage]) => stage!,
    );
    const stages = readdirSync(`${root}functions`).filter((stage) => existsSync(`${root}functions/${stage}/handler.ts`));
    expect(listed.toSorted()).toEqual(stages.toSorted());
  });

  it('names only files and folders that are there', () => {
    const linked = [...readme.matchAll(/\]\(([\w./-]+)\)/g)].map(([, path]) => path!);
    const folders = [...readme.matchAll(/^\| `(\w+\/)` \|/gm)].map(([, path]) => path!);
    expect(folders).toContain('infra/');
    expect([...linked, ...folders].filter((path) => !existsSync(`${root}${path}`))).toEqual([]);
  });
});
