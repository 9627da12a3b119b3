import { services } from '../../shared/adapters/aws/services.ts';
import { httpHandler } from '../../shared/edge/http.ts';
import { env } from '../../shared/store/names.ts';
import { ingestEndpoints } from './ingest.ts';

const world = services();
const isOrdered = process.env[env.queueUrl]?.endsWith('.fifo') ?? false;

export const handler = httpHandler('ingest', ingestEndpoints({ queue: world.queue, isOrdered }), world);
