import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { attribute } from '../shared/domain/forest.ts';
import {
  type EvaluatedRow,
  evaluatedRow,
  type Figures,
  figuresOf,
  type Layer,
  layers,
  scoreLayers,
  splitRows,
} from '../shared/model/evaluation.ts';
import { growForest } from '../shared/model/grow.ts';
import { matrixOf, rowOf } from '../shared/model/matrix.ts';
import { averagePrecision, median, rocAuc } from '../shared/model/metrics.ts';
import { EngineStream } from '../shared/model/stream.ts';
import { scoreAll } from '../shared/model/train.ts';
import { compilePolicy } from '../shared/policy/compile.ts';
import { defaultPolicy } from '../shared/policy/default.ts';
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

interface Must {
  readonly set: string;
  readonly layer: Layer;
  readonly figures: readonly (readonly [figure: keyof Figures, must: number, aim: number])[];
}

/** What the learned layer and the rules with the forest must reach. */
const musts: readonly Must[] = [
  {
    set: 'handbook',
    layer: 'learned',
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
    layer: 'learned',
    figures: [
      ['auc', 0.995, 0.998],
      ['averagePrecision', 0.89, 0.945],
      ['recallAt1', 0.93, 0.97],
    ],
  },
  {
    set: 'mlfs-geo',
    layer: 'learned',
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

if (directory === null) {
  console.error('no labelled data: set AEGIS_DATA_DIR to the folder that holds adbench/, handbook/, sparkov/ and mlfs-geo/');
  process.exitCode = 2;
} else {
  const anomalies = measureAnomalySets(directory);
  const cards = [];
  for (const set of qualitySets) if (wanted.includes(set.name)) cards.push(...(await measureCards(directory, set)));
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
      for (let i = 0; i < rows.height && seed === 0; i++) {
        let sum = attribute(forest, rowOf(rows, i), shares);
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
  readonly layer: Layer;
  readonly figures: Figures;
}

async function measureCards(path: string, set: QualitySet): Promise<readonly CardResult[]> {
  const rows = await streamSet(path, set);
  const bySeed = Array.from({ length: seeds }, (_, seed) => {
    const bySplit = set.splits.map((period) => {
      const { train, test } = splitRows(rows, period, set.leaveOutKnown);
      const scores = scoreLayers(train, test, seed + 1);
      return Object.fromEntries(layers.map((layer) => [layer, figuresOf(test, scores[layer])])) as Record<Layer, Figures>;
    });
    return Object.fromEntries(
      layers.map((layer) => [
        layer,
        combined(
          bySplit.map((split) => split[layer]),
          (values) => values.reduce((a, b) => a + b) / values.length,
        ),
      ]),
    ) as Record<Layer, Figures>;
  });
  say(`\n${set.name}: ${set.splits.length} test period(s), mean; median of ${seeds} seeds\n`);
  say('| layer | rows | frauds | AUC | AP | R@0.1% | R@1% | R@5% | CP@100 |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|');
  return layers.map((layer) => {
    const figures = combined(
      bySeed.map((seed) => seed[layer]),
      median,
    );
    const { auc, averagePrecision: ap, recallAt01, recallAt1, recallAt5, cardPrecision } = figures;
    const cells = [auc, ap, recallAt01, recallAt1, recallAt5, cardPrecision].map((value) => value.toFixed(4));
    say(`| ${layer} | ${Math.round(figures.rows)} | ${Math.round(figures.frauds)} | ${cells.join(' | ')} |`);
    return { set: set.name, layer, figures };
  });
}

async function streamSet(path: string, set: QualitySet): Promise<readonly EvaluatedRow[]> {
  const engine = new EngineStream(compilePolicy(defaultPolicy, 1), labelDelayMs);
  const fromMs = Math.min(...set.splits.map((split) => split.trainFromMs));
  const accounts = new Map<string, number>();
  const rows: EvaluatedRow[] = [];
  for await (const { transaction, fraud, type } of set.rows(path)) {
    const streamed = engine.step(transaction, fraud);
    const { accountId, occurredAtMs } = transaction;
    const account = accounts.get(accountId) ?? accounts.size;
    accounts.set(accountId, account);
    if (occurredAtMs >= fromMs) rows.push(evaluatedRow(streamed, { occurredAtMs, account, fraud, type }));
  }
  return rows;
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
