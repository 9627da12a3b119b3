import {
  AccessLogFormat,
  type CfnRestApi,
  EndpointType,
  GatewayResponse,
  type IResource,
  type IRestApi,
  LambdaIntegration,
  LogGroupLogDestination,
  type MethodDeploymentOptions,
  MethodLoggingLevel,
  ResponseType,
  RestApi,
  SecurityPolicy,
} from 'aws-cdk-lib/aws-apigateway';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { RemovalPolicy } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { routes, type Stage } from '../shared/contract/routes.ts';
import { env } from '../shared/store/names.ts';
import type { Data } from './data.ts';
import type { HouseFunction } from './function.ts';
import type { Settings } from './settings.ts';

export interface ApiProps {
  readonly data: Data;
  readonly settings: Settings;
  /** The function of each stage. `read` also gets every path and method that no route names, and answers 404 or 405. */
  readonly functions: Readonly<Partial<Record<Stage, HouseFunction>>> & { readonly read: HouseFunction };
}

/**
 * The REST API, made from the contract's route table. It neither authorizes nor validates: the functions do, so that no environment can
 * leave it out.
 */
export class Api extends Construct {
  readonly api: RestApi;

  constructor(scope: Construct, id: string, props: ApiProps) {
    super(scope, id);
    const { data, settings, functions } = props;
    this.api = new RestApi(this, 'Api', {
      // Its metrics go by this name: another API of the account must not share it.
      restApiName: `aegis-${settings.stage}`,
      description: 'Aegis',
      endpointTypes: [EndpointType.REGIONAL],
      binaryMediaTypes: ['*/*'],
      cloudWatchRole: settings.gatewayLog,
      deployOptions: {
        stageName: 'v1',
        throttlingRateLimit: settings.apiRatePerSecond,
        throttlingBurstLimit: settings.apiBurst,
        metricsEnabled: true,
        loggingLevel: MethodLoggingLevel.OFF,
        dataTraceEnabled: false,
        methodOptions: openMethods(settings),
        ...(settings.gatewayLog ? this.accessLog(data, settings) : {}),
      },
    });
    this.api.node.tryRemoveChild('Endpoint');
    // TLS 1.2 at least; the gateway's own default takes 1.0. The construct has no word for it.
    const { defaultChild } = this.api.node;
    Object.assign(defaultChild as CfnRestApi, {
      securityPolicy: SecurityPolicy.TLS13_1_2_PFS_PQ_2025_09,
      endpointAccessMode: 'BASIC',
    });
    const integrations = new Map<Stage, LambdaIntegration>();
    const integrationOf = (stage: Stage): LambdaIntegration => {
      const fn = functions[stage];
      if (fn === undefined) throw new Error(`routes of stage ${stage} are served, but the stack has no such function`);
      const known = integrations.get(stage) ?? new LambdaIntegration(fn.alias, { scopePermissionToMethod: false });
      integrations.set(stage, known);
      return known;
    };

    for (const { function: fn } of Object.values(functions)) {
      if (settings.tokenIssuer !== undefined) fn.addEnvironment(env.tokenIssuer, JSON.stringify(settings.tokenIssuer));
      fn.addEnvironment(env.readLogShare, String(settings.readLogShare));
      if (settings.keyCallsPerSecond !== undefined) fn.addEnvironment(env.keyCallsPerSecond, String(settings.keyCallsPerSecond));
    }

    this.api.root.addMethod('ANY', integrationOf('read'));
    this.api.root.addResource('{proxy+}').addMethod('ANY', integrationOf('read'));
    for (const route of routes) {
      const resource = this.resourceAt(route.path, integrationOf('read'));
      // An open route has a method of its own, so that the stage can limit it by itself.
      if (route.stage !== 'read' || route.scope === null) resource.addMethod(route.method, integrationOf(route.stage));
    }
    for (const refusal of refusals) this.addRefusal(refusal);
  }

  /** Each request, those included that reach no function, by its route: paths hold ids. The functions' own lines have the same request id. */
  private accessLog(data: Data, settings: Settings) {
    const log = new LogGroup(this, 'AccessLog', {
      retention: settings.logRetentionDays,
      encryptionKey: data.dataKey,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const format = Object.fromEntries(
      Object.entries(accessLogFields).map(([name, field]): [string, string] => [name, `$context.${field}`]),
    );
    return {
      accessLogDestination: new LogGroupLogDestination(log),
      accessLogFormat: AccessLogFormat.custom(JSON.stringify(format)),
    };
  }

  /** Every step of the path is answered by `otherwise`, so that the gateway itself never refuses a path or a method. */
  private resourceAt(path: string, otherwise: LambdaIntegration): IResource {
    let resource: IResource = this.api.root;
    for (const segment of path.split('/').filter((part) => part !== '')) {
      const known = resource.getResource(segment);
      const next = known ?? resource.addResource(segment);
      if (known === undefined) next.addMethod('ANY', otherwise);
      resource = next;
    }
    return resource;
  }

  private addRefusal(refusal: Refusal): void {
    new GatewayResponse(this, refusal.type.responseType, {
      restApi: this.api as IRestApi,
      type: refusal.type,
      statusCode: String(refusal.status),
      responseHeaders: {
        'Content-Type': "'application/problem+json'",
        'x-correlation-id': 'context.requestId',
        'Strict-Transport-Security': "'max-age=31536000'",
        ...(refusal.retryAfterSeconds === undefined ? {} : { 'Retry-After': `'${refusal.retryAfterSeconds}'` }),
      },
      templates: {
        'application/json': JSON.stringify({
          type: 'about:blank',
          title: refusal.title,
          status: refusal.status,
          detail: refusal.detail,
          correlationId: '$context.requestId',
        }),
      },
    });
  }
}

/** A flood of what needs no key must not use up the rate of those who have one. */
const openMethods = ({ openRatePerSecond }: Settings): Record<string, MethodDeploymentOptions> =>
  Object.fromEntries(
    routes
      .filter(({ scope }) => scope === null)
      .map(({ path, method }) => [
        `${path}/${method}`,
        { throttlingRateLimit: openRatePerSecond, throttlingBurstLimit: 2 * openRatePerSecond, metricsEnabled: true },
      ]),
  );

const accessLogFields = {
  id: 'requestId',
  ip: 'identity.sourceIp',
  method: 'httpMethod',
  route: 'resourcePath',
  status: 'status',
  tookMs: 'responseLatency',
  bytes: 'responseLength',
  refused: 'error.responseType',
  firewall: 'wafResponseCode',
} as const;

interface Refusal {
  readonly type: ResponseType;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly retryAfterSeconds?: number;
}

/** Requests that the gateway refuses itself get problems in the same form as those of the functions. */
const refusals: readonly Refusal[] = [
  { type: ResponseType.BAD_REQUEST_BODY, status: 400, title: 'Bad Request', detail: 'the request cannot be read' },
  { type: ResponseType.BAD_REQUEST_PARAMETERS, status: 400, title: 'Bad Request', detail: 'the request cannot be read' },
  { type: ResponseType.UNAUTHORIZED, status: 401, title: 'Unauthorized', detail: 'the request carries no valid key' },
  { type: ResponseType.ACCESS_DENIED, status: 403, title: 'Forbidden', detail: 'the request is not allowed' },
  { type: ResponseType.WAF_FILTERED, status: 403, title: 'Forbidden', detail: 'the request is not allowed' },
  { type: ResponseType.MISSING_AUTHENTICATION_TOKEN, status: 404, title: 'Not Found', detail: 'no such route' },
  { type: ResponseType.RESOURCE_NOT_FOUND, status: 404, title: 'Not Found', detail: 'no such route' },
  {
    type: ResponseType.REQUEST_TOO_LARGE,
    status: 413,
    title: 'Content Too Large',
    detail: 'the body is larger than the gateway takes',
  },
  {
    type: ResponseType.UNSUPPORTED_MEDIA_TYPE,
    status: 415,
    title: 'Unsupported Media Type',
    detail: 'the content type must be application/json',
  },
  { type: ResponseType.THROTTLED, status: 429, title: 'Too Many Requests', detail: 'too many requests', retryAfterSeconds: 1 },
  {
    type: ResponseType.QUOTA_EXCEEDED,
    status: 429,
    title: 'Too Many Requests',
    detail: 'too many requests',
    retryAfterSeconds: 60,
  },
  {
    type: ResponseType.INTEGRATION_FAILURE,
    status: 503,
    title: 'Service Unavailable',
    detail: 'the outcome is not known: safe to repeat with the same id',
    retryAfterSeconds: 1,
  },
  {
    type: ResponseType.INTEGRATION_TIMEOUT,
    status: 503,
    title: 'Service Unavailable',
    detail: 'the outcome is not known: safe to repeat with the same id',
    retryAfterSeconds: 1,
  },
  { type: ResponseType.DEFAULT_4XX, status: 400, title: 'Bad Request', detail: 'the request was refused by the gateway' },
  {
    type: ResponseType.DEFAULT_5XX,
    status: 503,
    title: 'Service Unavailable',
    detail: 'the outcome is not known: safe to repeat with the same id',
    retryAfterSeconds: 1,
  },
];
