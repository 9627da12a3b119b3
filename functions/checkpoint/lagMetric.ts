import type { CheckpointResult } from './checkpoint.ts';

/** CloudWatch's embedded metric format: a log line that becomes a metric, without a call. Milliseconds. */
export const lagMetric = ({ lagMs, leaves }: CheckpointResult, nowMs: number): string =>
  JSON.stringify({
    _aws: {
      Timestamp: nowMs,
      CloudWatchMetrics: [
        {
          Namespace: 'Aegis',
          Dimensions: [[]],
          Metrics: [
            { Name: 'CheckpointLag', Unit: 'Milliseconds' },
            { Name: 'CheckpointLeaves', Unit: 'Count' },
          ],
        },
      ],
    },
    CheckpointLag: lagMs,
    CheckpointLeaves: leaves,
  });
