import type { Command } from 'commander';
import { services } from '../../shared/adapters/aws/services.ts';
import { enableEndpoint, rotateSecret } from '../../shared/webhooks/endpoints.ts';
import { storesOption } from './target.ts';
import { cliActor, durationMs, tenantOption } from './values.ts';

interface Flags {
  readonly tenant: string;
  readonly overlap: number;
  readonly json?: true;
}

/** `aegis webhooks rotate`: a new secret, beside which the old one signs for a while. */
export const addRotate = (webhooks: Command): void => {
  storesOption(webhooks.command('rotate <endpointId>'))
    .description('give a webhook a new secret; prints it')
    .option('--overlap <duration>', 'how long the old secret signs beside it', durationMs, durationMs('7d'))
    .option(...tenantOption)
    .option('--json', 'print JSON')
    .action(async (endpointId: string, { tenant, overlap, json }: Flags) => {
      const { table, clock, randomness } = services();
      const endpoint = await rotateSecret({ table, clock, randomness }, tenant, { endpointId, by: cliActor, overlapMs: overlap });
      if (endpoint === null) throw new Error(`tenant ${tenant} has no webhook ${endpointId}`);
      if (json === true) console.log(JSON.stringify(endpoint, null, 2));
      else
        console.log(`${endpointId}\nsecret: ${endpoint.secret}\nthe old one signs beside it until ${endpoint.previous!.until}`);
    });
};

/** `aegis webhooks enable`: one that was disabled since its receiver took nothing for days. */
export const addEnable = (webhooks: Command): void => {
  storesOption(webhooks.command('enable <endpointId>'))
    .description('send again to a webhook that was disabled')
    .option(...tenantOption)
    .action(async (endpointId: string, { tenant }: Flags) => {
      const { table, clock, randomness } = services();
      const isEnabled = await enableEndpoint({ table, clock, randomness }, tenant, endpointId, cliActor);
      if (!isEnabled) throw new Error(`tenant ${tenant} has no webhook ${endpointId} that is disabled`);
      console.log(`${endpointId} is enabled`);
    });
};
