#!/usr/bin/env node
import { Command } from 'commander';
import { NoAnswer } from '../local/call.ts';
import { CommandFailure } from './target.ts';

/** One command line for everything that is not the API. A command's module is loaded only when it is called. */
interface CommandModule {
  /** Adds options, arguments and the action. */
  readonly configure: (command: Command) => void;
}

const commands: readonly { readonly name: string; readonly text: string; readonly load: () => Promise<CommandModule> }[] = [
  { name: 'simulate', text: 'send seeded traffic with known attacks to a deployment', load: () => import('./simulate.ts') },
  { name: 'evaluate', text: 'measure detection on labelled payments', load: () => import('./evaluate.ts') },
  { name: 'train', text: 'train a model and publish it if it is no worse', load: () => import('./train.ts') },
  { name: 'model', text: 'list, show and switch model versions', load: () => import('./model.ts') },
  { name: 'policy', text: 'lint, show and publish policies', load: () => import('./policyCommand.ts') },
  { name: 'lists', text: 'show, change and import the lists of the policy', load: () => import('./lists.ts') },
  { name: 'keys', text: 'create, list, revoke and rotate API keys', load: () => import('./keys.ts') },
  { name: 'labels', text: 'import late labels, such as chargebacks', load: () => import('./labels.ts') },
  { name: 'webhooks', text: 'add, list, rotate, enable, remove and replay webhooks', load: () => import('./webhooks.ts') },
  { name: 'sinks', text: 'pause and resume what the stream feeds while it is away', load: () => import('./sinks.ts') },
  { name: 'rebuild', text: 'restore what is made from the table of a period', load: () => import('./rebuild.ts') },
  { name: 'redrive', text: 'put dead letters back onto their queue', load: () => import('./redrive.ts') },
  { name: 'rollback', text: 'put functions back to their versions before a deployment', load: () => import('./rollback.ts') },
  { name: 'verify', text: 'check an export or an evidence page, without any service', load: () => import('./verify.ts') },
  { name: 'export', text: 'write audit chains, policies and checkpoints to one bundle', load: () => import('./export.ts') },
  { name: 'replay', text: 'recompute decisions and compare every byte', load: () => import('./replay.ts') },
  { name: 'evidence', text: 'write a page about one decision, with its proof attached', load: () => import('./evidence.ts') },
  { name: 'cost', text: 'meter a load and print what a million decisions cost', load: () => import('./cost.ts') },
  { name: 'doctor', text: 'check what each way of running Aegis needs', load: () => import('./doctor.ts') },
  { name: 'erase', text: 'erase the personal data of a user everywhere', load: () => import('./erase.ts') },
  { name: 'secret', text: 'rotate the master secret of sealed personal data', load: () => import('./secret.ts') },
];

const program = new Command('aegis')
  .description('The Aegis fraud decision engine from the command line.')
  .showHelpAfterError('(--help lists the options)');

for (const { name, text, load } of commands) {
  const command = program.command(name).description(text).showHelpAfterError('(--help lists the options)');
  if (process.argv[2] === name) (await load()).configure(command);
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(`aegis: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = error instanceof NoAnswer ? 2 : error instanceof CommandFailure ? error.exitCode : 1;
}
