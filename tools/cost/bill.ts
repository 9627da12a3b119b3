import type { Prices } from '../../infra/prices.ts';
import type { Metered } from './meter.ts';

/** A load as it was metered. */
export interface Load {
  readonly decisions: number;
  readonly apiCalls: number;
  /** Sends of producers that put messages on the queue themselves. */
  readonly producerSends: number;
  readonly invocations: readonly Metered[];
  /** By stage. */
  readonly memoryMb: Readonly<Record<string, number>>;
  /** Stages that a queue calls: each batch is one receive and one delete. */
  readonly queueStages: ReadonlySet<string>;
}

export interface Line {
  readonly name: string;
  readonly perMillionUsd: number;
  /** Quantity per decision, and of what. */
  readonly quantity: string;
}

export interface Bill {
  readonly lines: readonly Line[];
  readonly totalUsd: number;
  readonly logBytesPerDecision: number;
}

/** At 1,769 MB a function has one whole vCPU; below, its share by memory. */
const vcpuMb = 1_769;
const million = 1_000_000;

/** Milliseconds billed for an invocation: waiting, and computing on the share of a vCPU that its memory buys. Whole ms, as Lambda rounds. */
export const billedMs = ({ cpuMs, waitMs }: Pick<Metered, 'cpuMs' | 'waitMs'>, memoryMb: number): number =>
  Math.ceil(waitMs + cpuMs * Math.max(1, vcpuMb / memoryMb));

/** What a million decisions of the same load cost, by line. Throws RangeError for a stage without a memory size. */
export function billOf(load: Load, prices: Prices): Bill {
  const { decisions, invocations } = load;
  const perDecision = (count: number): number => count / decisions;
  const sum = (value: (one: Metered) => number): number => invocations.reduce((total, one) => total + value(one), 0);
  const callsNamed = (...names: string[]): number =>
    sum(({ calls }) => names.reduce((total, name) => total + (calls[name] ?? 0), 0));
  const memoryOf = (stage: string): number => {
    const memoryMb = load.memoryMb[stage];
    if (memoryMb === undefined) throw new RangeError(`the stage ${stage} has no memory size`);
    return memoryMb;
  };
  const queueCalls =
    load.producerSends +
    callsNamed('SendMessage', 'SendMessageBatch') +
    2 * invocations.filter(({ stage }) => load.queueStages.has(stage)).length;
  const gbSeconds = sum((one) => (billedMs(one, memoryOf(one.stage)) / 1_000) * (memoryOf(one.stage) / 1_024));
  const logBytes = perDecision(sum((one) => one.logBytes));
  const counted = (name: string, count: number, perMillionUsd: number, unit: string): Line => ({
    name,
    perMillionUsd: perDecision(count) * perMillionUsd,
    quantity: `${perDecision(count).toFixed(3)} ${unit}`,
  });
  const writesOf = (stages: (stage: string) => boolean) => sum((one) => (stages(one.stage) ? one.writeUnits : 0));
  const readsOf = (stages: (stage: string) => boolean) => sum((one) => (stages(one.stage) ? one.readUnits : 0));
  const decides = (stage: string): boolean => stage === 'score' || stage === 'decide';
  const follows = (stage: string): boolean => !decides(stage);
  const lines = [
    counted('API Gateway', load.apiCalls, prices.apiCallsPerMillion, 'calls'),
    counted('SQS', queueCalls, prices.queueCallsPerMillion, 'calls'),
    counted('DynamoDB writes, decision', writesOf(decides), prices.writeUnitsPerMillion, 'units'),
    ...[...new Set(invocations.map(({ stage }) => stage))].filter(follows).map((stage) =>
      counted(
        `DynamoDB writes, ${stage}`,
        writesOf((one) => one === stage),
        prices.writeUnitsPerMillion,
        'units',
      ),
    ),
    counted('DynamoDB reads, decision', readsOf(decides), prices.readUnitsPerMillion, 'units'),
    counted('DynamoDB reads, all else', readsOf(follows), prices.readUnitsPerMillion, 'units'),
    counted('Lambda calls', invocations.length, prices.functionCallsPerMillion, 'calls'),
    {
      name: 'Lambda time',
      perMillionUsd: perDecision(gbSeconds) * prices.functionGbSecond * million,
      quantity: `${perDecision(gbSeconds).toFixed(5)} GB-s`,
    },
    {
      name: 'CloudWatch logs',
      perMillionUsd: (logBytes * million * prices.logsPerGb) / 1e9,
      quantity: `${logBytes.toFixed(0)} bytes`,
    },
    counted('S3 puts', callsNamed('PutObject', 'PUT object'), prices.objectPutsPerMillion, 'calls'),
    counted('S3 gets', callsNamed('GetObject', 'ListObjectsV2', 'GET object'), prices.objectGetsPerMillion, 'calls'),
    counted('KMS', callsNamed('Decrypt', 'GenerateDataKey', 'Sign', 'GetPublicKey'), prices.keyCallsPerMillion, 'calls'),
    counted('SNS', callsNamed('Publish', 'PublishBatch'), prices.notificationsPerMillion, 'calls'),
  ];
  return { lines, totalUsd: lines.reduce((total, line) => total + line.perMillionUsd, 0), logBytesPerDecision: logBytes };
}
