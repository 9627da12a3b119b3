import { Construct } from 'constructs';
import { env } from '../shared/store/names.ts';
import type { Data } from './data.ts';
import { HouseFunction } from './function.ts';
import { HouseQueue } from './queue.ts';
import { queueLife } from './queueLife.ts';
import type { Settings } from './settings.ts';

/** HTTPS transactions in, queue messages out. */
export class Ingest extends Construct {
  readonly function: HouseFunction;
  readonly queue: HouseQueue;
  /** Messages that can never be decided, each with its reason. */
  readonly deadLetters: HouseQueue;

  constructor(scope: Construct, id: string, props: { readonly data: Data; readonly settings: Settings }) {
    super(scope, id);
    const { data, settings } = props;
    const fifo = settings.queueKind === 'fifo';
    this.deadLetters = new HouseQueue(this, 'DeadLetters', {
      key: data.dataKey,
      retentionDays: settings.deadLetterRetentionDays,
      fifo,
    });
    const { visibilitySeconds, maxReceives } = queueLife(settings);
    this.queue = new HouseQueue(this, 'Queue', {
      key: data.dataKey,
      retentionDays: settings.messageRetentionDays,
      fifo,
      visibilityTimeoutSeconds: visibilitySeconds,
      deadLetters: { queue: this.deadLetters, maxReceives },
    });
    this.function = new HouseFunction(this, 'Handler', {
      stage: 'ingest',
      data,
      settings,
      isAudited: true,
      memoryMb: 512,
      timeoutSeconds: 15,
    })
      .readsItems('key')
      .sendsTo('Queue', this.queue, env.queueUrl)
      .told(env.fairQueue, String(settings.fairQueue && !fifo));
  }
}
