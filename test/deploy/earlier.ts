import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NotPossibleHere } from '../support/python.ts';

const run = promisify(execFile);

/** The commits of released versions: a clone may lack the tag and still have the commit. */
const released: Readonly<Record<string, string>> = { 'v0.1.0': '83a00ceafc2e8ba95e753a4730b195121b929a05' };

const installMsMax = 300_000;
const outputBytesMax = 64 * 1024 * 1024;

/**
 * Writes the files of an earlier commit to `folder` and gives it the packages that its own lock file names. Returns the commit's full
 * hash. Throws NotPossibleHere when this clone does not have the commit or its packages cannot be installed.
 */
export const checkOutEarlier = async (root: string, version: string, folder: string): Promise<string> => {
  const commit = await commitOf(root, version);
  mkdirSync(folder, { recursive: true });
  const archive = `${folder}.tar`;
  await run('git', ['archive', '--output', archive, commit], { cwd: root, maxBuffer: outputBytesMax });
  await run('tar', ['-xf', archive, '-C', folder]);
  if (hasTheSamePackages(folder, root)) symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  else await install(folder);
  return commit;
};

const commitOf = async (root: string, version: string): Promise<string> => {
  for (const name of [version, released[version]]) {
    if (name === undefined) continue;
    try {
      const { stdout } = await run('git', ['rev-parse', '--verify', '--quiet', `${name}^{commit}`], {
        cwd: root,
      });
      return stdout.trim();
    } catch (error) {
      if (typeof (error as { code?: unknown }).code !== 'number') throw error;
    }
  }
  throw new NotPossibleHere(`this clone has no commit ${version}: it is shallow, or the name is wrong`);
};

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>;
}

/** Whether this checkout's packages hold all that the earlier one's lock file names, each at the same version. */
const hasTheSamePackages = (earlier: string, current: string): boolean => {
  const [wanted, present] = [earlier, current].map(
    (folder) => (JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as Lock).packages,
  );
  return Object.entries(wanted!).every(([path, { version }]) => path === '' || present![path]?.version === version);
};

const install = async (folder: string): Promise<void> => {
  try {
    await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, timeout: installMsMax, maxBuffer: outputBytesMax });
  } catch (cause) {
    throw new NotPossibleHere(`the packages of the earlier version cannot be installed: ${(cause as Error).message}`, { cause });
  }
};
