import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';

/** Every topic of the project: encrypted with the data key, TLS only, and open to the alarms of this account. */
export class HouseTopic extends Topic {
  constructor(scope: Construct, id: string, props: { readonly key: IKey }) {
    super(scope, id, { masterKey: props.key, enforceSSL: true });
    // The policy that enforces TLS replaces the default policy of SNS, which would let CloudWatch publish.
    this.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
  }
}
