import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

/** Every topic of the project: encrypted with the data key, TLS only. */
export class HouseTopic extends Topic {
  constructor(scope: Construct, id: string, props: { readonly key: IKey }) {
    super(scope, id, { masterKey: props.key, enforceSSL: true });
  }
}
