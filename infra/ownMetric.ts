import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Duration } from 'aws-cdk-lib/core';
import { type MetricName, namespace, stageDimension } from '../shared/edge/metricNames.ts';

/** What the functions of a stage measure: by its name, never by what another stage of the account measures. */
export const ownMetric = (
  { stage }: { readonly stage: string },
  metricName: MetricName,
  statistic: string,
  period: Duration,
): Metric => new Metric({ namespace, metricName, dimensionsMap: { [stageDimension]: stage }, statistic, period });
