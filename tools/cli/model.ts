import type { Command } from 'commander';
import { services } from '../../shared/adapters/aws/services.ts';
import type { Manifest } from '../../shared/model/manifest.ts';
import { activateModel, listManifests, readManifest, readPointer, rollBackModel, versionsMax } from '../../shared/model/store.ts';

const by = 'aegis model';

export const configure = (command: Command): void => {
  command.description('list, show and switch model versions; each switch is an entry of the system chain');
  command.command('list').description('all versions, the newest first').action(list);
  command.command('show').description('one manifest as JSON; the one in force by default').argument('[version]').action(show);
  command.command('activate').description('put a stored version in force').argument('<version>').action(activate);
  command.command('rollback').description('put the published version before the one in force in force').action(rollBack);
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
