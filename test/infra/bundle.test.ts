import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { swaggerFiles, swaggerFolder } from '../../functions/read/docs.ts';
import { bundleStage } from '../../infra/bundle.ts';

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

/** By name, the files of a bundle that its entry imports when it is loaded, not when it is called. */
const loadedAtStart = (folder: string): ReadonlyMap<string, string> => {
  const seen = new Map<string, string>();
  const open = ['index.mjs'];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue;
    const text = readFileSync(join(folder, file), 'utf8');
    seen.set(file, text);
    for (const [, name] of text.matchAll(/(?:from|import)\s*"\.\/(chunk-[^"]+)"/g)) open.push(name!);
  }
  return seen;
};

describe.each(['ingest', 'score', 'decide', 'project'])('the bundle of the %s stage', (stage) => {
  const folder = bundled(stage);
  const files = [...loadedAtStart(folder)];
  const importing = (name: RegExp): string[] =>
    files
      .filter(([, text]) => [...text.matchAll(/(?:from|import)\s*"([^"]+)"/g)].some(([, from]) => name.test(from!)))
      .map(([file]) => file);

  it("starts without node:http, which brings all of Node's fetch with it", () => {
    expect(importing(/^(node:)?http$/)).toEqual([]);
  });

  it('starts without the SNS client, which few batches need', () => {
    const readsSns = (text: string): boolean => text.includes('AmazonSimpleNotificationService');
    expect(files.filter(([, text]) => readsSns(text)).map(([file]) => file)).toEqual([]);
    const all = readdirSync(folder).filter((name) => name.endsWith('.mjs'));
    const alerting = all.filter((name) => readsSns(readFileSync(join(folder, name), 'utf8')));
    expect(alerting.length > 0).toBe(['score', 'project'].includes(stage));
  });

  it('holds the AWS SDK itself', () => {
    expect(importing(/^@/)).toEqual([]);
    expect(files.some(([, text]) => text.includes('DynamoDB_20120810'))).toBe(true);
  });
});

it('leaves other stages without pages', () => {
  expect(readdirSync(bundled('decide')).filter((name) => !/\.mjs(\.map)?$/.test(name))).toEqual([]);
});
