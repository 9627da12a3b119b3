import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  apiAddress,
  type Changes,
  deployCore,
  destroyCore,
  diffCore,
  environmentOf,
  type LocalTarget,
  type Outputs,
} from '../../infra/deployLocal.ts';
import { env } from '../../shared/store/names.ts';
import { freePort } from '../../tools/local/port.ts';
import { NotPossibleHere, skippedCode } from '../support/python.ts';
import { installAwsCli } from './awsCli.ts';
import { checkOutEarlier } from './earlier.ts';
import { installMinistack, startMinistack } from './ministack.ts';

/**
 * A real `cdk deploy` on a third-party AWS that enforces IAM: first deployment, the main job from outside, grants taken away, alarms told,
 * an upgrade over live data, a clean diff, destroy. With `--restore` it proves instead that the table can be restored and the stack switched
 * to it, as `docs/operations.md` says. With `--from VERSION` it deploys that commit first and proves the upgrade from it to this checkout.
 * Exit codes: 0 passed, 1 failed, 75 skipped because what it needs cannot be had here.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const logFile = join(root, 'reports', 'deploy', 'ministack.log');

/** The schedules fire once a minute, so that the test sees them fire. */
const first: Changes = { trainEveryMinutes: 1 };
/** Trains no more, so that the earlier version's model stays in force. */
const untrained: Changes = { trainEveryMinutes: 1440 };
/** Changes functions, an event source and a queue, and must replace nothing that holds data. */
const upgrade: Changes = { ...first, scoreBatchSize: 5, scoreTimeoutSeconds: 14, logRetentionDays: 3 };

const main = async (): Promise<number> => {
  const { restore: isRestore, from } = parseArgs({
    options: { restore: { type: 'boolean', default: false }, from: { type: 'string' } },
  }).values;
  const folder = mkdtempSync(join(tmpdir(), 'aegis-ministack-'));
  mkdirSync(join(logFile, '..'), { recursive: true });
  rmSync(logFile, { force: true });
  const laps = new Map<string, number>();
  const lap = async <T>(name: string, act: () => Promise<T>): Promise<T> => {
    const startMs = performance.now();
    console.log(`\n=== ${name}`);
    try {
      return await act();
    } finally {
      laps.set(name, performance.now() - startMs);
    }
  };
  try {
    const earlier = join(folder, 'earlier');
    if (from !== undefined) {
      const commit = await lap(`check out ${from}`, () => checkOutEarlier(root, from, earlier));
      console.log(`${from} is commit ${commit}`);
    }
    const venv = await lap('install MiniStack', () => installMinistack(folder));
    const ministack = await lap('start it with IAM enforced', async () =>
      startMinistack(venv, folder, logFile, await freePort()),
    );
    try {
      const { target } = ministack;
      const run = (file: string, outputs: Outputs, ...args: readonly string[]) => script(file, args, target, outputs, folder);
      if (isRestore) {
        await lap('install the AWS command line', () => installAwsCli(folder));
        const deployed = await lap('first deployment', () => deployCore(target));
        await lap('restore and switch, as documented', () => run('restore.ts', deployed));
      } else if (from !== undefined) {
        const before = await lap(`deployment of ${from}`, () => deployCore(target, first, earlier));
        await lap(`traffic on ${from}`, () => run('upgrade.ts', before, 'before', earlier));
        await lap('resources before the upgrade', () => run('resources.ts', before, 'note'));
        const after = await lap('upgrade to this checkout over live data', () => deployCore(target, untrained));
        await lap('no data replaced', () => run('resources.ts', after, 'compareData'));
        sameOutputs(before, after);
        await lap('nothing lost, nothing misread', () => run('upgrade.ts', after, 'after', earlier));
      } else {
        const before = await lap('first deployment', () => deployCore(target, first));
        await lap('the main job from outside', () => run('drive.ts', before, 'first'));
        await lap('grants taken away, foreign actions tried', () => run('grants.ts', before));
        await lap('alarms told', () => run('alarms.ts', before));
        await lap('resources before the upgrade', () => run('resources.ts', before, 'note'));
        const after = await lap('upgrade over live data', () => deployCore(target, upgrade));
        await lap('nothing replaced', () => run('resources.ts', after, 'compare'));
        sameOutputs(before, after);
        await lap('the main job after the upgrade', () => run('drive.ts', after, 'upgraded'));
        await lap('rolled back by one command, and put forward again', () => run('rollback.ts', after));
        await lap('clean diff', () => diffCore(target, upgrade));
        await lap('destroy', () => destroyCore(target));
        await lap('what is retained', () => run('retained.ts', after));
      }
    } finally {
      await lap('stop', () => ministack.stop());
    }
  } catch (error) {
    if (error instanceof NotPossibleHere) {
      console.error(`SKIPPED, nothing is proved: ${error.message}`);
      return skippedCode;
    }
    console.error(error);
    console.error(`FAILED; the log of MiniStack is ${logFile}`);
    return 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    for (const [name, ms] of laps) console.log(`${(ms / 1000).toFixed(1).padStart(7)} s  ${name}`);
  }
  console.log('PASSED');
  return 0;
};

const sameOutputs = (first: Outputs, second: Outputs): void => {
  for (const [name, value] of Object.entries(first)) {
    if (second[name] !== value) throw new Error(`the upgrade replaced ${name}: ${value} became ${second[name]}`);
  }
};

/** In a process of its own, since Node reads the certificates that it trusts at its start. */
const script = (file: string, args: readonly string[], target: LocalTarget, outputs: Outputs, folder: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'test', 'deploy', file), ...args], {
      stdio: 'inherit',
      env: {
        ...environmentOf(target),
        [env.table]: outputs.TableName,
        [env.queueUrl]: outputs.QueueUrl,
        [env.deadLetterUrl]: outputs.DeadLetterUrl,
        [env.archiveBucket]: outputs.ArchiveBucketName,
        [env.checkpointBucket]: outputs.CheckpointBucketName,
        [env.modelBucket]: outputs.ModelBucketName,
        [env.kmsKeyId]: outputs.MasterKeyArn,
        [env.checkpointKeyId]: outputs.SigningKeyArn,
        AEGIS_API: apiAddress(target, outputs),
        AEGIS_DEPLOY_FOLDER: folder,
        AEGIS_DEPLOY_OUTPUTS: JSON.stringify(outputs),
      },
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => (code === 0 ? resolve() : reject(new Error(`${file} ended with ${code ?? signal}`))));
  });

process.exitCode = await main();
