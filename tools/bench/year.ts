import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { localTemplate } from '../local/template.ts';
import { jobs } from './year/jobs.ts';
import { functionLimits, type JobLimits, limitsOf } from './year/limits.ts';
import type { Measured } from './year/measure.ts';
import { judged, latencyText, type Row, tableText } from './year/report.ts';
import { ages, type Shape, shapeOf } from './year/shape.ts';

/**
 * Every job of a deployment against a stack of one day, 30 days and a year. The stack is not lived through: behind the same ports stand
 * stores that make each item when it is read, and a few accounts of the real engine. Time passes on a virtual clock, by the published
 * latencies of each call; docs/scale.md says what is true in it and what is not.
 */
const help = `Usage: npm run bench -- year [--jobs NAME,...] [--days 1,30,365] [--accounts N] [--payments N] [--seconds N] [--stacks FOLDER] [--json]

  --jobs NAMES     only these jobs, comma-separated; --list names them all
  --days LIST      ages of the stack in days (default ${ages.join(',')}); the last two are compared
  --accounts N     accounts that pay in turn (default 1000000)
  --payments N     payments of a year (default 100000000)
  --seconds N      what a job may take on this machine before it is stopped and counts as over its limit (default 300)
  --stacks FOLDER  keep the stacks there and take those that are there, so that jobs can be run one at a time
  --latencies      print the latencies that times on AWS are made of, and their sources
  --list           print the names of the jobs
  --json           print JSON

Exit code 1 when a job is over the time or memory of its function, or a job declared flat grows by more than 1.5 between the last two ages.`;

const { values } = parseArgs({
  options: {
    jobs: { type: 'string' },
    days: { type: 'string', default: ages.join(',') },
    accounts: { type: 'string' },
    payments: { type: 'string' },
    seconds: { type: 'string', default: '300' },
    stacks: { type: 'string' },
    latencies: { type: 'boolean' },
    list: { type: 'boolean' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});

const wholeNumber = (name: string, text: string): number => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  console.error(`--${name} is ${text}; allowed: a whole number from 1`);
  process.exit(2);
};

const chosen = (): typeof jobs => {
  if (values.jobs === undefined) return jobs;
  const names = values.jobs.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !jobs.some((job) => job.name === name));
  if (unknown === undefined) return jobs.filter(({ name }) => names.includes(name));
  console.error(`there is no job "${unknown}"; there are: ${jobs.map(({ name }) => name).join(', ')}`);
  process.exit(2);
};

if (values.help) console.log(help);
else if (values.latencies) console.log(latencyText());
else if (values.list)
  for (const { name, growth, runsIn } of jobs) console.log(`${name.padEnd(24)} ${growth.padEnd(14)} ${runsIn}`);
else process.exitCode = await main();

async function main(): Promise<number> {
  const wanted = chosen();
  const secondsMax = wholeNumber('seconds', values.seconds);
  const given: Partial<Shape> = {
    ...(values.accounts !== undefined && { accounts: wholeNumber('accounts', values.accounts) }),
    ...(values.payments !== undefined && { entriesPerYear: wholeNumber('payments', values.payments) }),
  };
  const shapes = values.days.split(',').map((days) => shapeOf(wholeNumber('days', days), given));
  const functions = functionLimits(await localTemplate());
  const folder = values.stacks ?? mkdtempSync(join(tmpdir(), 'aegis-year-'));
  try {
    const files = new Map<Shape, string>();
    for (const shape of shapes) {
      const file = join(folder, `${shape.days}-${shape.accounts}-${shape.entriesPerYear}`);
      if (!existsSync(file)) {
        progress(`making the stack of day ${shape.days}`);
        await child(['prepare', file, JSON.stringify(shape)], 4_096, secondsMax);
      }
      files.set(shape, file);
    }
    const rows: Row[] = [];
    for (const job of wanted) {
      const limits = limitsOf(job.runsIn, functions);
      const measured: Measured[] = [];
      for (const [shape, file] of files) {
        progress(`${job.name}, day ${shape.days}`);
        measured.push(await measuredApart(job.name, shape.days, file, limits, secondsMax));
      }
      rows.push(...judged(job, limits, measured));
    }
    progress('');
    const faulty = rows.filter(({ faults }) => faults.length > 0);
    if (values.json) console.log(JSON.stringify({ shapes, rows }, null, 2));
    else {
      console.log(`${tableText(rows)}\n\n${latencyText()}\n`);
      console.log(
        faulty.length === 0 ? 'all jobs are within their limits' : `${faulty.length} of ${rows.length} rows are over a limit`,
      );
    }
    return faulty.length === 0 ? 0 : 1;
  } finally {
    if (values.stacks === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** One job at one age in a process of its own, with the heap that Lambda gives a function of its memory. */
async function measuredApart(job: string, days: number, file: string, limits: JobLimits, secondsMax: number): Promise<Measured> {
  const nothing = { job, days, calls: {}, bytes: 0, peakMb: 0, cpuMs: 0, awsMs: 0 };
  const { text, isStopped, code } = await child(['run', file, job, JSON.stringify(limits)], limits.memoryMb, secondsMax);
  if (isStopped) return { ...nothing, outcome: 'stopped' };
  if (code === 0) return JSON.parse(text) as Measured;
  if (text.includes('heap out of memory')) return { ...nothing, outcome: 'out of memory' };
  return { ...nothing, outcome: 'failed', cause: `exit code ${code}: ${text.slice(-300)}` };
}

/** Lambda gives the old generation of a function's heap nine tenths of its memory. */
function child(
  given: readonly string[],
  memoryMb: number,
  secondsMax: number,
): Promise<{ readonly text: string; readonly isStopped: boolean; readonly code: number | null }> {
  const heapMb = Math.floor(0.9 * memoryMb);
  const program = join(import.meta.dirname, 'year', 'child.ts');
  const started = spawn(process.execPath, [`--max-old-space-size=${heapMb}`, program, ...given], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  let isStopped = false;
  for (const stream of [started.stdout, started.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk));
  const timer = setTimeout(() => {
    isStopped = true;
    started.kill('SIGKILL');
  }, secondsMax * 1_000);
  return new Promise((resolve, reject) => {
    started.on('error', reject);
    started.on('close', (code) => {
      clearTimeout(timer);
      if (given[0] === 'prepare' && code !== 0) reject(new Error(`the stack could not be made: ${text || 'out of time'}`));
      else resolve({ text, isStopped, code });
    });
  });
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else if (text !== '') process.stderr.write(`${text}\n`);
}
