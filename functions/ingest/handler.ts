import { env } from '../../shared/aws/keys.ts';
import { services } from '../../shared/aws/services.ts';
import { httpHandler } from '../../shared/edge/http.ts';
import { ingestEndpoints } from './ingest.ts';

const world = services();
const isOrdered = process.env[env.queueUrl]?.endsWith('.fifo') ?? false;

export const handler = httpHandler('ingest', ingestEndpoints({ queue: world.queue, isOrdered }), world);
