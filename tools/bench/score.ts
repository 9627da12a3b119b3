import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildModel } from '../../functions/train/build.ts';
import { trainForest } from '../../functions/train/forest.ts';
import { growForest } from '../../functions/train/grow.ts';
import { type Matrix, matrixOf, rowOf } from '../../functions/train/matrix.ts';
import { median } from '../../functions/train/metrics.ts';
import { seededRandom } from '../../functions/train/random.ts';
import { featureNames } from '../../shared/domain/features.ts';
import { attribute, forestScorer } from '../../shared/domain/forest.ts';
import { encodeArtefact, loadArtefact, sha256 } from '../../shared/model/artefact.ts';

/** Speed of the model: one row of 12 features, growing, training, loading; with `--with-peers` beside scikit-learn. */
const help = `Usage: npm run bench -- score [--with-peers] [--json]

  One row is timed call by call; what takes milliseconds is CPU time of the thread.

  --with-peers   install scikit-learn from PyPI into a throw-away environment (python3 with venv) and measure it beside`;

const width = 12;
const rowsScored = 20_000;
const rowsTrained = 100_000;

const peerScript = `
import json, time
import numpy as np
from sklearn.ensemble import IsolationForest
rows = np.exp(np.random.default_rng(1).normal(size=(${rowsScored}, ${width})))
forest = IsolationForest(n_estimators=100, max_samples=256, random_state=1).fit(rows)
times = []
for row in rows[:200]:
    start = time.perf_counter()
    forest.score_samples(row.reshape(1, -1))
    times.append((time.perf_counter() - start) * 1e6)
print(json.dumps([float(np.median(times[20:]))]))
`;

interface Measure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly must: string;
}

const { values: options } = parseArgs({
  options: { 'with-peers': { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (options.help) {
  console.log(help);
} else {
  const measures = ours();
  if (options['with-peers']) measures.push(...peers(measures));
  if (options.json) console.log(JSON.stringify(measures, null, 2));
  else {
    console.log('| measure | value | unit | must |\n|---|--:|---|---|');
    for (const { what, value, unit, must } of measures) console.log(`| ${what} | ${value.toPrecision(4)} | ${unit} | ${must} |`);
  }
}

/** Log-normal values, as payments have. */
function generated(height: number, columns: number, seed: number): Matrix {
  const random = seededRandom(seed);
  const value = (): number => Math.exp(Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
  return matrixOf(
    Array.from({ length: height }, () => Array.from({ length: columns }, value)),
    columns,
  );
}

function ours(): Measure[] {
  const rows = generated(rowsScored, width, 1);
  const forest = growForest(rows, 1);
  const score = forestScorer(forest);
  const shares = new Float64Array(width);
  const oneRow = each(rows, (row) => score(row));
  const shared = each(rows, (row) => attribute(forest, row, shares));
  const many = generated(rowsTrained, width, 2);
  const { artefact, model } = artefactOf(generated(5_000, featureNames.length, 3));
  return [
    { what: 'score one row, 12 features, p50', value: quantile(oneRow, 0.5), unit: 'us', must: '<= 3' },
    { what: 'score one row, 12 features, p99', value: quantile(oneRow, 0.99), unit: 'us', must: '< 8' },
    { what: 'attribute one row, p99', value: quantile(shared, 0.99), unit: 'us', must: '< 1000' },
    { what: 'grow 100 trees', value: timed(9, () => growForest(many, 1)), unit: 'ms', must: '< 100' },
    { what: 'trim, refit and scale 100,000 rows', value: timed(3, () => trainForest(many, 1)), unit: 'ms', must: '< 2000' },
    { what: 'artefact with learned layer', value: artefact.length, unit: 'bytes', must: '< 100000' },
    { what: 'load and check', value: timed(21, () => loadArtefact(artefact, model)), unit: 'ms', must: '< 5' },
  ];
}

function artefactOf(rows: Matrix) {
  const training = Array.from({ length: rows.height }, (_, i) => ({
    occurredAtMs: i,
    features: rowOf(rows, i),
    signals: [],
    fraud: rowOf(rows, i)[0]! * rowOf(rows, i)[1]! > 8,
  }));
  const artefact = encodeArtefact(buildModel(training, 1).parts);
  return { artefact, model: { version: 1, sha256: sha256(artefact) } };
}

/** Microseconds of each call, after a pass to warm up. */
function each(rows: Matrix, call: (row: Float64Array) => number): Float64Array {
  const views = Array.from({ length: rows.height }, (_, i) => rowOf(rows, i));
  for (const view of views) call(view);
  return Float64Array.from(views, (view) => {
    const from = process.hrtime.bigint();
    call(view);
    return Number(process.hrtime.bigint() - from) / 1000;
  });
}

function quantile(values: Float64Array, share: number): number {
  return Float64Array.from(values).sort()[Math.floor(share * (values.length - 1))]!;
}

/** Median milliseconds of this thread's CPU: what else the machine does at the same time does not count. */
function timed(times: number, run: () => unknown): number {
  return median(
    Array.from({ length: times }, () => {
      const before = process.threadCpuUsage();
      run();
      const { user, system } = process.threadCpuUsage(before);
      return (user + system) / 1000;
    }),
  );
}

function peers(measures: readonly Measure[]): Measure[] {
  const directory = mkdtempSync(join(tmpdir(), 'aegis-peers-'));
  try {
    const python = join(directory, 'bin/python');
    run('python3', ['-m', 'venv', directory]);
    run(python, ['-m', 'pip', 'install', '--quiet', 'scikit-learn']);
    const [p50] = JSON.parse(run(python, ['-c', peerScript])) as [number];
    const own = measures[0]!.value;
    return [
      { what: 'scikit-learn score_samples, one row, p50', value: p50, unit: 'us', must: '' },
      { what: 'times faster than scikit-learn', value: p50 / own, unit: 'x', must: '>= 1000' },
    ];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function run(command: string, given: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, given, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${given.slice(0, 3).join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}
