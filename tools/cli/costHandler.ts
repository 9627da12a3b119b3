import { BroadcastChannel } from 'node:worker_threads';
import { metered } from '../cost/meter.ts';

/** The deployed handler of a stage, metered: `aegis cost` gives it to the local stack. The stage is in this module's own address. */
const stage = new URL(import.meta.url).searchParams.get('stage')!;
const real = (await import(new URL(`../../functions/${stage}/handler.ts`, import.meta.url).href)) as {
  readonly handler: (event: unknown, context: unknown) => Promise<unknown>;
};
const meter = new BroadcastChannel('aegis-cost');
meter.unref();

export const handler = metered(stage, real.handler, (used) => meter.postMessage(used));
