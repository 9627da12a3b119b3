import type { Measurements } from '../../shared/edge/metrics.ts';
import type { CompactReport } from './compact.ts';

/** What a run tells CloudWatch; nothing where another run was under way. */
export const measures = (report: CompactReport): Measurements =>
  report.outcome === 'busy'
    ? {}
    : {
        CompactedRows: { unit: 'Count', value: report.rows },
        CompactedFiles: { unit: 'Count', value: report.files },
        CompactionLag: { unit: 'Milliseconds', value: report.lagMs },
      };
