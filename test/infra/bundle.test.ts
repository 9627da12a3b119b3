import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleStage } from '../../infra/bundle.ts';
import { swaggerFiles, swaggerFolder } from '../../shared/edge/docs.ts';

const folders: string[] = [];

/** Gone with the test: a worker of the test runner ends without the event that removes them. */
const bundled = (stage: string): string => {
  const folder = bundleStage(stage);
  folders.push(folder);
  return folder;
};

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe('the bundle of the read stage', () => {
  const folder = bundled('read');

  it('has the files of the documentation beside its code', () => {
    expect(readdirSync(join(folder, swaggerFolder)).sort()).toEqual(Object.keys(swaggerFiles).sort());
  });

  it('has the console beside its code, with everything that its page names', () => {
    const page = readFileSync(join(folder, 'console', 'index.html'), 'utf8');
    const named = [...page.matchAll(/(?:src|href)="(console\/[^"]+)"/g)].map(([, name]) => name!);
    expect(named.length).toBeGreaterThan(1);
    for (const name of named) expect(existsSync(join(folder, name)), name).toBe(true);
  });
});

it('leaves other stages without pages', () => {
  expect(readdirSync(bundled('decide')).filter((name) => !/\.mjs(\.map)?$/.test(name))).toEqual([]);
});
