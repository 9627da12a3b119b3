import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Builds the console into `console/dist`, unless what is there was built from the same sources. */

const root = fileURLToPath(new URL('..', import.meta.url));
const here = join(root, 'console');
/** Where the built files are. */
export const consoleFolder = join(here, 'dist');
const stampFile = '.built-from';

/** Everything that the built files are made of. */
const sources = ['console/src', 'console/public', 'console/index.html', 'console/build.ts', 'shared/domain', 'package-lock.json'];

/** True when something had to be built. Several processes may build at once: each builds aside, the last one stays. */
export const buildConsole = async ({ force = false }: { readonly force?: boolean } = {}): Promise<boolean> => {
  const stamp = sourcesHash();
  if (!force && builtFrom() === stamp) return false;
  const draft = join(here, `dist.${process.pid}`);
  const { build } = await import('vite');
  await build({
    configFile: false,
    root: here,
    logLevel: 'warn',
    base: './',
    // The page stands one folder above its files, so that it is the same page at `/` and at `/console`.
    experimental: { renderBuiltUrl: (name, { hostType }) => (hostType === 'html' ? `console/${name}` : { relative: true }) },
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir: draft,
      emptyOutDir: true,
      target: 'es2022',
      assetsInlineLimit: 0,
      modulePreload: false,
      reportCompressedSize: false,
    },
  });
  writeFileSync(join(draft, stampFile), stamp);
  rmSync(consoleFolder, { recursive: true, force: true });
  mkdirSync(here, { recursive: true });
  renameSync(draft, consoleFolder);
  return true;
};

const builtFrom = (): string | null => {
  const file = join(consoleFolder, stampFile);
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
};

const sourcesHash = (): string => {
  const hash = createHash('sha256');
  for (const source of sources) {
    for (const file of filesOf(join(root, source))) hash.update(file.slice(root.length)).update('\0').update(readFileSync(file));
  }
  return hash.digest('hex');
};

const filesOf = (path: string): string[] => {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
};

if (import.meta.main) {
  const built = await buildConsole({ force: process.argv.includes('--force') });
  if (built) console.log('console built');
}
