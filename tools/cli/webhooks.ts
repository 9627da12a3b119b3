import type { Command } from 'commander';
import { services } from '../../shared/adapters/aws/services.ts';
import { isTrue, required } from '../../shared/store/environment.ts';
import { checkedAddresses } from '../../shared/webhooks/address.ts';
import { addEndpoint, type EndpointStore, listEndpoints, removeEndpoint } from '../../shared/webhooks/endpoints.ts';
import { eventPatterns, parseMessage } from '../../shared/webhooks/events.ts';
import { readReceiver } from '../../shared/webhooks/receivers.ts';
import { moveMessages } from '../aws/redrive.ts';
import { resend, resendLimits } from '../rebuild/resend.ts';
import { timeOf } from './rebuild.ts';
import { storesOption } from './target.ts';
import { cliActor, commaSeparated, tableText, tenantOption } from './values.ts';
import { addEnable, addRotate } from './webhookChanges.ts';

interface Flags {
  readonly tenant: string;
  readonly receiver: string;
  readonly events: string[];
  readonly json?: true;
}

/** `aegis webhooks`: goes to table and queues itself, with the caller's own AWS rights. */
export const configure = (webhooks: Command): void => {
  storesOption(webhooks.command('add'))
    .description('send events to a receiver; prints the secret that signs them')
    .requiredOption('--receiver <url>', 'where messages go: https, at a public address')
    .requiredOption('--events <patterns>', `comma-separated, of ${eventPatterns.join(', ')}`, commaSeparated)
    .option(...tenantOption)
    .option('--json', 'print JSON')
    .action(async ({ tenant, receiver: url, events, json }: Flags) => {
      const rules = { allowsLoopback: isTrue('webhooksToLoopback') };
      const unresolved = await unresolvedCause(url);
      const endpoint = await addEndpoint(endpointStore(), { tenant, url, events, createdBy: cliActor }, rules);
      if (json === true) console.log(JSON.stringify(endpoint, null, 2));
      else console.log(`${endpoint.endpointId}\nsecret: ${endpoint.secret}`);
      if (unresolved !== null) console.error(`added, but the receiver cannot be reached now: ${unresolved}`);
    });
  storesOption(webhooks.command('list'))
    .description('list the webhooks of a tenant, the oldest first')
    .option(...tenantOption)
    .option('--json', 'print JSON, secrets included')
    .action(async ({ tenant, json }: Flags) => {
      const endpoints = await listEndpoints(services().table, tenant);
      const states = await Promise.all(endpoints.map(({ endpointId }) => readReceiver(services().table, tenant, endpointId)));
      const rows = endpoints.map(({ endpointId, url, events, createdAt }, i) => {
        const { disabledAtMs = 0 } = states[i] ?? {};
        const state = disabledAtMs > 0 ? `disabled ${new Date(disabledAtMs).toISOString()}` : 'enabled';
        return [endpointId, url, events.join(','), createdAt, state];
      });
      console.log(
        json === true
          ? JSON.stringify(endpoints, null, 2)
          : tableText([['WEBHOOK', 'URL', 'EVENTS', 'CREATED', 'STATE'], ...rows]),
      );
    });
  addRotate(webhooks);
  addEnable(webhooks);
  storesOption(webhooks.command('remove <endpointId>'))
    .description('stop sending to a webhook')
    .option(...tenantOption)
    .action(async (endpointId: string, { tenant }: Flags) => {
      const isRemoved = await removeEndpoint(endpointStore(), tenant, endpointId, cliActor);
      if (!isRemoved) throw new Error(`tenant ${tenant} has no webhook ${endpointId}`);
      console.log(`${endpointId} is removed`);
    });
  storesOption(webhooks.command('replay [endpointId]'))
    .description('send again: what no receiver accepted, or all that a webhook was told of in a period')
    .option('--from <time>', 'all events from this time on, RFC 3339, at most 30 days ago', timeOf)
    .option('--to <time>', 'with --from: up to this time, exclusive; by default up to now', timeOf)
    .option(...tenantOption)
    .addHelpText(
      'after',
      `
Without --from it takes the messages for this webhook, or for all, from the dead letters. With it, events keep the ids that they have had. Cut off and
called again with the same options, it goes on where it was. Exit code 0: sent; 1: stopped, call it again; 3: ${resendLimits.eventsMax} events were sent, call it again for more.`,
    )
    .action(async (endpointId: string | undefined, flags: ReplayFlags) => {
      if (flags.from === undefined) return replayDeadLetters(endpointId);
      if (endpointId === undefined) webhooks.error('error: --from needs the id of a webhook', { exitCode: 2 });
      const { from: fromMs, to: toMs = null, tenant } = flags;
      if (toMs !== null && toMs <= fromMs) webhooks.error('error: --to must be after --from', { exitCode: 2 });
      const { table, webhookQueue, clock } = services();
      const report = await resend({ table, webhookQueue, clock }, { tenant, endpointId, fromMs, toMs }, ({ events }) =>
        console.error(`${events} events sent again`),
      );
      console.log(`${report.events} events sent again${report.isDone ? '' : ', more are left'}`);
      if (!report.isDone) process.exitCode = moreLeftExitCode;
    });
};

const moreLeftExitCode = 3;

interface ReplayFlags {
  readonly from?: number;
  readonly to?: number;
  readonly tenant: string;
}

const replayDeadLetters = async (endpointId: string | undefined): Promise<void> => {
  const { moved, left } = await moveMessages({
    fromUrl: required('webhookDeadLetterUrl'),
    toUrl: required('webhookQueueUrl'),
    isWanted: ({ body }) => endpointId === undefined || parseMessage(body)?.endpointId === endpointId,
  });
  console.log(`${moved} sent again, ${left} left`);
};

/** Why a URL's name has no address here; null when it has. Throws a RangeError when it has one that webhooks may not go to. */
const unresolvedCause = async (url: string): Promise<string | null> => {
  if (!URL.canParse(url)) return null;
  try {
    await checkedAddresses(new URL(url));
    return null;
  } catch (error) {
    if (error instanceof RangeError) throw error;
    return error instanceof Error ? error.message : String(error);
  }
};

const endpointStore = (): EndpointStore => {
  const { table, clock, randomness } = services();
  return { table, clock, randomness };
};
