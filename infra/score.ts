import { Construct } from 'constructs';
import { env } from '../shared/store/names.ts';
import type { Data } from './data.ts';
import { mayDecide } from './deciding.ts';
import { HouseFunction } from './function.ts';
import type { Ingest } from './ingest.ts';
import { queueLife } from './queueLife.ts';
import type { Settings } from './settings.ts';

/** Queue messages in; state, decision and audit entry out, in one transaction. */
export class Score extends Construct {
  readonly function: HouseFunction;

  constructor(
    scope: Construct,
    id: string,
    props: { readonly data: Data; readonly settings: Settings; readonly ingest: Ingest },
  ) {
    super(scope, id);
    const { data, settings, ingest } = props;
    this.function = new HouseFunction(this, 'Handler', {
      stage: 'score',
      data,
      settings,
      memoryMb: 1024,
      timeoutSeconds: settings.scoreTimeoutSeconds,
    });
    const { pauseSecondsMax, giveUpSeconds } = queueLife(settings);
    mayDecide(this.function, data)
      .readsItemsAtOnce('state')
      .readsItems('alert')
      .putsItems('alert')
      .updatesItems('alert')
      .told(env.queueUrl, ingest.queue.queueUrl)
      .told(env.pauseSecondsMax, String(pauseSecondsMax))
      .told(env.giveUpSeconds, String(giveUpSeconds))
      .sendsTo('DeadLetters', ingest.deadLetters, env.deadLetterUrl)
      .consumesQueue(ingest.queue, { batchSize: settings.scoreBatchSize, maxConcurrency: settings.scoreMaxConcurrency });
  }
}
