import { existsSync, globSync } from 'node:fs';
import { join, resolve } from 'node:path';
import stryker from '../../stryker.config.json' with { type: 'json' };

export const root = resolve(import.meta.dirname, '../..');
const domain = 'shared/domain';
const testsOfDomain = 'test/shared/domain';

/** Files that are tried with more than the test that mirrors their path, or with others in its stead: named as under `test/shared/domain`. */
const furtherTests: Readonly<Record<string, readonly string[]>> = {
  accountAfter: ['decide', 'decideModel', 'decideStreams'],
  audit: ['canonicalBody', 'decide', 'decideModel', 'decideStreams'],
  boosted: ['learned'],
  durations: ['decide', 'decideModel', 'decideStreams', 'window'],
  decision: ['rowFormat'],
  entities: ['decideEntities', '../entities/counting', '../entities/busyEntity'],
  entityFigures: ['decideEntities', '../entities/counting', '../entities/busyEntity', '../entities/stream'],
  explain: ['anomalyText'],
  knownNames: ['rowFormat'],
  merchant: ['ruleFacts', 'signals/merchantRisk'],
  profileFacts: ['decide', 'decideModel', 'decideStreams'],
  readSignals: ['decide', 'decideModel', 'decideStreams'],
  profileCodec: ['profile', 'profileKnowledge', 'features'],
  profileUpdate: ['profile', 'profileKnowledge', 'features'],
  scorecard: ['learned'],
  'signals/all': ['decide', 'decideModel', 'decideStreams'],
  'signals/names': ['canonicalBody', 'decide', 'decideModel', 'decideStreams', 'ruleFacts'],
  'signals/signal': ['signals/impossibleTravel', 'signals/totalSpend24h'],
  spanCodec: ['window', 'windowSpansRead', 'state'],
  spanMerging: ['window', 'windowSpans'],
  spans: ['window', 'windowSpans', 'windowSpansRead'],
  stateCodec: ['state'],
  window: ['windowSpans', 'windowSpansRead'],
  windowSums: ['window', 'windowSpansRead'],
  decide: ['decideModel', 'decideStreams'],
  profile: ['profileKnowledge'],
};

/** The domain's files that hold code, named without folder and `.ts`; files of types alone have nothing to mutate. */
export async function filesWithCode(): Promise<string[]> {
  const names = globSync(stryker.mutate, { cwd: root })
    .map((path) => path.slice(domain.length + 1, -'.ts'.length))
    .sort();
  const exported = await Promise.all(names.map((name) => import(join(root, pathOf(name)))));
  return names.filter((_, i) => Object.keys(exported[i]).length > 0);
}

export const pathOf = (name: string): string => `${domain}/${name}.ts`;

/** Paths of the tests that mutants of a file are tried with; throws an Error when there are none, or when one of them is gone. */
export function ownTestsOf(name: string): string[] {
  const mirror = `${testsOfDomain}/${name}.test.ts`;
  const further = (furtherTests[name] ?? []).map((other) => `${testsOfDomain}/${other}.test.ts`);
  const gone = further.filter((path) => !existsSync(join(root, path)));
  if (gone.length > 0) throw new Error(`${pathOf(name)} is to be tried with tests that do not exist: ${gone.join(', ')}`);
  const tests = existsSync(join(root, mirror)) ? [mirror, ...further] : further;
  if (tests.length === 0) throw new Error(`${pathOf(name)} has no tests of its own: neither ${mirror} nor any in furtherTests`);
  return tests;
}
