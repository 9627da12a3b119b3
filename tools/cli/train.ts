import type { Command } from 'commander';
import { type TrainReport, trainModel, trainOn } from '../../functions/train/train.ts';
import { services } from '../../shared/adapters/aws/services.ts';
import type { Log } from '../../shared/edge/log.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import { defaultPolicy } from '../../shared/policy/default.ts';
import { env } from '../../shared/store/names.ts';
import { streamFile } from './streamFile.ts';
import { storesOption } from './target.ts';

interface Options {
  readonly csv?: string;
  readonly label?: string;
  readonly map?: string;
  readonly delay: string;
  readonly seed: string;
  readonly days: string;
  readonly json?: true;
}

export const configure = (command: Command): void => {
  storesOption(command)
    .description('train a model on the feature archive, or on labelled payments, and publish it if it is no worse')
    .option('--csv <file>', 'labelled payments sorted by time instead of the archive')
    .option('--label <column>', 'with --csv: the column that is 1 or true for fraud')
    .option('--map <file>', 'with --csv: JSON file that maps fields of a transaction to columns')
    .option('--delay <days>', 'with --csv: days until a label is known', '7')
    .option('--days <number>', 'days of the archive to read', '60')
    .option('--seed <number>', 'seed of the forest', '1')
    .option('--json', 'print the report as JSON')
    .action(train);
};

const train = async (options: Options): Promise<void> => {
  const seed = integer('--seed', options.seed);
  const world = services();
  const stores = {
    table: world.table,
    models: world.models,
    clock: world.clock,
    log: progressLog,
    codeVersion: process.env[env.version] ?? 'local',
  };
  const settings = { seed, windowDays: integer('--days', options.days), by: 'aegis train' };
  const report =
    options.csv === undefined
      ? await trainModel({ ...stores, archive: world.archive }, settings)
      : await trainOn(await rowsOf(options.csv, options), stores, settings);
  console.log(options.json === true ? JSON.stringify(report, null, 2) : reportText(report));
};

const rowsOf = async (path: string, { label, map, delay, json }: Options) => {
  if (label === undefined) throw new Error('--label is needed with --csv: the column that is 1 or true for fraud');
  const rows = await streamFile(path, {
    policy: compilePolicy(defaultPolicy, 1),
    label,
    ...(map !== undefined && { map }),
    labelDelayDays: integer('--delay', delay),
    quiet: json === true,
  });
  return { rows, offered: rows.length };
};

const progressLog: Log = (_level, message, fields) => {
  process.stderr.write(`${message} ${JSON.stringify(fields ?? {})}\n`);
};

const reportText = (report: TrainReport): string => {
  if (report.outcome === 'too few rows') return `nothing published: ${report.rows} rows, at least ${report.rowsNeeded} needed`;
  const { version, sha256, bytes, rows, learned, reason } = report.manifest;
  const labels =
    learned === null
      ? 'no learned layer: too few labels'
      : `learned from ${learned.frauds} frauds and ${learned.honest} honest payments`;
  return `version ${version} ${report.outcome}${reason === null ? '' : ` (${reason})`}: ${rows} rows, ${bytes} bytes, ${labels}\nsha256 ${sha256}`;
};

const integer = (name: string, text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} ${text}: a whole number of 0 or more expected`);
  return value;
};
