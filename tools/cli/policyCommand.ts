import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { type CommandResult, checkPolicy, lintPolicy, publishPolicyFile, type Send, showPolicy } from './policy.ts';
import { type ApiFlags, apiOptions, CommandFailure, callerOf, resolveTarget } from './target.ts';

export const configure = (policy: Command): void => {
  policy
    .command('lint <file>')
    .description('list every fault of a policy file, or print the hash under which it will be published')
    .action((file: string) => print(lintPolicy(readFileSync(file, 'utf8'), file)));
  policy
    .command('check <file>')
    .description(
      'lint a policy file and decide its own test cases, for CI; exit code 1 when one does not hold, 2 for files that cannot be read',
    )
    .option('--tests <file>', 'test cases as data: given, when, then (docs/policy.md)')
    .action(async (file: string, { tests }: { readonly tests?: string }) => {
      const cases = tests === undefined ? null : { text: textOf(tests), fileName: tests };
      print(await checkPolicy(textOf(file), file, cases).catch(unreadable));
    });
  apiOptions(policy.command('show [version]'), 'with the scope read')
    .description('print the policy in force, or a version; lint, publish and evaluate read what it prints')
    .action(async (version: string | undefined, flags: ApiFlags) =>
      print(await showPolicy(sendTo(flags), version === undefined ? undefined : wholeNumber(version))),
    );
  apiOptions(policy.command('publish <file>'), 'with the scope admin')
    .description('publish a file as a new version')
    .option('--draft', 'store the version without putting it in force')
    .option('--if-version <version>', 'publish only while this version is in force', wholeNumber)
    .action(async (file: string, { draft = false, ifVersion, ...flags }: ApiFlags & { draft?: boolean; ifVersion?: number }) =>
      print(
        await publishPolicyFile(sendTo(flags), readFileSync(file, 'utf8'), file, {
          draft,
          ...(ifVersion === undefined ? {} : { ifVersion }),
        }),
      ),
    );
};

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return unreadable(error);
  }
};

const unreadable = (error: unknown): never => {
  throw new CommandFailure(error instanceof Error ? error.message : String(error), 2);
};

const sendTo = (flags: ApiFlags): Send => callerOf(resolveTarget(flags));

const wholeNumber = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('allowed: a whole number');
  return Number(text);
};

const print = ({ exitCode, lines }: CommandResult): void => {
  for (const line of lines) console[exitCode === 0 ? 'log' : 'error'](line);
  process.exitCode = exitCode;
};
