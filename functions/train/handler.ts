import { required, services } from '../../shared/adapters/aws/services.ts';
import { log } from '../../shared/edge/log.ts';
import { metricsLine } from '../../shared/edge/metrics.ts';
import { measures } from './measures.ts';
import { trainModel } from './train.ts';

const { table, archive, models, clock } = services();

/** Runs on a schedule; the report is for who invokes it by hand. */
export const handler = async () => {
  const startMs = clock.nowMs();
  const report = await trainModel({ table, archive, models, clock, log, codeVersion: required('version') });
  const nowMs = clock.nowMs();
  process.stdout.write(`${metricsLine(measures(report, nowMs - startMs), nowMs)}\n`);
  return report;
};
