import { importsIn, sourceFiles, textOf } from './sources.ts';

/**
 * The rooms of the tree and the rooms each may import; the order is the order of the data, from what depends on nothing to what people
 * run. A room is the longest of these paths that a file begins with. Tests are not rooms: they may import anything, and nothing that
 * ships imports them.
 */
const foundation = ['shared/domain', 'shared/ports', 'shared/store'];
const stage = [...foundation, 'shared/contract', 'shared/adapters', 'shared/edge'];

export const rooms: Readonly<Record<string, readonly string[]>> = {
  'shared/domain': [],
  'shared/ports': [],
  'shared/store': ['shared/ports'],
  'shared/contract': ['shared/domain'],
  'shared/secrets': foundation,
  'shared/ledger': [...foundation, 'shared/contract'],
  'shared/policy': [...foundation, 'shared/contract', 'shared/ledger'],
  'shared/model': [...foundation, 'shared/ledger'],
  'shared/parquet': [...foundation, 'shared/model', 'shared/proof'],
  'shared/proof': foundation,
  'shared/projection': [...foundation, 'shared/contract'],
  'shared/entities': [...foundation, 'shared/secrets', 'shared/ledger', 'shared/projection'],
  'shared/deciding': [...foundation, 'shared/secrets', 'shared/ledger', 'shared/policy', 'shared/model', 'shared/entities'],
  'shared/reviews': foundation,
  'shared/webhooks': [...foundation, 'shared/contract', 'shared/ledger', 'shared/reviews'],
  'shared/alerts': [...foundation, 'shared/contract', 'shared/policy'],
  'shared/edge': [...foundation, 'shared/contract'],
  'shared/adapters': ['shared/ports', 'shared/store', 'shared/secrets', 'shared/proof'],
  'functions/ingest': stage,
  'functions/score': [...stage, 'shared/deciding', 'shared/ledger', 'shared/alerts'],
  'functions/decide': [...stage, 'shared/deciding', 'shared/ledger', 'shared/policy'],
  'functions/project': [
    ...stage,
    'shared/secrets',
    'shared/ledger',
    'shared/policy',
    'shared/model',
    'shared/proof',
    'shared/projection',
    'shared/reviews',
    'shared/webhooks',
    'shared/alerts',
    'shared/entities',
  ],
  'functions/read': [
    ...stage,
    'shared/secrets',
    'shared/ledger',
    'shared/policy',
    'shared/model',
    'shared/proof',
    'shared/parquet',
    'shared/projection',
    'shared/reviews',
    'shared/entities',
  ],
  'functions/review': [
    ...stage,
    'shared/secrets',
    'shared/ledger',
    'shared/projection',
    'shared/reviews',
    'shared/policy',
    'shared/entities',
  ],
  'functions/admin': [...stage, 'shared/policy'],
  'functions/compact': [...stage, 'shared/model', 'shared/parquet', 'shared/proof'],
  'functions/train': [...stage, 'shared/model', 'shared/parquet'],
  'functions/checkpoint': [...stage, 'shared/model', 'shared/proof', 'shared/alerts'],
  'functions/sweep': [...stage, 'shared/ledger', 'shared/proof'],
  'functions/webhooks': [...stage, 'shared/webhooks'],
  infra: [
    'shared/contract',
    'shared/adapters',
    'shared/edge',
    'shared/store',
    'shared/ledger',
    'shared/parquet',
    'shared/proof',
    'functions/compact',
    'functions/read',
  ],
  client: ['shared/policy', 'shared/contract', 'functions/read'],
  console: ['shared/contract', 'shared/domain', 'client'],
  'tools/architecture': [],
  'tools/aws': ['shared', 'functions', 'tools/cost', 'tools/erasure'],
  'tools/simulation': ['shared', 'functions', 'tools/evaluation'],
  'tools/proof': ['shared', 'functions'],
  'tools/erasure': ['shared', 'functions'],
  'tools/rebuild': ['shared', 'functions'],
  'tools/evaluation': ['shared', 'functions'],
  'tools/cost': ['shared', 'functions', 'infra'],
  'tools/local': ['shared', 'functions', 'infra', 'client', 'tools/simulation'],
  'tools/cli': ['shared', 'functions', 'infra', 'client', 'tools'],
  'tools/bench': ['shared', 'functions', 'infra', 'client', 'tools', 'test'],
};

const byLength = Object.keys(rooms).sort((a, b) => b.length - a.length);

/** The room a file is in; null for a file of no room (a test, a configuration file). */
export const roomOf = (file: string): string | null => byLength.find((room) => file.startsWith(`${room}/`)) ?? null;

const mayImport = (from: string, to: string): boolean =>
  rooms[from]!.some((allowed) => to === allowed || to.startsWith(`${allowed}/`));

/** Imports between files, types included, of the sources that are in a room. */
export const importGraph = (extra: Readonly<Record<string, string>> = {}): ReadonlyMap<string, readonly string[]> => {
  const files = [...new Set([...sourceFiles, ...Object.keys(extra)])].filter((file) => roomOf(file) !== null);
  return new Map(files.map((file) => [file, importsIn(file, extra[file] ?? textOf(file))]));
};

/** Every import that its room's list does not allow, as a sentence. */
export const forbiddenImports = (graph: ReadonlyMap<string, readonly string[]>): string[] =>
  [...graph].flatMap(([file, imports]) =>
    imports
      .filter((name) => {
        const from = roomOf(file)!;
        const to = roomOf(name) ?? (name.startsWith('test/') ? 'test' : null);
        return to !== null && to !== from && !mayImport(from, to);
      })
      .map((name) => `${file} imports ${name}`),
  );

/** The circles of a graph: its strongly connected components of more than one node (Tarjan 1972), each sorted. */
export const circles = (graph: ReadonlyMap<string, readonly string[]>): string[][] => {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): void => {
    order.set(node, order.size);
    low.set(node, order.get(node)!);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!graph.has(next)) continue;
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node)!, low.get(next)!));
    }
    if (low.get(node) !== order.get(node)) return;
    const component = stack.splice(stack.indexOf(node));
    if (component.length > 1) found.push(component.sort());
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return found;
};

/** The graph of rooms that a graph of files makes. */
export const roomGraph = (graph: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> => {
  const between = new Map<string, Set<string>>(Object.keys(rooms).map((room) => [room, new Set()]));
  for (const [file, imports] of graph) {
    for (const name of imports) {
      const to = roomOf(name);
      if (to !== null && to !== roomOf(file)) between.get(roomOf(file)!)!.add(to);
    }
  }
  return new Map([...between].map(([room, others]) => [room, [...others].sort()]));
};
