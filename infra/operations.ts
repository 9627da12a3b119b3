import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import {
  Alarm,
  AlarmRule,
  AlarmState,
  ComparisonOperator,
  CompositeAlarm,
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  Metric,
  SingleValueWidget,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Duration, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { featureMetric, type MetricName, watchedFeatures } from '../shared/edge/metricNames.ts';
import { Catalogue } from './catalogue.ts';
import type { CoreStack } from './core.ts';
import { addFirewall } from './firewall.ts';
import type { HouseFunction } from './function.ts';
import { ownMetric } from './ownMetric.ts';
import { prices } from './prices.ts';
import type { Settings } from './settings.ts';

/** What only AWS takes: a dashboard, alarms over alarms, a firewall, the tables of the compacted archive and a budget. The core works without it. */
export class OperationsStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { readonly settings: Settings; readonly core: CoreStack }) {
    super(scope, id, props);
    const { settings, core } = props;
    this.dashboard(settings, core);
    this.alarms(settings, core);
    if (settings.firewall === 'operations') addFirewall(this, { settings, api: core.api, dataKey: core.data.dataKey });
    new Catalogue(this, 'Catalogue', {
      databaseName: `aegis_${settings.stage.replaceAll('-', '_')}`,
      archiveBucket: core.data.archiveBucket,
    });
    new CfnBudget(this, 'Budget', {
      budget: {
        budgetName: `aegis-${settings.stage}`,
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount: settings.monthlyBudgetUsd, unit: 'USD' },
        costFilters: { TagKeyValue: ['user:application$aegis'] },
      },
      notificationsWithSubscribers: settings.alertEmails.map((address) => ({
        notification: { notificationType: 'FORECASTED', comparisonOperator: 'GREATER_THAN', threshold: 100 },
        subscribers: [{ subscriptionType: 'EMAIL', address }],
      })),
    });
  }

  private dashboard(settings: Settings, core: CoreStack): void {
    const { watched, functions } = core;
    const own = (metricName: MetricName, statistic: string): Metric =>
      ownMetric(settings, metricName, statistic, Duration.minutes(1));
    const spread = (metricName: MetricName): Metric[] => ['p10', 'p50', 'p90'].map((statistic) => own(metricName, statistic));
    const graph = (title: string, ...left: IMetric[]): GraphWidget => new GraphWidget({ title, left, width: 8 });
    const ofTable = (metricName: string): Metric =>
      new Metric({
        namespace: 'AWS/DynamoDB',
        metricName,
        dimensionsMap: { TableName: watched.table.tableName },
        statistic: 'sum',
        period: Duration.minutes(1),
      });
    new Dashboard(this, 'Dashboard', {
      dashboardName: `aegis-${settings.stage}`,
      widgets: [
        [
          new GraphWidget({
            title: 'Decisions a minute, by outcome',
            left: [own('Allowed', 'sum'), own('Reviewed', 'sum'), own('Blocked', 'sum')],
            stacked: true,
            width: 8,
          }),
          graph('From receipt to decision, ms', own('Latency', 'p50'), own('Latency', 'p99')),
          graph('Age of the oldest message, s', watched.queue.metricApproximateAgeOfOldestMessage()),
        ],
        [
          graph('Degraded and late', own('Degraded', 'sum'), own('Late', 'sum')),
          graph(
            'Repeats, dead letters, failed alerts and messages that return to the queue',
            own('Duplicates', 'sum'),
            own('DeadLetters', 'sum'),
            own('AlertsFailed', 'sum'),
            own('Unsettled', 'sum'),
          ),
          graph('Score', own('Score', 'p50'), own('Score', 'p99')),
        ],
        [
          graph(
            'Drift of the score: its percentiles are spread evenly while payments stay the same',
            ...spread('AnomalyPercentile'),
          ),
          graph('Drift of the main features, medians', ...watchedFeatures.map((name) => own(featureMetric(name), 'p50'))),
          graph(
            'Drift of the main features, 90th percentiles',
            ...watchedFeatures.map((name) => own(featureMetric(name), 'p90')),
          ),
        ],
        [
          graph('Waiting for a checkpoint, ms', own('CheckpointLag', 'max')),
          graph('Age of the model, ms', own('ModelAge', 'max')),
        ],
        [
          graph(
            'Capacity units',
            watched.table.metricConsumedReadCapacityUnits(),
            watched.table.metricConsumedWriteCapacityUnits(),
          ),
          graph('Conflicts', ofTable('TransactionConflict'), ofTable('ConditionalCheckFailedRequests')),
          graph('Failed calls', ...functions.map((fn) => fn.function.metricErrors({ label: fn.stage }))),
        ],
        [this.costSoFar(core)],
      ],
    });
  }

  /** The cost of the range that the dashboard shows, from CloudWatch's own counts. `aegis cost --from-cloudwatch` prints every line of it. */
  private costSoFar({ watched, functions, api }: CoreStack): SingleValueWidget {
    const price = prices.find(({ region }) => region === this.region) ?? prices[0]!;
    const period = Duration.days(1);
    const gbOf = ({ memoryMb }: HouseFunction): number => memoryMb / 1024;
    const usingMetrics: Record<string, IMetric> = {
      writes: watched.table.metricConsumedWriteCapacityUnits({ period }),
      reads: watched.table.metricConsumedReadCapacityUnits({ period }),
      calls: api.metricCount({ period }),
      sends: watched.queue.metricNumberOfMessagesSent({ period }),
    };
    const terms = [
      `FILL(writes, 0) * ${price.writeUnitsPerMillion}`,
      `FILL(reads, 0) * ${price.readUnitsPerMillion}`,
      `FILL(calls, 0) * ${price.apiCallsPerMillion}`,
      `FILL(sends, 0) * ${3 * price.queueCallsPerMillion}`,
    ];
    for (const fn of functions) {
      usingMetrics[`${fn.stage}Calls`] = fn.function.metricInvocations({ period });
      usingMetrics[`${fn.stage}Ms`] = fn.function.metricDuration({ period, statistic: 'sum' });
      terms.push(
        `FILL(${fn.stage}Calls, 0) * ${price.functionCallsPerMillion}`,
        `FILL(${fn.stage}Ms, 0) * ${1000 * gbOf(fn) * price.functionGbSecond}`,
      );
    }
    return new SingleValueWidget({
      title: `Cost of the shown range in US dollars, at the list prices of ${price.date}`,
      metrics: [new MathExpression({ label: 'dollars', expression: `(${terms.join(' + ')}) / 1000000`, usingMetrics, period })],
      setPeriodToTimeRange: true,
      width: 24,
      height: 3,
    });
  }

  private alarms(settings: Settings, { alarms }: CoreStack): void {
    const decisions = (metricName: MetricName): Metric => ownMetric(settings, metricName, 'sum', Duration.minutes(5));
    const all = 'FILL(allowed, 0) + FILL(reviewed, 0) + FILL(blocked, 0)';
    const degraded = new Alarm(this, 'DegradedShare', {
      alarmDescription: 'Aegis: more than 5 % of the decisions lack a part, such as the model',
      metric: new MathExpression({
        expression: `IF(${all} > 20, FILL(degraded, 0) / (${all}), 0)`,
        usingMetrics: {
          allowed: decisions('Allowed'),
          reviewed: decisions('Reviewed'),
          blocked: decisions('Blocked'),
          degraded: decisions('Degraded'),
        },
        period: Duration.minutes(5),
      }),
      threshold: 0.05,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 2,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    degraded.addAlarmAction(new SnsAction(alarms.health));
    const stopped = new CompositeAlarm(this, 'DecidingStopped', {
      alarmDescription: 'Aegis: messages wait in the queue and deciding fails; payments wait until somebody acts',
      alarmRule: AlarmRule.allOf(
        ...['QueueAge', 'ScoreErrors'].map((id) => AlarmRule.fromAlarm(alarms.node.findChild(id) as Alarm, AlarmState.ALARM)),
      ),
    });
    stopped.addAlarmAction(new SnsAction(alarms.health));
  }
}
