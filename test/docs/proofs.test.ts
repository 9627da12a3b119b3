import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** The proofs of `.ci/` and the table of them in CONTRIBUTING.md. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const bash = (script: string): string => execFileSync('bash', ['-c', script], { cwd: root, encoding: 'utf8' });

/** Name, minutes and command of each proof of a dose. */
const listed = (dose: 'short' | 'full') =>
  [...bash(`source .ci/proofs; list_proofs ${dose}`).matchAll(/^(\S+) +(\d+) min {2}(.+)$/gm)].map(
    ([, name, minutes, command]) => ({
      name: name!,
      cell: `\`${command}\`, ${minutes} min`,
    }),
  );

const documented = readFileSync(`${root}CONTRIBUTING.md`, 'utf8')
  .split('## Where each proof runs')[1]!
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| proof'))
  .map((line) => line.slice(2, -2).split(' | '))
  .map(([name, , short, full]) => ({ name: name!, short: short!, full: full === 'the same' ? short! : full! }));

test.each(['short', 'full'] as const)('CONTRIBUTING.md lists the proofs of the %s dose with their limits', (dose) => {
  expect(documented.map(({ name, ...cells }) => ({ name, cell: cells[dose] })).filter(({ cell }) => cell !== '-')).toEqual(
    listed(dose),
  );
});

test('the tests come first, and the full dose leaves nothing out', () => {
  expect(
    listed('short')
      .map(({ name }) => name)
      .slice(0, 2),
  ).toEqual(['install', 'test']);
  const names = listed('full').map(({ name }) => name);
  expect(listed('short').filter(({ name }) => !names.includes(name))).toEqual([]);
});

test('every command of a proof is a script of package.json', () => {
  const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> };
  for (const { cell } of [...listed('short'), ...listed('full')]) {
    const [, script] = /^`npm (?:run )?([\w:-]+)/.exec(cell)!;
    if (script !== 'ci') expect(scripts).toHaveProperty([script!]);
  }
});

const outcomes = (commands: string): string =>
  bash(`source .ci/proofs; rows=(); ${commands}; (run_proofs full) || echo "code $?"`);

test('a run says what passed, failed, was skipped and took too long, and fails', () => {
  const said = outcomes("proof a - - 1 'true'; proof c - - 1 'false'; proof d - - 0.005 'sleep 5'");
  expect(said).toMatch(/^passed {3}a \(\d s\)$/m);
  expect(said).toMatch(/^FAILED {3}c \(code 1, \d s\)$/m);
  expect(said).toMatch(/^TIMEOUT {2}d \(over 0\.005 minutes\)$/m);
  expect(said).toMatch(/code 1\n$/);
});

test('a skipped proof fails nothing', () => {
  const said = outcomes("proof a - - 1 'node -e process.exit(75)'");
  expect(said).toMatch(/^skipped {2}a \(\d s\)$/m);
  expect(said).not.toMatch(/code \d+\n$/);
});

test('proofs can be named, and an unknown name lists them', () => {
  const run = (names: string): string =>
    bash(`source .ci/proofs; rows=(); proof a - - 1 true; proof b - - 1 true; (run_proofs full ${names}) 2>&1 || echo "code $?"`);
  expect(run('b')).toMatch(/^passed {3}b/m);
  expect(run('b')).not.toMatch(/passed {3}a/);
  expect(run('c')).toMatch(/^There is no proof called c[\s\S]*^a +1 min {2}true$[\s\S]*code 2\n$/m);
});
