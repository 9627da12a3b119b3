import type { Measurements } from '../../shared/edge/metrics.ts';
import type { TrainReport } from './train.ts';

/** What a training run tells CloudWatch; without enough rows, how many there were. */
export const measures = (report: TrainReport, tookMs: number): Measurements => {
  const ran = { TrainDuration: { unit: 'Milliseconds', value: tookMs } } as const;
  if (report.outcome === 'too few rows') return { ...ran, TrainRows: { unit: 'Count', value: report.rows } };
  const { rows, bytes, learned } = report.manifest;
  return {
    ...ran,
    TrainRows: { unit: 'Count', value: rows },
    TrainLabelledFrauds: { unit: 'Count', value: learned?.frauds ?? 0 },
    ModelPublished: { unit: 'Count', value: report.outcome === 'published' ? 1 : 0 },
    ModelCandidate: { unit: 'Count', value: report.outcome === 'candidate' ? 1 : 0 },
    ModelBytes: { unit: 'Count', value: bytes },
  };
};
