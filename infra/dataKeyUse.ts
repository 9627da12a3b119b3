import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Stack } from 'aws-cdk-lib/core';

/** What a role may do with the data key: only through the services that store the data, in one statement for each of them. */
export class DataKeyUse {
  private readonly role: Role;
  private readonly key: IKey;
  private readonly statements = new Map<string, PolicyStatement>();

  constructor(role: Role, key: IKey) {
    this.role = role;
    this.key = key;
  }

  /** Adds actions to those that the role may have a service, as in `sqs`, do with the key. */
  allow(service: string, actions: readonly string[]): void {
    let statement = this.statements.get(service);
    if (statement === undefined) {
      statement = new PolicyStatement({
        sid: `DataKeyThrough${service.toUpperCase()}`,
        resources: [this.key.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': `${service}.${Stack.of(this.role).region}.amazonaws.com` } },
      });
      this.statements.set(service, statement);
      this.role.addToPolicy(statement);
    }
    const missing = actions.filter((action) => !statement.actions.includes(action));
    statement.addActions(...missing);
  }
}
