import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** `npm run test:browser [-- --pictures]`: the console in Chromium against the real local stack; `--pictures` writes docs/pictures. */

const given = process.argv.slice(2);
const unknown = given.filter((flag) => flag !== '--pictures');
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(' ')}; allowed: --pictures`);
  process.exit(2);
}
const root = fileURLToPath(new URL('../..', import.meta.url));
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/browser/vitest.config.ts'],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...(given.includes('--pictures') && { AEGIS_PICTURES: '1' }) },
  },
);
process.exitCode = status ?? 1;
