import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import {
  type ILambdaDeploymentConfig,
  LambdaApplication,
  LambdaDeploymentConfig,
  LambdaDeploymentGroup,
} from 'aws-cdk-lib/aws-codedeploy';
import type { Alias } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { HouseFunction } from './function.ts';
import type { Settings } from './settings.ts';

const configs: Readonly<Record<Exclude<Settings['shift'], 'atOnce'>, ILambdaDeploymentConfig>> = {
  tenthFor5Minutes: LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
  tenthAMinute: LambdaDeploymentConfig.LINEAR_10PERCENT_EVERY_1MINUTE,
};

export interface ShiftProps {
  readonly shift: Exclude<Settings['shift'], 'atOnce'>;
  readonly functions: readonly HouseFunction[];
  /** Any of them ends the shift of its function, and puts the version before back. */
  readonly alarmsOf: (fn: HouseFunction) => readonly Alarm[];
}

/** A new version of a function gets its calls little by little, and none any more once an alarm rings. AWS alone takes it. */
export class Shift extends Construct {
  constructor(scope: Construct, id: string, { shift, functions, alarmsOf }: ShiftProps) {
    super(scope, id);
    const application = new LambdaApplication(this, 'Application');
    for (const fn of functions) {
      new LambdaDeploymentGroup(this, fn.node.scope!.node.id, {
        application,
        alias: fn.alias as Alias,
        deploymentConfig: configs[shift],
        alarms: [...alarmsOf(fn)],
      });
    }
  }
}
