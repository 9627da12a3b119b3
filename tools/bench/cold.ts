import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { type BuildOptions, build } from 'esbuild';
import { bundleOptions } from '../../infra/bundle.ts';
import { decisionKey } from '../../shared/store/names.ts';
import { startLocalStack } from '../local/stack.ts';
import { streamImage } from '../local/streamImage.ts';

/**
 * From process start to the first answer of each function on the way of a payment, bundled as it is deployed, against emulators on
 * this machine; beside it a bundle of nothing but the same SDK commands, called once each, once in one file (as the CDK bundles by
 * default) and once split as ours are. Starts of the three are taken in turn; the load is CPU time, which a busy machine changes least,
 * and the median of each counts. Exit 1 when a function is above the limit against either.
 */
const help = `Usage: npm run bench -- cold [--runs N] [--json]

  --runs N   process starts of each kind (default 15)`;

const ratioMax = 1.3;

const { values } = parseArgs({
  options: { runs: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const runs = Number(values.runs ?? 15);

/** The commands that each function's own code sends, by hand: the yardstick must not follow what is measured. */
const commands = {
  ingest: { dynamo: ['get'], sqs: true, s3: 'none' },
  score: { dynamo: ['get', 'many', 'query', 'transact'], sqs: true, s3: 'get' },
  decide: { dynamo: ['get', 'many', 'query', 'transact'], sqs: false, s3: 'get' },
  // Each batch of the stream is archived.
  project: { dynamo: ['get', 'query', 'update', 'transact'], sqs: true, s3: 'put' },
} as const satisfies Record<string, { dynamo: readonly (keyof typeof calls)[]; sqs: boolean; s3: keyof typeof objectCalls }>;
type Stage = keyof typeof commands;
const stages = Object.keys(commands) as Stage[];

const calls = {
  get: "GetCommand({TableName,Key:{pk:'cold',sk:'a'},ConsistentRead:true})",
  many: "BatchGetCommand({RequestItems:{[TableName]:{Keys:[{pk:'cold',sk:'a'}]}}})",
  query: "QueryCommand({TableName,KeyConditionExpression:'pk = :p',ExpressionAttributeValues:{':p':'cold'}})",
  update: "UpdateCommand({TableName,Key:{pk:'cold',sk:'u'},UpdateExpression:'ADD n :n',ExpressionAttributeValues:{':n':1}})",
  transact:
    "TransactWriteCommand({TransactItems:['a','b','c'].map(sk=>({Put:{TableName,Item:{pk:'cold',sk,b:new Uint8Array(300)}}}))})",
} as const;

const objectCalls = {
  none: null,
  get: {
    command: 'GetObjectCommand',
    lines: [
      "const fetch = new GetObjectCommand({Bucket:process.env.AEGIS_MODEL_BUCKET,Key:'cold'});",
      "await objects.send(fetch).catch((error) => { if (error.name !== 'NoSuchKey') throw error; });",
    ],
  },
  put: {
    command: 'PutObjectCommand',
    lines: ["await objects.send(new PutObjectCommand({Bucket:process.env.AEGIS_ARCHIVE_BUCKET,Key:'cold',Body:'x'}));"],
  },
} as const;

const bareSource = ({ dynamo, sqs, s3 }: (typeof commands)[Stage]): string => {
  const names = dynamo.map((name) => calls[name].slice(0, calls[name].indexOf('(')));
  const object = objectCalls[s3];
  return [
    "import { DynamoDBClient } from '@aws-sdk/client-dynamodb';",
    `import { DynamoDBDocumentClient, ${names.join(', ')} } from '@aws-sdk/lib-dynamodb';`,
    sqs ? "import { SQSClient, SendMessageBatchCommand } from '@aws-sdk/client-sqs';" : '',
    object ? `import { S3Client, ${object.command} } from '@aws-sdk/client-s3';` : '',
    'const TableName = process.env.AEGIS_TABLE;',
    'const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));',
    sqs ? 'const queue = new SQSClient({});' : '',
    object ? 'const objects = new S3Client({ forcePathStyle: true });' : '',
    'export const handler = async () => {',
    ...dynamo.map((name) => `await documents.send(new ${calls[name]});`),
    sqs ? "const send = new SendMessageBatchCommand({QueueUrl:process.env.COLD_QUEUE,Entries:[{Id:'0',MessageBody:'x'}]});" : '',
    sqs ? 'await queue.send(send);' : '',
    ...(object?.lines ?? []),
    'return { statusCode: 200 };',
    '};',
  ].join('\n');
};

interface Bundle {
  readonly file: string;
  /** Of the entry and all that it imports statically. */
  readonly startBytes: number;
}

const work = mkdtempSync(join(tmpdir(), 'aegis-cold-'));

const bundled = async (name: string, options: BuildOptions): Promise<Bundle> => {
  const outdir = join(work, name);
  const { metafile } = await build({ ...options, outdir, metafile: true });
  const outputs = metafile!.outputs;
  const entry = Object.keys(outputs).find((output) => basename(output) === 'index.mjs')!;
  const seen = new Set<string>();
  const open = [entry];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const { kind, path } of outputs[file]!.imports)
      if (kind === 'import-statement' && outputs[path] !== undefined) open.push(path);
  }
  return { file: join(outdir, 'index.mjs'), startBytes: [...seen].reduce((sum, file) => sum + outputs[file]!.bytes, 0) };
};

interface Start {
  readonly loadCpuMs: number;
  /** Since the process began. */
  readonly answeredMs: number;
  /** Of the whole process. */
  readonly cpuMs: number;
  readonly answer: unknown;
}

const root = join(import.meta.dirname, '../..');
const stack = await startLocalStack({ onFailure: (text) => console.error(text) });
try {
  const environment = {
    ...stack.environment,
    AWS_ENDPOINT_URL_SQS: stack.endpoints.sqsAndS3,
    COLD_QUEUE: stack.environment.AEGIS_QUEUE_URL!,
    PATH: process.env.PATH,
  };
  // Not synchronously: the queue's emulator answers in this process.
  const start = async ({ file }: Bundle, event: string): Promise<Start> => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--enable-source-maps', join(import.meta.dirname, 'coldStart.mjs'), file, event],
      { env: environment, encoding: 'utf8', timeout: 60_000 },
    );
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as Start;
  };

  const payment = (id: string) =>
    JSON.stringify({
      transactionId: id,
      userId: 'u1',
      accountId: id,
      occurredAt: new Date().toISOString(),
      amountMinor: 50_000,
      currency: 'INR',
      deviceId: 'd1',
      merchantId: 'm1',
    });
  const call = (path: string, body: string) => ({
    resource: path,
    path,
    httpMethod: 'POST',
    headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'application/json' },
    multiValueHeaders: { authorization: [`Bearer ${stack.key}`], 'content-type': ['application/json'] },
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: null,
    stageVariables: null,
    requestContext: { requestId: 'cold', identity: { sourceIp: '127.0.0.1' } },
    body,
    isBase64Encoded: false,
  });
  const decided = await fetch(`${stack.url}/decisions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'application/json' },
    body: payment('cold-first'),
  });
  if (decided.status !== 200) throw new Error(`${decided.status}: ${await decided.text()}`);
  const key = decisionKey('dev', 'cold-first');
  const item = await stack.table.get(key, { consistent: true });
  const image = streamImage(item!);
  const events: Record<Stage, (id: string) => unknown> = {
    ingest: (id) => call('/transactions', payment(id)),
    decide: (id) => call('/decisions', payment(id)),
    score: (id) => ({
      Records: [
        {
          messageId: id,
          body: payment(id),
          messageAttributes: {},
          attributes: { SentTimestamp: String(Date.now()), ApproximateReceiveCount: '1' },
        },
      ],
    }),
    project: () => ({
      Records: [
        {
          eventName: 'INSERT',
          dynamodb: { SequenceNumber: '1', Keys: { pk: { S: key.pk }, sk: { S: key.sk } }, NewImage: image },
        },
      ],
    }),
  };
  const wellAnswered = (stage: Stage, { answer }: Start): boolean => {
    const { statusCode, batchItemFailures } = answer as { statusCode?: number; batchItemFailures?: unknown[] };
    return stage === 'ingest' || stage === 'decide' ? (statusCode ?? 500) < 300 : batchItemFailures?.length === 0;
  };

  const rows = [];
  for (const stage of stages) {
    const ours = await bundled(stage, bundleOptions(join(root, `functions/${stage}/handler.ts`), work));
    const source = join(root, `.bare-${stage}.mjs`);
    writeFileSync(source, bareSource(commands[stage]));
    const options = bundleOptions(source, work);
    let bare: Bundle;
    let bareSplit: Bundle;
    try {
      bare = await bundled(`${stage}-bare`, { ...options, splitting: false });
      bareSplit = await bundled(`${stage}-bare-split`, options);
    } finally {
      rmSync(source);
    }
    const starts: Record<'ours' | 'bare' | 'bareSplit', Start[]> = { ours: [], bare: [], bareSplit: [] };
    for (let run = 0; run < runs; run++) {
      const eventFile = join(work, `${stage}.json`);
      writeFileSync(eventFile, JSON.stringify(events[stage](`cold-${stage}-${run}`)));
      const first = await start(ours, eventFile);
      if (!wellAnswered(stage, first)) throw new Error(`${stage} answered ${JSON.stringify(first.answer)}`);
      starts.ours.push(first);
      starts.bare.push(await start(bare, eventFile));
      starts.bareSplit.push(await start(bareSplit, eventFile));
    }
    const of = (kind: keyof typeof starts, figure: 'loadCpuMs' | 'answeredMs' | 'cpuMs') =>
      Number(median(starts[kind].map((one) => one[figure])).toFixed(1));
    const ratio = (mine: number, other: number): number => Number((mine / other).toFixed(2));
    rows.push({
      stage,
      startBytes: ours.startBytes,
      bareBytes: bare.startBytes,
      bareSplitBytes: bareSplit.startBytes,
      loadCpuMs: of('ours', 'loadCpuMs'),
      bareLoadCpuMs: of('bare', 'loadCpuMs'),
      bareSplitLoadCpuMs: of('bareSplit', 'loadCpuMs'),
      firstAnswerMs: of('ours', 'answeredMs'),
      bareFirstAnswerMs: of('bare', 'answeredMs'),
      bareSplitFirstAnswerMs: of('bareSplit', 'answeredMs'),
      cpuMs: of('ours', 'cpuMs'),
      bytesRatio: ratio(ours.startBytes, bare.startBytes),
      loadRatio: ratio(of('ours', 'loadCpuMs'), of('bare', 'loadCpuMs')),
      bytesRatioToSplit: ratio(ours.startBytes, bareSplit.startBytes),
      loadRatioToSplit: ratio(of('ours', 'loadCpuMs'), of('bareSplit', 'loadCpuMs')),
    });
  }
  if (values.json) console.log(JSON.stringify({ runs, ratioMax, rows }));
  else {
    console.log(
      `cold start, median of ${runs} process starts, Node ${process.versions.node}; bare: the same SDK commands alone, in one file and split as ours; at most ${ratioMax} x either`,
    );
    console.log('          KB loaded at start | CPU ms of the load | ms to first answer |   x one file |      x split');
    console.log('stage     ours  file split   |  ours  file split  |  ours  file split  |  size   load |  size   load');
    const kb = (bytes: number): string => String(Math.round(bytes / 1024)).padStart(5);
    for (const r of rows)
      console.log(
        `${r.stage.padEnd(8)} ${kb(r.startBytes)} ${kb(r.bareBytes)} ${kb(r.bareSplitBytes)}   | ${ms(r.loadCpuMs)} ${ms(r.bareLoadCpuMs)} ${ms(r.bareSplitLoadCpuMs)}  | ${ms(r.firstAnswerMs)} ${ms(r.bareFirstAnswerMs)} ${ms(r.bareSplitFirstAnswerMs)}  |  ${r.bytesRatio.toFixed(2)}   ${r.loadRatio.toFixed(2)} |  ${r.bytesRatioToSplit.toFixed(2)}   ${r.loadRatioToSplit.toFixed(2)}`,
      );
  }
  const over = rows.filter((row) =>
    [row.bytesRatio, row.loadRatio, row.bytesRatioToSplit, row.loadRatioToSplit].some((ratio) => ratio > ratioMax),
  );
  if (over.length > 0) {
    console.error(`above ${ratioMax} x: ${over.map((row) => row.stage).join(', ')}`);
    process.exitCode = 1;
  }
} finally {
  rmSync(work, { recursive: true, force: true });
  await stack.stop();
}

function ms(value: number): string {
  return value.toFixed(0).padStart(5);
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
}
