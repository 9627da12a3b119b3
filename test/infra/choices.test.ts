import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib/core';
import { describe, expect, it, vi } from 'vitest';
import { build } from '../../infra/build.ts';
import { checkWithPacks } from '../../infra/packs.ts';
import type { Settings } from '../../infra/settings.ts';
import { synthesizeTemplate, withoutBundling } from '../../infra/template.ts';
import { env, prefixes } from '../../shared/store/names.ts';
import { inspect } from './template.ts';

const account = '111122223333';
const kms = (number: number): string => `arn:aws:kms:ap-south-1:${account}:key/00000000-0000-4000-8000-00000000000${number}`;
const variablesOf = (template: ReturnType<typeof inspect>, stage: string): Record<string, unknown> =>
  (template.one('AWS::Lambda::Function', `${stage}Handler`)[1].Properties!.Environment as { Variables: Record<string, unknown> })
    .Variables;
const chosen = (overrides: Partial<Settings>) => inspect(synthesizeTemplate('prod', overrides));

interface Document {
  readonly Statement: readonly { readonly Action: string | readonly string[]; readonly Condition?: unknown }[];
}

/** Whether a role may change items whose keys begin as those of policies do. */
const writesPolicies = ({ Statement }: Document): boolean =>
  Statement.some(
    ({ Action, Condition }) =>
      [Action].flat().some((action) => /^dynamodb:(Put|Update|Delete)Item$/.test(action)) &&
      JSON.stringify(Condition ?? `"${prefixes.policy}`).includes(`"${prefixes.policy}`),
  );

describe('settings that change what the core is made of', { timeout: 120_000 }, () => {
  it('consoleUrl: links lead there; left out, under the API itself', () => {
    const given = chosen({ consoleUrl: 'https://aegis.example/console' });
    for (const stage of ['Score', 'Project', 'Checkpoint'])
      expect(variablesOf(given, stage)[env.consoleUrl]).toBe('https://aegis.example/console');
    const own = JSON.stringify(variablesOf(inspect(), 'Project')[env.consoleUrl]);
    expect(own).toMatch(/execute-api/);
    expect(own).toMatch(/\/console"/);
  });

  it('decideProvisionedConcurrency: the synchronous function is kept ready, and no other; 0 keeps none', () => {
    const ready = (template: ReturnType<typeof inspect>) =>
      template
        .ofType('AWS::Lambda::Alias')
        .map(({ Properties }) => [
          JSON.stringify(Properties!.FunctionName).match(/"(\w+?)Handler/)?.[1],
          (Properties!.ProvisionedConcurrencyConfig as { ProvisionedConcurrentExecutions: number } | undefined)
            ?.ProvisionedConcurrentExecutions,
        ])
        .filter(([, executions]) => executions !== undefined);
    expect(ready(chosen({ decideProvisionedConcurrency: 3 }))).toEqual([['Decide', 3]]);
    expect(ready(inspect())).toEqual([]);
  });

  it('reservedConcurrency: the named functions have instances of their own, the others none', () => {
    const reserved = (template: ReturnType<typeof inspect>) =>
      template.entries.flatMap(([id, { Properties }]) =>
        Properties?.ReservedConcurrentExecutions === undefined
          ? []
          : [[id.replace(/Handler.*/, ''), Properties.ReservedConcurrentExecutions]],
      );
    expect(reserved(chosen({ reservedConcurrency: { decide: 200, score: 60 } }))).toEqual([
      ['Score', 60],
      ['Decide', 200],
    ]);
    expect(reserved(inspect())).toEqual([]);
  });

  it('fairQueue: ingest names the tenant as group, but on a FIFO queue, which keeps the order of accounts', () => {
    const told = (overrides: Partial<Settings>) => variablesOf(chosen(overrides), 'Ingest')[env.fairQueue];
    expect([told({}), told({ fairQueue: false }), told({ queueKind: 'fifo' })]).toEqual(['true', 'false', 'false']);
  });

  it('firewall: a web ACL stands in core where a setting says so, with its limits, and the packs find nothing', () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const outdir = mkdtempSync(join(tmpdir(), 'aegis-firewall-'));
    try {
      const overrides = { firewall: 'core' as const, addressCallsPer5Minutes: 5_000, keylessCallsPer5Minutes: 500 };
      const built = build(new App({ outdir, context: withoutBundling }), overrides, { account, region: 'ap-south-1' });
      checkWithPacks(built);
      const assembly = built.app.synth();
      const [core, operations] = ['core', 'operations'].map((name) =>
        inspect(assembly.stacks.find(({ id }) => id === name)!.template),
      );
      const [acl] = core!.ofType('AWS::WAFv2::WebACL');
      const rules = acl!.Properties!.Rules as {
        Name: string;
        Statement: { RateBasedStatement?: { Limit: number; ScopeDownStatement?: object } };
      }[];
      expect(
        rules.flatMap(({ Name, Statement: { RateBasedStatement: rate } }) => (rate === undefined ? [] : [[Name, rate.Limit]])),
      ).toEqual([
        ['TooManyOfOneAddress', 5_000],
        ['TooManyWithoutKey', 500],
      ]);
      expect(JSON.stringify(rules.at(-1)!.Statement.RateBasedStatement!.ScopeDownStatement)).toMatch(
        /"NotStatement".*"Name":"authorization"/,
      );
      expect(core!.ofType('AWS::WAFv2::WebACLAssociation')).toHaveLength(1);
      expect(operations!.ofType('AWS::WAFv2::WebACL')).toEqual([]);
      expect(inspect().ofType('AWS::WAFv2::WebACL')).toEqual([]);
    } finally {
      rmSync(outdir, { recursive: true, force: true });
      vi.restoreAllMocks();
    }
  });

  it.each([1, 1_439, 1_440, 1_441, 10_080])('trainEveryMinutes: a run every %i minutes is synthesized', (trainEveryMinutes) => {
    const template = chosen({ trainEveryMinutes, modelAgeAlarmHours: 8_760 });
    const rule = template
      .ofType('AWS::Events::Rule')
      .find(({ Properties }) => JSON.stringify(Properties).includes('TrainHandler'))!;
    const [{ RetryPolicy }] = rule.Properties!.Targets as [
      { readonly RetryPolicy: { readonly MaximumEventAgeInSeconds: number } },
    ];
    expect(RetryPolicy.MaximumEventAgeInSeconds).toBe(Math.min(86_400, 60 * trainEveryMinutes));
  });

  it('alertEmails and alertPhones: each is subscribed to every topic', () => {
    const template = chosen({ alertEmails: ['risk@example.com'], alertPhones: ['+919800000000'] });
    const topics = template.ofType('AWS::SNS::Topic').length;
    const of = (protocol: string) =>
      template.ofType('AWS::SNS::Subscription').filter(({ Properties }) => Properties!.Protocol === protocol);
    expect(topics).toBe(6);
    expect(of('email')).toHaveLength(topics);
    expect(of('sms')).toHaveLength(topics);
  });

  it('entityLookup: the project function is told when it writes no notes', () => {
    expect(variablesOf(chosen({ entityLookup: false }), 'Project')[env.entityLookup]).toBe('false');
    expect(variablesOf(inspect(), 'Project')).not.toHaveProperty(env.entityLookup);
  });

  it('policyApprovals: the function that publishes policies knows how many, and no other may write one', () => {
    const template = chosen({ policyApprovals: 2 });
    expect(variablesOf(template, 'Admin')[env.policyApprovals]).toBe('2');
    expect(variablesOf(inspect(), 'Admin')).not.toHaveProperty(env.policyApprovals);
    const writers = template
      .ofType('AWS::IAM::Policy')
      .filter(({ Properties }) => writesPolicies(Properties!.PolicyDocument as Document))
      .map(({ Properties }) => JSON.stringify(Properties!.Roles).match(/"(\w+?)Handler/)?.[1]);
    expect(writers).toEqual(['Admin']);
  });

  it('modelAgeAlarmHours and checkpointLagAlarmMinutes: people are told from when the alarms ring', () => {
    const template = chosen({ modelAgeAlarmHours: 50, checkpointLagAlarmMinutes: 20 });
    expect(variablesOf(template, 'Checkpoint')).toMatchObject({
      [env.modelAgeAlarmHours]: '50',
      [env.checkpointLagAlarmMinutes]: '20',
    });
    const thresholds = Object.fromEntries(
      template.ofType('AWS::CloudWatch::Alarm').map(({ Properties }) => [Properties!.MetricName, Properties!.Threshold]),
    );
    expect(thresholds).toMatchObject({ ModelAge: 50 * 3_600_000, CheckpointLag: 20 * 60_000 });
  });

  it('keyProvider: keys that are there already are used, and none is made', () => {
    const keyProvider = { data: kms(1), master: kms(2), signing: kms(3) };
    const template = chosen({ keyProvider });
    expect(template.ofType('AWS::KMS::Key')).toEqual([]);
    expect(variablesOf(template, 'Checkpoint')[env.checkpointKeyId]).toBe(keyProvider.signing);
    expect(variablesOf(template, 'Decide')[env.kmsKeyId]).toBe(keyProvider.master);
    expect(template.one('AWS::DynamoDB::Table', 'DataTable')[1].Properties).toMatchObject({
      SSESpecification: { KMSMasterKeyId: keyProvider.data },
    });
  });

  it('restoredTable: functions, rights and stream lead to it; the stack lets go of its own, which is retained', () => {
    const arn = `arn:aws:dynamodb:ap-south-1:${account}:table/restored`;
    const streamArn = `${arn}/stream/2026-11-20T00:00:00.000`;
    const template = chosen({ restoredTable: { arn, streamArn } });
    expect(template.ofType('AWS::DynamoDB::Table')).toEqual([]);
    expect(variablesOf(template, 'Score')[env.table]).toBe('restored');
    const sources = template.ofType('AWS::Lambda::EventSourceMapping').map(({ Properties }) => Properties!.EventSourceArn);
    expect(sources).toContain(streamArn);
    const tableRights = template
      .ofType('AWS::IAM::Policy')
      .flatMap((policy) => template.statementsOf(policy))
      .filter(({ Action }) => [Action].flat().some((action) => action.startsWith('dynamodb:')));
    expect(tableRights.length).toBeGreaterThan(10);
    for (const { Resource } of tableRights) expect(String(Resource).startsWith(arn)).toBe(true);
  });

  it('shift: every function gets a deployment that its alarms end, and the packs find nothing', () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const outdir = mkdtempSync(join(tmpdir(), 'aegis-shift-'));
    try {
      const built = build(
        new App({ outdir, context: withoutBundling }),
        { shift: 'tenthFor5Minutes' },
        { account, region: 'ap-south-1' },
      );
      checkWithPacks(built);
      const template = inspect(built.app.synth().getStackArtifact(built.core.artifactId).template);
      const groups = template.ofType('AWS::CodeDeploy::DeploymentGroup');
      expect(groups).toHaveLength(template.ofType('AWS::Lambda::Function').length);
      for (const { Properties } of groups) {
        expect(Properties).toMatchObject({
          DeploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent5Minutes',
          AlarmConfiguration: { Enabled: true },
          AutoRollbackConfiguration: { Enabled: true },
        });
      }
      const score = groups.find(({ Properties }) => JSON.stringify(Properties).includes('AlarmsScoreErrors'))!;
      expect(JSON.stringify(score.Properties!.AlarmConfiguration)).toContain('AlarmsQueueAge');
      for (const [id, alias] of template.entries.filter(([, { Type }]) => Type === 'AWS::Lambda::Alias')) {
        expect(alias, id).toHaveProperty('UpdatePolicy.CodeDeployLambdaAliasUpdate.ApplicationName');
      }
    } finally {
      rmSync(outdir, { recursive: true, force: true });
      vi.restoreAllMocks();
    }
  });
});
