import type { Command } from 'commander';
import { services } from '../../shared/adapters/aws/services.ts';
import type { Manifest } from '../../shared/model/manifest.ts';
import { activateModel, listManifests, readManifest, readPointer, rollBackModel, versionsMax } from '../../shared/model/store.ts';
import { storesOption } from './target.ts';

const by = 'aegis model';

export const configure = (command: Command): void => {
  command.description('list, show and switch model versions; each switch is recorded in the system chain');
  storesOption(command.command('list')).description('list all versions, the newest first').action(list);
  storesOption(command.command('show [version]'))
    .description('print a manifest as JSON (default: of the version in force)')
    .action(show);
  storesOption(command.command('activate <version>')).description('put a stored version in force').action(activate);
  storesOption(command.command('rollback')).description('roll back to the previous published version').action(rollBack);
};

const list = async (): Promise<void> => {
  const { table } = services();
  const [manifests, pointer] = [await listManifests(table, versionsMax), await readPointer(table)];
  if (manifests.length === 0) console.log('no model yet: rules decide');
  for (const manifest of manifests) console.log(line(manifest, pointer?.version === manifest.version));
};

const show = async (text: string | undefined): Promise<void> => {
  const { table } = services();
  const version = text === undefined ? (await readPointer(table))?.version : versionOf(text);
  const manifest = version === undefined ? null : await readManifest(table, version);
  if (manifest === null) throw new Error(version === undefined ? 'no model is in force' : `there is no model version ${version}`);
  console.log(JSON.stringify(manifest, null, 2));
};

const activate = async (text: string): Promise<void> => {
  const { table, models, clock } = services();
  console.log(line(await activateModel({ table, models }, versionOf(text), { by, atMs: clock.nowMs() }), true));
};

const rollBack = async (): Promise<void> => {
  const { table, models, clock } = services();
  console.log(line(await rollBackModel({ table, models }, { by, atMs: clock.nowMs() }), true));
};

const line = ({ version, status, trainedAtMs, rows, sha256, reason }: Manifest, inForce: boolean): string =>
  [
    inForce ? '*' : ' ',
    String(version).padStart(4),
    status.padEnd(9),
    new Date(trainedAtMs).toISOString(),
    `${rows} rows`,
    sha256.slice(0, 12),
    reason ?? '',
  ].join(' ');

const versionOf = (text: string): number => {
  const version = Number(text);
  if (!Number.isSafeInteger(version) || version < 1) throw new Error(`version ${text}: a whole number of 1 or more expected`);
  return version;
};
