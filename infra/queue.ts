import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Duration } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';

export interface HouseQueueProps {
  readonly key: IKey;
  readonly retentionDays: number;
  readonly fifo?: boolean;
  readonly visibilityTimeoutSeconds?: number;
  /** Where a message goes after `maxReceives` receives. */
  readonly deadLetters?: { readonly queue: Queue; readonly maxReceives: number };
}

/** Every queue of the project: encrypted with the data key, reachable over TLS only. */
export class HouseQueue extends Queue {
  constructor(scope: Construct, id: string, props: HouseQueueProps) {
    super(scope, id, {
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: props.key,
      dataKeyReuse: Duration.hours(1),
      enforceSSL: true,
      retentionPeriod: Duration.days(props.retentionDays),
      ...(props.fifo ? { fifo: true } : {}),
      ...(props.visibilityTimeoutSeconds === undefined
        ? {}
        : { visibilityTimeout: Duration.seconds(props.visibilityTimeoutSeconds) }),
      ...(props.deadLetters === undefined
        ? {}
        : { deadLetterQueue: { queue: props.deadLetters.queue, maxReceiveCount: props.deadLetters.maxReceives } }),
    });
  }
}
