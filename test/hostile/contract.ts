import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exampleTransaction } from '../../functions/read/openapi.ts';
import { startLocalStack } from '../../tools/local/stack.ts';

/**
 * `npm run test:contract`: the running local stack against its own OpenAPI document, judged by Schemathesis, which is not of this project. It
 * is installed from PyPI into a folder that goes again; where that cannot be done the run is skipped with a word.
 */

const schemathesis = 'schemathesis==4.32.5';
const skippedCode = 75;
const installMsMax = 300_000;
const runMsMax = 900_000;

/** What is not asked of an answer: the document cannot say everything (times not ahead of receipt, card numbers, days that exist). */
const unsuited = ['positive_data_acceptance'];

const { values } = parseArgs({
  options: { examples: { type: 'string', default: '30' }, seed: { type: 'string', default: '1' }, tool: { type: 'string' } },
});

const folder = mkdtempSync(join(tmpdir(), 'aegis-contract-'));
try {
  const tool = values.tool ?? installed(folder);
  process.exitCode = tool === null ? skippedCode : await run(tool);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The program in a virtual environment of its own, or null. */
function installed(into: string): string | null {
  const steps: readonly (readonly [program: string, ...options: string[]])[] = [
    ['python3', '-m', 'venv', into],
    [join(into, 'bin', 'pip'), 'install', '--quiet', '--disable-pip-version-check', schemathesis],
  ];
  for (const [program, ...options] of steps) {
    const { status, error, stderr } = spawnSync(program, options, { encoding: 'utf8', timeout: installMsMax });
    if (status === 0) continue;
    const cause = error?.message ?? stderr.trim().split('\n').at(-1) ?? '';
    console.log(`skipped: ${schemathesis} cannot be installed (${program} ${options.slice(0, 2).join(' ')}: ${cause})`);
    return null;
  }
  return join(into, 'bin', 'schemathesis');
}

async function run(tool: string): Promise<number> {
  const failures: string[] = [];
  const stack = await startLocalStack({ onFailure: (text) => failures.push(text) });
  try {
    await seed(stack.url, stack.key);
    await stack.projected();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const options = [
      ...['run', `${stack.url}/openapi.json`, '--url', stack.url, '--header', `Authorization: Bearer ${stack.key}`],
      ...['--exclude-checks', unsuited.join(',')],
      ...['--phases', 'examples,coverage,fuzzing', '--max-examples', values.examples, '--seed', values.seed],
      ...['--continue-on-failure', '--no-color', '--workers', '1'],
    ];
    const child = spawn(tool, options, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'], timeout: runMsMax });
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 2)));
    const code = await promise;
    for (const failure of failures) console.error(`the stack failed: ${failure}`);
    return failures.length > 0 ? 1 : code;
  } finally {
    await stack.stop();
  }
}

/** So that what the examples name is there. */
async function seed(url: string, key: string): Promise<void> {
  const response = await fetch(`${url}/decisions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(exampleTransaction),
  });
  if (response.status !== 200) throw new Error(`the example answers ${response.status}: ${await response.text()}`);
}
