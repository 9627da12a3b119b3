import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { type Gateway, routeFinder, startGateway } from '../../../tools/local/gateway.ts';

const methods = [
  ['/', 'ANY', 'root'],
  ['/{proxy+}', 'ANY', 'rest'],
  ['/decisions', 'POST', 'decide'],
  ['/decisions/latest', 'GET', 'latest'],
  ['/decisions/{id}', 'ANY', 'any-decision'],
  ['/decisions/{id}', 'PUT', 'put-decision'],
  ['/docs/{path+}', 'GET', 'docs'],
].map(([path, method, functionId]) => ({ path: path!, method: method!, functionId: functionId! }));

describe('the gateway’s choice of a route', () => {
  it.each([
    ['takes the root', 'GET', '/', 'root', null],
    ['takes fixed text before a parameter', 'GET', '/decisions/latest', 'latest', null],
    ['decodes a parameter', 'GET', '/decisions/a%2Fb', 'any-decision', { id: 'a/b' }],
    ['takes the method’s own entry before ANY', 'PUT', '/decisions/x', 'put-decision', { id: 'x' }],
    ['takes a parameter before the rest of a path', 'DELETE', '/decisions/x', 'any-decision', { id: 'x' }],
    ['takes the rest of a path', 'GET', '/docs/a/b', 'docs', { path: 'a/b' }],
    ['falls back to the root’s rest', 'GET', '/decisions/x/y', 'rest', { proxy: 'decisions/x/y' }],
    ['keeps what does not decode', 'GET', '/decisions/%zz', 'any-decision', { id: '%zz' }],
  ])('%s', (_, method, path, functionId, parameters) => {
    const found = routeFinder(methods)(method, path);
    expect([found?.method.functionId, found?.parameters]).toEqual([functionId, parameters]);
  });

  it('finds nothing for a method that the most specific path lacks', () => {
    expect(routeFinder(methods)('POST', '/decisions/latest')).toBeNull();
  });
});

const started = (invoke: (event: APIGatewayProxyEvent) => Promise<unknown>, failures: string[] = []): Promise<Gateway> =>
  startGateway({
    api: {
      methods,
      responses: [
        { type: 'DEFAULT_4XX', status: 400, headers: { 'x-own': 'context.requestId' }, template: '{"no":"$context.requestId"}' },
      ],
    },
    port: 0,
    host: '127.0.0.1',
    invoke: (_, event) => invoke(event as APIGatewayProxyEvent),
    onFailure: (text) => failures.push(text),
  });

/** All that comes back for these bytes, until the connection ends. */
const sent = ({ url }: Gateway, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let back = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text));
    socket.setEncoding('utf8').on('data', (more: string) => {
      back += more;
    });
    socket.once('close', () => resolve(back)).once('error', reject);
  });

const done = async () => ({ statusCode: 200, body: 'done' });

describe('the gateway', () => {
  it('keeps connections open over a pause of two minutes', async () => {
    const gateway = await started(done);
    expect((await fetch(gateway.url)).headers.get('keep-alive')).toBe('timeout=120');
    await gateway.stop();
  });

  it('lets a request under way end when it stops, and its connection with it', async () => {
    let answer = (): void => undefined;
    const invoked = Promise.withResolvers<void>();
    const gateway = await started(
      () =>
        new Promise((resolve) => {
          answer = () => resolve({ statusCode: 200, body: 'done' });
          invoked.resolve();
        }),
    );
    const response = fetch(gateway.url);
    await invoked.promise;
    const stopped = gateway.stop();
    setTimeout(answer, 300);
    expect((await response).headers.get('connection')).toBe('close');
    expect(await (await response).text()).toBe('done');
    await stopped;
  });

  it('stops though connections are open without a request or with half of one', async () => {
    const gateway = await started(done);
    const open = ['', 'GET / HT', 'POST /decisions HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{'].map((text) =>
      sent(gateway, text),
    );
    await fetch(gateway.url);
    await gateway.stop();
    expect(await Promise.all(open)).toEqual(['', '', '']);
  });

  it('stops though a client sends one request after the other', async () => {
    const gateway = await started(done);
    const { port } = new URL(gateway.url);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let answers = 0;
    const ended = new Promise<void>((resolve) => {
      const next = (): void => {
        get({ port, agent }, (response) => {
          answers++;
          response.resume().once('end', next);
        }).once('error', () => resolve());
      };
      next();
    });
    while (answers < 10) await new Promise((resolve) => setTimeout(resolve, 5));
    await gateway.stop();
    await ended;
    agent.destroy();
  });

  it.each([
    ['what is no HTTP', 'NONSENSE\r\n\r\n'],
    ['larger headers than it reads', `GET / HTTP/1.1\r\nhost: x\r\nx-large: ${'x'.repeat(20_000)}\r\n\r\n`],
    [
      'a body of two lengths',
      'POST /decisions HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
  ])('refuses %s in the words of the template', async (_, text) => {
    const gateway = await started(done);
    const [head, body] = (await sent(gateway, text)).split('\r\n\r\n') as [string, string];
    expect(head).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    const id = /^x-own: (.+)$/m.exec(head)?.[1];
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.parse(body)).toEqual({ no: id });
    await gateway.stop();
  });

  it.each([
    ['without a host', 'GET / HTTP/1.1\r\nconnection: close\r\n\r\n'],
    ['with an expectation that it does not know', 'GET / HTTP/1.1\r\nhost: x\r\nexpect: much\r\nconnection: close\r\n\r\n'],
  ])('hands over a request %s', async (_, text) => {
    const gateway = await started(done);
    expect(await sent(gateway, text)).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*done$/);
    await gateway.stop();
  });

  it('reports a failed function by its route, not by what a caller wrote into the path', async () => {
    const failures: string[] = [];
    const gateway = await started(() => Promise.reject(new Error('broken')), failures);
    await fetch(`${gateway.url}/decisions/4111111111111111`);
    await gateway.stop();
    expect(failures).toEqual(['GET /decisions/{id}: broken']);
  });

  it('takes a client that goes away for no failure', async () => {
    const failures: string[] = [];
    const events: unknown[] = [];
    const gateway = await started(async (event) => {
      events.push(event);
      return done();
    }, failures);
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    socket.write('POST /decisions HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{');
    await fetch(gateway.url);
    socket.destroy();
    await fetch(gateway.url);
    await gateway.stop();
    expect([failures, events.length]).toEqual([[], 2]);
  });
});
