import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import type { Command } from 'commander';
import { dynoxideBinary } from '../local/emulators.ts';

/** One thing that a way of running Aegis needs. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was found. */
  readonly found: string;
  /** How to get it; nothing to do when it is there. */
  readonly remedy: string;
}

export interface Way {
  readonly name: string;
  readonly command: string;
  readonly checks: readonly Check[];
}

/** What the checks ask of the machine. */
export interface Machine {
  readonly nodeVersion: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly has: (packageName: string) => boolean;
  /** The emulator's binary. Throws Error saying how to get it. */
  readonly emulator: () => Promise<string>;
  /** Whether something listens there. */
  readonly listens: (url: URL) => Promise<boolean>;
  /** Returns the standard output of a command that succeeded, else null. */
  readonly run: (command: string, args: readonly string[]) => string | null;
}

const nodeMajorMin = 24;
const connectMsMax = 1_000;
const commandMsMax = 15_000;
const bootstrapVersionMin = 6;

/** Told what is checked next, since some checks wait for a network. */
export type OnCheck = (name: string) => void;

/** Returns what each of the three ways of running Aegis needs, and what of it is missing. */
export async function examine(machine: Machine, endpoint: string, onCheck: OnCheck = () => undefined): Promise<readonly Way[]> {
  onCheck('Node and packages');
  const node = nodeCheck(machine);
  const packages = packageCheck(machine, 'aws-cdk');
  const emulators = packageCheck(machine, 'fauxqs');
  onCheck('DynamoDB emulator');
  const emulator = await emulatorCheck(machine);
  onCheck(`endpoint ${endpoint}`);
  const endpointAnswer = await endpointCheck(machine, endpoint);
  return [
    { name: 'on this machine', command: 'npm start', checks: [node, emulators, emulator] },
    { name: 'to LocalStack or MiniStack', command: 'npm run deploy:local', checks: [node, packages, endpointAnswer] },
    { name: 'to an AWS account', command: 'npx cdk deploy core', checks: [node, packages, ...accountChecks(machine, onCheck)] },
  ];
}

const nodeCheck = ({ nodeVersion }: Machine): Check => ({
  name: 'Node',
  ok: Number(nodeVersion.split('.')[0]) >= nodeMajorMin,
  found: nodeVersion,
  remedy: `install Node ${nodeMajorMin} or later, or start through npm run, which uses the project's own`,
});

const packageCheck = ({ has }: Machine, name: string): Check => {
  const ok = has(name);
  return { name: 'packages', ok, found: ok ? `${name} is installed` : `${name} is not installed`, remedy: 'npm ci' };
};

const emulatorCheck = async ({ emulator }: Machine): Promise<Check> => {
  try {
    return { name: 'DynamoDB emulator', ok: true, found: await emulator(), remedy: '' };
  } catch (error) {
    return {
      name: 'DynamoDB emulator',
      ok: false,
      found: 'none',
      remedy: error instanceof Error ? error.message : String(error),
    };
  }
};

const endpointCheck = async ({ listens }: Machine, endpoint: string): Promise<Check> => {
  const ok = await listens(new URL(endpoint));
  return {
    name: 'endpoint',
    ok,
    found: `${endpoint} ${ok ? 'answers' : 'does not answer'}`,
    remedy: 'start LocalStack or MiniStack, or name its address with --endpoint',
  };
};

const accountChecks = ({ environment, run }: Machine, onCheck: OnCheck): readonly Check[] => {
  onCheck('credentials of AWS');
  const identity = run('aws', ['sts', 'get-caller-identity', '--query', 'Account', '--output', 'text']);
  const named =
    (environment.AWS_ACCESS_KEY_ID ?? '') !== '' ||
    (environment.AWS_PROFILE ?? '') !== '' ||
    (environment.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI ?? '') !== '';
  onCheck('region of AWS');
  const region =
    environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? run('aws', ['configure', 'get', 'region'])?.trim() ?? '';
  const credentials: Check = {
    name: 'credentials',
    ok: identity !== null || named,
    found:
      identity !== null
        ? `account ${identity.trim()}`
        : named
          ? 'set in the environment, not tried: the aws command is missing or failed'
          : 'none',
    remedy: 'sign in (aws sso login, aws configure) or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  };
  const regionCheck: Check = {
    name: 'region',
    ok: region !== '',
    found: region === '' ? 'none' : region,
    remedy: 'set AWS_REGION',
  };
  if (identity === null) return [credentials, regionCheck];
  onCheck('bootstrap of the account');
  const version = run('aws', [
    'ssm',
    'get-parameter',
    '--name',
    '/cdk-bootstrap/hnb659fds/version',
    '--query',
    'Parameter.Value',
    '--output',
    'text',
  ]);
  return [
    credentials,
    regionCheck,
    {
      name: 'bootstrap',
      ok: Number(version?.trim()) >= bootstrapVersionMin,
      found: version === null ? 'none in this account and region' : `version ${version.trim()}`,
      remedy: 'npx cdk bootstrap',
    },
  ];
};

export const configure = (command: Command): void => {
  command
    .option('--endpoint <url>', 'where LocalStack or MiniStack listens', 'http://localhost:4566')
    .option('--json', 'print JSON')
    .action(async (options: { readonly endpoint: string; readonly json?: boolean }) => {
      if (!URL.canParse(options.endpoint)) throw new Error(`--endpoint ${options.endpoint} is not a URL`);
      const ways = await examine(thisMachine, options.endpoint, (name) => console.error(`checking ${name}`));
      console.log(options.json ? JSON.stringify(ways) : reportText(ways));
      if (!ways[0]!.checks.every(({ ok }) => ok)) process.exitCode = 1;
    });
};

/** Returns the report for people. The exit code covers only the first way, which needs nothing outside the repository. */
export const reportText = (ways: readonly Way[]): string =>
  ways
    .map(({ name, command, checks }) => {
      const ready = checks.every(({ ok }) => ok);
      const lines = checks.map(
        (check) => `  ${check.ok ? 'ok     ' : 'missing'} ${check.name}: ${check.found}${check.ok ? '' : ` - ${check.remedy}`}`,
      );
      return [`${name}, ${command}: ${ready ? 'ready' : 'not ready'}`, ...lines].join('\n');
    })
    .join('\n');

const require = createRequire(import.meta.url);

const thisMachine: Machine = {
  nodeVersion: process.versions.node,
  environment: process.env,
  has: (name) => (require.resolve.paths(name) ?? []).some((folder) => existsSync(`${folder}/${name}/package.json`)),
  emulator: () => dynoxideBinary(),
  listens: (url) =>
    new Promise((resolve) => {
      const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
      const socket = connect({ host: url.hostname, port, timeout: connectMsMax });
      const end = (answers: boolean) => {
        socket.destroy();
        resolve(answers);
      };
      socket.once('connect', () => end(true));
      socket.once('error', () => end(false));
      socket.once('timeout', () => end(false));
    }),
  run: (command, args) => {
    const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', timeout: commandMsMax });
    return status === 0 ? stdout : null;
  },
};
