/**
 * Plants each known bug in a copy of the sources and expects a test to catch it: `npm run test:planted [-- --only TEXT] [--places]`. With
 * `--places` it only prints where each bug would go. Exit code 1 when a bug survives, when its place in the sources is not found exactly
 * once, or when the tests fail without any bug.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Bug, simulation } from './bug.ts';
import { bugs } from './bugs.ts';
import { changed, type Place, placesOf, sourcesOf } from './places.ts';

const root = resolve(import.meta.dirname, '../..');
const copied = ['shared', 'functions', 'tools', 'infra', 'client', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts'];
const copiesMax = 2;
const timeLimitMs = 60_000;
const simulationSeeds = 60;
const reportName = 'report.json';

/** The sources in a folder of their own, with this project's modules. */
function copyOfSources(): string {
  const folder = mkdtempSync(join(tmpdir(), 'aegis-planted-'));
  for (const name of copied) cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

interface TestRun {
  readonly isPassed: boolean;
  /** The first failure in one line; null when the tests did not even run. */
  readonly failure: string | null;
}

function runTests(folder: string, caughtBy: string): Promise<TestRun> {
  rmSync(join(folder, reportName), { force: true });
  return caughtBy === simulation
    ? run(
        folder,
        ['test/simulation/run.ts', '--seeds', String(simulationSeeds)],
        (text) => /^seed \d+ fails: .*/m.exec(text)?.[0],
      )
    : run(
        folder,
        [
          'node_modules/vitest/vitest.mjs',
          'run',
          testFile(caughtBy),
          '--bail',
          '1',
          '--maxWorkers',
          '1',
          '--reporter',
          'json',
          '--outputFile',
          reportName,
        ],
        () => firstFailure(folder),
      );
}

function run(folder: string, args: readonly string[], failureOf: (text: string) => string | undefined): Promise<TestRun> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    let isTimeUp = false;
    const timer = setTimeout(() => {
      isTimeUp = true;
      child.kill('SIGKILL');
    }, timeLimitMs);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (piece: string) => {
        text += piece;
      });
    }
    child.on('error', failed);
    child.on('close', (code) => {
      clearTimeout(timer);
      const failure = isTimeUp ? `does not end within ${timeLimitMs / 1000} s` : (failureOf(text) ?? null);
      done({ isPassed: code === 0 && !isTimeUp, failure });
    });
  });
}

interface VitestReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** The report is read whatever else the run printed; there is none when the tests could not be loaded. */
function firstFailure(folder: string): string | undefined {
  const path = join(folder, reportName);
  if (!existsSync(path)) return undefined;
  const report: VitestReport = JSON.parse(readFileSync(path, 'utf8'));
  return report.testResults.flatMap(({ assertionResults }) => assertionResults).find(({ status }) => status === 'failed')
    ?.fullName;
}

/** The test file whose path ends so. Throws a RangeError unless there is exactly one. */
function testFile(ending: string): string {
  const found = testFiles.filter((name) => `/${name}`.endsWith(`/${ending}`));
  if (found.length !== 1) throw new RangeError(`${found.length} test files are called ${ending}`);
  return found[0]!;
}

async function tryBug(folder: string, { bug, places }: Planted): Promise<string | null> {
  const files = Map.groupBy(places, ({ file }) => join(folder, file));
  const originals = new Map([...files.keys()].map((path) => [path, readFileSync(path, 'utf8')]));
  try {
    for (const [path, text] of originals) writeFileSync(path, changed(text, files.get(path)!));
    const { isPassed, failure } = await runTests(folder, bug.caughtBy);
    if (isPassed) return `SURVIVED ${bug.caughtBy}`;
    if (failure === null) return `NOT TESTED: ${bug.caughtBy} did not run`;
    console.log(`caught    ${bug.name}\n            by ${bug.caughtBy}: ${failure.slice(0, 120)}`);
    return null;
  } finally {
    for (const [path, text] of originals) writeFileSync(path, text);
  }
}

/** Runs `work` on the items, at most one of each copy at a time. */
async function eachOn<Item>(
  folders: readonly string[],
  items: readonly Item[],
  work: (folder: string, item: Item) => Promise<void>,
) {
  const waiting = [...items];
  await Promise.all(
    folders.map(async (folder) => {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(folder, item);
    }),
  );
}

interface Planted {
  readonly bug: Bug;
  readonly places: readonly Place[];
}

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, places: { type: 'boolean', default: false } },
});
const testFiles = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => join('test', name));
const chosen = bugs.filter(({ name }) => name.includes(values.only));
const faults: string[] = [];
const planted: Planted[] = [];
const sources = sourcesOf(root);
for (const bug of chosen) {
  try {
    if (bug.caughtBy !== simulation) testFile(bug.caughtBy);
    planted.push({ bug, places: placesOf(sources, bug) });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    faults.push(`${bug.name}: NOT PLANTED: ${error.message}`);
  }
}

if (values.places) {
  for (const { bug, places } of planted) {
    console.log(bug.name);
    for (const { file, start, end, text } of places) {
      const source = sources.get(file)!;
      const line = source.slice(0, start).split('\n').length;
      console.log(`  ${file}:${line}\n    - ${source.slice(start, end)}\n    + ${text}`);
    }
  }
} else {
  const folders = Array.from({ length: copiesMax }, copyOfSources);
  try {
    await eachOn(folders, [...new Set(planted.map(({ bug }) => bug.caughtBy))], async (folder, caughtBy) => {
      const { isPassed, failure } = await runTests(folder, caughtBy);
      if (!isPassed) faults.push(`${caughtBy} fails without any bug: ${failure ?? 'it did not run'}`);
    });
    if (!faults.some((fault) => fault.includes('without any bug')))
      await eachOn(folders, planted, async (folder, item) => {
        const fault = await tryBug(folder, item);
        if (fault !== null) faults.push(`${item.bug.name}: ${fault}`);
      });
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}
for (const fault of faults) console.error(fault);
if (!values.places) console.log(`${chosen.length - faults.length} of ${chosen.length} planted bugs caught`);
process.exitCode = faults.length > 0 || chosen.length === 0 ? 1 : 0;
