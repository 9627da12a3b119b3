import { readFileSync, writeFileSync } from 'node:fs';
import { drive } from './drive.ts';
import type { Job } from './jobs.ts';
import { type CallKind, wholeProcessorMb } from './latencies.ts';
import type { JobLimits } from './limits.ts';
import { type Prepared, worldOf } from './world.ts';

/** `out of time`: the function's on AWS. `stopped`: it took too long on this machine. */
export type Outcome = 'done' | 'failed' | 'out of time' | 'out of memory' | 'stopped';

export interface Measured {
  readonly job: string;
  readonly days: number;
  readonly outcome: Outcome;
  /** Why it failed. */
  readonly cause?: string;
  readonly calls: Partial<Record<CallKind, number>>;
  readonly bytes: number;
  /** Of the job's whole process, the synthetic stores with it: more than the function has. */
  readonly peakMb: number;
  /** Of the job alone, on this machine. */
  readonly cpuMs: number;
  /** What it takes on AWS: its waits, and its processor time at the share of a processor that its memory buys. */
  readonly awsMs: number;
}

/** Runs a job against a stack of some age. Nothing is thrown: what goes wrong is the outcome. */
export const measure = async (job: Job, prepared: Prepared, limits: JobLimits): Promise<Measured> => {
  const world = await worldOf(prepared, limits.timeMs, job.hotDays ?? null);
  const startMs = world.history.endMs;
  forgetPeak();
  const begun = process.cpuUsage();
  let outcome: Outcome = 'done';
  let cause: string | undefined;
  try {
    await drive(world.clock, () => job.run(world));
  } catch (error) {
    outcome = world.meter.isOutOfTime ? 'out of time' : 'failed';
    cause = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
  const { user, system } = process.cpuUsage(begun);
  const cpuMs = Math.max(0, (user + system) / 1_000 - world.meter.storesCpuMs);
  const slower = Math.max(1, job.runsIn === 'command' ? 1 : wholeProcessorMb / limits.memoryMb);
  return {
    job: job.name,
    days: prepared.shape.days,
    outcome,
    ...(outcome === 'failed' && cause !== undefined && { cause }),
    calls: world.meter.calls,
    bytes: world.meter.bytes,
    peakMb: peakMb(),
    cpuMs,
    awsMs: world.clock.nowMs() - startMs + cpuMs * slower,
  };
};

/** Lets the kernel count the peak of memory from now on; where it cannot, building the stores counts too. */
const forgetPeak = (): void => {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // No Linux.
  }
};

const peakMb = (): number => {
  try {
    return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1_024;
  } catch {
    return process.resourceUsage().maxRSS / 1_024;
  }
};
