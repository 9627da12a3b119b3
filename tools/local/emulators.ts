import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { loopback } from './emulatorConnection.ts';
import { freePort } from './port.ts';
import type { QueueEmulatorData, QueueEmulatorMessage } from './threadMessages.ts';

/** A failure with one line that says what to do; nothing to trace. */
export class EmulatorError extends Error {
  override readonly name = 'EmulatorError';
}

export interface EmulatorOptions {
  /** Default: a free port. */
  readonly port?: number;
  /** Where data survives a restart; default: in memory. */
  readonly dataDir?: string;
}

export interface Emulator {
  readonly endpoint: string;
  readonly port: number;
  stop(): Promise<void>;
}

export interface QueueEmulator extends Emulator {
  /** Of its thread: messages and objects it holds, and what is about to be collected. */
  heapBytes(): Promise<number>;
}

const dynoxideVersion = '1.2.1';
const startMsMax = 10_000;
const stopMsMax = 5_000;
/** A free port can be taken between being found and being used. */
const portTriesMax = 5;

/**
 * Runs its arguments as a command until that ends or standard input does. Input ends with this process however that dies, a
 * SIGKILL included, so that no emulator outlives its runner.
 */
const endsWithStdin = 'exec 3<&0; "$0" "$@" 3<&- & pid=$!; (cat <&3 >/dev/null 2>&1; kill $pid) 2>/dev/null & wait $pid';

/**
 * DynamoDB: dynoxide as a process of its own that ends with this one at the latest. Throws EmulatorError for a missing or failing
 * binary and for a taken port.
 */
export async function startDynoxide(options: EmulatorOptions = {}): Promise<Emulator> {
  const binary = await dynoxideBinary();
  if (options.dataDir !== undefined) await mkdir(options.dataDir, { recursive: true });
  const database = options.dataDir === undefined ? [] : ['--db-path', join(options.dataDir, 'table.db')];
  return onPort(options.port, async (port) => {
    const child = spawn('/bin/sh', ['-c', endsWithStdin, binary, '--host', loopback, '--port', String(port), ...database], {
      // A group of its own, so that Ctrl-C reaches the runner first and writes under way end in order.
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe'],
      // Its database takes one request at a time: more threads only hand them to one another.
      env: { TOKIO_WORKER_THREADS: '1', ...process.env },
    });
    try {
      await listening(child);
    } catch (error) {
      child.stdin?.destroy();
      throw error;
    }
    return {
      endpoint: `http://${loopback}:${port}`,
      port,
      stop: () => childEnded(child),
    };
  });
}

/**
 * SQS, SNS and S3: fauxqs in a thread of its own, so that its work and this thread's do not wait for each other. A failure of it while
 * running ends the process, as one in this thread would.
 */
export async function startSqsAndS3(options: EmulatorOptions = {}): Promise<QueueEmulator> {
  if (options.dataDir !== undefined) await mkdir(options.dataDir, { recursive: true });
  return onPort(options.port, async (port) => {
    const data: QueueEmulatorData = { port, ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }) };
    const worker = new Worker(new URL('./queueEmulator.ts', import.meta.url), { workerData: data, name: 'fauxqs', execArgv: [] });
    const start = await first(worker);
    if (start.kind === 'failed') {
      await worker.terminate();
      throw Object.assign(new EmulatorError(`the SQS and S3 emulator did not start: ${start.message}`), { code: start.code });
    }
    return {
      endpoint: `http://${loopback}:${port}`,
      port,
      heapBytes: async () => (await worker.getHeapStatistics()).used_heap_size,
      stop: () => ended(worker),
    };
  });
}

/** The binary: `DYNOXIDE_BIN`, else this platform's package, else `dynoxide` on the path. */
export async function dynoxideBinary(environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const named = environment.DYNOXIDE_BIN;
  if (named !== undefined && named !== '') {
    if (await executable(named)) return named;
    throw new EmulatorError(`DYNOXIDE_BIN names ${named}, which is not an executable file`);
  }
  const platform = `@dynoxide/${process.platform}-${process.arch}`;
  const candidates = [packaged(platform), ...(environment.PATH ?? '').split(delimiter).map((folder) => join(folder, 'dynoxide'))];
  for (const candidate of candidates) {
    if (candidate !== null && (await executable(candidate))) return candidate;
  }
  throw new EmulatorError(
    `the DynamoDB emulator is missing: npm i --no-save ${platform}@${dynoxideVersion}, or name its binary in DYNOXIDE_BIN`,
  );
}

async function onPort<Started>(wanted: number | undefined, start: (port: number) => Promise<Started>): Promise<Started> {
  for (let tries = 1; ; tries += 1) {
    const port = wanted ?? (await freePort());
    try {
      return await start(port);
    } catch (error) {
      if (!portTaken(error)) throw error;
      if (wanted !== undefined || tries >= portTriesMax) {
        throw new EmulatorError(`port ${port} is already in use: stop what listens there, or choose another`, { cause: error });
      }
    }
  }
}

const portTaken = (error: unknown): boolean =>
  (error as { code?: string }).code === 'EADDRINUSE' || (error instanceof Error && /already in use/i.test(error.message));

/** dynoxide says so on standard error as soon as it listens, or why it does not. */
function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const settle = (failure: string | null) => {
      clearTimeout(timer);
      child.off('error', broken).off('exit', exited);
      child.stderr?.off('data', heard).resume();
      if (failure === null) resolve();
      else reject(new EmulatorError(`the DynamoDB emulator did not start: ${failure}`));
    };
    const broken = (error: Error) => settle(error.message);
    const exited = (code: number | null) =>
      settle(said.trim() === '' ? `exit code ${code}` : (said.trim().split('\n').at(-1) ?? ''));
    const heard = (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-4_096);
      if (/listening on/i.test(said)) settle(null);
    };
    const timer = setTimeout(() => settle(`no sign of life within ${startMsMax} ms`), startMsMax);
    child.once('error', broken).once('exit', exited);
    child.stderr?.on('data', heard);
  });
}

/** What the emulator's thread says first; a thread that ends without a word throws EmulatorError. */
function first(worker: Worker): Promise<QueueEmulatorMessage> {
  return new Promise((resolve, reject) => {
    const failed = (why: string) => reject(new EmulatorError(`the SQS and S3 emulator did not start: ${why}`));
    const broken = (error: unknown) => failed(error instanceof Error ? error.message : String(error));
    const exited = (code: number) => failed(`its thread ended with code ${code}`);
    worker.once('error', broken).once('exit', exited);
    worker.once('message', (message: QueueEmulatorMessage) => {
      worker.off('error', broken).off('exit', exited);
      resolve(message);
    });
  });
}

/** Asks it to end, and makes it end after `stopMsMax`. */
function ended(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => void worker.terminate(), stopMsMax);
    worker.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    worker.postMessage('stop');
  });
}

/** Asks it to end, and makes it end after `stopMsMax`. */
function childEnded(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), stopMsMax);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.stdin?.end();
  });
}

function packaged(name: string): string | null {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    return join(manifest, '..', process.platform === 'win32' ? 'dynoxide.exe' : 'dynoxide');
  } catch (error) {
    if ((error as { code?: string }).code === 'MODULE_NOT_FOUND') return null;
    throw error;
  }
}

async function executable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
