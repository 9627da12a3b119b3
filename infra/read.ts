import { Construct } from 'constructs';
import { env } from '../shared/store/names.ts';
import type { Data } from './data.ts';
import { HouseFunction } from './function.ts';
import type { Ingest } from './ingest.ts';
import type { Settings } from './settings.ts';

/** HTTPS queries in; decisions, signals, accounts, audit, figures and console pages out. It writes nothing. */
export class Read extends Construct {
  readonly function: HouseFunction;

  constructor(
    scope: Construct,
    id: string,
    props: { readonly data: Data; readonly settings: Settings; readonly ingest: Ingest },
  ) {
    super(scope, id);
    const { data, settings, ingest } = props;
    this.function = new HouseFunction(this, 'Handler', {
      stage: 'read',
      data,
      settings,
      isAudited: true,
      memoryMb: 512,
      timeoutSeconds: 15,
    })
      .readsItems(
        'state',
        'decision',
        'audit',
        'feed',
        'counter',
        'review',
        'label',
        'policy',
        'list',
        'merchant',
        'key',
        'model',
        'secret',
        'erased',
        'checkpoint',
        'user',
        'entity',
        'lookup',
      )
      .readsItemsAtOnce('decision', 'lookup')
      .opensMasterSecret()
      .readsObjects('Models', data.modelBucket, env.modelBucket)
      .readsObjects('Archive', data.archiveBucket, env.archiveBucket)
      .listsObjects('Archive', data.archiveBucket, env.archiveBucket)
      .readsObjects('Checkpoints', data.checkpointBucket, env.checkpointBucket)
      .listsObjects('Checkpoints', data.checkpointBucket, env.checkpointBucket)
      .readsVersions('Checkpoints', data.checkpointBucket)
      .verifiesWith(data.signingKey, env.checkpointKeyId)
      .watches('Queue', ingest.queue, env.queueUrl);
  }
}
