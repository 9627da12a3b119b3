import { Construct } from 'constructs';
import { env } from '../shared/store/names.ts';
import type { Data } from './data.ts';
import { HouseFunction } from './function.ts';
import { HouseQueue } from './queue.ts';
import type { Settings } from './settings.ts';

const timeoutSeconds = 30;
/** Lambda may receive a message again before a slow batch is done, unless the queue waits this many function timeouts. */
const visibilityPerTimeout = 6;
/** The pauses between these tries add up to about 19 hours. */
const triesMax = 8;
/** Calls of the function at once: slow receivers hold up no more than these. */
const maxConcurrency = 5;
const batchSize = 10;

/** Events in from the project stage; signed HTTPS requests out. */
export class Webhooks extends Construct {
  readonly function: HouseFunction;
  readonly queue: HouseQueue;
  /** Messages that their receiver did not accept, until they are replayed. */
  readonly deadLetters: HouseQueue;

  constructor(scope: Construct, id: string, props: { readonly data: Data; readonly settings: Settings }) {
    super(scope, id);
    const { data, settings } = props;
    this.deadLetters = new HouseQueue(this, 'DeadLetters', {
      key: data.dataKey,
      retentionDays: settings.deadLetterRetentionDays,
    });
    this.queue = new HouseQueue(this, 'Queue', {
      key: data.dataKey,
      retentionDays: settings.messageRetentionDays,
      visibilityTimeoutSeconds: visibilityPerTimeout * timeoutSeconds,
      deadLetters: { queue: this.deadLetters, maxReceives: triesMax },
    });
    this.function = new HouseFunction(this, 'Handler', { stage: 'webhooks', data, settings, memoryMb: 256, timeoutSeconds })
      .readsItems('webhook')
      .watches('Queue', this.queue, env.webhookQueueUrl);
    this.function.consumesQueue(this.queue, { batchSize, maxConcurrency });
  }
}
