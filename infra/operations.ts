import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import {
  Alarm,
  AlarmRule,
  AlarmState,
  CompositeAlarm,
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { namespace } from '../shared/edge/metrics.ts';
import type { CoreStack } from './core.ts';
import type { Settings } from './settings.ts';

/** Requests of one address in five minutes; above, the firewall answers 403. */
const requestsPerAddressMax = 100_000;

/** What only AWS takes: a dashboard, alarms over alarms, a firewall and a budget. The core works without it. */
export class OperationsStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { readonly settings: Settings; readonly core: CoreStack }) {
    super(scope, id, props);
    const { settings, core } = props;
    this.dashboard(settings, core);
    this.alarms(core);
    this.firewall(settings, core);
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

  private dashboard(settings: Settings, { watched, functions }: CoreStack): void {
    const own = (metricName: string, statistic: string): Metric =>
      new Metric({ namespace, metricName, statistic, period: Duration.minutes(1) });
    const graph = (title: string, ...left: IMetric[]): GraphWidget => new GraphWidget({ title, left, width: 8 });
    new Dashboard(this, 'Dashboard', {
      dashboardName: `aegis-${settings.stage}`,
      widgets: [
        [
          graph('Decisions a minute', own('Allowed', 'sum'), own('Reviewed', 'sum'), own('Blocked', 'sum')),
          graph('From receipt to decision, ms', own('Latency', 'p50'), own('Latency', 'p99')),
          graph('Age of the oldest message, s', watched.queue.metricApproximateAgeOfOldestMessage()),
        ],
        [
          graph('Degraded and late', own('Degraded', 'sum'), own('Late', 'sum')),
          graph('Score', own('Score', 'p50'), own('Score', 'p99')),
          graph('Waiting for a checkpoint, ms', own('CheckpointLag', 'max')),
          graph('Age of the model, ms', own('ModelAge', 'max')),
        ],
        [
          graph(
            'Capacity units',
            watched.table.metricConsumedReadCapacityUnits(),
            watched.table.metricConsumedWriteCapacityUnits(),
          ),
          graph('Conflicts', conflicts(watched.table.tableName)),
          graph('Failed calls', ...functions.map((fn) => fn.function.metricErrors({ label: fn.stage }))),
        ],
      ],
    });
  }

  private alarms({ alarms }: CoreStack): void {
    const decisions = (metricName: string): Metric =>
      new Metric({ namespace, metricName, statistic: 'sum', period: Duration.minutes(5) });
    const degraded = new Alarm(this, 'DegradedShare', {
      alarmDescription: 'Aegis: more than a twentieth of the decisions is made without a part',
      metric: new MathExpression({
        expression: 'IF(allowed + reviewed + blocked > 20, degraded / (allowed + reviewed + blocked), 0)',
        usingMetrics: {
          allowed: decisions('Allowed'),
          reviewed: decisions('Reviewed'),
          blocked: decisions('Blocked'),
          degraded: decisions('Degraded'),
        },
        period: Duration.minutes(5),
      }),
      threshold: 0.05,
      evaluationPeriods: 2,
    });
    degraded.addAlarmAction(new SnsAction(alarms.health));
    const stopped = new CompositeAlarm(this, 'DecidingStopped', {
      alarmDescription: 'Aegis: the queue is old and deciding fails: payments wait for a person',
      alarmRule: AlarmRule.allOf(
        ...['QueueAge', 'ScoreErrors'].map((id) => AlarmRule.fromAlarm(alarms.node.findChild(id) as Alarm, AlarmState.ALARM)),
      ),
    });
    stopped.addAlarmAction(new SnsAction(alarms.health));
  }

  private firewall(settings: Settings, { api, data }: CoreStack): void {
    const visible = (metricName: string) => ({ cloudWatchMetricsEnabled: true, metricName, sampledRequestsEnabled: false });
    const acl = new CfnWebACL(this, 'Firewall', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: visible('AegisFirewall'),
      rules: [
        {
          name: 'TooManyOfOneAddress',
          priority: 0,
          action: { block: {} },
          statement: { rateBasedStatement: { limit: requestsPerAddressMax, aggregateKeyType: 'IP' } },
          visibilityConfig: visible('AegisTooMany'),
        },
        {
          name: 'KnownBadInputs',
          priority: 1,
          overrideAction: { none: {} },
          statement: { managedRuleGroupStatement: { vendorName: 'AWS', name: 'AWSManagedRulesKnownBadInputsRuleSet' } },
          visibilityConfig: visible('AegisBadInputs'),
        },
      ],
    });
    // The service takes no other beginning of the name. Only what it blocked is kept, without keys and ids.
    const log = new LogGroup(this, 'FirewallLog', {
      logGroupName: `aws-waf-logs-aegis-${settings.stage}`,
      retention: settings.logRetentionDays,
      encryptionKey: data.dataKey,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const logging = new CfnLoggingConfiguration(this, 'FirewallLogging', {
      resourceArn: acl.attrArn,
      logDestinationConfigs: [
        `arn:${this.partition}:logs:${this.region}:${this.account}:log-group:aws-waf-logs-aegis-${settings.stage}`,
      ],
      redactedFields: [{ singleHeader: { Name: 'authorization' } }, { uriPath: {} }, { queryString: {} }],
      loggingFilter: {
        DefaultBehavior: 'DROP',
        Filters: [{ Behavior: 'KEEP', Requirement: 'MEETS_ANY', Conditions: [{ ActionCondition: { Action: 'BLOCK' } }] }],
      },
    });
    logging.node.addDependency(log);
    new CfnWebACLAssociation(this, 'FirewallOfApi', { webAclArn: acl.attrArn, resourceArn: api.deploymentStage.stageArn });
  }
}

const conflicts = (TableName: string): Metric =>
  new Metric({
    namespace: 'AWS/DynamoDB',
    metricName: 'TransactionConflict',
    dimensionsMap: { TableName },
    statistic: 'sum',
    period: Duration.minutes(1),
  });
