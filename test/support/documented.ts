import { Ajv2020 } from 'ajv/dist/2020.js';
import { openApiDocument } from '../../functions/read/openapi.ts';
import { matchPath } from '../../shared/contract/routes.ts';
import { policyJsonSchema } from '../../shared/policy/schema.ts';

interface Described {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

/** The document as it is served, with the policy's own schema in it. */
export const document = openApiDocument({ version: '1.2.3', policySchema: policyJsonSchema() }) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described & Readonly<Record<string, unknown>>>>>>;
};

const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(document, 'openapi');

/** What an answer has that the document does not say of it, or null. Requests that no operation describes are not judged. */
export function undocumented(
  method: string,
  path: string,
  answer: { readonly statusCode: number; readonly headers?: object | undefined; readonly body: string },
): string | null {
  const route = matchPath(path)?.routes.find((candidate) => candidate.method === method);
  if (route === undefined) return null;
  const at = route.path.replace('+}', '}');
  const { statusCode } = answer;
  const described = document.paths[at]?.[method.toLowerCase()]?.responses[statusCode];
  if (described === undefined) return `${method} ${at} answers ${statusCode}, which is not documented`;
  if (answer.body === '') return described.content === undefined ? null : `${method} ${at} answers ${statusCode} with nothing`;
  const mediaType = String(Object.entries(answer.headers ?? {}).find(([name]) => name === 'content-type')?.[1]).split(';')[0]!;
  const documentedType = [mediaType, '*/*'].find((type) => described.content?.[type] !== undefined);
  if (documentedType === undefined) return `${method} ${at} answers ${statusCode} as ${mediaType}, which is not documented`;
  if (!mediaType.endsWith('json')) return null;
  const pointer = ['paths', at, method.toLowerCase(), 'responses', String(statusCode), 'content', documentedType, 'schema']
    .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/');
  const validate = ajv.getSchema(`openapi#/${pointer}`)!;
  if (validate(JSON.parse(answer.body))) return null;
  return `${method} ${at} ${statusCode}: ${ajv.errorsText(validate.errors)} in ${answer.body.slice(0, 500)}`;
}
