import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type LiveFunction, lambdaAliases } from '../../../tools/aws/aliases.ts';
import { backwards, forwards, roll } from '../../../tools/cli/rollback.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A function whose versions were published at these times, the last of them live unless said otherwise. */
const fn = (name: string, publishedAtMs: readonly number[], live = publishedAtMs.length): LiveFunction => ({
  name,
  live,
  revision: `r-${name}`,
  versions: publishedAtMs.map((atMs, i) => ({ version: i + 1, publishedAtMs: atMs })),
});

const moved = (moves: readonly { readonly fn: LiveFunction; readonly to: number }[]) =>
  moves.map((move) => [move.fn.name, move.fn.live, move.to]);

describe('a rollback', () => {
  it.each<[string, LiveFunction[], [string, number, number][]]>([
    [
      'moves what the last deployment changed',
      [fn('score', [0, dayMs]), fn('decide', [0, dayMs + 60_000])],
      [
        ['score', 2, 1],
        ['decide', 2, 1],
      ],
    ],
    [
      'leaves what an earlier deployment changed last',
      [fn('score', [0, dayMs, 2 * dayMs]), fn('read', [0, dayMs])],
      [['score', 3, 2]],
    ],
    ['leaves what never had another version', [fn('score', [0, dayMs]), fn('new', [dayMs])], [['score', 2, 1]]],
    ['moves nothing when called again', [fn('score', [0, dayMs, 2 * dayMs], 2)], []],
    [
      'passes over versions that were deleted',
      [
        {
          ...fn('score', [0, dayMs, 2 * dayMs]),
          versions: [
            { version: 1, publishedAtMs: 0 },
            { version: 3, publishedAtMs: dayMs },
          ],
        },
      ],
      [['score', 3, 1]],
    ],
  ])('%s', (_, functions, expected) => {
    expect(moved(backwards(functions))).toEqual(expected);
  });

  it('is over once every function has its newest version', () => {
    expect(moved(forwards([fn('score', [0, dayMs], 1), fn('read', [0])]))).toEqual([['score', 1, 2]]);
  });
});

/** Lambda, as far as aliases and versions go: two pages of functions, two of versions. */
const withLambda = async (use: (endpoint: string, updates: [string, unknown][]) => Promise<void>): Promise<void> => {
  const updates: [string, unknown][] = [];
  const answers = (method: string, url: URL, body: string): object => {
    const name = decodeURIComponent(url.pathname.split('/')[3] ?? '');
    const marker = url.searchParams.get('Marker');
    if (name === '') {
      const names = marker === null ? ['aegis-prod-core-Score', 'other'] : ['aegis-prod-core-Read', 'aegis-dev-core-Score'];
      return { Functions: names.map((FunctionName) => ({ FunctionName })), ...(marker === null && { NextMarker: 'more' }) };
    }
    if (url.pathname.endsWith('/versions')) {
      const versions =
        marker === null
          ? [
              ['$LATEST', '2026-11-03T00:00:00.000+0000'],
              ['1', '2026-11-01T00:00:00.000+0000'],
            ]
          : [['2', '2026-11-02T00:00:00.000+0000']];
      return {
        Versions: versions.map(([Version, LastModified]) => ({ Version, LastModified })),
        ...(marker === null && { NextMarker: 'more' }),
      };
    }
    if (method === 'PUT') updates.push([name, JSON.parse(body)]);
    return { FunctionVersion: name.endsWith('Score') ? '2' : '1', RevisionId: `r-${name}` };
  };
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answers(request.method!, new URL(request.url!, 'http://lambda'), body)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, updates);
  } finally {
    server.closeAllConnections();
    server.close();
  }
};

describe('aegis rollback', () => {
  const run = async (endpoint: string, flags: object): Promise<string[]> => {
    const said: string[] = [];
    const aliases = lambdaAliases({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 's' } });
    try {
      await roll(aliases, { stage: 'prod', ...flags }, (text) => said.push(text));
    } finally {
      aliases.close();
    }
    return said;
  };

  it('moves the aliases of the stage alone, each only if nobody has moved it since', async () => {
    await withLambda(async (endpoint, updates) => {
      expect(await run(endpoint, {})).toEqual(['aegis-prod-core-Score: 2 -> 1', '1 of 2 functions moved']);
      expect(updates).toEqual([
        [
          'aegis-prod-core-Score',
          { FunctionVersion: '1', RevisionId: 'r-aegis-prod-core-Score', RoutingConfig: { AdditionalVersionWeights: {} } },
        ],
      ]);
    });
  });

  it('moves every alias to its newest version afterwards', async () => {
    await withLambda(async (endpoint, updates) => {
      expect(await run(endpoint, { newest: true })).toEqual(['aegis-prod-core-Read: 1 -> 2', '1 of 2 functions moved']);
      expect(updates.map(([name]) => name)).toEqual(['aegis-prod-core-Read']);
    });
  });

  it('moves nothing on a dry run, and names a stage that is none', async () => {
    await withLambda(async (endpoint, updates) => {
      expect(await run(endpoint, { dryRun: true })).toEqual(['aegis-prod-core-Score: 2 -> 1', '1 of 2 functions would be moved']);
      expect(updates).toEqual([]);
      await expect(run(endpoint, { stage: 'none' })).rejects.toThrow('there is no function aegis-none-core-...');
    });
  });
});
