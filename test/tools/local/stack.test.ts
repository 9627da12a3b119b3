import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { env } from '../../../shared/store/names.ts';
import { emulatorCredentials, emulatorRegion } from '../../../tools/local/emulatorConnection.ts';
import { LocalProblem } from '../../../tools/local/problem.ts';
import { type LocalStack, type LocalStackOptions, startLocalStack } from '../../../tools/local/stack.ts';
import { type CloudFormationTemplate, localTemplate } from '../../../tools/local/template.ts';

/** The runner alone: the real template, small stand-ins for the handlers. */

const stubs: Readonly<Record<string, string>> = { ingest: 'ingest', decide: 'decide', score: 'score', project: 'project' };

const stubOf = (names: Readonly<Record<string, string>>) => (stage: string) =>
  new URL(`./stubs/${names[stage] ?? 'echo'}.ts`, import.meta.url).href;

/** The same template with waits that a test can sit out. */
const impatient = (template: CloudFormationTemplate): CloudFormationTemplate => {
  const copy = structuredClone(template) as { Resources: Record<string, { Type: string; Properties: Record<string, unknown> }> };
  for (const { Type, Properties } of Object.values(copy.Resources)) {
    if (Type === 'AWS::SQS::Queue' && 'RedrivePolicy' in Properties) {
      Properties.VisibilityTimeout = 2;
      Properties.RedrivePolicy = { ...(Properties.RedrivePolicy as object), maxReceiveCount: 3 };
    }
    if (Type === 'AWS::Lambda::Function') Properties.Timeout = 2;
  }
  return copy as unknown as CloudFormationTemplate;
};

const startStubbed = async (options: LocalStackOptions = {}): Promise<LocalStack> =>
  startLocalStack({ template: impatient(await localTemplate()), handlerOf: stubOf(stubs), ...options });

const eventually = async <T>(read: () => Promise<T | null | undefined>): Promise<T> => {
  for (let attempt = 0; attempt < 150; attempt++) {
    const value = await read();
    if (value !== null && value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it did not happen within 15 s');
};

const post = (stack: LocalStack, body: string) => fetch(`${stack.url}/transactions`, { method: 'POST', body });

describe('the local stack', () => {
  let stack: LocalStack;

  beforeAll(async () => {
    stack = await startStubbed();
  });
  afterAll(() => stack.stop());

  it('hands a function the event that API Gateway sends', async () => {
    const headers: [string, string][] = [
      ['X-Twice', 'one'],
      ['X-Twice', 'two'],
    ];
    const response = await fetch(`${stack.url}/decisions/a%20b?limit=5&limit=6&q=%C3%A9`, { headers });
    expect(response.status).toBe(200);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.json()).toMatchObject({
      resource: '/decisions/{transactionId}',
      path: '/decisions/a%20b',
      httpMethod: 'GET',
      pathParameters: { transactionId: 'a b' },
      queryStringParameters: { limit: '6', q: 'é' },
      multiValueQueryStringParameters: { limit: ['5', '6'], q: ['é'] },
      body: null,
      isBase64Encoded: false,
      requestContext: { resourcePath: '/decisions/{transactionId}', httpMethod: 'GET', identity: { sourceIp: '127.0.0.1' } },
    });
  });

  it('tells the functions where the console is, for links that people follow', () => {
    expect(stack.environment[env.consoleUrl]).toBe(`${stack.url}/console`);
  });

  it('hands over a body as base64, for every type of content', async () => {
    const response = await fetch(`${stack.url}/anywhere/else`, { method: 'PUT', body: new Uint8Array([0, 255, 10]) });
    expect(await response.json()).toMatchObject({
      resource: '/{proxy+}',
      pathParameters: { proxy: 'anywhere/else' },
      body: 'AP8K',
      isBase64Encoded: true,
    });
  });

  it('answers a function that throws with the gateway response of the template', async () => {
    const response = await fetch(`${stack.url}/throws`);
    expect(response.status).toBe(503);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toMatchObject({ status: 503, title: 'Service Unavailable' });
  });

  it('kills an instance that exceeds the timeout and serves the next request with another', async () => {
    expect((await fetch(`${stack.url}/hangs`)).status).toBe(503);
    expect((await fetch(`${stack.url}/health`)).status).toBe(200);
  });

  it('carries a message to the score function and its commit to the project function, once, though that fails at first', async () => {
    expect((await post(stack, 'txn_1')).status).toBe(202);
    const feed = await eventually(() => stack.table.get({ pk: 'F#D#dev#txn_1', sk: 'F' }));
    expect(JSON.parse(String(feed.image))).toEqual({
      pk: { S: 'D#dev#txn_1' },
      sk: { S: 'D' },
      receives: { N: '1' },
      tenant: { S: 'dev' },
      bytes: { B: 'AQL/' },
    });
    // pk 2 + 11, sk 2 + 1, as keys and in the image; receives 8 + 2, tenant 6 + 3, bytes 5 + 3.
    expect(feed.bytes).toBe(2 * 16 + 10 + 9 + 8);
    await stack.projected();
    expect((await stack.table.get({ pk: 'F#D#dev#txn_1', sk: 'F' }))?.times).toBe(1);
  });

  it('sends what keeps failing to the dead letters and decides its neighbours', async () => {
    await Promise.all(['poison_1', 'txn_2', 'txn_3'].map((body) => post(stack, body)));
    const sqs = new SQSClient({
      endpoint: stack.endpoints.sqsAndS3,
      region: emulatorRegion,
      credentials: emulatorCredentials,
    });
    const dead = await eventually(async () => {
      const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: stack.environment[env.deadLetterUrl] }));
      return Messages?.[0];
    });
    sqs.destroy();
    expect(dead.Body).toBe('poison_1');
    for (const id of ['txn_2', 'txn_3']) {
      expect((await eventually(() => stack.table.get({ pk: `D#dev#${id}`, sk: 'D' }))).receives).toBe(1);
    }
  });

  describe('runs the function that decides beside the gateway', () => {
    const decide = (query: string, body: string) => fetch(`${stack.url}/decisions${query}`, { method: 'POST', body });

    it('in one thread, under its own environment', async () => {
      const [one, other] = await Promise.all(
        ['sync_1', 'sync_2'].map(async (body) => (await decide('', body)).json() as Promise<Record<string, unknown>>),
      );
      expect(one).toEqual({ threadId: expect.any(Number), table: stack.environment[env.table], queueUrl: null });
      expect(other).toEqual(one);
    });

    it('and its commit is projected with the others', async () => {
      expect((await decide('', 'sync_3')).status).toBe(200);
      await stack.projected();
      expect((await stack.table.get({ pk: 'F#D#dev#sync_3', sk: 'F' }))?.times).toBe(1);
    });

    it('and goes on after one that threw and while one hangs', async () => {
      expect((await decide('?how=throws', '')).status).toBe(503);
      const hangs = decide('?how=hangs', '');
      expect((await decide('', 'sync_4')).status).toBe(200);
      expect((await hangs).status).toBe(503);
    });
  });
});

describe('starting the local stack', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aegis-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('refuses a taken port in one line', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    const error = await startStubbed({ port }).catch((caught: unknown) => caught);
    server.close();
    expect(error).toBeInstanceOf(LocalProblem);
    expect((error as Error).message).toBe(`port ${port} is taken: choose another with --port, 0 for any free one`);
  });

  it('refuses a template whose stage has no handler', async () => {
    const handlerOf = (stage: string) => new URL(`./stubs/none-${stage}.ts`, import.meta.url).href;
    await expect(startStubbed({ handlerOf })).rejects.toThrow(
      /^the template has the stage \w+, but functions\/\w+\/handler.ts is missing$/,
    );
  });

  it('names the function of the synchronous route where that does not load', async () => {
    await expect(startStubbed({ handlerOf: stubOf({ ...stubs, decide: 'broken' }) })).rejects.toThrow(/^decide: not today$/);
  });

  it('refuses a template that refers to what it does not have', async () => {
    const template = structuredClone(await localTemplate()) as { Resources: Record<string, { Type: string }> };
    for (const [id, { Type }] of Object.entries(template.Resources))
      if (Type === 'AWS::SQS::Queue') delete template.Resources[id];
    await expect(startStubbed({ template: template as unknown as CloudFormationTemplate })).rejects.toThrow(
      /^the template refers to \w+, which it does not have$/,
    );
  });

  it('keeps data, key and queues across restarts, refuses a second stack in the folder, and projects what the last run did not', async () => {
    const dataDir = join(folder, 'data');
    const first = await startStubbed({ dataDir, handlerOf: stubOf({ ...stubs, project: 'refuse' }) });
    await expect(startStubbed({ dataDir })).rejects.toThrow(/is in use by the local stack with process id \d+/);
    expect((await post(first, 'txn_9')).status).toBe(202);
    await eventually(() => first.table.get({ pk: 'D#dev#txn_9', sk: 'D' }));
    await first.stop();
    await expect(fetch(first.endpoints.dynamodb)).rejects.toThrow();
    await expect(fetch(first.url)).rejects.toThrow();

    const second = await startStubbed({ dataDir });
    try {
      expect(second.key).toBe(first.key);
      expect((await eventually(() => second.table.get({ pk: 'F#D#dev#txn_9', sk: 'F' }))).times).toBe(1);
    } finally {
      await second.stop();
    }
  }, 60_000);
});
