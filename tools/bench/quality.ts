import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import { buildModel } from '../../functions/train/build.ts';
import { scoreAll } from '../../functions/train/forest.ts';
import { growForest } from '../../functions/train/grow.ts';
import { matrixOf, rowOf } from '../../functions/train/matrix.ts';
import { averagePrecision, median, rocAuc } from '../../functions/train/metrics.ts';
import { attribute, baselineOf, forestScorer } from '../../shared/domain/forest.ts';
import { percentileOf } from '../../shared/domain/percentile.ts';
import type { CompiledPolicy } from '../../shared/domain/policy.ts';
import type { ModelParts } from '../../shared/model/artefact.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import { defaultPolicy } from '../../shared/policy/default.ts';
import { policyOfFile } from '../cli/policy.ts';
import {
  type EvaluatedRow,
  type Figures,
  figuresOf,
  type Layer,
  layers,
  pointsUnder,
  scoreLayers,
  splitRows,
} from '../evaluation/evaluation.ts';
import { EngineStream } from '../evaluation/stream.ts';
import { dataDirectory, labelDelayMs, type QualitySet, qualitySets } from './qualitySets.ts';

/** Detection quality on labelled sets: `npm run bench:quality -- [--sets handbook,...] [--seeds 5] [--json]`. */

const anomalySets = [
  'annthyroid',
  'breastw',
  'campaign',
  'cardio',
  'http',
  'ionosphere',
  'mammography',
  'musk',
  'pima',
  'satellite',
  'shuttle',
  'thyroid',
];

/** The layers of the evaluation, and where a must asks for it the policy `docs/policies/label-feedback.json` with the forest. */
type Measured = Layer | 'feedback';

interface Must {
  readonly set: string;
  readonly layer: Measured;
  readonly figures: readonly (readonly [figure: keyof Figures, must: number, aim: number])[];
}

/** What all layers together, and on the Handbook rules with forest and label feedback, must reach. */
const musts: readonly Must[] = [
  {
    set: 'handbook',
    layer: 'all',
    figures: [
      ['auc', 0.872, 0.885],
      ['averagePrecision', 0.63, 0.72],
      ['cardPrecision', 0.285, 0.296],
    ],
  },
  {
    set: 'handbook',
    layer: 'feedback',
    figures: [
      ['auc', 0.85, 0.87],
      ['averagePrecision', 0.45, 0.52],
      ['cardPrecision', 0.28, 0.295],
    ],
  },
  {
    set: 'sparkov',
    layer: 'all',
    figures: [
      ['auc', 0.995, 0.998],
      ['averagePrecision', 0.89, 0.945],
      ['recallAt1', 0.93, 0.97],
    ],
  },
  {
    set: 'mlfs-geo',
    layer: 'all',
    figures: [
      ['auc', 0.985, 0.989],
      ['averagePrecision', 0.7, 0.84],
      ['recallAt1', 0.8, 0.87],
    ],
  },
];

interface AnomalyResult {
  readonly set: string;
  readonly auc: number;
  readonly averagePrecision: number;
  readonly peerAuc: number;
  /** Largest difference between a row's score and the sum of its shares. */
  readonly attributionError: number;
}

const { values: options } = parseArgs({
  options: { sets: { type: 'string' }, seeds: { type: 'string', default: '5' }, json: { type: 'boolean', default: false } },
});
const seeds = Number(options.seeds);
if (!(Number.isInteger(seeds) && seeds >= 1 && seeds <= 100)) throw new RangeError(`--seeds ${options.seeds}, 1 to 100 expected`);
const wanted = options.sets?.split(',') ?? [...anomalySets, ...qualitySets.map(({ name }) => name)];
const directory = dataDirectory();

const say = (text: string): void => {
  if (!options.json) console.log(text);
};

if (!isMainThread) {
  const { path, name } = workerData as { path: string; name: string };
  parentPort!.postMessage(await measureCards(path, qualitySets.find((set) => set.name === name)!));
} else if (directory === null) {
  console.error('no labelled data: set AEGIS_DATA_DIR to the folder that holds adbench/, handbook/, sparkov/ and mlfs-geo/');
  process.exitCode = 2;
} else {
  const chosen = qualitySets.filter((set) => wanted.includes(set.name));
  const measuring = chosen.map(async (set) => {
    const results = await inWorker(directory, set);
    print(set, results);
    return results;
  });
  const anomalies = measureAnomalySets(directory);
  const cards = (await Promise.all(measuring)).flat();
  const verdicts = judge(cards);
  if (options.json) console.log(JSON.stringify({ seeds, anomalies, cards, musts: verdicts }, null, 2));
}

function measureAnomalySets(path: string): readonly AnomalyResult[] {
  const chosen = anomalySets.filter((set) => wanted.includes(set));
  if (chosen.length === 0) return [];
  const published = readFileSync(join(path, 'adbench/published-iforest.csv'), 'utf8').trim().split('\n');
  const column = published[0]!.split(',').indexOf('sklearn121_auc_median');
  const peers = new Map(published.slice(1).map((line) => [line.split(',')[0]!, Number(line.split(',')[column])]));
  say(`\nIsolation forest, whole set, median of ${seeds} seeds\n`);
  say('| set | AUC | AP | scikit-learn AUC | gap | attribution error |\n|---|--:|--:|--:|--:|--:|');
  const results = chosen.map((set) => {
    const lines = gunzipSync(readFileSync(join(path, `adbench/${set}.csv.gz`)))
      .toString()
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',').map(Number));
    const labels = Uint8Array.from(lines, (line) => line.at(-1)!);
    const width = lines[0]!.length - 1;
    const rows = matrixOf(
      lines.map((line) => line.slice(0, -1)),
      width,
    );
    const shares = new Float64Array(width);
    let attributionError = 0;
    const measured = Array.from({ length: seeds }, (_, seed) => {
      const forest = growForest(rows, seed + 1);
      const scores = scoreAll(forest, rows);
      const baseline = baselineOf(forest);
      for (let i = 0; i < rows.height && seed === 0; i++) {
        let sum = baseline;
        attribute(forest, rowOf(rows, i), shares);
        for (const share of shares) sum += share;
        attributionError = Math.max(attributionError, Math.abs(sum - scores[i]!));
      }
      return { auc: rocAuc(scores, labels), ap: averagePrecision(scores, labels) };
    });
    const auc = median(measured.map((figures) => figures.auc));
    const ap = median(measured.map((figures) => figures.ap));
    const peerAuc = peers.get(set) ?? Number.NaN;
    say(
      `| ${set} | ${auc.toFixed(4)} | ${ap.toFixed(3)} | ${peerAuc.toFixed(4)} | ${signed(auc - peerAuc)} | ${attributionError.toExponential(1)} |`,
    );
    return { set, auc, averagePrecision: ap, peerAuc, attributionError };
  });
  const meanGap = results.reduce((sum, result) => sum + result.auc - result.peerAuc, 0) / results.length;
  say(`| mean gap | | | | ${signed(meanGap)} | |`);
  return results;
}

interface CardResult {
  readonly set: string;
  readonly layer: Measured;
  readonly figures: Figures;
}

type BySplit = Readonly<Partial<Record<Measured, Figures>>>;

/** One thread for each set: they do not need each other. */
function inWorker(path: string, set: QualitySet): Promise<readonly CardResult[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { path, name: set.name }, argv: process.argv.slice(2) });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error(`${set.name}: ended without a result`)));
  });
}

/** A set goes through the engine once; every seed and period works on the same rows. */
async function measureCards(path: string, set: QualitySet): Promise<readonly CardResult[]> {
  const policy = compilePolicy(defaultPolicy, 1);
  const feedback = musts.some((must) => must.set === set.name && must.layer === 'feedback') ? feedbackPolicy() : null;
  const measured: readonly Measured[] = feedback === null ? layers : [...layers, 'feedback'];
  const rows = await streamSet(path, set, policy);
  const bySeed: (readonly BySplit[])[] = Array.from({ length: seeds }, () => []);
  for (const period of set.splits) {
    const { train, test } = splitRows(rows, period, set.leaveOutKnown);
    for (let seed = 0; seed < seeds; seed++) {
      const { parts } = buildModel(train, seed + 1);
      const scores = scoreLayers(parts, test, policy);
      const scoresOf = (layer: Measured) => (layer === 'feedback' ? underPolicy(feedback!, parts, test) : scores[layer]);
      const figures: BySplit = Object.fromEntries(measured.map((layer) => [layer, figuresOf(test, scoresOf(layer))]));
      bySeed[seed] = [...bySeed[seed]!, figures];
    }
  }
  return measured.map((layer) => {
    const meanOfSplits = bySeed.map((splits) =>
      combined(
        splits.map((split) => split[layer]!),
        mean,
      ),
    );
    return { set: set.name, layer, figures: combined(meanOfSplits, median) };
  });
}

function feedbackPolicy(): CompiledPolicy {
  const path = join(import.meta.dirname, '../../docs/policies/label-feedback.json');
  return policyOfFile(readFileSync(path, 'utf8'), path);
}

function underPolicy(policy: CompiledPolicy, { forest, scale }: ModelParts, test: readonly EvaluatedRow[]): Float64Array {
  const anomalyOf = forestScorer(forest);
  return Float64Array.from(test, (row) => pointsUnder(policy, row, percentileOf(scale, anomalyOf(row.features))));
}

function print(set: QualitySet, results: readonly CardResult[]): void {
  say(`\n${set.name}: ${set.splits.length} test period(s), mean; median of ${seeds} seeds\n`);
  say('| layer | rows | frauds | AUC | AP | R@0.1% | R@1% | R@5% | CP@100 |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|');
  for (const { layer, figures } of results) {
    const { auc, averagePrecision: ap, recallAt01, recallAt1, recallAt5, cardPrecision } = figures;
    const cells = [auc, ap, recallAt01, recallAt1, recallAt5, cardPrecision].map((value) => value.toFixed(4));
    say(`| ${layer} | ${Math.round(figures.rows)} | ${Math.round(figures.frauds)} | ${cells.join(' | ')} |`);
  }
}

async function streamSet(path: string, set: QualitySet, policy: CompiledPolicy): Promise<readonly EvaluatedRow[]> {
  const engine = new EngineStream(policy, labelDelayMs);
  const fromMs = Math.min(...set.splits.map((split) => split.trainFromMs));
  const accounts = new Map<string, number>();
  const rows: EvaluatedRow[] = [];
  for await (const { transaction, fraud, type } of set.rows(path)) {
    const streamed = engine.step(transaction, fraud);
    const { accountId, occurredAtMs } = transaction;
    const account = accounts.get(accountId) ?? accounts.size;
    accounts.set(accountId, account);
    if (occurredAtMs >= fromMs) rows.push({ ...streamed, occurredAtMs, account, fraud, type });
  }
  return rows;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function combined(figures: readonly Figures[], how: (values: number[]) => number): Figures {
  const names = Object.keys(figures[0]!) as (keyof Figures)[];
  return Object.fromEntries(names.map((name) => [name, how(figures.map((figure) => figure[name]))])) as unknown as Figures;
}

function judge(results: readonly CardResult[]) {
  const verdicts = musts.flatMap(({ set, layer, figures }) => {
    const result = results.find((one) => one.set === set && one.layer === layer);
    if (result === undefined) return [];
    return figures.map(([figure, must, aim]) => {
      const value = result.figures[figure];
      return { set, layer, figure, value, must, aim, verdict: value >= aim ? 'aim' : value >= must ? 'must' : 'MISSED' };
    });
  });
  if (verdicts.length === 0) return verdicts;
  say('\n| set | layer | figure | value | must | aim | |\n|---|---|---|--:|--:|--:|---|');
  for (const { set, layer, figure, value, must, aim, verdict } of verdicts) {
    say(`| ${set} | ${layer} | ${figure} | ${value.toFixed(4)} | ${must} | ${aim} | ${verdict} |`);
  }
  return verdicts;
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(4)}`;
}
