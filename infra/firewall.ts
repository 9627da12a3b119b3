import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { Settings } from './settings.ts';

const visible = (metricName: string) => ({ cloudWatchMetricsEnabled: true, metricName, sampledRequestsEnabled: false });

const tooMany = (
  name: string,
  priority: number,
  rateBasedStatement: CfnWebACL.RateBasedStatementProperty,
): CfnWebACL.RuleProperty => ({
  name,
  priority,
  action: { block: {} },
  statement: { rateBasedStatement },
  visibilityConfig: visible(`Aegis${name}`),
});

/**
 * A web ACL before the API, with limits for each address and the inputs that AWS knows as bad. Its resources stand in `scope` itself: their logical
 * ids are those of earlier versions, whose log has the name of this one.
 */
export const addFirewall = (
  scope: Construct,
  { settings, api, dataKey }: { readonly settings: Settings; readonly api: RestApi; readonly dataKey: IKey },
): void => {
  const acl = new CfnWebACL(scope, 'Firewall', {
    scope: 'REGIONAL',
    defaultAction: { allow: {} },
    visibilityConfig: visible('AegisFirewall'),
    rules: [
      tooMany('TooManyOfOneAddress', 0, { limit: settings.addressCallsPer5Minutes, aggregateKeyType: 'IP' }),
      {
        name: 'KnownBadInputs',
        priority: 1,
        overrideAction: { none: {} },
        statement: { managedRuleGroupStatement: { vendorName: 'AWS', name: 'AWSManagedRulesKnownBadInputsRuleSet' } },
        visibilityConfig: visible('AegisBadInputs'),
      },
      // Whoever brings no key asks for health, console and documentation, or tries the door.
      tooMany('TooManyWithoutKey', 2, {
        limit: settings.keylessCallsPer5Minutes,
        aggregateKeyType: 'IP',
        scopeDownStatement: {
          notStatement: {
            statement: {
              sizeConstraintStatement: {
                fieldToMatch: { singleHeader: { Name: 'authorization' } },
                comparisonOperator: 'GT',
                size: 0,
                textTransformations: [{ priority: 0, type: 'NONE' }],
              },
            },
          },
        },
      }),
    ],
  });
  const { partition, region, account } = Stack.of(scope);
  // The service requires this prefix of the name. The log keeps only blocked requests, without keys and ids.
  const logGroupName = `aws-waf-logs-aegis-${settings.stage}${settings.firewall === 'core' ? '-core' : ''}`;
  const log = new LogGroup(scope, 'FirewallLog', {
    logGroupName,
    retention: settings.logRetentionDays,
    encryptionKey: dataKey,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const logging = new CfnLoggingConfiguration(scope, 'FirewallLogging', {
    resourceArn: acl.attrArn,
    logDestinationConfigs: [`arn:${partition}:logs:${region}:${account}:log-group:${logGroupName}`],
    redactedFields: [{ singleHeader: { Name: 'authorization' } }, { uriPath: {} }, { queryString: {} }],
    loggingFilter: {
      DefaultBehavior: 'DROP',
      Filters: [{ Behavior: 'KEEP', Requirement: 'MEETS_ANY', Conditions: [{ ActionCondition: { Action: 'BLOCK' } }] }],
    },
  });
  logging.node.addDependency(log);
  new CfnWebACLAssociation(scope, 'FirewallOfApi', { webAclArn: acl.attrArn, resourceArn: api.deploymentStage.stageArn });
};
