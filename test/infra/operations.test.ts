import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetsOf } from '../../functions/compact/batch.ts';
import { build } from '../../infra/build.ts';
import { withoutBundling } from '../../infra/template.ts';
import { type Dataset, datasets, placePrefix } from '../../shared/parquet/places.ts';
import { inspect } from './template.ts';

interface TableInput {
  readonly Name: Dataset;
  readonly PartitionKeys: readonly { readonly Name: string }[];
  readonly Parameters: Readonly<Record<string, unknown>>;
  readonly StorageDescriptor: { readonly Columns: readonly { readonly Name: string }[] };
}

const runbooks = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

describe.each(['ap-south-1', 'us-east-1'])('the operations stack in %s', (region) => {
  let outdir: string;
  let stacks: { operations: ReturnType<typeof inspect>; core: ReturnType<typeof inspect> };
  beforeAll(() => {
    outdir = mkdtempSync(join(tmpdir(), 'aegis-operations-'));
    const { app } = build(
      new App({ outdir, context: withoutBundling }),
      { alertEmails: ['risk@example.com'] },
      { account: '111122223333', region },
    );
    const assembly = app.synth();
    const of = (name: string) => inspect(assembly.stacks.find(({ id }) => id === name)!.template);
    stacks = { operations: of('operations'), core: of('core') };
  });
  afterAll(() => rmSync(outdir, { recursive: true, force: true }));

  it('has a dashboard, a firewall before the API, a budget and alarms over alarms', () => {
    for (const type of [
      'AWS::CloudWatch::Dashboard',
      'AWS::CloudWatch::CompositeAlarm',
      'AWS::WAFv2::WebACL',
      'AWS::WAFv2::WebACLAssociation',
      'AWS::WAFv2::LoggingConfiguration',
      'AWS::Budgets::Budget',
    ])
      expect(stacks.operations.ofType(type), type).toHaveLength(1);
  });

  it('has a table of each dataset of the compacted archive, partitioned by day and share without a crawler', () => {
    expect(stacks.operations.ofType('AWS::Glue::Database')).toHaveLength(1);
    const tables = stacks.operations.ofType('AWS::Glue::Table').map(({ Properties }) => Properties!.TableInput as TableInput);
    expect(tables.map(({ Name }) => Name).sort()).toEqual([...datasets].sort());
    for (const { Name, PartitionKeys, Parameters, StorageDescriptor } of tables) {
      expect(PartitionKeys.map((key) => key.Name)).toEqual(['day', 'share']);
      expect(Parameters).toMatchObject({ 'projection.enabled': 'true', 'projection.share.range': '0,15' });
      const template = JSON.stringify(Parameters['storage.location.template']);
      const filledIn = template.replace(/\$\{day\}/, '2026-11-20').replace(/\$\{share\}/, '7');
      expect(filledIn).toContain(placePrefix({ dataset: Name, day: '2026-11-20', share: 7 }));
      expect(StorageDescriptor.Columns.map((column) => column.Name)).toEqual(datasetsOf[Name].fields.map(({ name }) => name));
    }
  });

  it('shows on its dashboard all that is watched', () => {
    const [dashboard] = stacks.operations.ofType('AWS::CloudWatch::Dashboard');
    const body = JSON.stringify(dashboard!.Properties!.DashboardBody);
    for (const shown of [
      'Allowed',
      'Reviewed',
      'Blocked',
      'Latency',
      'p50',
      'p99',
      'ApproximateAgeOfOldestMessage',
      'TransactionConflict',
      'Degraded',
      'Duplicates',
      'AlertsFailed',
      'AnomalyPercentile',
      'FeatureAmountZ',
      'ModelAge',
      'ConsumedWriteCapacityUnits',
      'Cost of the shown range',
    ])
      expect(body, shown).toContain(shown);
  });

  it('names no region but its own', () => {
    const text = JSON.stringify(stacks.operations.template);
    const others = ['ap-south-1', 'us-east-1'].filter((one) => one !== region);
    for (const other of others) expect(text).not.toContain(other);
  });

  it('and the core have a runbook for every alarm', () => {
    const alarms = [...stacks.core.entries, ...stacks.operations.entries].filter(([, { Type }]) =>
      ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm'].includes(Type),
    );
    expect(alarms.length).toBeGreaterThan(10);
    for (const [id, { Properties }] of alarms) {
      const name = id.replace(/^Alarms/, '').replace(/[0-9A-F]{8}$/, '');
      const heading = /^(?!Api)[A-Z][a-z]+Errors$/.test(name) ? '<Stage>Errors' : name;
      expect(runbooks, `${name}: ${String(Properties!.AlarmDescription)}`).toContain(`### \`${heading}\``);
    }
  });
});
