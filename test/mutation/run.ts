/**
 * Changes each file of the domain in one place at a time and expects the file's own tests to fail, one file after another: see `help`.
 * Settings are those of `stryker.config.json`; the least score is its `thresholds.low`.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import stryker from '../../stryker.config.json' with { type: 'json' };
import { filesWithCode, ownTestsOf, pathOf, root } from './ownTests.ts';

const reports = 'reports/mutation';

const help = `Usage: npm run test:mutation -- [--file NAME]... [--concurrency N] [--force] [--json]

Changes shared/domain in one place at a time (Stryker) and expects the tests of that file to fail. Prints a table of the files, the total
and the survivors; ends non-zero when fewer than ${stryker.thresholds.low} % of the mutants are found. What it finds is kept in ${reports}, and a
later run tries only what changed.

  --file NAME      this file alone, named as under shared/domain: window, signals/anomaly (may be repeated)
  --concurrency N  mutants tried at once (default ${stryker.concurrency})
  --force          tries every mutant again: after a change of a helper that tests share
  --json           the same as JSON on standard output`;

type Status = 'Killed' | 'Timeout' | 'Survived' | 'NoCoverage' | 'RuntimeError' | 'CompileError' | 'Ignored';

/** What is read of a report by Stryker: lines and columns from 1. */
interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] } | undefined>>;
}

interface Mutant {
  readonly status: Status;
  readonly statusReason?: string;
  /** Reached while modules load, by no test in particular. */
  readonly static?: boolean;
  readonly mutatorName: string;
  readonly replacement: string;
  readonly location: { readonly start: Position; readonly end: Position };
}

interface Position {
  readonly line: number;
  readonly column: number;
}

const counted = ['killed', 'endless', 'outOfTime', 'survived', 'notCovered', 'errors'] as const;
type Counts = Record<(typeof counted)[number], number>;

interface Measured extends Counts {
  readonly file: string;
  readonly survivors: readonly string[];
  /** To be read: slow is not endless. */
  readonly outOfTimeAt: readonly string[];
}

/** Stryker cannot tell that a new test reaches a static mutant and would keep it as survived: it is to try those again. */
function forgetStaticSurvivors(path: string): void {
  if (!existsSync(path)) return;
  const report: Report = JSON.parse(readFileSync(path, 'utf8'));
  const files = Object.entries(report.files).map(([name, file]) => {
    const mutants = file!.mutants.filter((mutant) => !(mutant.static && columnOf(mutant) === 'survived'));
    return [name, { ...file, mutants }];
  });
  writeFileSync(path, JSON.stringify({ ...report, files: Object.fromEntries(files) }));
}

/** One file with its own tests; throws an Error when Stryker could not run. */
async function measure(name: string, options: readonly string[]): Promise<Measured> {
  const incrementalFile = `${reports}/${name}.json`;
  forgetStaticSurvivors(join(root, incrementalFile));
  const code = await new Promise<number | null>((done, failed) => {
    const child = spawn(
      process.execPath,
      [
        'node_modules/@stryker-mutator/core/bin/stryker.js',
        'run',
        ...['--mutate', pathOf(name), '--incrementalFile', incrementalFile, ...options],
      ],
      // Standard output is for the table.
      { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, AEGIS_MUTATION_TESTS: ownTestsOf(name).join(',') } },
    );
    child.on('error', failed);
    child.on('close', done);
  });
  if (code !== 0) throw new Error(`${pathOf(name)}: stryker ended with code ${code}`);
  const report: Report = JSON.parse(readFileSync(join(root, incrementalFile), 'utf8'));
  const { source = '', mutants = [] } = report.files[pathOf(name)] ?? {};
  const lines = source.split('\n');
  const counts: Counts = { killed: 0, endless: 0, outOfTime: 0, survived: 0, notCovered: 0, errors: 0 };
  for (const mutant of mutants) counts[columnOf(mutant)]++;
  const those = (...columns: (keyof Counts)[]): string[] =>
    mutants.filter((mutant) => columns.includes(columnOf(mutant))).map((mutant) => described(name, mutant, lines));
  return { file: `${name}.ts`, ...counts, survivors: those('survived', 'notCovered'), outOfTimeAt: those('outOfTime') };
}

/** An endless loop is told by its passes, a hundred times as many as without the mutant; time alone tells slow from endless badly. */
function columnOf({ status, statusReason }: Mutant): keyof Counts {
  if (status === 'Killed') return 'killed';
  if (status === 'Timeout') return statusReason?.startsWith('Hit limit reached') ? 'endless' : 'outOfTime';
  if (status === 'Survived') return 'survived';
  return status === 'NoCoverage' ? 'notCovered' : 'errors';
}

function described(name: string, { status, replacement, location: { start, end } }: Mutant, lines: readonly string[]): string {
  const before = lines
    .slice(start.line - 1, end.line)
    .join('\n')
    .slice(start.column - 1, start.line === end.line ? end.column - 1 : undefined);
  const short = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 100);
  const note = status === 'NoCoverage' ? ' (not covered)' : '';
  return `${name}.ts:${start.line}:${start.column}  ${short(before)}  =>  ${short(replacement)}${note}`;
}

/** Share of the mutants that were found, in percent, NaN where there are none; those that could not be run count nowhere. */
const scoreOf = ({ killed, endless, outOfTime, survived, notCovered }: Counts): number => {
  const found = killed + endless + outOfTime;
  return (100 * found) / (found + survived + notCovered);
};

const sumOf = (all: readonly Measured[]): Counts =>
  Object.fromEntries(counted.map((column) => [column, all.reduce((sum, one) => sum + one[column], 0)])) as Counts;

const percentText = (score: number): string => (Number.isNaN(score) ? 'no mutants' : `${score.toFixed(2)} %`);

const row = (label: string, counts: Counts): string =>
  `| ${[label, percentText(scoreOf(counts)), ...counted.map((column) => counts[column])].join(' | ')} |`;

const { values } = parseArgs({
  options: {
    file: { type: 'string', multiple: true },
    concurrency: { type: 'string', default: String(stryker.concurrency) },
    force: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const all = await filesWithCode();
const names = values.file?.map((name) => name.replace(/\.ts$/, '')) ?? all;
const unknown = names.filter((name) => !all.includes(name));
if (unknown.length > 0 || !/^[1-9]\d*$/.test(values.concurrency)) {
  console.error(
    unknown.length > 0 ? `no code in shared/domain is named ${unknown.join(', ')}` : '--concurrency takes a whole number',
  );
  process.exit(2);
}
for (const name of names) ownTestsOf(name);
const measured: Measured[] = [];
for (const [i, name] of names.entries()) {
  console.error(`\n${i + 1} of ${names.length}: ${pathOf(name)} with ${ownTestsOf(name).join(', ')}`);
  measured.push(await measure(name, ['--concurrency', values.concurrency, ...(values.force ? ['--force'] : [])]));
  console.error(row(`${name}.ts`, measured.at(-1)!));
}
const total = sumOf(measured);
const isEnough = scoreOf(total) >= stryker.thresholds.low;
if (values.json) {
  const withScore = <T extends Counts>(counts: T) => ({ ...counts, score: scoreOf(counts) });
  console.log(
    JSON.stringify({ files: measured.map(withScore), total: withScore(total), least: stryker.thresholds.low }, null, 2),
  );
} else {
  console.log('| file | score | killed | endless | out of time | survived | not covered | errors |');
  console.log('|---|---|---|---|---|---|---|---|');
  for (const one of measured) console.log(row(`\`${one.file}\``, one));
  console.log(row('total', total));
  console.log(`\nOut of time:\n${measured.flatMap(({ outOfTimeAt }) => outOfTimeAt).join('\n')}`);
  console.log(`\nSurvivors:\n${measured.flatMap(({ survivors }) => survivors).join('\n')}`);
  console.log(`\n${percentText(scoreOf(total))} of the mutants found, at least ${stryker.thresholds.low} % wanted`);
}
process.exitCode = isEnough ? 0 : 1;
