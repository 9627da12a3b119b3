import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildResult, buildSync, type Metafile } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleOptions } from '../../infra/bundle.ts';

/** Which packages each function's bundle may contain, read from the bundler's metafile. */
const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'aegis-packages-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const stages = readdirSync(join(root, 'functions'));

const metafileOf = (stage: string): Metafile => {
  const options = bundleOptions(join(root, `functions/${stage}/handler.ts`), join(folder, stage));
  return (buildSync({ ...options, sourcemap: false }) as BuildResult<{ metafile: true }>).metafile;
};
const metafiles = new Map(stages.map((stage) => [stage, metafileOf(stage)]));
const metafilesOf = (stage: string): Metafile => metafiles.get(stage)!;

const packageOf = (path: string): string | null => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? null;

/** The AWS SDK's own parts, and what those bring along. */
const ofSdk = /^(@aws-sdk|@smithy|@aws-crypto|@aws|bowser|mnemonist|obliterator|tslib|uuid)(\/|$)/;

const packagesOf = (inputs: Iterable<string>): string[] =>
  [...new Set([...inputs].map(packageOf))].filter((name): name is string => name !== null && !ofSdk.test(name)).sort();

/** The inputs of which an output has at least a byte; the bundler leaves out what nothing uses. */
const inputsOf = (output: Metafile['outputs'][string]): string[] =>
  Object.entries(output.inputs).flatMap(([input, { bytesInOutput }]) => (bytesInOutput > 0 ? [input] : []));

const heldIn = ({ outputs }: Metafile): string[] => Object.values(outputs).flatMap(inputsOf);

/** The inputs of the outputs that a start loads: the entry and what it imports, without what it loads by a later import(). */
const loadedAtStart = ({ outputs }: Metafile): string[] => {
  const entry = Object.keys(outputs).find((name) => name.endsWith('/index.mjs') || name === 'index.mjs')!;
  const seen = new Set<string>();
  for (const waiting = [entry]; waiting.length > 0; ) {
    const name = waiting.pop()!;
    if (seen.has(name)) continue;
    seen.add(name);
    waiting.push(
      ...outputs[name]!.imports.filter(({ kind, external }) => kind === 'import-statement' && !external).map(({ path }) => path),
    );
  }
  return [...seen].flatMap((name) => inputsOf(outputs[name]!));
};

/** What a start of each function loads beside the SDK. */
const atStart: Readonly<Record<string, readonly string[]>> = {
  ingest: ['@middy/core', '@middy/util', 'jose', 'lru-cache'],
  score: ['@marcbachmann/cel-js', '@middy/core', '@middy/util', 'canonicalize', 'lru-cache'],
  decide: ['@marcbachmann/cel-js', '@middy/core', '@middy/util', 'canonicalize', 'jose', 'lru-cache'],
  project: ['canonicalize', 'lru-cache'],
  read: ['@middy/core', '@middy/util', 'canonicalize', 'jose', 'lru-cache', 'zod'],
  review: ['@middy/core', '@middy/util', 'canonicalize', 'jose', 'lru-cache'],
  admin: ['@marcbachmann/cel-js', '@middy/core', '@middy/util', 'canonicalize', 'jose', 'lru-cache', 'zod'],
  train: [
    'canonicalize',
    'hyparquet',
    'is-any-array',
    'lru-cache',
    'ml-array-max',
    'ml-array-min',
    'ml-isolation-forest',
    'pure-rand',
  ],
  checkpoint: ['canonicalize', 'lru-cache'],
  sweep: ['canonicalize', 'lru-cache'],
  compact: ['canonicalize', 'hyparquet', 'hyparquet-writer', 'lru-cache'],
  webhooks: ['@stablelib/base64', 'canonicalize', 'fast-sha256', 'lru-cache', 'standardwebhooks'],
};

/** What a function loads later, by a call that few requests make. */
const loadedLater: Readonly<Record<string, readonly string[]>> = {
  // `GET /decisions/{transactionId}?explain=full` evaluates the rules again.
  // What reads the archive where audit rows have expired; requests refuse to.
  read: ['@marcbachmann/cel-js', 'hyparquet'],
};

describe.each(stages)('the bundle of the %s stage', (stage) => {
  const metafile = metafilesOf(stage);

  it('holds only the packages that the function needs', () => {
    const allowed = [...(atStart[stage] ?? []), ...(loadedLater[stage] ?? [])];
    expect(packagesOf(heldIn(metafile)).filter((name) => !allowed.includes(name))).toEqual([]);
  });

  it('has met no emulator, not even in a file that the bundler left out', () => {
    expect(Object.keys(metafile.inputs).filter((path) => /fauxqs|dynoxide|ministack|localstack/i.test(path))).toEqual([]);
  });

  it('starts without what it loads later', () => {
    const started = packagesOf(loadedAtStart(metafile));
    expect(started.filter((name) => !(atStart[stage] ?? []).includes(name))).toEqual([]);
  });
});

it('sees what a bundle holds', () => {
  expect(packagesOf(heldIn(metafilesOf('train')))).toContain('ml-isolation-forest');
  expect(packagesOf(heldIn(metafilesOf('read')))).toContain('@marcbachmann/cel-js');
});
