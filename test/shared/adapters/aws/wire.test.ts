import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { signerOf } from '../../../../shared/adapters/aws/signature.ts';
import { jsonWire } from '../../../../shared/adapters/aws/wire.ts';

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const region = 'eu-central-1';
const service = { name: 'dynamodb', target: 'DynamoDB_20120810' };

/** Signature Version 4 as its documentation has it, for any request: whether the signature is that of the request and the secret. */
const isSigned = (headers: IncomingHttpHeaders, body: string): boolean => {
  const parts = /Credential=[^/]+\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=(\w+)$/.exec(String(headers.authorization));
  const [, scope, names, signature] = parts!;
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const lines = names!.split(';').map((name) => `${name}:${String(headers[name]).trim().replaceAll(/ +/g, ' ')}\n`);
  const canonical = `POST\n/\n\n${lines.join('')}\n${names}\n${sha256(body)}`;
  const key = scope!
    .split('/')
    .reduce<string | Buffer>(
      (secret, text) => createHmac('sha256', secret).update(text).digest(),
      `AWS4${credentials.secretAccessKey}`,
    );
  const toSign = `AWS4-HMAC-SHA256\n${headers['x-amz-date']}\n${scope}\n${sha256(canonical)}`;
  return createHmac('sha256', key).update(toSign).digest('hex') === signature;
};

describe('a request to an AWS service', () => {
  let server: Server;
  let endpoint: string;
  let received: { readonly headers: IncomingHttpHeaders; readonly body: string }[];
  let reply: { readonly status: number; readonly body: string };
  const clients: { destroy(): void }[] = [];

  beforeEach(async () => {
    received = [];
    reply = { status: 200, body: '{}' };
    server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        received.push({ headers: request.headers, body });
        response.writeHead(reply.status).end(reply.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    vi.useRealTimers();
    for (const client of clients.splice(0)) client.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const clientOf = (more: object = {}): DynamoDBClient => {
    const client = new DynamoDBClient({ endpoint, region, credentials, ...more });
    clients.push(client);
    return client;
  };
  const wireOf = (client: DynamoDBClient) => {
    const wire = jsonWire(client.config, service);
    clients.push({ destroy: wire.close });
    return wire;
  };

  it('is signed by the rule that the official client is signed by', async () => {
    await clientOf().send(new GetItemCommand({ TableName: 'aegis', Key: { pk: { S: 'é' } } }));
    expect(isSigned(received[0]!.headers, received[0]!.body)).toBe(true);
    expect(isSigned(received[0]!.headers, `${received[0]!.body} `)).toBe(false);
    await wireOf(clientOf()).send('GetItem', '{"TableName":"é"}');
    expect(isSigned(received[1]!.headers, '{"TableName":"é"}')).toBe(true);
    expect(received[1]).toMatchObject({
      body: '{"TableName":"é"}',
      headers: {
        host: new URL(endpoint).host,
        'content-length': '18',
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'DynamoDB_20120810.GetItem',
      },
    });
  });

  it('carries the session token of temporary credentials, signed with the rest', async () => {
    await wireOf(clientOf({ credentials: { ...credentials, sessionToken: 'temporary' } })).send('GetItem', '{}');
    expect(received[0]!.headers['x-amz-security-token']).toBe('temporary');
    expect(received[0]!.headers.authorization).toContain('x-amz-security-token');
    expect(isSigned(received[0]!.headers, '{}')).toBe(true);
  });

  it('asks for new credentials before the old ones end, and not before', async () => {
    let asked = 0;
    let validMs = 3_600_000;
    const provider = async () => {
      asked += 1;
      return { ...credentials, accessKeyId: `AKID${asked}`, expiration: new Date(Date.now() + validMs) };
    };
    const wire = wireOf({ config: { ...clientOf().config, credentials: provider } } as unknown as DynamoDBClient);
    await wire.send('GetItem', '{}');
    await wire.send('GetItem', '{}');
    expect(asked).toBe(1);
    validMs = 30_000;
    const short = wireOf({ config: { ...clientOf().config, credentials: provider } } as unknown as DynamoDBClient);
    await short.send('GetItem', '{}');
    await short.send('GetItem', '{}');
    expect(asked).toBe(3);
    expect(received.at(-1)!.headers.authorization).toContain('AKID3/');
  });

  it('goes to the address of the region where none is given', () => {
    const { endpointProvider } = new DynamoDBClient({ region, credentials }).config;
    const { url } = endpointProvider({ Region: region, UseFIPS: false, UseDualStack: false });
    expect(url.href).toBe(`https://dynamodb.${region}.amazonaws.com/`);
  });

  it('gives the fault of a reply its own name, its members and its status', async () => {
    reply = { status: 400, body: '{"__type":"com.amazonaws.dynamodb.v20120810#Refused","message":"no","Item":{"a":{"S":"b"}}}' };
    await expect(wireOf(clientOf()).send('PutItem', '{}')).rejects.toMatchObject({
      name: 'Refused',
      message: 'no',
      Item: { a: { S: 'b' } },
      $metadata: { httpStatusCode: 400 },
    });
  });

  it.each([
    [200, '<html>'],
    [502, '<html>'],
  ])('keeps the status %i of a reply that nobody can read', async (status, body) => {
    reply = { status, body };
    await expect(wireOf(clientOf()).send('PutItem', '{}')).rejects.toMatchObject({ $metadata: { httpStatusCode: status } });
  });

  it('names the cause of a connection that cannot be made', async () => {
    const nobody = clientOf({ endpoint: 'http://127.0.0.1:1' });
    await expect(wireOf(nobody).send('PutItem', '{}')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it.each([
    ['after the time it was given', { waitMs: 50 }, { name: 'TimeoutError', code: 'ETIMEDOUT' }],
    ['when it is told to', { signal: AbortSignal.timeout(50) }, { name: 'AbortError' }],
    ['after the common time', {}, { name: 'TimeoutError', code: 'ETIMEDOUT' }],
  ])('gives up on a reply that does not come %s', async (_, options, error) => {
    const sockets: Socket[] = [];
    const silent = createSocketServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const wire = wireOf(clientOf({ endpoint: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` }));
    await expect(wire.send('PutItem', '{}', options)).rejects.toMatchObject(error);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });
});

describe('a signer', () => {
  const dateOf = (headers: readonly string[]): string => headers[headers.indexOf('x-amz-date') + 1]!;

  it('takes a new key with every new day', () => {
    const signer = signerOf('host', region, 'dynamodb', credentials);
    const before = signer.headers('T.Get', '{}', Date.UTC(2026, 0, 31, 23, 59, 59, 999));
    const after = signer.headers('T.Get', '{}', Date.UTC(2026, 1, 1));
    expect([dateOf(before), dateOf(after)]).toEqual(['20260131T235959Z', '20260201T000000Z']);
    for (const headers of [before, after]) {
      const named = Object.fromEntries(headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1]!]] : [])));
      expect(isSigned(named, '{}')).toBe(true);
    }
  });
});
