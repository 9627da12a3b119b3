import { env } from '../../shared/aws/keys.ts';
import { required, services } from '../../shared/aws/services.ts';
import { snsTopic } from '../../shared/aws/topic.ts';
import { log } from '../../shared/edge/log.ts';
import { auditFromItem, decisionFromItem } from '../../shared/ledger/items.ts';
import { alertsSink } from './alertsSink.ts';
import { archiveSink } from './archiveSink.ts';
import { featuresSink } from './featuresSink.ts';
import { feedSink } from './feedSink.ts';
import { headsSink } from './headsSink.ts';
import { metricsSink } from './metricsSink.ts';
import { policyReader } from './policyReader.ts';
import { projector } from './project.ts';
import { reviewsSink } from './reviewsSink.ts';
import { webhooksSink } from './webhooksSink.ts';

const world = services();

export const handler = projector({
  sinks: [
    feedSink(world),
    reviewsSink(world),
    archiveSink(world),
    headsSink(world),
    metricsSink({ clock: world.clock, write: (line) => process.stdout.write(`${line}\n`) }),
    featuresSink(world),
    alertsSink({
      table: world.table,
      clock: world.clock,
      topics: {
        decision: snsTopic({ arn: required('decisionTopic') }),
        degraded: snsTopic({ arn: required('degradedTopic') }),
      },
      policyOf: policyReader(world.table),
      consoleUrl: process.env[env.consoleUrl] ?? null,
    }),
    webhooksSink({ table: world.table, clock: world.clock, queue: world.webhookQueue }),
  ],
  decode: decisionFromItem,
  decodeEntry: auditFromItem,
  report: (failure) => log('error', 'not projected, will come again', failure),
});
