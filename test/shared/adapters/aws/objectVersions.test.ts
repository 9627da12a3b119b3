import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { s3Objects } from '../../../../shared/adapters/aws/objects.ts';
import type { ObjectStore } from '../../../../shared/ports/ports.ts';

/** A bucket that answers lists of versions as S3 documents them, page by page, and gives the bytes of one version. */
describe('versions of objects in S3', () => {
  let server: Server;
  let asked: URL[];
  let pages: string[];
  let store: ObjectStore & { close(): void };

  beforeEach(async () => {
    asked = [];
    pages = [];
    server = createServer((request, response) => {
      const url = new URL(request.url!, 'http://bucket');
      asked.push(url);
      if (url.searchParams.has('versions'))
        return void response.writeHead(200, { 'content-type': 'application/xml' }).end(pages.shift() ?? page(''));
      if (url.searchParams.get('versionId') === 'gone')
        return void response
          .writeHead(404, { 'content-type': 'application/xml' })
          .end('<Error><Code>NoSuchVersion</Code><Message>no</Message></Error>');
      response.writeHead(200).end(url.searchParams.get('versionId'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    store = s3Objects({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
      bucket: 'b',
    });
  });
  afterEach(async () => {
    store.close();
    await new Promise((resolve) => server.close(resolve));
  });

  it('are read to the end, through delete markers and keys cut in two by a page, and the oldest of each key stays', async () => {
    pages = [
      page(`${version('a/1', 'v9')}${marker('a/2', 'v8')}${version('a/2', 'v7')}`, ['a/2', 'v7']),
      page(version('a/2', 'v3')),
    ];
    expect([...(await store.firstVersions('a/', { after: 'a/0' }))]).toEqual([
      ['a/1', 'v9'],
      ['a/2', 'v3'],
    ]);
    expect(
      asked.map(({ searchParams }) => ['prefix', 'key-marker', 'version-id-marker'].map((name) => searchParams.get(name))),
    ).toEqual([
      ['a/', 'a/0', null],
      ['a/', 'a/2', 'v7'],
    ]);
  });
  it('are given by name, and null where there is none', async () => {
    expect(Buffer.from((await store.get('a/1', { version: 'v9' }))!).toString()).toBe('v9');
    expect(await store.get('a/1', { version: 'gone' })).toBeNull();
  });
});

const page = (content: string, next?: readonly [string, string]): string =>
  `<ListVersionsResult><IsTruncated>${next !== undefined}</IsTruncated>${content}${
    next === undefined ? '' : `<NextKeyMarker>${next[0]}</NextKeyMarker><NextVersionIdMarker>${next[1]}</NextVersionIdMarker>`
  }</ListVersionsResult>`;

const version = (key: string, id: string): string => `<Version><Key>${key}</Key><VersionId>${id}</VersionId></Version>`;

const marker = (key: string, id: string): string => `<DeleteMarker><Key>${key}</Key><VersionId>${id}</VersionId></DeleteMarker>`;
