import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, buildSync } from 'esbuild';
import { addPages } from './pages.ts';

/** Packages that still `require` need one inside an ES module. */
const banner = "import{createRequire as __cr}from'module';const require=__cr(import.meta.url);";

/**
 * How every function is bundled: ES modules with the AWS SDK inside, split where the code imports dynamically, so that a start reads
 * and compiles only what it needs. The entry is `index.mjs`.
 */
export const bundleOptions = (entry: string, folder: string) =>
  ({
    entryPoints: { index: entry },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunk-[hash]',
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
    // Its `module` field names untranspiled sources without the default export that Node sees.
    alias: { 'ml-isolation-forest': 'ml-isolation-forest/lib/index.js' },
    banner: { js: banner },
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: 'error',
    absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
  }) satisfies BuildOptions;

const folders: string[] = [];

/** Bundles `functions/<stage>/handler.ts`, with the files it answers with, into a folder that lives as long as this process. */
export const bundleStage = (stage: string): string => {
  const folder = mkdtempSync(join(tmpdir(), `aegis-${stage}-`));
  if (folders.length === 0) {
    process.once('exit', () => {
      for (const made of folders) rmSync(made, { recursive: true, force: true });
    });
  }
  folders.push(folder);
  buildSync(bundleOptions(fileURLToPath(new URL(`../functions/${stage}/handler.ts`, import.meta.url)), folder));
  if (stage === 'read') addPages(folder);
  return folder;
};
