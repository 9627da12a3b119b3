import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib/core';
import type { SQSRecord } from 'aws-lambda';
import { afterAll, describe, expect, it } from 'vitest';
import { makeCheckpoints } from '../../functions/checkpoint/checkpoint.ts';
import { measures as checkpointMeasures } from '../../functions/checkpoint/measures.ts';
import { modelAgeMs } from '../../functions/checkpoint/modelAge.ts';
import { closedAfterMs, compactArchive } from '../../functions/compact/compact.ts';
import { measures as compactMeasures } from '../../functions/compact/measures.ts';
import { failureReport } from '../../functions/project/failureReport.ts';
import { metricsSink } from '../../functions/project/metricsSink.ts';
import { projector } from '../../functions/project/project.ts';
import { tellOfDeadLetters } from '../../functions/score/deadLetterAlerts.ts';
import { scoreBatch } from '../../functions/score/score.ts';
import { trainModel } from '../../functions/train/train.ts';
import { deliverBatch } from '../../functions/webhooks/webhooks.ts';
import { build } from '../../infra/build.ts';
import { withoutBundling } from '../../infra/template.ts';
import { virtualClock } from '../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../shared/adapters/memory/objects.ts';
import { memoryQueue } from '../../shared/adapters/memory/queue.ts';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import { httpHandler } from '../../shared/edge/http.ts';
import { metricsLine } from '../../shared/edge/metrics.ts';
import { Unavailable } from '../../shared/ports/ports.ts';
import { archiveEntries } from '../../shared/proof/archive.ts';
import { noteHeads } from '../../shared/proof/heads.ts';
import { seededRandom } from '../../shared/store/random.ts';
import { addEndpoint } from '../../shared/webhooks/endpoints.ts';
import { aDecision } from '../functions/project/builders.ts';
import { trainingRows } from '../functions/train/generated.ts';
import { fillArchive } from '../functions/train/generatedArchive.ts';
import { ledgerOn } from '../simulation/world.ts';
import { send } from '../support/http.ts';
import { chainOf, ed25519Signer, startMs } from '../tools/proof/builders.ts';
import { proofFaults } from './proofFaults.ts';
import { inspect } from './template.ts';

/**
 * Each alarm of both templates, tripped by its fault. The fault is caused in the deployed code; what CloudWatch would measure of it is the
 * line that the code writes, the depth or age of the queue, or the number of calls that failed; the alarm is the template's own.
 */
const outdir = mkdtempSync(join(tmpdir(), 'aegis-alarms-'));
const assembly = build(
  new App({ outdir, context: withoutBundling }),
  {},
  { account: '111122223333', region: 'ap-south-1' },
).app.synth();
const { core, operations } = Object.fromEntries(assembly.stacks.map(({ id, template }) => [id, inspect(template)]));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

interface AlarmProperties {
  readonly MetricName?: string;
  readonly Threshold: number;
  readonly ComparisonOperator: string;
  readonly EvaluationPeriods: number;
  readonly Statistic?: string;
  readonly Metrics?: readonly {
    readonly Id: string;
    readonly Expression?: string;
    readonly MetricStat?: { readonly Metric: { readonly MetricName: string } };
  }[];
  readonly AlarmRule?: { readonly 'Fn::Join': readonly [string, readonly unknown[]] };
}

const alarms = new Map(
  [...core!.entries, ...operations!.entries]
    .filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm' || Type === 'AWS::CloudWatch::CompositeAlarm')
    .map(([id, { Properties }]) => [
      id.replace(/^Alarms/, '').replace(/[0-9A-F]{8}$/, ''),
      Properties as unknown as AlarmProperties,
    ]),
);

/** What a metric measured, by name: the values of each period. */
type Measured = Readonly<Record<string, readonly (readonly number[])[]>>;

/** As CloudWatch evaluates: a period without values is not breaching; every one of the alarm's periods must breach. */
const isTripped = (alarm: AlarmProperties, measured: Measured): boolean => {
  const statistics: Readonly<Record<string, (values: readonly number[]) => number>> = {
    Maximum: (values) => Math.max(...values),
    Sum: (values) => values.reduce((total, value) => total + value, 0),
  };
  const reduced = (name: string, statistic: string, period: number): number | null => {
    const values = measured[name]?.[period] ?? [];
    return values.length === 0 ? null : statistics[statistic]!(values);
  };
  const valueAt = (period: number): number | null => {
    if (alarm.Metrics === undefined) return reduced(alarm.MetricName!, alarm.Statistic!, period);
    const sums = alarm.Metrics.filter(({ MetricStat }) => MetricStat !== undefined);
    const { Expression } = alarm.Metrics.find((metric) => metric.Expression !== undefined)!;
    const evaluate = new Function('IF', 'FILL', ...sums.map(({ Id }) => Id), `return ${Expression}`) as (
      ...given: unknown[]
    ) => number;
    return evaluate(
      (condition: boolean, yes: number, no: number) => (condition ? yes : no),
      (value: number | null, otherwise: number) => value ?? otherwise,
      ...sums.map(({ MetricStat }) => reduced(MetricStat!.Metric.MetricName, 'Sum', period)),
    );
  };
  expect(alarm.ComparisonOperator).toMatch(/^GreaterThan(OrEqualTo)?Threshold$/);
  return Array.from({ length: alarm.EvaluationPeriods }, (_, period) => valueAt(period)).every(
    (value) =>
      value !== null &&
      (alarm.ComparisonOperator === 'GreaterThanThreshold' ? value > alarm.Threshold : value >= alarm.Threshold),
  );
};

/** The values of a line in CloudWatch's embedded metric format. */
const measuredBy = (...lines: readonly string[]): Measured => {
  const measured: Record<string, number[][]> = {};
  for (const [period, text] of lines.entries()) {
    const line = JSON.parse(text) as {
      readonly _aws: { readonly CloudWatchMetrics: readonly { readonly Metrics: readonly { readonly Name: string }[] }[] };
    };
    for (const { Name } of line._aws.CloudWatchMetrics[0]!.Metrics) {
      measured[Name] ??= [];
      measured[Name][period] = [(line as unknown as Record<string, number | number[]>)[Name]!].flat();
    }
  }
  return measured;
};

const minuteMs = 60_000;
const hourMs = 3_600_000;

const record = (body: string, receiveCount = 1): SQSRecord =>
  ({
    messageId: `m${receiveCount}`,
    receiptHandle: 'r',
    body,
    attributes: { ApproximateReceiveCount: String(receiveCount), SentTimestamp: String(startMs) },
    messageAttributes: {},
  }) as unknown as SQSRecord;

/** The depth of a queue after a fault and after a healthy run. */
const visible = (count: number): Measured => ({ ApproximateNumberOfMessagesVisible: [[count]] });

const deadLetters = async (bodies: readonly string[]): Promise<Measured> => {
  const clock = virtualClock(startMs);
  const buried = memoryQueue({ clock, visibilityMs: minuteMs });
  const ledger = ledgerOn(memoryTable(), clock, seededRandom(1));
  await scoreBatch(
    bodies.map((body) => record(body)),
    { ledger, deadLetters: buried, newId: () => 'new', log: () => undefined },
    startMs + minuteMs,
  );
  return visible(buried.size());
};

const alertsFailed = async (isTopicAway: boolean): Promise<Measured> => {
  const clock = virtualClock(startMs);
  const table = memoryTable();
  const log = () => undefined;
  const topic = { publish: () => (isTopicAway ? Promise.reject(new Error('the topic is away')) : Promise.resolve()) };
  const lines: string[] = [];
  await scoreBatch(
    [record('{"not":"a payment"}')],
    {
      ledger: ledgerOn(table, clock, seededRandom(1)),
      deadLetters: memoryQueue({ clock, visibilityMs: minuteMs }),
      newId: () => 'new',
      log,
      alert: (letters, deadlineMs) => tellOfDeadLetters(letters, { table, clock, topic, consoleUrl: null, log }, deadlineMs),
      measure: (metrics) => lines.push(metricsLine(metrics, startMs)),
    },
    startMs + minuteMs,
  );
  return measuredBy(...lines);
};

const aPayment = JSON.stringify({
  transactionId: 't1',
  userId: 'u1',
  accountId: 'a1',
  occurredAt: new Date(startMs - 1000).toISOString(),
  amountMinor: 100,
  currency: 'INR',
});

const webhookDeadLetters = async (status: number): Promise<Measured> => {
  const clock = virtualClock(startMs);
  const table = memoryTable();
  const randomness = seededRandom(1);
  const wanted = { tenant: 'acme', url: 'https://receiver.example.com/', events: ['*'], createdBy: 'ana' };
  const { endpointId } = await addEndpoint({ table, clock, randomness }, wanted, { allowsLoopback: false });
  const { maxReceiveCount } = core!.one('AWS::SQS::Queue', 'WebhooksQueue')[1].Properties!.RedrivePolicy as {
    maxReceiveCount: number;
  };
  const gone = memoryQueue({ clock, visibilityMs: minuteMs });
  const queue = memoryQueue({ clock, visibilityMs: hourMs, maxReceiveCount, deadLetters: gone });
  const body = JSON.stringify({ tenant: 'acme', endpointId, messageId: 'msg_1', type: 'decision.block', payload: '{}' });
  await queue.send([{ body, attributes: {} }]);
  for (let tries = 0; tries <= maxReceiveCount; tries++) {
    const [message] = await queue.receive(1);
    if (message === undefined) break;
    const { batchItemFailures } = await deliverBatch([record(message.body, message.receiveCount)], {
      table,
      clock,
      randomness,
      post: async () => status,
      hide: async () => undefined,
      log: () => undefined,
    });
    if (batchItemFailures.length === 0) queue.remove(message.receiptHandle);
    clock.advance(hourMs);
  }
  return visible(gone.size());
};

/** A scheduled run that throws is repeated as often as the template says, then set aside. */
const failures = async (archived: string): Promise<Measured> => {
  const archive = memoryObjects();
  await archive.put('features/2026/11/20/x.jsonl.gz', Buffer.from(archived));
  const [invoke] = core!.ofType('AWS::Lambda::EventInvokeConfig');
  let setAside = 1;
  for (let tries = 0; tries <= (invoke!.Properties!.MaximumRetryAttempts as number); tries++) {
    if ((await failedCalls(() => train(archive))) === 0) setAside = 0;
  }
  return visible(archived === '' ? 0 : setAside);
};

const train = (archive: ReturnType<typeof memoryObjects>) =>
  trainModel({
    table: memoryTable(),
    archive,
    models: memoryObjects(),
    clock: virtualClock(startMs),
    log: () => undefined,
    codeVersion: 'test',
  });

const failedCalls = async (call: () => Promise<unknown>): Promise<number> => {
  try {
    await call();
    return 0;
  } catch {
    return 1;
  }
};

/** A message waits while score fails, for as long as given. */
const queueAge = async (waitMs: number): Promise<Measured> => {
  const clock = virtualClock(startMs);
  const queue = memoryQueue({ clock, visibilityMs: minuteMs });
  await queue.send([{ body: aPayment, attributes: {} }]);
  clock.advance(waitMs);
  const [message] = await queue.receive(1);
  return { ApproximateAgeOfOldestMessage: [[(clock.nowMs() - message!.sentAtMs) / 1000]] };
};

const checkpointRun = async (waitMs: number, ageMs: number): Promise<Measured> => {
  const table = memoryTable();
  const entries = chainOf('alpha', 1);
  await noteHeads(table, entries);
  const sinceMs = Date.parse(entries[0]!.body.at);
  const clock = virtualClock(sinceMs + waitMs);
  const result = await makeCheckpoints({ table, checkpoints: memoryObjects(), signer: ed25519Signer(), clock });
  return measuredBy(metricsLine(checkpointMeasures(result, ageMs), clock.nowMs()));
};

const modelAge = async (sinceMs: number): Promise<Measured> => {
  const [table, archive] = [memoryTable(), memoryObjects()];
  const rows = trainingRows(300, 1);
  await fillArchive(archive, rows);
  const trainedAtMs = Math.max(...rows.map(({ occurredAtMs }) => occurredAtMs)) + 1;
  await trainModel({
    table,
    archive,
    models: memoryObjects(),
    clock: virtualClock(trainedAtMs),
    log: () => undefined,
    codeVersion: 'test',
  });
  const age = await modelAgeMs(table, trainedAtMs + sinceMs);
  expect(age).toBe(sinceMs);
  return checkpointRun(0, age!);
};

/** A run without time for a batch, so long after the day of its entries was closed. */
const compactionLag = async (sinceMs: number): Promise<Measured> => {
  const archive = memoryObjects();
  const entries = chainOf('alpha', 1);
  await archiveEntries(archive, entries);
  const day = entries[0]!.body.at.slice(0, 10);
  const clock = virtualClock(Date.parse(`${day}T00:00:00Z`) + 24 * hourMs + closedAfterMs + sinceMs);
  const stores = { table: memoryTable(), archive, clock, randomness: seededRandom(1) };
  const report = await compactArchive(stores, { deadlineMs: clock.nowMs() });
  return measuredBy(metricsLine(compactMeasures(report), clock.nowMs()));
};

const apiErrors = async (isTableAway: boolean): Promise<Measured> => {
  const whole = memoryTable();
  const table = isTableAway
    ? {
        ...whole,
        get: () => Promise.reject(new Unavailable('the table is away')),
        query: () => Promise.reject(new Unavailable('the table is away')),
      }
    : whole;
  const handler = httpHandler(
    'read',
    {},
    { table, clock: virtualClock(startMs), randomness: seededRandom(1), log: () => undefined },
  );
  const { status } = await send(handler, { path: '/decisions/latest', key: `aegis_dev_${'0'.repeat(48)}` });
  return { '5XXError': [[status >= 500 ? 1 : 0]] };
};

/** The handler starts in an environment that a deployment left without what it needs: nothing of it may start half. */
const coldStart = async (stage: string): Promise<Measured> => ({
  Errors: [[await failedCalls(() => import(`../../functions/${stage}/handler.ts`))]],
});

const degradedShare = async (degraded: number): Promise<Measured> => {
  const lines: string[] = [];
  const sink = metricsSink({ clock: virtualClock(startMs), write: (line) => lines.push(line) });
  const decisions = Array.from({ length: 100 }, (_, position) => ({
    position,
    tenant: 'dev',
    queueAgeMs: null,
    decision: aDecision(position < degraded ? { degraded: [{ part: 'MODEL', cause: 'MODEL_INVALID' }] } : {}),
  }));
  for (let period = 0; period < 2; period++) await sink.project({ decisions, entries: [] });
  return measuredBy(...lines);
};

/** Lambda measures how old a batch's newest record is each time it hands the batch over. */
const streamAge = async (waitMs: number): Promise<Measured> => ({ IteratorAge: [[waitMs]] });

/** The archive is away for so many deliveries of a batch. */
const partialFailures = async (deliveries: number): Promise<Measured> => {
  const lines: string[] = [];
  for (let delivery = 0; delivery < deliveries; delivery++) {
    const report = failureReport(
      () => undefined,
      (metrics) => lines.push(metricsLine(metrics, startMs)),
    );
    const archive = { name: 'archive', project: () => Promise.reject(new Unavailable('S3 is away')) };
    const decode = () => ({ tenant: 'dev', decision: aDecision(), queueAgeMs: null });
    const image = { pk: { S: 'D#dev#t1' }, sk: { S: 'D' } };
    await projector({ sinks: [archive], decode, report: report.note })({
      Records: [{ eventName: 'INSERT', dynamodb: { SequenceNumber: '1', Keys: image, NewImage: image } }],
    });
    report.tell();
  }
  return { PartialFailures: [lines.flatMap((line) => measuredBy(line).PartialFailures!.flat())] };
};

interface Fault {
  readonly fault: string;
  readonly broken: () => Promise<Measured>;
  readonly healthy: () => Promise<Measured>;
}

const stages = [
  'ingest',
  'score',
  'decide',
  'project',
  'webhooks',
  'read',
  'review',
  'admin',
  'compact',
  'train',
  'checkpoint',
  'sweep',
];

const faults: Readonly<Record<string, Fault>> = {
  ...proofFaults,
  DeadLetters: {
    fault: 'a message that is no payment',
    broken: () => deadLetters(['{"not":"a payment"}', aPayment]),
    healthy: () => deadLetters([aPayment]),
  },
  Failures: {
    fault: 'an archive that training cannot read, run after run',
    broken: () => failures('not gzip'),
    healthy: async () => visible(0),
  },
  WebhookDeadLetters: {
    fault: 'a receiver that refuses every try',
    broken: () => webhookDeadLetters(500),
    healthy: () => webhookDeadLetters(204),
  },
  QueueAge: { fault: 'a payment that waits for 61 s', broken: () => queueAge(61_000), healthy: () => queueAge(60_000) },
  StreamAge: {
    fault: 'a change that waits for 16 minutes',
    broken: () => streamAge(16 * minuteMs),
    healthy: () => streamAge(15 * minuteMs),
  },
  PartialFailures: {
    fault: 'an archive that is away for four deliveries',
    broken: () => partialFailures(4),
    healthy: () => partialFailures(3),
  },
  CheckpointLag: {
    fault: 'an entry that waited for its checkpoint for 31 minutes',
    broken: () => checkpointRun(31 * minuteMs, 0),
    healthy: () => checkpointRun(30 * minuteMs, 0),
  },
  CompactionLag: {
    fault: 'a day that was closed 49 hours ago, and a run that has no time for it',
    broken: () => compactionLag(49 * hourMs),
    healthy: () => compactionLag(48 * hourMs),
  },
  ModelAge: {
    fault: 'a model trained 97 hours ago',
    broken: () => modelAge(97 * hourMs),
    healthy: () => modelAge(96 * hourMs),
  },
  AlertsFailed: {
    fault: 'a topic that is away while a dead letter is to be told of',
    broken: () => alertsFailed(true),
    healthy: () => alertsFailed(false),
  },
  ApiErrors: { fault: 'a table that is away', broken: () => apiErrors(true), healthy: () => apiErrors(false) },
  DegradedShare: {
    fault: 'a model that cannot be used for 6 of 100 payments',
    broken: () => degradedShare(6),
    healthy: () => degradedShare(5),
  },
  ...Object.fromEntries(
    stages.map((stage): [string, Fault] => [
      `${stage[0]!.toUpperCase()}${stage.slice(1)}Errors`,
      {
        fault: `an environment in which ${stage} cannot start`,
        broken: () => coldStart(stage),
        healthy: async () => ({ Errors: [[0]] }),
      },
    ]),
  ),
};

describe('every alarm', () => {
  it('has its fault here, and every fault its alarm', () => {
    expect([...alarms.keys()].sort()).toEqual([...Object.keys(faults), 'DecidingStopped'].sort());
  });

  it.each(Object.entries(faults).map(([name, { fault, broken, healthy }]) => [name, fault, broken, healthy] as const))(
    '%s is tripped by %s, and not without',
    async (name, _, broken, healthy) => {
      const alarm = alarms.get(name)!;
      expect(isTripped(alarm, await broken())).toBe(true);
      expect(isTripped(alarm, await healthy())).toBe(false);
      expect(isTripped(alarm, {})).toBe(false);
    },
  );

  it('DecidingStopped is tripped by both of its alarms together, by none alone', () => {
    const rule = JSON.stringify(alarms.get('DecidingStopped')!.AlarmRule);
    const named = [...rule.matchAll(/Alarms(QueueAge|ScoreErrors)/g)].map(([, name]) => name);
    expect(named).toEqual(['QueueAge', 'ScoreErrors']);
    expect(rule).toContain(' AND ');
    expect(rule).not.toMatch(/ OR | NOT /);
  });
});
