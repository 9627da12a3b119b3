import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleStage } from '../../infra/bundle.ts';
import { swaggerFiles, swaggerFolder } from '../../shared/edge/docs.ts';

describe('the bundle of the read stage', () => {
  const folder = bundleStage('read');

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
  expect(readdirSync(bundleStage('decide')).filter((name) => !/\.mjs(\.map)?$/.test(name))).toEqual([]);
});
