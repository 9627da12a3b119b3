import { circles, roomGraph, rooms } from './rooms.ts';

type Graph = ReadonlyMap<string, readonly string[]>;

const start = '<!-- rooms: made by `npm run docs:architecture` -->';
const end = '<!-- end of rooms -->';

/** What a page's section between the two marks must hold, made from the imports of the sources. */
export const roomsSection = (files: Graph): string => {
  const graph = roomGraph(files);
  return [start, '', '```mermaid', ...flowchart(graph), '```', '', ...table(graph), '', end].join('\n');
};

/** The page with its section replaced. Throws when the page lacks one of the marks. */
export const withRoomsSection = (page: string, section: string): string => {
  const from = page.indexOf(start);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the page must hold the marks ${start} and ${end}, in this order`);
  return page.slice(0, from) + section + page.slice(to + end.length);
};

/** Mermaid text: a box for each room, an arrow for each import that no other path of arrows already shows. */
const flowchart = (graph: Graph): string[] => {
  const id = (room: string): string => room.replaceAll('/', '_');
  const groups = ['tools', 'functions', 'shared'];
  const boxes = groups.flatMap((group) => [
    `  subgraph ${group}`,
    ...[...graph.keys()]
      .filter((room) => room.startsWith(`${group}/`))
      .map((room) => `    ${id(room)}["${room.slice(group.length + 1)}"]`),
    '  end',
  ]);
  const alone = [...graph.keys()].filter((room) => !room.includes('/')).map((room) => `  ${id(room)}["${room}"]`);
  const arrows = [...reduced(graph)].flatMap(([from, others]) => others.map((to) => `  ${id(from)} --> ${id(to)}`));
  return ['flowchart TD', ...boxes, ...alone, ...arrows];
};

/** The transitive reduction of a graph: an arrow that a longer path implies is left out. A graph with circles is returned as it is. */
export const reduced = (graph: Graph): Graph => {
  if (circles(graph).length > 0) return graph;
  const reach = new Map<string, ReadonlySet<string>>();
  const reachOf = (node: string): ReadonlySet<string> => {
    const known = reach.get(node);
    if (known !== undefined) return known;
    const found = new Set<string>();
    for (const next of graph.get(node) ?? []) {
      found.add(next);
      for (const further of reachOf(next)) found.add(further);
    }
    reach.set(node, found);
    return found;
  };
  return new Map(
    [...graph].map(([node, others]) => [
      node,
      others.filter((to) => !others.some((other) => other !== to && reachOf(other).has(to))),
    ]),
  );
};

const table = (graph: Graph): string[] => [
  '| room | imports |',
  '|---|---|',
  ...Object.keys(rooms).map(
    (room) =>
      `| \`${room}\` | ${
        graph
          .get(room)!
          .map((name) => `\`${name}\``)
          .join(', ') || 'nothing'
      } |`,
  ),
];
