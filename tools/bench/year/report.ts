import type { Job } from './jobs.ts';
import { latencies } from './latencies.ts';
import type { JobLimits } from './limits.ts';
import type { Measured } from './measure.ts';

/** What a flat job may grow by between two ages. */
export const growthMax = 1.5;
/** Times below this are the same: processor time of a few milliseconds differs from run to run. */
export const noiseMs = 100;

export interface Row extends Measured {
  readonly growth: Job['growth'];
  readonly limits: JobLimits;
  /** What is wrong with it; empty when nothing is. */
  readonly faults: readonly string[];
}

export const callsOf = ({ calls }: Measured): number => Object.values(calls).reduce((sum, count) => sum + count, 0);

/** What a job's figures at each age, youngest first, have against them. */
export const judged = (job: Job, limits: JobLimits, measured: readonly Measured[]): readonly Row[] => {
  const [younger, older] = measured.slice(-2);
  return measured.map((one) => {
    const faults = limitFaults(job, limits, one);
    if (
      older !== undefined &&
      younger !== undefined &&
      one === older &&
      job.growth === 'flat' &&
      isWhole(younger) &&
      isWhole(older)
    )
      faults.push(...growthFaults(younger, older));
    return { ...one, growth: job.growth, limits, faults };
  });
};

/** What was cut off has no figures to compare. */
const isWhole = ({ outcome }: Measured): boolean => outcome === 'done';

const limitFaults = ({ callsMax }: Job, limits: JobLimits, one: Measured): string[] => {
  const faults: string[] = [];
  if (one.outcome === 'out of time' || one.awsMs > limits.timeMs) faults.push(`over its ${limits.timeMs / 1_000} s`);
  if (one.outcome === 'out of memory' || one.peakMb > limits.memoryMb) faults.push(`over its ${limits.memoryMb} MB`);
  if (one.outcome === 'stopped') faults.push('over its limit: stopped on this machine');
  if (one.outcome === 'failed') faults.push(`failed: ${one.cause}`);
  if (callsMax !== undefined && callsOf(one) > callsMax) faults.push(`over its ${callsMax} calls`);
  return faults;
};

const growthFaults = (younger: Measured, older: Measured): string[] => {
  const figures = [
    ['calls', callsOf(younger), callsOf(older)],
    ['bytes', younger.bytes, older.bytes],
    ['time', Math.max(noiseMs, younger.awsMs), Math.max(noiseMs, older.awsMs)],
  ] as const;
  return figures
    .filter(([, before, after]) => after > growthMax * before)
    .map(([name, before, after]) => `grows: ${name} x ${(after / before).toFixed(1)}`);
};

/** The table, in Markdown. */
export const tableText = (rows: readonly Row[]): string =>
  [
    '| job | day | calls | bytes | peak memory | CPU | time on AWS | limits | verdict |',
    '|---|---|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${cells(row).join(' | ')} |`),
  ].join('\n');

const cells = (row: Row): readonly string[] => {
  const { job, days, calls, bytes, peakMb, cpuMs, awsMs, limits, faults, outcome, growth } = row;
  const known = outcome !== 'stopped' && outcome !== 'out of memory';
  const kinds = Object.entries(calls).map(([kind, count]) => `${kind} ${whole(count)}`);
  return [
    job,
    String(days),
    known ? kinds.join(', ') : '-',
    known ? sizeText(bytes) : '-',
    known ? `${peakMb.toFixed(0)} MB` : '-',
    known ? secondsText(cpuMs) : '-',
    known ? `${outcome === 'out of time' ? '> ' : ''}${secondsText(awsMs)}` : '-',
    `${limits.timeMs / 1_000} s, ${limits.memoryMb} MB, ${growth}`,
    faults.length === 0 ? 'ok' : faults.join('; '),
  ];
};

const whole = (count: number): string => count.toLocaleString('en-US');

const sizeText = (bytes: number): string =>
  bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(0)} kB` : `${whole(Math.round(bytes / 1_000_000))} MB`;

const secondsText = (ms: number): string => (ms < 1_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1_000).toFixed(1)} s`);

/** The latencies that the times are made of, in Markdown. */
export const latencyText = (): string =>
  [
    '| call | each | and | source |',
    '|---|---|---|---|',
    ...Object.entries(latencies).map(
      ([kind, { callMs, bytesPerMs, source }]) => `| ${kind} | ${callMs} ms | 1 ms per ${whole(bytesPerMs)} bytes | ${source} |`,
    ),
  ].join('\n');
