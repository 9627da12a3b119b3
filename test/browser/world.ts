import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { buildConsole } from '../../console/build.ts';
import { systemClock, systemRandomness } from '../../shared/adapters/aws/system.ts';
import type { Scope } from '../../shared/contract/routes.ts';
import { createKey } from '../../shared/edge/keys.ts';
import { sendTraffic } from '../../tools/local/sendTraffic.ts';
import { type LocalStack, startLocalStack } from '../../tools/local/stack.ts';
import { attackNames } from '../../tools/simulation/attacks.ts';
import { defaultTraffic } from '../../tools/simulation/traffic.ts';
import { launchChromium } from './chromium.ts';

/** The real local stack with a little traffic on it, and a browser that looks at it. */
export interface World {
  readonly stack: LocalStack;
  readonly browser: Browser;
  /** A key with just these scopes. */
  key(...scopes: Scope[]): Promise<string>;
  call(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: never }>;
  /** A new tab, signed in unless told otherwise. What the page says about refused content or failures of its own is kept. */
  open(options?: OpenOptions): Promise<Tab>;
  stop(): Promise<void>;
}

export interface OpenOptions {
  /** Null: not signed in. */
  readonly key?: string | null;
  readonly url?: string;
  readonly at?: string;
  readonly initScript?: string;
}

export interface Tab {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Refused by the content-security policy, thrown, or asked by a dialog. */
  readonly troubles: string[];
  /** Addresses that the page asked for. */
  readonly requests: string[];
  go(fragment: string): Promise<void>;
}

const trafficRate = 3;

export const startWorld = async (executablePath: string): Promise<World> => {
  await buildConsole();
  const stack = await startLocalStack();
  const browser = await launchChromium(executablePath).catch(async (error: unknown) => {
    await stack.stop();
    throw error;
  });
  const stopping = new AbortController();
  const target = { url: stack.url, key: stack.key };
  const traffic = sendTraffic({
    ...defaultTraffic,
    seed: 7,
    tag: 's7',
    attacks: attackNames,
    target,
    rate: trafficRate,
    transactions: Number.POSITIVE_INFINITY,
    via: 'queue',
    signal: stopping.signal,
    onDecision: () => {},
  });
  return {
    stack,
    browser,
    key: async (...scopes) => {
      const store = { table: stack.table, clock: systemClock, randomness: systemRandomness };
      const { key } = await createKey(store, { tenant: 'dev', scopes, createdBy: 'test', expiresAtMs: null });
      return key;
    },
    call: async (method, path, body) => {
      const answer = await fetch(stack.url + path, {
        method,
        headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: answer.status, body: (await answer.json()) as never };
    },
    open: (options = {}) => openTab(browser, stack, options),
    stop: async () => {
      stopping.abort();
      await traffic;
      await browser.close();
      await stack.stop();
    },
  };
};

async function openTab(browser: Browser, stack: LocalStack, options: OpenOptions): Promise<Tab> {
  const { key = stack.key, url = `${stack.url}/`, at = '#/live', initScript } = options;
  const context = await browser.newContext({
    viewport: { width: 1600, height: 1000 },
    colorScheme: 'light',
    acceptDownloads: true,
  });
  if (initScript !== undefined) await context.addInitScript(initScript);
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const [troubles, requests]: string[][] = [[], []];
  page.on('pageerror', (error) => troubles!.push(error.message));
  page.on('console', (message) => {
    if (/content security policy|trusted/i.test(message.text())) troubles!.push(message.text());
  });
  page.on('dialog', (dialog) => {
    troubles!.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (asked) => requests!.push(`${asked.method()} ${asked.url()}`));
  await page.goto(url + (key === null ? '' : `#key=${key}`));
  if (key !== null) {
    await page.getByRole('navigation').waitFor();
    if (at !== '#/live') await page.goto(url + at);
  }
  return { page, context, troubles: troubles!, requests: requests!, go: (fragment) => page.goto(url + fragment).then(() => {}) };
}

/** The same stack under the path of an API stage, as gateways serve it. */
export const underPath = async (target: string, prefix: string): Promise<{ readonly url: string; stop(): Promise<void> }> => {
  const server: Server = createServer((incoming, answer) => {
    if (!incoming.url!.startsWith(prefix)) {
      answer.writeHead(403).end();
      return;
    }
    const { hostname, port } = new URL(target);
    const path = incoming.url!.slice(prefix.length - 1);
    const forwarded = request({ hostname, port, path, method: incoming.method, headers: incoming.headers }, (received) => {
      answer.writeHead(received.statusCode!, received.headers);
      received.pipe(answer);
    });
    forwarded.on('error', () => answer.writeHead(502).end());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${prefix}`,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
};
