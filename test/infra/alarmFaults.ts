import { makeCheckpoints } from '../../functions/checkpoint/checkpoint.ts';
import { measures as checkpointMeasures } from '../../functions/checkpoint/measures.ts';
import { modelAgeMs } from '../../functions/checkpoint/modelAge.ts';
import { closedAfterMs, compactArchive } from '../../functions/compact/compact.ts';
import { measures as compactMeasures } from '../../functions/compact/measures.ts';
import { failureReport } from '../../functions/project/failureReport.ts';
import { metricsSink } from '../../functions/project/metricsSink.ts';
import { projector } from '../../functions/project/project.ts';
import { trainModel } from '../../functions/train/train.ts';
import { virtualClock } from '../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import { hourMs, minuteMs } from '../../shared/domain/durations.ts';
import { httpHandler } from '../../shared/edge/http.ts';
import { metricsLine } from '../../shared/edge/metrics.ts';
import { Unavailable } from '../../shared/ports/ports.ts';
import { archiveEntries } from '../../shared/proof/archive.ts';
import { noteHeads } from '../../shared/proof/heads.ts';
import { seededRandom } from '../../shared/store/random.ts';
import { aDecision } from '../functions/project/builders.ts';
import { trainingRows } from '../functions/train/generated.ts';
import { fillArchive } from '../functions/train/generatedArchive.ts';
import { send } from '../support/http.ts';
import { chainOf, ed25519Signer, startMs } from '../tools/proof/builders.ts';
import { type Measured, measuredBy } from './alarmEvaluation.ts';
import { alertsFailed, aPayment, deadLetters, queueAge, unsettled, visible, webhookDeadLetters } from './queueFaults.ts';

/** A scheduled run that throws is repeated this often, then set aside. */
const failures = async (archived: string, retries: number): Promise<Measured> => {
  const archive = memoryObjects();
  await archive.put('features/2026/11/20/x.jsonl.gz', Buffer.from(archived));
  let setAside = 1;
  for (let tries = 0; tries <= retries; tries++) {
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
  if (age !== sinceMs) throw new Error(`the model is ${age} ms old, not ${sinceMs}`);
  return checkpointRun(0, age);
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

/** After how many receives a webhook is given up, and how often a scheduled run that failed is repeated: from the template. */
interface Limits {
  readonly webhookReceives: number;
  readonly scheduledRetries: number;
}

interface Fault {
  readonly fault: string;
  readonly broken: () => Promise<Measured>;
  readonly healthy: () => Promise<Measured>;
}

const stages = ['ingest', 'score', 'decide', 'project', 'webhooks', 'read', 'review', 'admin', 'compact', 'train', 'checkpoint'];

/**
 * The fault of each alarm but DecidingStopped, by the alarm's name. Each fault is caused in the deployed code; `broken` and `healthy` return
 * what CloudWatch would measure with it and without it.
 */
export const alarmFaults = ({ webhookReceives, scheduledRetries }: Limits): Readonly<Record<string, Fault>> => ({
  DeadLetters: {
    fault: 'a message that is no payment',
    broken: () => deadLetters(['{"not":"a payment"}', aPayment]),
    healthy: () => deadLetters([aPayment]),
  },
  Failures: {
    fault: 'an archive that training cannot read, run after run',
    broken: () => failures('not gzip', scheduledRetries),
    healthy: async () => visible(0),
  },
  WebhookDeadLetters: {
    fault: 'a receiver that refuses every try',
    broken: () => webhookDeadLetters(500, webhookReceives),
    healthy: () => webhookDeadLetters(204, webhookReceives),
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
  Unsettled: {
    fault: 'a table that is away while 21 payments are to be decided',
    broken: () => unsettled(true),
    healthy: () => unsettled(false),
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
});
