import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { consoleFolder } from '../functions/read/console.ts';
import { swaggerFiles, swaggerFolder } from '../functions/read/docs.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Puts the files that the read function serves beside its bundle: the console, built first where it is stale, and Swagger UI. */
export const addPages = (folder: string): void => {
  execFileSync(process.execPath, [join(root, 'console/build.ts')], { stdio: ['ignore', 'ignore', 'inherit'] });
  cpSync(join(root, 'console/dist'), join(folder, consoleFolder), {
    recursive: true,
    filter: (path) => !basename(path).startsWith('.'),
  });
  mkdirSync(join(folder, swaggerFolder), { recursive: true });
  for (const name of Object.keys(swaggerFiles)) {
    copyFileSync(fileURLToPath(import.meta.resolve(`swagger-ui-dist/${name}`)), join(folder, swaggerFolder, name));
  }
};
