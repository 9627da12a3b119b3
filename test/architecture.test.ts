import { describe, expect, test } from 'vitest';
import { circles, forbiddenImports, importGraph, roomGraph, roomOf, rooms } from '../tools/architecture/rooms.ts';
import { generatedFiles, importsOf, sourceFiles, textOf } from '../tools/architecture/sources.ts';

/** The rules of the tree, held by reading it: which way imports point, where a file lives, and what may not stand where. */
const graph = importGraph();
const within = (folder: string): string[] => sourceFiles.filter((file) => file.startsWith(folder));

test('the reader of imports sees them', () => {
  expect(importsOf('functions/score/handler.ts')).toContain('shared/adapters/aws/services.ts');
  expect(graph.size).toBeGreaterThan(300);
});

describe('arrows between rooms', () => {
  test('every source that is not a test is in a room', () => {
    const homeless = sourceFiles.filter((file) => roomOf(file) === null && !/^(test|docs)\/|^[^/]+$/.test(file));
    expect(homeless).toEqual([]);
  });

  test('every room imports only the rooms on its list', () => {
    expect(forbiddenImports(graph)).toEqual([]);
  });

  test('no file is in a circle of imports, types included', () => {
    expect(circles(graph)).toEqual([]);
  });

  test('no room is in a circle of imports, types included', () => {
    expect(circles(roomGraph(graph))).toEqual([]);
  });

  test('the lists allow no circle of rooms', () => {
    const names = Object.keys(rooms);
    const allowed = new Map(
      names.map((room) => [
        room,
        names.filter((other) => other !== room && rooms[room]!.some((list) => other === list || other.startsWith(`${list}/`))),
      ]),
    );
    // What people run may use any tool of the rooms before it; the three rooms below are the last ones.
    for (const room of ['tools/cli', 'tools/bench']) {
      allowed.set(
        room,
        allowed.get(room)!.filter((other) => other !== 'tools/bench'),
      );
    }
    expect(circles(allowed)).toEqual([]);
  });
});

describe('planted violations are found', () => {
  test.each([
    ['the domain imports an adapter', 'shared/domain/planted.ts', "import { env } from '../store/names.ts';"],
    ['a stage imports another stage', 'functions/score/planted.ts', "import { readEndpoints } from '../read/endpoints.ts';"],
    [
      'something shared imports a type of a stage',
      'shared/policy/planted.ts',
      "import type { A } from '../../functions/admin/a.ts';",
    ],
    ['a function imports a tool', 'functions/read/planted.ts', "import { verify } from '../../tools/proof/verify.ts';"],
    ['a tool starts a test as a thread', 'tools/local/planted.ts', "new Worker(new URL('../../test/a.ts', import.meta.url));"],
  ])('%s', (_, file, text) => {
    expect(forbiddenImports(importGraph({ [file]: text }))).toHaveLength(1);
  });

  test('two files import each other, one of them only a type', () => {
    const planted = importGraph({
      'shared/ledger/a.ts': "import { b } from './b.ts';",
      'shared/ledger/b.ts': "import type { A } from './a.ts';",
    });
    expect(circles(planted)).toEqual([['shared/ledger/a.ts', 'shared/ledger/b.ts']]);
  });

  test('two rooms import each other through different files', () => {
    const planted = importGraph({
      'shared/ledger/a.ts': "import { b } from '../policy/b.ts';",
      'shared/policy/c.ts': "import type { D } from '../ledger/d.ts';",
    });
    expect(circles(roomGraph(planted))).toEqual([['shared/ledger', 'shared/policy']]);
  });
});

describe('a file lives with whoever reaches it', () => {
  const reached = (start: string): Set<string> => {
    const seen = new Set<string>();
    const waiting = [start];
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      if (seen.has(file)) continue;
      seen.add(file);
      waiting.push(...(graph.get(file) ?? []));
    }
    return seen;
  };
  const handlers = sourceFiles.filter((file) => /^functions\/[^/]+\/handler\.ts$/.test(file));
  const reachedBy = new Map(handlers.map((handler) => [handler, reached(handler)]));
  // The adapters stay together because no other room may talk to AWS; the domain, because it is the part that is pure; the seeded
  // generator, because training, simulation and tests must draw from the same one.
  const shared = within('shared/').filter((file) => !/^shared\/(adapters|domain)\/|^shared\/store\/random\.ts$/.test(file));

  test.each(shared)('%s is reached by at least two functions', (file) => {
    expect([...reachedBy.values()].filter((files) => files.has(file)).length).toBeGreaterThanOrEqual(2);
  });
});

describe('each outside thing has one place', () => {
  test('of what ships, only adapters and infrastructure talk to AWS', () => {
    const silent = [...within('shared/'), ...within('functions/'), ...within('client/'), ...within('console/')].filter(
      (file) => !file.startsWith('shared/adapters/aws/'),
    );
    const talkers = silent.filter((file) => importsOf(file).some((name) => name.startsWith('@aws-sdk/')));
    expect(talkers).toEqual([]);
  });

  test.each(['@marcbachmann/cel-js', 'csv-parse', 'lru-cache', 'cdk-nag', 'fauxqs'])('one file imports %s', (name) => {
    expect(sourceFiles.filter((file) => !file.startsWith('test/') && importsOf(file).includes(name))).toHaveLength(1);
  });
});

test('of what functions run, one file reads their environment variables', () => {
  const readers = [...within('shared/'), ...within('functions/')].filter((file) => /\bprocess\.env\b/.test(textOf(file)));
  // The SDK's own variables are read where its clients are made.
  expect(readers.sort()).toEqual(['shared/adapters/aws/client.ts', 'shared/store/environment.ts']);
});

test.each([
  ['ml-isolation-forest', 'functions/train/'],
  ['pure-rand', 'shared/store/random.ts'],
])('%s is imported only in %s', (name, place) => {
  const importers = sourceFiles.filter(
    (file) => !file.startsWith('test/') && importsOf(file).some((other) => other === name || other.startsWith(`${name}/`)),
  );
  expect(importers.length).toBeGreaterThan(0);
  expect(importers.filter((file) => !file.startsWith(place))).toEqual([]);
});

describe('the domain is pure', () => {
  test.each([
    ['no clock', /\bDate\.now\b|\bnew Date\(\)|\bperformance\b/],
    ['no randomness', /\bMath\.random\b|\bcrypto\b\./],
    ['no environment', /\bprocess\./],
    ['no waiting', /\bsetTimeout\b|\basync\b|\bawait\b/],
    ['no printing', /\bconsole\./],
    ['no package and no Node module', /from '[^.]/],
  ])('%s', (_, banned) => {
    expect(
      within('shared/domain/').filter((file) => banned.test(textOf(file).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''))),
    ).toEqual([]);
  });
});

describe('handlers are wiring', () => {
  const handlers = sourceFiles.filter((file) => /^functions\/[^/]+\/handler\.ts$/.test(file));
  test.each(handlers)('%s has at most 25 lines and decides nothing', (file) => {
    expect(textOf(file).trimEnd().split('\n').length).toBeLessThanOrEqual(25);
    expect(textOf(file)).not.toMatch(/\bif \(|\bfor \(|\bwhile \(|\btry \{/);
  });
});

test('no source has more than 350 lines; the generated ones are named here', () => {
  const linesOf = (file: string): number => textOf(file).trimEnd().split('\n').length;
  expect(sourceFiles.filter((file) => linesOf(file) > 350).map((file) => `${file}: ${linesOf(file)}`)).toEqual([]);
  expect(generatedFiles).toEqual(['shared/contract/wire.generated.ts']);
});

test("no file leaves work behind without a reason, or names a person's folders", () => {
  const home = ['/ho', 'me/|/ro', 'ot/|/Use', 'rs/'].join('');
  const found = sourceFiles.filter(
    (file) =>
      file !== 'test/architecture.test.ts' && new RegExp(`\\bTODO(?!\\()|\\bFIXME\\b|['" ](?:${home})`).test(textOf(file)),
  );
  expect(found).toEqual([]);
});
