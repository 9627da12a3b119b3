import { services } from '../../shared/aws/services.ts';
import { log } from '../../shared/edge/log.ts';
import { decisionFromItem } from '../../shared/ledger/items.ts';
import { feedSink } from './feedSink.ts';
import { projector } from './project.ts';
import { reviewsSink } from './reviewsSink.ts';

const world = services();

export const handler = projector({
  sinks: [feedSink(world), reviewsSink(world)],
  decode: decisionFromItem,
  report: (failure) => log('error', 'not projected, will come again', failure),
});
