import { jobs } from './jobs.ts';
import type { JobLimits } from './limits.ts';
import { measure } from './measure.ts';
import type { Shape } from './shape.ts';
import { prepare, readPrepared, writePrepared } from './world.ts';

/** `prepare FILE SHAPE` computes what an age needs; `run FILE JOB LIMITS` measures one job in a process of its own and prints JSON. */
const [act, file, third, fourth] = process.argv.slice(2);
if (act === 'prepare') {
  writePrepared(file!, await prepare(JSON.parse(third!) as Shape));
} else {
  const job = jobs.find(({ name }) => name === third);
  if (job === undefined) throw new Error(`there is no job ${third}`);
  process.stdout.write(JSON.stringify(await measure(job, readPrepared(file!), JSON.parse(fourth!) as JobLimits)));
}
// A job that was cut off may have left work behind.
process.exit(0);
