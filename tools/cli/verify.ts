import { readFileSync, statSync } from 'node:fs';
import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { bundleBlocks } from '../../functions/read/evidence/bundle.ts';
import { bundleBlocksOf, fileChunks, linesIn } from '../../functions/read/evidence/lines.ts';
import { asCheckpoint, type Checkpoint } from '../../shared/proof/checkpoint.ts';
import { type VerifyOptions, type VerifyReport, verifyChunks, verifyFile } from '../proof/verify.ts';
import type { ExportDependencies } from './export.ts';
import { storesOption } from './target.ts';

export interface VerifyCommandOptions {
  /** PEM files with the public keys that the checkpoints must be signed by. */
  readonly key?: readonly string[];
  /** A file with checkpoints that were kept before: JSON lines of them, an earlier export or an evidence page. */
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
      ...(options.known === undefined ? {} : { known: await readKnown(options.known) }),
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
  storesOption(command, { isUsed: (options) => 'live' in options })
    .argument('[bundle]', 'an export, or an evidence page')
    .option('--live', 'verify what the stack holds now, instead of a bundle')
    .option('--tenant <name>', 'with --live: tenant of the policies', 'dev')
    .option('--key <file...>', 'PEM files with the public keys that you trust (default: the keys in the bundle itself)')
    .option('--known <file>', 'checkpoints that you kept, or an earlier export: detects a replaced or shortened history')
    .option('--require-checkpoint', 'fail unless a checkpoint covers every entry')
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

/**
 * Returns the checkpoints of a file: JSON lines of checkpoints, or an earlier export or evidence page. Throws Error naming the line that is
 * neither, and for a file without checkpoints.
 */
const readKnown = async (path: string): Promise<readonly Checkpoint[]> => {
  const checkpoints = await Array.fromAsync(checkpointsIn(path));
  if (checkpoints.length === 0) throw new Error(`${path} holds no checkpoint`);
  return checkpoints;
};

async function* checkpointsIn(path: string): AsyncGenerator<Checkpoint> {
  let number = 0;
  for await (const block of bundleBlocksOf(endedByNewline(fileChunks(path)))) {
    for (const line of linesIn(block)) {
      number += 1;
      const text = line.toString('utf8').trim();
      if (text === '') continue;
      const value = JSON.parse(text) as { readonly kind?: unknown };
      // All checkpoints of a bundle come before its chains.
      if (value.kind === 'chain') return;
      const checkpoint = asCheckpoint(value);
      if (checkpoint !== null) yield checkpoint;
      else if (value.kind === undefined || value.kind === 'checkpoint')
        throw new Error(`${path}: line ${number} is not a checkpoint ({"body": ..., "signature": ...})`);
    }
  }
}

/** A list of checkpoints that was put together by hand may lack its last line break; a bundle may not. */
async function* endedByNewline(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let isText = false;
  let first = true;
  for await (const chunk of chunks) {
    if (first) isText = chunk[0] === 0x7b;
    first = false;
    yield chunk;
  }
  if (isText) yield Buffer.from('\n');
}

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
  lines.push(`read: ${counted(entries, 'entry', 'entries')} in ${counted(chains, 'chain', 'chains')}`);
  const { last } = checkpoints;
  lines.push(
    last === null
      ? 'no checkpoint: the chains are consistent, but whoever can write the whole history could have replaced them'
      : `checkpoints ${checkpoints.first!.number} to ${last.number}, the last of ${last.at}, hash ${last.hash}`,
  );
  if (uncoveredEntries > 0) {
    lines.push(
      `not covered by a checkpoint: ${counted(uncoveredEntries, 'entry', 'entries')} after the last checkpoint of the chain; only the chain protects them, so they could be rewritten or cut off`,
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

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

const othersShown = 9;
