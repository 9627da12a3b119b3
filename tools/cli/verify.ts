import { readFileSync, statSync } from 'node:fs';
import { SingleBar } from 'cli-progress';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { bundleBlocksOf, fileChunks, linesIn } from '../../functions/read/evidence/lines.ts';
import { asCheckpoint, type Checkpoint } from '../../shared/proof/checkpoint.ts';
import { env } from '../../shared/store/names.ts';
import { localKeyCreator } from '../local/secrets.ts';
import type { LiveOptions, LiveStores } from '../proof/live/liveCheck.ts';
import type { Share } from '../proof/live/liveReport.ts';
import { verifyFile } from '../proof/verify.ts';
import type { VerifyOptions, VerifyReport } from '../proof/verifyReport.ts';
import { storesOption } from './target.ts';
import { describe } from './verdict.ts';

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

/** `aegis verify --live`: what a deployment's stores hold now, all of it or one share. */
export const verifyLive = (
  stores: LiveStores,
  { share, onStep, ...options }: VerifyCommandOptions & Pick<LiveOptions, 'share' | 'onStep'> = {},
): Promise<CommandOutput> =>
  verdictOf(options, async (trusted) => {
    // Loaded only here: verifying a bundle needs nothing of a deployment.
    const { verifyStores } = await import('../proof/live/liveCheck.ts');
    return verifyStores(stores, { ...trusted, ...(share && { share }), ...(onStep && { onStep }) });
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
    .option('--live', 'verify what the stack holds now, instead of a bundle: the whole table is read')
    .option('--share <K/N>', 'with --live: part K of N of the table, such as 3/16; all parts together are the whole', shareOf)
    .option('--key <file...>', 'PEM files with the public keys that you trust (default: the keys in the bundle itself)')
    .option('--known <file>', 'checkpoints that you kept, or an earlier export: detects a replaced or shortened history')
    .option('--require-checkpoint', 'fail unless a checkpoint covers every entry')
    .option('--json', 'print the whole report as JSON')
    .addOption(new Option('--tenant <name>', 'all tenants are verified').hideHelp())
    .action(async (bundle: string | undefined, options: VerifyCommandOptions & { live?: boolean; share?: Share }) => {
      if ((bundle === undefined) !== (options.live === true)) throw new Error('give a bundle or --live, one of them');
      if (options.share && bundle !== undefined) throw new Error('--share goes with --live');
      const { exitCode, text } =
        bundle === undefined
          ? await withSteps(async (onStep) => verifyLive(await environmentStores(), { ...options, onStep }))
          : await withBar(bundle, (onProgress) => verifyCommand(bundle, options, onProgress));
      console.log(text);
      process.exitCode = exitCode;
    });
};

/** Reads `K/N`. Throws InvalidArgumentError that says what is allowed. */
export const shareOf = (text: string): Share => {
  const [, number, of] = /^([1-9]\d{0,4})\/([1-9]\d{0,4})$/.exec(text)?.map(Number) ?? [];
  if (number === undefined || of === undefined || number > of) throw new InvalidArgumentError('allowed: K/N, K from 1 to N.');
  return { number, of };
};

/** The stores that the environment names. What decisions are made anew from may be missing: the report then says so. */
const environmentStores = async (): Promise<LiveStores> => {
  const { services } = await import('../../shared/adapters/aws/services.ts');
  const { environmentDependencies } = await import('./export.ts');
  const isLocal = process.env[env.localSecret] !== undefined;
  return {
    ...(await environmentDependencies()),
    models: ifNamed(
      () => services().models,
      (fail) => ({ put: fail, get: fail, list: fail, delete: fail, firstVersions: fail }),
    ),
    masterSecret: ifNamed<LiveStores['masterSecret']>(
      () => services().masterSecret,
      (fail) => ({ current: fail, version: fail }),
    ),
    unnotedKeysBy: isLocal ? [localKeyCreator] : [],
  };
};

/** A service, or one whose calls fail with the variable that the environment lacks. */
const ifNamed = <Service>(read: () => Service, failing: (fail: () => Promise<never>) => Service): Service => {
  try {
    return read();
  } catch (error) {
    return failing(() => Promise.reject(error));
  }
};

const withSteps = async <T>(act: (onStep: NonNullable<LiveOptions['onStep']>) => Promise<T>): Promise<T> => {
  const bar = new SingleBar({ format: '{step} {bar} {value} of {total}', clearOnComplete: true, noTTYOutput: false });
  bar.start(1, 0, { step: 'items' });
  try {
    return await act((step, done, of) => {
      // How many items or checkpoints there are is not known before they are read.
      bar.setTotal(of ?? done);
      bar.update(done, { step });
    });
  } finally {
    bar.stop();
  }
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
