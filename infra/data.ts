import { type ITable, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { HouseBucket } from './bucket.ts';
import type { ExistingKeys, Settings } from './settings.ts';
import { HouseTable } from './table.ts';

/** What must outlive every deployment: the table, the buckets and the keys. Its logical ids are contract: a changed id is a new resource. */
export class Data extends Construct {
  /** Encrypts table, buckets, queues, topics and logs at rest. */
  readonly dataKey: IKey;
  /** Wraps the master secret under which personal data is sealed. */
  readonly masterKey: IKey;
  /** Signs the checkpoints of the audit chains; its private half never leaves KMS. */
  readonly signingKey: IKey;
  readonly table: ITable;
  readonly modelBucket: HouseBucket;
  /** Audit entries and features to train on: what an erasure must be able to rewrite. */
  readonly archiveBucket: HouseBucket;
  /** Signed checkpoints, under lock. */
  readonly checkpointBucket: HouseBucket;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    const { keyProvider } = settings;
    const keys = keyProvider === 'stack' ? this.ownKeys(settings.signingKeyVersion) : this.existingKeys(keyProvider);
    this.dataKey = keys.data;
    this.masterKey = keys.master;
    this.signingKey = keys.signing;
    const { restoredTable } = settings;
    this.table =
      restoredTable === undefined
        ? // The class leaves optional properties undefined, which its own interface does not allow under exactOptionalPropertyTypes.
          (new HouseTable(this, 'Table', { key: this.dataKey }) as ITable)
        : Table.fromTableAttributes(this, 'RestoredTable', {
            tableArn: restoredTable.arn,
            tableStreamArn: restoredTable.streamArn,
            encryptionKey: this.dataKey,
          });
    this.modelBucket = new HouseBucket(this, 'ModelBucket', { key: this.dataKey, oldVersionDays: settings.oldVersionDays });
    this.archiveBucket = new HouseBucket(this, 'ArchiveBucket', {
      key: this.dataKey,
      oldVersionDays: settings.oldVersionDays,
    });
    this.checkpointBucket = new HouseBucket(this, 'CheckpointBucket', {
      key: this.dataKey,
      oldVersionDays: settings.oldVersionDays,
      lockDays: settings.checkpointLockDays,
    });
  }

  private ownKeys(signingKeyVersion: number): Keys {
    const data = new Key(this, 'DataKey', {
      description: 'Aegis: encryption at rest',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.allowServices(data);
    return {
      data,
      master: new Key(this, 'MasterKey', {
        description: 'Aegis: wraps the master secret of sealed personal data',
        enableKeyRotation: true,
        removalPolicy: RemovalPolicy.RETAIN,
      }),
      signing: new Key(this, `SigningKey${signingKeyVersion === 1 ? '' : signingKeyVersion}`, {
        description: 'Aegis: signs checkpoints of the audit chains',
        keySpec: KeySpec.ECC_NIST_P256,
        keyUsage: KeyUsage.SIGN_VERIFY,
        removalPolicy: RemovalPolicy.RETAIN,
      }),
    };
  }

  private existingKeys({ data, master, signing }: ExistingKeys): Keys {
    return {
      data: Key.fromKeyArn(this, 'DataKey', data),
      master: Key.fromKeyArn(this, 'MasterKey', master),
      signing: Key.fromKeyArn(this, 'SigningKey', signing),
    };
  }

  private allowServices(dataKey: Key): void {
    const { region, account, partition } = Stack.of(this);
    dataKey.addToResourcePolicy(
      new PolicyStatement({
        sid: 'LogsOfThisAccount',
        effect: Effect.ALLOW,
        principals: [new ServicePrincipal(`logs.${region}.amazonaws.com`)],
        actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo', 'kms:GenerateDataKey', 'kms:DescribeKey'],
        resources: ['*'],
        conditions: {
          ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*` },
        },
      }),
    );
    dataKey.addToResourcePolicy(
      new PolicyStatement({
        sid: 'NotifiersOfThisAccount',
        effect: Effect.ALLOW,
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com'), new ServicePrincipal('events.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      }),
    );
  }
}

interface Keys {
  readonly data: IKey;
  readonly master: IKey;
  readonly signing: IKey;
}
