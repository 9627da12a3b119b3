import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { services } from '../shared/adapters/aws/services.ts';
import { scopes } from '../shared/contract/routes.ts';
import { draftKey } from '../shared/edge/keys.ts';
import { appendSystemEvent } from '../shared/ledger/systemChain.ts';
import { defaultTenant, env } from '../shared/store/names.ts';
import type { Settings } from './settings.ts';

/** A third-party AWS on this machine, such as LocalStack or MiniStack. */
export interface LocalTarget {
  readonly endpoint: string;
  readonly region: string;
  /** Set for a target that asks for its own certificate to be trusted. */
  readonly certificateFile?: string;
}

/** The account that LocalStack and MiniStack pretend to be. */
const account = '000000000000';
const probeMsMax = 5_000;
const root = fileURLToPath(new URL('..', import.meta.url));

/** The environment in which AWS command lines and SDKs talk only to the target, without any profile or session of the caller. */
export const environmentOf = (target: LocalTarget): NodeJS.ProcessEnv => {
  const kept = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_')));
  return {
    ...kept,
    AWS_ENDPOINT_URL: target.endpoint,
    AWS_ENDPOINT_URL_S3: target.endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: target.region,
    AWS_DEFAULT_REGION: target.region,
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DEFAULT_ACCOUNT: account,
    CDK_DEFAULT_REGION: target.region,
    CDK_DISABLE_CLI_TELEMETRY: '1',
    ...(target.certificateFile === undefined
      ? {}
      : { NODE_EXTRA_CA_CERTS: target.certificateFile, AWS_CA_BUNDLE: target.certificateFile }),
  };
};

/** Runs a checkout's CDK command line against the target and shows its output. Throws an Error when it ends with another code than 0. */
export const runCdk = (target: LocalTarget, args: readonly string[], checkout = root): Promise<void> =>
  new Promise((resolve, reject) => {
    const cdk = join(checkout, 'node_modules', '.bin', 'cdk');
    const child = spawn(cdk, args, { cwd: checkout, env: environmentOf(target), stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`cdk ${args[0]} ended with ${code ?? signal}`));
    });
  });

export type Outputs = Readonly<Record<string, string>>;

/** Settings that differ from those of stage `local`. */
export type Changes = Partial<Settings>;

/**
 * Synthesizes, bootstraps and deploys the core stack of stage `local`, as a new stack or over a live one. `checkout` is the folder whose
 * version is deployed; by default this one. Returns the stack's outputs.
 */
export const deployCore = async (target: LocalTarget, changes: Changes = {}, checkout = root): Promise<Outputs> => {
  const folder = mkdtempSync(join(tmpdir(), 'aegis-deploy-'));
  const outputsFile = join(folder, 'outputs.json');
  try {
    await runCdk(target, ['synth', 'core', '--quiet', ...contextOf(changes)], checkout);
    await runCdk(target, ['bootstrap', '-a', 'cdk.out', `aws://${account}/${target.region}`], checkout);
    await runCdk(
      target,
      ['deploy', 'core', '-a', 'cdk.out', '--require-approval', 'never', '--outputs-file', outputsFile],
      checkout,
    );
    const [outputs] = Object.values(JSON.parse(readFileSync(outputsFile, 'utf8')) as Record<string, Outputs>);
    if (outputs === undefined) throw new Error('cdk deploy wrote no outputs');
    return outputs;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Throws when the deployed stack is not what these settings give. */
export const diffCore = (target: LocalTarget, changes: Changes = {}): Promise<void> =>
  runCdk(target, ['diff', 'core', ...contextOf(changes), '--fail']);

export const destroyCore = (target: LocalTarget): Promise<void> =>
  runCdk(target, ['destroy', 'core', '-a', 'cdk.out', '--force']);

const contextOf = (changes: Changes): string[] => ['-c', 'stage=local', '-c', `settings=${JSON.stringify(changes)}`];

/** The API's address on the target: the output names the one that AWS would serve. */
export const apiAddress = (target: LocalTarget, outputs: Outputs): string => {
  const url = new URL(outputs.ApiUrl ?? '');
  const [apiId] = url.hostname.split('.');
  const [stage] = url.pathname.split('/').filter((part) => part !== '');
  return `${target.endpoint}/restapis/${apiId}/${stage}/_user_request_`;
};

const reachable = async (endpoint: string): Promise<boolean> => {
  try {
    await fetch(endpoint, { signal: AbortSignal.timeout(probeMsMax) });
    return true;
  } catch {
    return false;
  }
};

/** A key with every scope, stored in the deployed table with its entry in the audit. */
const developmentKey = async (target: LocalTarget, outputs: Outputs) => {
  Object.assign(process.env, environmentOf(target), { [env.table]: outputs.TableName });
  const { table, clock, randomness } = services();
  const wanted = { tenant: defaultTenant, scopes, createdBy: 'deploy:local', expiresAtMs: null };
  const { item, key, record } = draftKey({ clock, randomness }, wanted);
  const { keyId, expiresAt } = record;
  const details = { keyId, scopes: record.scopes, expiresAt };
  const event = { event: 'KEY_CREATED', by: record.createdBy, atMs: clock.nowMs(), details };
  await appendSystemEvent(table, defaultTenant, event, [{ kind: 'put', item, condition: { kind: 'absent' } }]);
  return { key };
};

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      endpoint: { type: 'string', default: process.env.AWS_ENDPOINT_URL ?? 'http://localhost:4566' },
      region: { type: 'string', default: process.env.AWS_REGION ?? 'us-east-1' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log('npm run deploy:local -- [--endpoint http://localhost:4566] [--region us-east-1]');
    return 0;
  }
  const target = { endpoint: values.endpoint.replace(/\/$/, ''), region: values.region };
  if (!(await reachable(target.endpoint))) {
    console.error(`nothing answers at ${target.endpoint}: start LocalStack or MiniStack there, or name another with --endpoint`);
    return 1;
  }
  const outputs = await deployCore(target);
  const { key } = await developmentKey(target, outputs);
  console.log(`key: ${key}`);
  console.log(`api: ${apiAddress(target, outputs)}`);
  for (const [name, value] of Object.entries(outputs)) console.log(`${name}: ${value}`);
  return 0;
};

if (import.meta.main) process.exitCode = await main();
