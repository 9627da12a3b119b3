import { type PolicyFault, parsePolicy } from '../../functions/admin/parsePolicy.ts';
import type { Wire } from '../../shared/contract/wire.ts';
import type { CompiledPolicy } from '../../shared/domain/policy.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import { readPolicyTests, runPolicyTests } from './policyTests.ts';

/** One call to a running Aegis. */
export type Send = (
  method: 'GET' | 'PUT',
  path: string,
  body?: unknown,
) => Promise<{ readonly status: number; readonly body: unknown }>;

/** What a command prints; 0 = done, 1 = refused. */
export interface CommandResult {
  readonly exitCode: 0 | 1;
  readonly lines: readonly string[];
}

/** `aegis policy lint FILE`: lists every fault of a policy file, or prints the hash under which the policy will be published. */
export const lintPolicy = (text: string, fileName: string): CommandResult => {
  const read = readPolicy(text, fileName);
  if (!read.ok) return refused(read.lines);
  return done([`${fileName}: no faults, hash ${compilePolicy(read.policy, 0).hash}`]);
};

/** `aegis policy show [VERSION]`: prints the policy in force, or a version, as JSON that `lint` and `publish` accept. */
export const showPolicy = async (send: Send, version?: number): Promise<CommandResult> => {
  const { status, body } = await send('GET', version === undefined ? '/policy' : `/policy/versions/${version}`);
  return status === 200 ? done([JSON.stringify(body, null, 2)]) : refused(problemLines(status, body));
};

/**
 * `aegis policy check FILE [--tests FILE]`: lints a policy file and decides its own test cases. Exit code 1 for faults and for cases that do
 * not hold. Throws an Error for a file of test cases that cannot be read.
 */
export const checkPolicy = async (
  text: string,
  fileName: string,
  tests: { readonly text: string; readonly fileName: string } | null,
): Promise<CommandResult> => {
  const read = readPolicy(text, fileName);
  if (!read.ok) return refused(read.lines);
  const { hash } = compilePolicy(read.policy, 0);
  if (tests === null) return done([`${fileName}: no faults, hash ${hash}`]);
  const cases = readPolicyTests(tests.text, tests.fileName);
  const results = await runPolicyTests(read.policy, cases);
  const failed = results.filter(({ faults }) => faults.length > 0);
  const lines = failed.flatMap(({ name, faults }) => [`FAILED ${name}`, ...faults.map((fault) => `  ${fault}`)]);
  const sum = `${tests.fileName}: ${results.length - failed.length} of ${results.length} test cases hold, hash ${hash}`;
  return failed.length === 0 ? done([sum]) : refused([...lines, sum]);
};

export interface PublishOptions {
  /** Stored, not put in force. */
  readonly draft: boolean;
  /** Refused when another version than this is in force. */
  readonly ifVersion?: number;
}

/** `aegis policy publish FILE [--draft] [--if-version N]`: lints the file first, so that a bad one is never sent. */
export const publishPolicyFile = async (
  send: Send,
  text: string,
  fileName: string,
  { draft, ifVersion }: PublishOptions,
): Promise<CommandResult> => {
  const read = readPolicy(text, fileName);
  if (!read.ok) return refused(read.lines);
  const request = {
    policy: read.policy,
    status: draft ? 'draft' : 'active',
    ...(ifVersion !== undefined && { ifVersion }),
  };
  const { status, body } = await send('PUT', '/policy', request);
  if (status !== 201) return refused(problemLines(status, body));
  const published = body as Wire<'PublishedPolicy'>;
  return done([`version ${published.version} is ${published.status}, hash ${published.hash}`]);
};

/** Returns the compiled policy of a file. Throws an Error that lists every fault. */
export const policyOfFile = (text: string, fileName: string): CompiledPolicy => {
  const read = readPolicy(text, fileName);
  if (!read.ok) throw new Error(read.lines.join('\n'));
  return compilePolicy(read.policy, 1);
};

const done = (lines: readonly string[]): CommandResult => ({ exitCode: 0, lines });

const refused = (lines: readonly string[]): CommandResult => ({ exitCode: 1, lines });

type ReadPolicy =
  | Extract<ReturnType<typeof parsePolicy>, { ok: true }>
  | { readonly ok: false; readonly lines: readonly string[] };

const readPolicy = (text: string, fileName: string): ReadPolicy => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { ok: false, lines: [`${fileName}: not JSON: ${error.message}`] };
  }
  const { policy, pointer } = unwrapped(value);
  const parsed = parsePolicy(policy);
  return parsed.ok
    ? parsed
    : {
        ok: false,
        lines: parsed.faults.map((fault) => `${fileName}${faultText({ ...fault, pointer: `${pointer}${fault.pointer}` })}`),
      };
};

/** Returns the policy of a stored version, as `aegis policy show` and GET /policy give it; any other value is taken as the policy itself. */
const unwrapped = (value: unknown): { readonly policy: unknown; readonly pointer: string } => {
  if (typeof value !== 'object' || value === null || !('policy' in value) || !('version' in value))
    return { policy: value, pointer: '' };
  return { policy: value.policy, pointer: '/policy' };
};

const faultText = ({ pointer, detail }: Pick<PolicyFault, 'pointer' | 'detail'>): string =>
  `${pointer === '' ? '' : `#${pointer}`}: ${detail}`;

const problemLines = (status: number, body: unknown): string[] => {
  const problem: Partial<Wire<'Problem'>> = typeof body === 'object' && body !== null ? body : {};
  return [`${status}: ${problem.detail ?? 'no detail given'}`, ...(problem.errors ?? []).map((fault) => `  ${faultText(fault)}`)];
};
