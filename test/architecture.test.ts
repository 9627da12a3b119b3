import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

/** The rules of the tree, held by reading it: which way imports point, and what may not stand where. */
const root = join(import.meta.dirname, '..');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx', '*.mjs'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && !file.endsWith('.generated.ts') && !file.endsWith('.d.ts'));
const textOf = (file: string): string => {
  try {
    return readFileSync(join(root, file), 'utf8');
  } catch {
    return '';
  }
};

/** Specifiers of a file's imports, relative ones as paths from the root. */
const importsOf = (file: string): string[] =>
  [
    ...textOf(file).matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^'"]*?from\s+'([^']+)'|import\('([^']+)'\)|(?:^|\n)import\s+'([^']+)'/g,
    ),
  ]
    .map((match) => match[1] ?? match[2] ?? match[3]!)
    .map((name) => (name.startsWith('.') ? normalize(join(dirname(file), name)) : name));

const within = (folder: string): string[] => files.filter((file) => file.startsWith(folder));
const broken = (some: readonly string[], allowed: (name: string, file: string) => boolean): string[] =>
  some.flatMap((file) =>
    importsOf(file)
      .filter((name) => !allowed(name, file))
      .map((name) => `${file} imports ${name}`),
  );

test('the reader of imports sees them', () => {
  expect(importsOf('functions/score/handler.ts')).toContain('shared/aws/services.ts');
  expect(within('shared/domain/').length).toBeGreaterThan(20);
});

describe('arrows point one way', () => {
  test('the domain imports the domain and nothing else', () => {
    expect(broken(within('shared/domain/'), (name) => name.startsWith('shared/domain/'))).toEqual([]);
  });

  test('shared knows nothing of functions, infrastructure, commands or the local stack', () => {
    expect(broken(within('shared/'), (name) => !/^(functions|infra|local|cli|console|bench|test)\//.test(name))).toEqual([]);
  });

  test('functions know nothing of infrastructure, commands or the local stack', () => {
    expect(broken(within('functions/'), (name) => !/^(infra|local|cli|bench|test)\//.test(name))).toEqual([]);
  });

  test('nothing that ships imports a test', () => {
    const shipped = files.filter((file) => /^(shared|functions|infra|local|cli|client|console)\//.test(file));
    expect(broken(shipped, (name) => !name.startsWith('test/'))).toEqual([]);
  });
});

describe('each outside thing has one place', () => {
  test('of what ships, only adapters, infrastructure, the local stack and commands talk to AWS', () => {
    const talkers = /^(shared\/aws|infra|local|cli)\//;
    expect(
      broken(
        files.filter((file) => /^(shared|functions|client|console)\//.test(file) && !talkers.test(file)),
        (name) => !name.startsWith('@aws-sdk/'),
      ),
    ).toEqual([]);
  });

  test.each(['@marcbachmann/cel-js', 'ml-isolation-forest', 'cdk-nag'])('one file imports %s', (name) => {
    expect(files.filter((file) => !file.startsWith('test/') && importsOf(file).includes(name))).toHaveLength(1);
  });
});

describe('the domain is pure', () => {
  test.each([
    ['no clock', /\bDate\.now\b|\bnew Date\(\)|\bperformance\b/],
    ['no randomness', /\bMath\.random\b|\bcrypto\b\./],
    ['no environment', /\bprocess\./],
    ['no waiting', /\bsetTimeout\b|\basync\b|\bawait\b/],
    ['no printing', /\bconsole\./],
  ])('%s', (_, banned) => {
    expect(
      within('shared/domain/').filter((file) => banned.test(textOf(file).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''))),
    ).toEqual([]);
  });
});

describe('handlers are wiring', () => {
  const handlers = files.filter((file) => /^functions\/[^/]+\/handler\.ts$/.test(file));
  test.each(handlers)('%s has at most 25 lines and decides nothing', (file) => {
    expect(textOf(file).trimEnd().split('\n').length).toBeLessThanOrEqual(25);
    expect(textOf(file)).not.toMatch(/\bif \(|\bfor \(|\bwhile \(|\btry \{/);
  });
});

test("no file leaves work behind without a reason, or names a person's folders", () => {
  const home = ['/ho', 'me/|/ro', 'ot/|/Use', 'rs/'].join('');
  const found = files.filter(
    (file) =>
      file !== 'test/architecture.test.ts' && new RegExp(`\\bTODO(?!\\()|\\bFIXME\\b|['" ](?:${home})`).test(textOf(file)),
  );
  expect(found).toEqual([]);
});
