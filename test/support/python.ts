import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const installMsMax = 180_000;

/** The exit code of a proof that this machine cannot run; `.ci/proofs` counts it as skipped. */
export const skippedCode = 75;

/** What is needed to run the test at all cannot be had here: nothing is proved, and nothing failed. */
export class NotPossibleHere extends Error {
  override readonly name = 'NotPossibleHere';
}

/** Makes a virtual environment with these packages. Returns its folder; throws NotPossibleHere without Python or without PyPI. */
export const installInto = async (venv: string, wanted: readonly string[]): Promise<string> => {
  try {
    await run('python3', ['-m', 'venv', venv]);
    await run(join(venv, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...wanted], {
      timeout: installMsMax,
    });
  } catch (cause) {
    throw new NotPossibleHere(`${wanted.join(' and ')} cannot be installed: ${firstLine(cause)}`, { cause });
  }
  return venv;
};

const firstLine = (cause: unknown): string => {
  const { stderr, message } = cause as { readonly stderr?: string; readonly message: string };
  const lines = (stderr || message).split('\n').filter((line) => line.trim() !== '');
  return lines.at(-1) ?? 'no reason given';
};
