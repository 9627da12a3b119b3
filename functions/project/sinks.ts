import type { Services } from '../../shared/adapters/aws/services.ts';
import { snsTopic } from '../../shared/adapters/aws/topic.ts';
import { log } from '../../shared/edge/log.ts';
import { measuring } from '../../shared/edge/metrics.ts';
import { hotDaysOf } from '../../shared/proof/hotRows.ts';
import { optional, required } from '../../shared/store/environment.ts';
import { alertsSink } from './alertsSink.ts';
import { archiveSink } from './archiveSink.ts';
import { decodersOfItems } from './decoders.ts';
import { featuresSink } from './featuresSink.ts';
import { feedSink } from './feedSink.ts';
import { headsSink } from './headsSink.ts';
import { healthSink } from './healthSink.ts';
import { lookupsSink } from './lookupsSink.ts';
import { merchantsSink } from './merchantsSink.ts';
import { metricsSink } from './metricsSink.ts';
import { pausedSinks } from './pausedSinks.ts';
import { policyReader } from './policyReader.ts';
import { tableProgress } from './progress.ts';
import type { Sink } from './project.ts';
import { protectedSink } from './protectedSink.ts';
import { reviewsSink } from './reviewsSink.ts';
import { setAsideOn } from './setAside.ts';
import { usersSink } from './usersSink.ts';
import { webhooksSink } from './webhooksSink.ts';

/** What the projector works with on AWS, beside the limits of one call. */
export const partsOf = (world: Services) => ({
  ...decodersOfItems,
  sinks: sinksOf(world),
  progress: tableProgress(world),
  paused: pausedSinks(world),
  setAside: setAsideOn(world.failures),
});

/** Where committed items go, in this order. */
const sinksOf = (world: Services): readonly Sink[] => [
  feedSink(world),
  reviewsSink(world),
  archiveSink({ archive: world.archive, table: world.table, hotDays: hotDaysOf(optional('hotDays')) }),
  headsSink(world),
  healthSink(world),
  usersSink(world),
  lookupsSink({
    table: world.table,
    masterSecret: world.masterSecret,
    policyOf: policyReader(world.table),
    isOn: optional('entityLookup') !== 'false',
  }),
  metricsSink({ clock: world.clock, write: (line) => process.stdout.write(`${line}\n`) }),
  featuresSink(world),
  merchantsSink(world),
  alertsSink({
    table: world.table,
    clock: world.clock,
    topics: {
      decision: snsTopic({ arn: required('decisionTopic') }),
      degraded: snsTopic({ arn: required('degradedTopic') }),
    },
    policyOf: policyReader(world.table),
    consoleUrl: optional('consoleUrl') ?? null,
  }),
  webhooksSink({ table: world.table, clock: world.clock, queue: world.webhookQueue }),
  protectedSink({
    table: world.table,
    hotDays: hotDaysOf(optional('hotDays')),
    measure: measuring(world.clock),
    log,
  }),
];
