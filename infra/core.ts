import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { Data } from './data.ts';
import { Ingest } from './ingest.ts';
import type { Settings } from './settings.ts';

/** Everything that decides and stores, from resource types that AWS, LocalStack and MiniStack all take. */
export class CoreStack extends Stack {
  readonly data: Data;
  readonly ingest: Ingest;

  constructor(scope: Construct, id: string, props: StackProps & { readonly settings: Settings }) {
    super(scope, id, props);
    const { settings } = props;
    this.data = new Data(this, 'Data', settings);
    const common = { data: this.data, settings };
    this.ingest = new Ingest(this, 'Ingest', common);
    this.outputs({
      QueueUrl: this.ingest.queue.queueUrl,
      DeadLetterUrl: this.ingest.deadLetters.queueUrl,
      TableName: this.data.table.tableName,
      ModelBucketName: this.data.modelBucket.bucketName,
      ArchiveBucketName: this.data.archiveBucket.bucketName,
    });
  }

  private outputs(values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) new CfnOutput(this, name, { value });
  }
}
