import { services } from '../../shared/adapters/aws/services.ts';
import { httpHandler } from '../../shared/edge/http.ts';
import { isTrue, required } from '../../shared/store/environment.ts';
import { ingestEndpoints } from './ingest.ts';

const world = services();
const isOrdered = required('queueUrl').endsWith('.fifo');

export const handler = httpHandler(
  'ingest',
  ingestEndpoints({ queue: world.queue, isOrdered, isFair: isTrue('fairQueue') }),
  world,
);
