import { services } from '../../shared/adapters/aws/services.ts';
import { log } from '../../shared/edge/log.ts';
import { auditFromItem, decisionFromItem } from '../../shared/ledger/items.ts';
import { projector } from './project.ts';
import { sinksOf } from './sinks.ts';

export const handler = projector({
  sinks: sinksOf(services()),
  decode: decisionFromItem,
  decodeEntry: auditFromItem,
  report: (failure) => log('error', 'not projected, will come again', failure),
});
