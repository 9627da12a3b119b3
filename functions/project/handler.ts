import { services } from '../../shared/aws/services.ts';
import { log } from '../../shared/edge/log.ts';
import { decisionFromItem } from '../../shared/ledger/items.ts';
import { feedSink } from './feedSink.ts';
import { projector } from './project.ts';

const { table, clock, randomness } = services();

export const handler = projector({
  sinks: [feedSink({ table, clock, randomness })],
  decode: decisionFromItem,
  report: (failure) => log('error', 'not projected, will come again', failure),
});
