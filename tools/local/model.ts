import type { Resolver } from './intrinsics.ts';
import { LocalProblem } from './problem.ts';
import { type StreamRule, streamRulesOf } from './streamFilter.ts';
import type { CloudFormationTemplate } from './template.ts';

/** What the local stack runs, read from the synthesized template: nothing is listed a second time here. */
export interface StackModel {
  readonly functions: readonly FunctionModel[];
  readonly api: ApiModel;
  readonly queueSources: readonly QueueSourceModel[];
  readonly tableSources: readonly TableSourceModel[];
  readonly schedules: readonly ScheduleModel[];
}

export interface FunctionModel {
  readonly logicalId: string;
  /** The folder under `functions/`. */
  readonly stage: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface ApiModel {
  readonly methods: readonly ApiMethod[];
  readonly responses: readonly GatewayResponseModel[];
}

export interface ApiMethod {
  /** As API Gateway writes it: `/decisions/{transactionId}`, `/{proxy+}`. */
  readonly path: string;
  /** `ANY` takes every method that the path has no other entry for. */
  readonly method: string;
  readonly functionId: string;
}

/** What the gateway itself answers: for a path that is not there, a body too large, a function that failed. */
export interface GatewayResponseModel {
  readonly type: string;
  readonly status: number | null;
  /** A value is a text or `context.requestId`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly template: string | null;
}

export interface QueueSourceModel {
  readonly functionId: string;
  readonly queueArn: string;
  readonly queueUrl: string;
  readonly batchSize: number;
  /** Batches at a time. */
  readonly concurrency: number;
  readonly partialFailures: boolean;
}

export interface TableSourceModel {
  readonly functionId: string;
  readonly streamArn: string;
  readonly batchSize: number;
  readonly windowMs: number;
  /** Only records of keys with one of these beginnings are delivered; null: every record is. */
  readonly rules: readonly StreamRule[] | null;
  readonly retries: number;
  readonly bisect: boolean;
  readonly partialFailures: boolean;
  /** Where the description of a batch goes that keeps failing; null: it is dropped. */
  readonly failureQueueUrl: string | null;
}

export interface ScheduleModel {
  readonly name: string;
  readonly functionId: string;
  readonly everyMs: number;
}

type Properties = Readonly<Record<string, unknown>>;

/** Lambda's own limits where the template says nothing. */
const defaultTimeoutSeconds = 3;
const defaultBatchSize = { queue: 10, table: 100 };
const defaultConcurrency = 2;
/** Stream sources retry until the record expires; here, at most so often. */
const maxRetries = 100;

/** Throws LocalProblem naming what the template lacks. */
export const readModel = (template: CloudFormationTemplate, resolver: Resolver): StackModel => {
  const all = (type: string): [string, Properties][] =>
    Object.entries(template.Resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([logicalId, resource]) => [logicalId, resource.Properties ?? {}]);
  const { text } = resolver;

  const functions = all('AWS::Lambda::Function').flatMap(([logicalId, properties]): FunctionModel[] => {
    const stage = /^Aegis: ([\w-]+)$/.exec(String(properties.Description))?.[1];
    if (stage === undefined) return [];
    const variables = (properties.Environment as Properties | undefined)?.Variables ?? {};
    return [
      {
        logicalId,
        stage,
        environment: Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, text(value)])),
        timeoutMs: 1_000 * Number(properties.Timeout ?? defaultTimeoutSeconds),
      },
    ];
  });
  if (functions.length === 0) {
    throw new LocalProblem(
      'the template has no function with a description "Aegis: <stage>", by which the local stack finds handlers',
    );
  }
  const functionIn = (value: unknown, where: string): string => {
    const found = text(value)
      .replace(/^.*function:/, '')
      .split(/[:/]/)[0]!;
    if (functions.some((candidate) => candidate.logicalId === found)) return found;
    throw new LocalProblem(`${where} of the template names the function ${found}, which it does not have`);
  };

  const sources = all('AWS::Lambda::EventSourceMapping').map(([logicalId, properties]) => ({
    properties,
    sourceArn: text(properties.EventSourceArn),
    functionId: functionIn(properties.FunctionName, logicalId),
    partialFailures:
      (properties.FunctionResponseTypes as readonly string[] | undefined)?.includes('ReportBatchItemFailures') ?? false,
  }));
  const queueUrls = new Map(
    all('AWS::SQS::Queue').map(([logicalId]) => [text({ 'Fn::GetAtt': [logicalId, 'Arn'] }), text({ Ref: logicalId })]),
  );

  return {
    functions,
    api: { methods: readMethods(all, text, functionIn), responses: all('AWS::ApiGateway::GatewayResponse').map(readResponse) },
    queueSources: sources
      .filter(({ sourceArn }) => queueUrls.has(sourceArn))
      .map(({ properties, sourceArn, functionId, partialFailures }) => ({
        functionId,
        queueArn: sourceArn,
        queueUrl: queueUrls.get(sourceArn)!,
        batchSize: Number(properties.BatchSize ?? defaultBatchSize.queue),
        concurrency: Number((properties.ScalingConfig as Properties | undefined)?.MaximumConcurrency ?? defaultConcurrency),
        partialFailures,
      })),
    tableSources: sources
      .filter(({ sourceArn }) => sourceArn.includes('/stream/'))
      .map(({ properties, sourceArn, functionId, partialFailures }) => {
        const failure = (properties.DestinationConfig as { OnFailure?: Properties } | undefined)?.OnFailure?.Destination;
        const retries = Number(properties.MaximumRetryAttempts ?? -1);
        return {
          functionId,
          streamArn: sourceArn,
          batchSize: Number(properties.BatchSize ?? defaultBatchSize.table),
          rules: streamRulesOf(filtersOf(properties.FilterCriteria).map(({ Pattern }) => text(Pattern))),
          windowMs: 1_000 * Number(properties.MaximumBatchingWindowInSeconds ?? 0),
          retries: retries < 0 ? maxRetries : retries,
          bisect: properties.BisectBatchOnFunctionError === true,
          partialFailures,
          failureQueueUrl: failure === undefined ? null : (queueUrls.get(text(failure)) ?? null),
        };
      }),
    schedules: all('AWS::Events::Rule')
      .filter(([, properties]) => properties.ScheduleExpression !== undefined)
      .flatMap(([name, properties]) =>
        (properties.Targets as readonly Properties[]).map((target) => ({
          name,
          functionId: functionIn(target.Arn, name),
          everyMs: rateMs(text(properties.ScheduleExpression)),
        })),
      ),
  };
};

const filtersOf = (criteria: unknown) => (criteria as { readonly Filters?: readonly Properties[] } | undefined)?.Filters ?? [];

const readMethods = (
  all: (type: string) => [string, Properties][],
  text: (value: unknown) => string,
  functionIn: (value: unknown, where: string) => string,
): ApiMethod[] => {
  const resources = new Map(all('AWS::ApiGateway::Resource'));
  const pathOf = (reference: unknown): string => {
    const properties = resources.get(String((reference as { Ref?: unknown }).Ref));
    if (properties === undefined) return '';
    return `${pathOf(properties.ParentId)}/${text(properties.PathPart)}`;
  };
  return all('AWS::ApiGateway::Method').flatMap(([logicalId, properties]): ApiMethod[] => {
    const integration = properties.Integration as Properties;
    if (integration.Type !== 'AWS_PROXY') return [];
    return [
      {
        path: pathOf(properties.ResourceId) || '/',
        method: text(properties.HttpMethod),
        functionId: functionIn(integration.Uri, logicalId),
      },
    ];
  });
};

const readResponse = ([, properties]: [string, Properties]): GatewayResponseModel => {
  const [template] = Object.values((properties.ResponseTemplates as Record<string, string> | undefined) ?? {});
  const parameters = (properties.ResponseParameters as Record<string, string> | undefined) ?? {};
  return {
    type: String(properties.ResponseType),
    status: properties.StatusCode === undefined ? null : Number(properties.StatusCode),
    headers: Object.fromEntries(
      Object.entries(parameters)
        .filter(([name]) => name.startsWith('gatewayresponse.header.'))
        .map(([name, value]) => [name.slice('gatewayresponse.header.'.length), value.replaceAll("'", '')]),
    ),
    template: template ?? null,
  };
};

const unitMs: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

const rateMs = (expression: string): number => {
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  if (count === undefined) throw new LocalProblem(`schedule ${expression}: the local stack runs only rate(N minutes|hours|days)`);
  return Number(count) * unitMs[unit!]!;
};
