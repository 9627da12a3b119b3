import { readFileSync, statSync } from 'node:fs';
import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { bundleBlocks } from '../../functions/read/evidence/bundle.ts';
import { asCheckpoint, type Checkpoint } from '../../shared/proof/checkpoint.ts';
import { type VerifyOptions, type VerifyReport, verifyChunks, verifyFile } from '../proof/verify.ts';
import type { ExportDependencies } from './export.ts';

export interface VerifyCommandOptions {
  /** PEM files with the public keys that the checkpoints must be signed by. */
  readonly key?: readonly string[];
  /** A file with checkpoints that were kept before: JSON, one object or lines. */
  readonly known?: string;
  readonly json?: boolean;
  /** Exit code 1 unless a checkpoint holds every entry. */
  readonly requireCheckpoint?: boolean;
}

export interface CommandOutput {
  readonly exitCode: 0 | 1 | 2;
  readonly text: string;
}

/** `aegis verify BUNDLE`: needs no service and no secret. Never throws for what the files hold. */
export const verifyCommand = (
  bundle: string,
  options: VerifyCommandOptions = {},
  onProgress: (bytesRead: number) => void = () => undefined,
): Promise<CommandOutput> => verdictOf(options, (trusted) => verifyFile(bundle, { ...trusted, onProgress }));

/** `aegis verify --live`: everything that a deployment's stores hold now. */
export const verifyLive = (
  dependencies: ExportDependencies,
  tenant: string,
  options: VerifyCommandOptions = {},
): Promise<CommandOutput> =>
  verdictOf(options, async (trusted) => {
    // Loaded only here: verifying a bundle needs nothing of a deployment.
    const { selectExport } = await import('./export.ts');
    const source = await selectExport(dependencies, { kind: 'range', tenant, from: null, to: null });
    return verifyChunks(bundleBlocks(source), trusted);
  });

const verdictOf = async (
  options: VerifyCommandOptions,
  verify: (trusted: VerifyOptions) => Promise<VerifyReport>,
): Promise<CommandOutput> => {
  let report: VerifyReport;
  try {
    report = await verify({
      ...(options.key === undefined ? {} : { publicKey: options.key.map((file) => readFileSync(file, 'utf8')).join('\n') }),
      ...(options.known === undefined ? {} : { known: readKnown(options.known) }),
    });
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    const text = options.json ? JSON.stringify({ verdict: 'unreadable', unreadable: cause }) : `UNREADABLE: ${cause}`;
    return { exitCode: 2, text };
  }
  const isOwed = options.requireCheckpoint === true && report.exitCode === 0 && report.uncoveredEntries > 0;
  const text = options.json ? JSON.stringify(report, null, 2) : describe(report, isOwed);
  return { exitCode: isOwed ? 1 : report.exitCode, text };
};

export const configure = (command: Command): void => {
  command
    .argument('[bundle]', 'an export, or an evidence page')
    .option('--live', 'what the deployment that the environment names holds now, instead of a bundle')
    .option('--tenant <name>', 'with --live: whose policies', 'dev')
    .option('--key <file...>', 'the public keys that you trust, PEM; without them the keys within the bundle are believed')
    .option('--known <file>', 'checkpoints that you kept: another or a shortened history shows against them')
    .option('--require-checkpoint', 'fail unless a checkpoint holds every entry')
    .option('--json', 'print the whole report as JSON')
    .action(async (bundle: string | undefined, options: VerifyCommandOptions & { live?: boolean; tenant: string }) => {
      if ((bundle === undefined) !== (options.live === true)) throw new Error('give a bundle or --live, one of them');
      const { exitCode, text } =
        bundle === undefined
          ? await verifyLive(await (await import('./export.ts')).environmentDependencies(), options.tenant, options)
          : await withBar(bundle, (onProgress) => verifyCommand(bundle, options, onProgress));
      console.log(text);
      process.exitCode = exitCode;
    });
};

const withBar = async <T>(path: string, act: (onProgress: (bytesRead: number) => void) => Promise<T>): Promise<T> => {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const bar = new SingleBar({ format: 'verifying {bar} {percentage}%', clearOnComplete: true, noTTYOutput: false });
  bar.start(Math.max(1, size), 0);
  try {
    return await act((bytesRead) => bar.update(bytesRead));
  } finally {
    bar.stop();
  }
};

const readKnown = (path: string): Checkpoint[] => {
  const values = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line): unknown => JSON.parse(line));
  return values.map((value, i) => {
    const checkpoint = asCheckpoint(value);
    if (!checkpoint) throw new Error(`${path}: line ${i + 1} is no checkpoint ({"body": ..., "signature": ...})`);
    return checkpoint;
  });
};

/** The report for people: the verdict first, then why, then what it does not cover. */
export const describe = (report: VerifyReport, isOwed = false): string => {
  const { verdict, findings, entries, chains, checkpoints, uncoveredEntries, keyIds, isKeyGiven, unreadable } = report;
  const lines = [verdict === 'intact' ? 'INTACT' : verdict === 'tampered' ? 'TAMPERED' : 'UNREADABLE'];
  const [first, ...others] = findings;
  if (first) lines.push(`first: line ${first.line}: ${first.text}`);
  for (const finding of others.slice(0, othersShown)) lines.push(`also:  line ${finding.line}: ${finding.text}`);
  if (others.length > othersShown) lines.push(`and ${others.length - othersShown} more`);
  if (unreadable !== null) lines.push(unreadable);
  if (verdict === 'unreadable') return lines.join('\n');
  lines.push(`${entries} entries of ${chains} chains read`);
  const { last } = checkpoints;
  lines.push(
    last === null
      ? 'no checkpoint: nothing is proved against whoever can write the whole history; the chains alone are consistent'
      : `checkpoints ${checkpoints.first!.number} to ${last.number}, the last of ${last.at}, hash ${last.hash}`,
  );
  if (uncoveredEntries > 0) {
    lines.push(
      `${uncoveredEntries} entries lie after the last checkpoint of their chain: protected by the chain only, they could be rewritten or cut off`,
    );
    if (isOwed) lines.push('FAILED: a checkpoint is required for every entry');
  }
  if (keyIds.length > 0) {
    lines.push(
      `signed by key ${keyIds.join(', then ')}${isKeyGiven ? '' : ' - taken from the bundle itself: compare it, or give --key'}`,
    );
  }
  return lines.join('\n');
};

const othersShown = 9;
