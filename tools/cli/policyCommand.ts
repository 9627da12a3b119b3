import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { type CommandResult, lintPolicy, publishPolicyFile, type Send, showPolicy } from './policy.ts';
import { call, resolveTarget } from './target.ts';

interface TargetFlags {
  readonly url?: string;
  readonly key?: string;
}

export const configure = (policy: Command): void => {
  policy
    .command('lint <file>')
    .description('every fault of a policy file, or the hash that it will be published under')
    .action((file: string) => print(lintPolicy(readFileSync(file, 'utf8'), file)));
  withTarget(policy.command('show [version]').description('the policy in force, or a version')).action(
    async (version: string | undefined, flags: TargetFlags) =>
      print(await showPolicy(sendTo(flags), version === undefined ? undefined : wholeNumber(version))),
  );
  withTarget(policy.command('publish <file>').description('a new version; needs a key with the scope admin'))
    .option('--draft', 'kept, not put in force')
    .option('--if-version <version>', 'only while this version is in force', wholeNumber)
    .action(async (file: string, { draft = false, ifVersion, ...flags }: TargetFlags & { draft?: boolean; ifVersion?: number }) =>
      print(
        await publishPolicyFile(sendTo(flags), readFileSync(file, 'utf8'), file, {
          draft,
          ...(ifVersion === undefined ? {} : { ifVersion }),
        }),
      ),
    );
};

const withTarget = (command: Command): Command =>
  command
    .option('--url <url>', 'address of the API (default: AEGIS_URL, else the running local stack)')
    .option('--key <key>', 'API key (default: AEGIS_KEY, else the local stack)');

const sendTo = (flags: TargetFlags): Send => {
  const target = resolveTarget(flags);
  return (method, path, body) => call(target, method, path, body);
};

const wholeNumber = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('allowed: a whole number');
  return Number(text);
};

const print = ({ exitCode, lines }: CommandResult): void => {
  for (const line of lines) console[exitCode === 0 ? 'log' : 'error'](line);
  process.exitCode = exitCode;
};
