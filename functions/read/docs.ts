import { readFile } from 'node:fs/promises';
import { notFound } from '../../shared/edge/problem.ts';
import type { Answer, AnswerWithoutBody } from '../../shared/edge/request.ts';
import { type DocumentOptions, openApiDocument } from './openapi.ts';

/** The OpenAPI document and Swagger UI on it. Every link is relative, so that both work under a stage path. */

/** Files of the package `swagger-ui-dist` that the page needs, with their media types. */
export const swaggerFiles = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
} as const;

/** Where a bundled function finds them: a folder of this name beside its code. */
export const swaggerFolder = 'swagger-ui';

const html = 'text/html; charset=utf-8';

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Aegis API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;

const start = `window.ui = SwaggerUIBundle({
  url: new URL('openapi.json', location.href).href,
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
});
`;

/** Swagger UI styles its elements in place and draws its icons from data URLs. */
const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

const cacheable = { 'cache-control': 'public, max-age=3600' };

export const docsAnswers = (options: DocumentOptions): Record<'getOpenApi' | 'getDocs' | 'getDocsFile', AnswerWithoutBody> => {
  let document: Record<string, unknown> | undefined;
  return {
    getOpenApi: async () => {
      document ??= openApiDocument(options);
      return { status: 200, body: document };
    },
    getDocs: async () => ({ status: 200, body: page, contentType: html, headers }),
    getDocsFile: async ({ parameters }) => fileAnswer(parameters.path ?? ''),
  };
};

async function fileAnswer(name: string): Promise<Answer> {
  if (name === '') return { status: 308, headers: { location: '../docs' } };
  if (name === 'start.js') return { status: 200, body: start, contentType: 'text/javascript; charset=utf-8' };
  if (!isSwaggerFile(name)) throw notFound('There is no such file.');
  return { status: 200, body: await swaggerFile(name), contentType: swaggerFiles[name], headers: cacheable };
}

const isSwaggerFile = (name: string): name is keyof typeof swaggerFiles => Object.hasOwn(swaggerFiles, name);

/** Reads a file from the folder beside the bundle, or from the package when nothing is bundled. */
async function swaggerFile(name: keyof typeof swaggerFiles): Promise<Uint8Array> {
  try {
    return await readFile(new URL(`./${swaggerFolder}/${name}`, import.meta.url));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    return readFile(new URL(import.meta.resolve(`swagger-ui-dist/${name}`)));
  }
}
