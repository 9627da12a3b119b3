import { readFile } from 'node:fs/promises';
import { notFound } from '../../shared/edge/problem.ts';
import type { Answer, AnswerWithoutBody } from '../../shared/edge/request.ts';
import type { TokenIssuer } from '../../shared/edge/tokens.ts';

/** The analysts' console: a page and its files, which talk to this API only. */

/** Where a bundled function finds the built files: a folder of this name beside its code. */
export const consoleFolder = 'console';

const mediaTypes: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Names of built files hold a hash of what is in them. */
const forEver = { 'cache-control': 'public, max-age=31536000, immutable' };
const forAnHour = { 'cache-control': 'public, max-age=3600' };

/** `issuer`: whose tokens the API takes, which the page may then ask for one. */
export const consoleAnswers = (
  issuer: TokenIssuer | null,
): Record<'getHome' | 'getConsole' | 'getConsoleFile', AnswerWithoutBody> => {
  const headers = pageHeaders(issuer);
  const page = async (): Promise<Answer> => ({
    status: 200,
    body: await file('index.html'),
    contentType: mediaTypes.html!,
    headers,
  });
  return {
    getHome: page,
    getConsole: page,
    getConsoleFile: async ({ parameters }) => {
      const name = parameters.path ?? '';
      if (name === '') return { status: 308, headers: { location: '../console' } };
      if (name === 'settings.json') return { status: 200, body: { signIn: signInOf(issuer) } };
      return fileAnswer(name);
    },
  };
};

/** Scripts and styles from here only, none in the page; connections to here and to the issuer; nothing may turn text into HTML. */
function pageHeaders(issuer: TokenIssuer | null): Readonly<Record<string, string>> {
  const signIn = signInOf(issuer);
  const connect = signIn === null ? "'self'" : `'self' ${new URL(signIn.issuer).origin}`;
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src ${connect}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    'x-frame-options': 'DENY',
  };
}

/** Returns what a browser needs to ask for a token; null when people sign in with a key or token that they bring. */
const signInOf = (issuer: TokenIssuer | null) =>
  issuer?.consoleClientId === undefined
    ? null
    : { issuer: issuer.issuer, clientId: issuer.consoleClientId, audience: issuer.audience };

async function fileAnswer(name: string): Promise<Answer> {
  const known = /^(assets\/)?[A-Za-z0-9_-]+\.(js|css|svg)$/.exec(name);
  if (known === null) throw notFound('There is no such file.');
  return {
    status: 200,
    body: await file(name),
    contentType: mediaTypes[known[2]!]!,
    headers: known[1] === undefined ? forAnHour : forEver,
  };
}

/** Reads a file from the folder beside the bundle, or from where it is built when nothing is bundled. */
async function file(name: string): Promise<string> {
  for (const folder of [`./${consoleFolder}/`, '../../console/dist/']) {
    try {
      return await readFile(new URL(folder + name, import.meta.url), 'utf8');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))) throw error;
    }
  }
  throw notFound(name === 'index.html' ? 'The console is not built here: npm run console:build.' : 'There is no such file.');
}
