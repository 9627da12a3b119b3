import { readFileSync, writeFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { buildModel } from '../../functions/train/build.ts';
import { fraudsMin, honestMin } from '../../functions/train/learn.ts';
import type { ModelParts } from '../../shared/model/artefact.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import { defaultPolicy } from '../../shared/policy/default.ts';
import {
  type EvaluatedRow,
  type Figures,
  figuresByType,
  figuresOf,
  type Layer,
  layers,
  scoreLayers,
  splitRows,
  unknowableShare,
} from '../evaluation/evaluation.ts';
import { curvesPicture } from './curves.ts';
import { policyOfFile } from './policy.ts';
import { streamFile } from './streamFile.ts';

interface Options {
  readonly label: string;
  readonly map?: string;
  readonly policy?: string;
  readonly delay: number;
  readonly train: number;
  readonly seed: number;
  readonly out?: string;
  readonly json?: true;
}

const dayMs = 86_400_000;
const trainingRowsMin = 256;

export const configure = (command: Command): void => {
  command
    .argument('<csv>', 'labelled payments sorted by time, plain or .gz, with a header line')
    .requiredOption('--label <column>', 'the column that is 1 or true for fraud')
    .option('--map <file>', 'JSON file that maps fields of a transaction to columns')
    .option('--policy <file>', 'a policy file, or what aegis policy show prints (default: the default policy)')
    .option('--delay <days>', 'days until a label is known', days, 7)
    .option('--train <percent>', 'share of the period to train on', percent, 50)
    .option('--seed <number>', 'seed of the forest', Number, 1)
    .option('--out <file>', 'write the curves as an SVG picture')
    .option('--json', 'print JSON')
    .action(evaluate);
};

const evaluate = async (path: string, options: Options): Promise<void> => {
  const policy =
    options.policy === undefined
      ? compilePolicy(defaultPolicy, 1)
      : policyOfFile(readFileSync(options.policy, 'utf8'), options.policy);
  const rows = await streamFile(path, {
    policy,
    label: options.label,
    ...(options.map !== undefined && { map: options.map }),
    labelDelayDays: options.delay,
    quiet: options.json === true,
  });
  const { train, test } = split(rows, options);
  const { parts } = buildModel(train, options.seed);
  const scores = scoreLayers(parts, test, policy);
  const measured = measuredLayers(parts);
  const figures = measured.map((layer) => ({ layer, ...figuresOf(test, scores[layer]) }));
  const types = [...figuresByType(test, scores.all)].map(([type, ofType]) => ({ type, ...ofType }));
  const unknowable = unknowableShare(test);
  if (options.out !== undefined) {
    writeFileSync(
      options.out,
      curvesPicture(
        Uint8Array.from(test, (row) => (row.fraud ? 1 : 0)),
        measured.map((layer) => ({ name: layer, scores: scores[layer] })),
      ),
    );
  }
  if (options.json === true) {
    const isLearned = parts.learned !== null;
    console.log(
      JSON.stringify({ trained: train.length, tested: test.length, isLearned, layers: figures, types, unknowable }, null, 2),
    );
    return;
  }
  console.log(`trained on ${train.length} payments, measured on ${test.length}, labels known after ${options.delay} days\n`);
  console.log(table('layer', figures));
  if (parts.learned === null) {
    const known = train.filter((row) => row.fraud).length;
    console.log(
      `\nThere is no layer \`learned\`: nothing was learned from ${known} known frauds; at least ${fraudsMin} frauds and ${honestMin} honest payments are needed. \`all\` is \`rules+forest\`.`,
    );
  }
  if (types.length > 1) console.log(`\nall layers by kind of fraud\n\n${table('type', types)}`);
  console.log(
    `\n${(100 * unknowable).toFixed(1)} % of the frauds could not be known: the account's first payment, at a merchant without known fraud`,
  );
};

/** Returns the layers that a model has: without a learned layer there is nothing to measure under its name. */
export const measuredLayers = ({ learned }: Pick<ModelParts, 'learned'>): readonly Layer[] =>
  layers.filter((layer) => layer !== 'learned' || learned !== null);

/** Training on the first part of the period, a label's delay, then the test. */
const split = (rows: readonly EvaluatedRow[], { train, delay }: Options) => {
  const fromMs = rows[0]?.occurredAtMs ?? 0;
  const toMs = (rows.at(-1)?.occurredAtMs ?? 0) + 1;
  const trainToMs = fromMs + ((toMs - fromMs) * train) / 100;
  const parts = splitRows(rows, { trainFromMs: fromMs, trainToMs, testFromMs: trainToMs + delay * dayMs, testToMs: toMs }, false);
  const frauds = parts.test.filter((row) => row.fraud).length;
  if (parts.train.length < trainingRowsMin || frauds === 0 || frauds === parts.test.length) {
    throw new Error(
      `${parts.train.length} payments to train on (at least ${trainingRowsMin} needed), ${parts.test.length} to measure on, ${frauds} of them fraud: ` +
        'give a longer file, or other --train and --delay',
    );
  }
  return parts;
};

const table = (head: string, rows: readonly (Figures & { readonly layer?: string; readonly type?: string })[]): string => {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line([head, 'frauds', 'AUC', 'AP', 'R@0.1%', 'R@1%', 'R@5%', 'CP@100']),
    line(['---', ...Array.from({ length: 7 }, () => '--:')]),
    ...rows.map((row) =>
      line([
        row.layer ?? row.type ?? '',
        String(row.frauds),
        ...[row.auc, row.averagePrecision, row.recallAt01, row.recallAt1, row.recallAt5, row.cardPrecision].map((value) =>
          value.toFixed(4),
        ),
      ]),
    ),
  ].join('\n');
};

function days(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 365)) throw new InvalidArgumentError('0 to 365 days are allowed.');
  return value;
}

function percent(text: string): number {
  const value = Number(text);
  if (!(value >= 1 && value <= 99)) throw new InvalidArgumentError('1 to 99 percent are allowed.');
  return value;
}
