import { describe, expect, it } from 'vitest';
import { synthesizeTemplate } from '../../infra/template.ts';
import { routes } from '../../shared/contract/routes.ts';
import { env } from '../../shared/store/names.ts';
import { inspect, pointed } from './template.ts';

const core = inspect();

const { ofType, one, entries } = core;

describe('every function', () => {
  const functions = entries.filter(([, { Type }]) => Type === 'AWS::Lambda::Function');

  it.each(functions.map(([id, resource]) => [id.replace(/Handler.*/, ''), resource] as const))(
    '%s runs on Node 24 and arm64, logs JSON to its own group with platform lines at WARN',
    (stage, resource) => {
      expect(resource.Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        LoggingConfig: { LogFormat: 'JSON', SystemLogLevel: 'WARN' },
      });
      const { LogGroup } = resource.Properties!.LoggingConfig as { LogGroup: unknown };
      expect(pointed(LogGroup)).toBe(`${stage}HandlerLog`);
    },
  );

  it('has a log that expires and is encrypted: after a year where it answers requests', () => {
    const logs = entries.filter(([, { Type }]) => Type === 'AWS::Logs::LogGroup');
    expect(logs).toHaveLength(functions.length + 1);
    const yearly = logs
      .filter(([, { Properties }]) => Properties!.RetentionInDays === 365)
      .map(([id]) => id.replace(/Handler.*/, ''));
    expect(yearly.sort()).toEqual(['Admin', 'Decide', 'Ingest', 'Read', 'Review']);
    for (const [, log] of logs) {
      expect([30, 365]).toContain(log.Properties!.RetentionInDays);
      expect(pointed(log.Properties!.KmsKeyId)).toBe('DataDataKey.Arn');
    }
  });

  it('keeps its old versions, to which a rollback moves the alias back', () => {
    const versions = ofType('AWS::Lambda::Version');
    expect(versions).toHaveLength(functions.length);
    for (const version of versions) expect(version.DeletionPolicy).toBe('Retain');
  });

  it('finds what it may use under the shared names', () => {
    const variablesOf = (stage: string): string[] => {
      const { Variables } = one('AWS::Lambda::Function', `${stage}Handler`)[1].Properties!.Environment as { Variables: object };
      return Object.keys(Variables).filter((name) => name !== 'NODE_OPTIONS' && name !== env.stage);
    };
    expect(variablesOf('Ingest').sort()).toEqual([env.fairQueue, env.queueUrl, env.readLogShare, env.table, env.version].sort());
    expect(variablesOf('Score').sort()).toEqual(
      [
        env.consoleUrl,
        env.deadLetterTopic,
        env.deadLetterUrl,
        env.giveUpSeconds,
        env.kmsKeyId,
        env.modelBucket,
        env.pauseSecondsMax,
        env.queueUrl,
        env.table,
        env.version,
      ].sort(),
    );
    expect(variablesOf('Checkpoint').sort()).toEqual(
      [
        env.checkpointBucket,
        env.checkpointKeyId,
        env.checkpointLagAlarmMinutes,
        env.consoleUrl,
        env.modelAgeAlarmHours,
        env.modelTopic,
        env.table,
        env.verifierTopic,
        env.version,
      ].sort(),
    );
    expect(variablesOf('Project').sort()).toEqual(
      [
        env.archiveBucket,
        env.failuresUrl,
        env.kmsKeyId,
        env.consoleUrl,
        env.decisionTopic,
        env.degradedTopic,
        env.table,
        env.version,
        env.webhookQueueUrl,
      ].sort(),
    );
  });
});

describe('the API', () => {
  const resources = new Map(entries.filter(([, { Type }]) => Type === 'AWS::ApiGateway::Resource'));
  const pathOf = (id: string): string => {
    const resource = resources.get(id);
    if (resource === undefined) return '';
    const { Ref } = resource.Properties!.ParentId as { Ref?: string };
    return `${Ref === undefined ? '' : pathOf(Ref)}/${resource.Properties!.PathPart}`;
  };
  const methods = ofType('AWS::ApiGateway::Method').map((method) => {
    const { Ref } = method.Properties!.ResourceId as { Ref?: string };
    const uri = JSON.stringify((method.Properties!.Integration as { Uri: unknown }).Uri);
    return {
      route: `${method.Properties!.HttpMethod} ${Ref === undefined ? '/' : pathOf(Ref)}`,
      stage: /"Ref":"(\w+?)HandlerFunctionAlias/.exec(uri)?.[1]?.toLowerCase(),
      authorization: method.Properties!.AuthorizationType,
    };
  });
  const stageOf = (route: string) => methods.find((method) => method.route === route)?.stage;

  it.each(routes.map((route) => [route.method, route.path, route.stage] as const))('sends %s %s to %s', (method, path, stage) => {
    expect(stageOf(`${method} ${path}`) ?? stageOf(`ANY ${path}`)).toBe(stage);
  });

  it('sends every other path and method to read, so that the gateway itself answers neither 404 nor 405', () => {
    expect(stageOf('ANY /')).toBe('read');
    expect(stageOf('ANY /{proxy+}')).toBe('read');
    for (const id of resources.keys()) expect(stageOf(`ANY ${pathOf(id)}`)).toBe('read');
  });

  it('authorizes nothing by itself and hands bodies over as bytes', () => {
    expect(new Set(methods.map(({ authorization }) => authorization))).toEqual(new Set(['NONE']));
    expect(ofType('AWS::ApiGateway::RestApi')[0]!.Properties).toMatchObject({ BinaryMediaTypes: ['*/*'] });
  });

  it('puts what the gateway refuses in problem form, with a correlation id', () => {
    const refusals = ofType('AWS::ApiGateway::GatewayResponse');
    const types = refusals.map((refusal) => refusal.Properties!.ResponseType);
    expect(types).toEqual(
      expect.arrayContaining(['DEFAULT_4XX', 'DEFAULT_5XX', 'REQUEST_TOO_LARGE', 'THROTTLED', 'INTEGRATION_TIMEOUT']),
    );
    for (const refusal of refusals) {
      const { StatusCode, ResponseParameters, ResponseTemplates } = refusal.Properties as {
        StatusCode: string;
        ResponseParameters: Record<string, string>;
        ResponseTemplates: Record<string, string>;
      };
      expect(ResponseParameters).toMatchObject({
        'gatewayresponse.header.Content-Type': "'application/problem+json'",
        'gatewayresponse.header.x-correlation-id': 'context.requestId',
      });
      expect(JSON.parse(ResponseTemplates['application/json']!)).toMatchObject({
        status: Number(StatusCode),
        title: expect.any(String),
      });
      expect('gatewayresponse.header.Retry-After' in ResponseParameters).toBe(['429', '503'].includes(StatusCode));
    }
  });

  it('logs every request by its route, and nothing of its path, headers or body', () => {
    const { DestinationArn, Format } = ofType('AWS::ApiGateway::Stage')[0]!.Properties!.AccessLogSetting as {
      readonly DestinationArn: unknown;
      readonly Format: string;
    };
    expect(pointed(DestinationArn)).toBe('ApiAccessLog.Arn');
    expect(Object.values(JSON.parse(Format) as object).sort()).toEqual(
      [
        '$context.error.responseType',
        '$context.httpMethod',
        '$context.identity.sourceIp',
        '$context.requestId',
        '$context.resourcePath',
        '$context.responseLatency',
        '$context.responseLength',
        '$context.status',
        '$context.wafResponseCode',
      ].sort(),
    );
    expect(ofType('AWS::ApiGateway::Account')).toHaveLength(1);
  });

  it('logs nothing by the gateway where a setting says so', () => {
    const { ofType: without } = inspect(synthesizeTemplate('prod', { gatewayLog: false }));
    expect(without('AWS::ApiGateway::Stage')[0]!.Properties).not.toHaveProperty('AccessLogSetting');
    expect(without('AWS::ApiGateway::Account')).toEqual([]);
  });

  it('takes TLS 1.2 and newer alone, and tells browsers to stay with it', () => {
    expect(ofType('AWS::ApiGateway::RestApi')[0]!.Properties).toMatchObject({
      SecurityPolicy: expect.stringMatching(/^SecurityPolicy_TLS13_1_2_/),
      EndpointAccessMode: 'BASIC',
    });
    for (const { Properties } of ofType('AWS::ApiGateway::GatewayResponse'))
      expect(Properties!.ResponseParameters).toMatchObject({
        'gatewayresponse.header.Strict-Transport-Security': "'max-age=31536000'",
      });
  });

  it('limits the rate at its stage, and that of each open route by itself', () => {
    const { MethodSettings } = ofType('AWS::ApiGateway::Stage')[0]!.Properties as {
      readonly MethodSettings: readonly Readonly<Record<string, unknown>>[];
    };
    expect(MethodSettings[0]).toMatchObject({
      HttpMethod: '*',
      ResourcePath: '/*',
      ThrottlingRateLimit: 1000,
      ThrottlingBurstLimit: 2000,
    });
    const open = routes.filter(({ scope }) => scope === null);
    expect(MethodSettings.slice(1)).toHaveLength(open.length);
    for (const { method, path } of open) {
      // As API Gateway writes it: a slash within a path is ~1.
      const resource = path === '/' ? '/' : `/${path.replaceAll('/', '~1')}`;
      expect(MethodSettings.slice(1), path).toContainEqual(
        expect.objectContaining({
          HttpMethod: method,
          ResourcePath: resource,
          ThrottlingRateLimit: 100,
          ThrottlingBurstLimit: 200,
        }),
      );
      expect(stageOf(`${method} ${path}`), `${path} has a method of its own, else the setting means nothing`).toBe('read');
    }
  });
});

describe('the alarms', () => {
  it('watch one metric each and tell a topic', () => {
    for (const alarm of ofType('AWS::CloudWatch::Alarm')) {
      expect(alarm.Properties!.Metrics).toBeUndefined();
      expect((alarm.Properties!.AlarmActions as unknown[]).map(pointed)).toEqual([
        expect.stringMatching(/^Alarms(DeadLetter|Health|Model|Verifier)Topic$/),
      ]);
    }
  });

  it('cover the dead letters, the failures of the stream, the age of the queue, the API and every function', () => {
    const watched = ofType('AWS::CloudWatch::Alarm').map((alarm) => {
      const [dimension] = (alarm.Properties!.Dimensions ?? []) as { Value: unknown }[];
      const value = dimension === undefined ? '' : ` ${pointed(dimension.Value)}`;
      return `${alarm.Properties!.MetricName}${value} > ${alarm.Properties!.Threshold}`;
    });
    expect(watched).toEqual(
      expect.arrayContaining([
        'ApproximateNumberOfMessagesVisible IngestDeadLetters.QueueName > 0',
        'ApproximateNumberOfMessagesVisible ProjectFailures.QueueName > 0',
        'ApproximateAgeOfOldestMessage IngestQueue.QueueName > 60',
        'CheckpointLag prod > 1800000',
        'ModelAge prod > 345600000',
        'AlertsFailed prod > 0',
        'Unsettled prod > 20',
      ]),
    );
    expect(watched.filter((line) => line.startsWith('Errors '))).toHaveLength(ofType('AWS::Lambda::Function').length);
    expect(watched.filter((line) => line.startsWith('5XXError '))).toHaveLength(1);
  });
});
