import { CfnTable } from 'aws-cdk-lib/aws-dynamodb';
import { CfnManagedPolicy, CfnPolicy } from 'aws-cdk-lib/aws-iam';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { CfnTopic } from 'aws-cdk-lib/aws-sns';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { Aspects, type IAspect, Stack } from 'aws-cdk-lib/core';
import type { IConstruct } from 'constructs';
import { prefixes } from '../shared/store/names.ts';
import { HouseBucket } from './bucket.ts';
import { HouseFunction } from './function.ts';
import { HouseQueue } from './queue.ts';
import { HouseTable } from './table.ts';
import { HouseTopic } from './topic.ts';

interface Rule {
  readonly applies: (node: IConstruct) => boolean;
  readonly house: abstract new (...args: never[]) => IConstruct;
}

const rules: readonly Rule[] = [
  { applies: (node) => node instanceof CfnFunction, house: HouseFunction },
  { applies: (node) => node instanceof CfnQueue, house: HouseQueue },
  { applies: (node) => node instanceof CfnBucket, house: HouseBucket },
  { applies: (node) => node instanceof CfnTable, house: HouseTable },
  { applies: (node) => node instanceof CfnTopic, house: HouseTopic },
];

/** Fails synthesis where a resource was made past the house constructs, or a role was given more than they give. */
export class HouseRules implements IAspect {
  private readonly faults: string[] = [];

  /** Holds for everything under `scope`; synthesis throws with every fault at once. */
  static guard(scope: IConstruct): void {
    const houseRules = new HouseRules();
    Aspects.of(scope).add(houseRules);
    scope.node.addValidation({ validate: () => houseRules.faults });
  }

  visit(node: IConstruct): void {
    for (const rule of rules) {
      if (rule.applies(node) && !node.node.scopes.some((scope) => scope instanceof rule.house)) {
        this.faults.push(`${node.node.path} must be made by ${rule.house.name}`);
      }
    }
    if (node instanceof CfnPolicy || node instanceof CfnManagedPolicy) {
      const mayScan = node.node.scopes.some((scope) => scope instanceof HouseFunction && scope.stage === scanningStage);
      for (const fault of grantFaults(Stack.of(node).resolve(node.policyDocument), mayScan)) {
        this.faults.push(`${node.node.path}: ${fault}`);
      }
    }
  }
}

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** Actions on items that IAM can tie to leading keys, and whether they may ever meet an audit entry. */
const itemActions: Readonly<Record<string, { readonly onAudit: boolean }>> = {
  'dynamodb:GetItem': { onAudit: true },
  'dynamodb:BatchGetItem': { onAudit: true },
  'dynamodb:Query': { onAudit: true },
  'dynamodb:PutItem': { onAudit: true },
  'dynamodb:ConditionCheckItem': { onAudit: true },
  'dynamodb:UpdateItem': { onAudit: false },
  'dynamodb:DeleteItem': { onAudit: false },
};

/** The one stage that reads the table from end to end. IAM knows no leading keys of a scan. */
const scanningStage = 'sweep';

const streamActions = ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'];

const grantFaults = (document: { readonly Statement: readonly Statement[] }, mayScan: boolean): string[] =>
  document.Statement.filter((statement) => statement.Effect === 'Allow').flatMap((statement) => {
    const actions = [statement.Action].flat();
    const keys = statement.Condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'];
    return [
      ...(statement.Resource === '*' ? [`statement ${statement.Sid}: every resource`] : []),
      ...actions.flatMap((action) => {
        if (action.includes('*')) return [`statement ${statement.Sid}: ${action} is a wildcard`];
        if (!action.startsWith('dynamodb:') || streamActions.includes(action)) return [];
        if (action === 'dynamodb:Scan' && mayScan) return [];
        const known = itemActions[action];
        if (known === undefined) return [`statement ${statement.Sid}: no function may have ${action}`];
        if (keys === undefined) return [`statement ${statement.Sid}: ${action} without leading keys`];
        if (
          !known.onAudit &&
          keys.some((key) => prefixes.audit.startsWith(key.replace(/\*$/, '').slice(0, prefixes.audit.length)))
        ) {
          return [`statement ${statement.Sid}: ${action} on audit entries`];
        }
        return [];
      }),
    ];
  });
