import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import {
  type AddressRules,
  checkedAddresses,
  hostOf,
  type Resolve,
  systemResolve,
  urlFault,
} from '../../shared/webhooks/address.ts';

export interface Posting {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends and returns the status; redirects are not followed. Throws for an address that is not allowed, and when no answer comes. */
export type Post = (posting: Posting) => Promise<number>;

/** From the first packet to the status. */
export const answerMsMax = 10_000;

/** POSTs to checked addresses only: the name is resolved once, every address looked at, and one of these very addresses connected to. */
export const guardedPost =
  (rules: AddressRules, resolve: Resolve = systemResolve): Post =>
  async ({ url: text, headers, body }) => {
    const fault = urlFault(text, rules);
    if (fault !== null) throw new RangeError(fault);
    const url = new URL(text);
    const addresses = await checkedAddresses(url, resolve);
    const checkedLookup: LookupFunction = (_host, options, callback) => {
      if (options.all) callback(null, [...addresses]);
      else callback(null, addresses[0]!.address, addresses[0]!.family);
    };
    return send(
      url,
      { method: 'POST', headers: { ...headers, 'content-length': Buffer.byteLength(body) }, lookup: checkedLookup },
      body,
    );
  };

const send = (url: URL, options: RequestOptions, body: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const make = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const signal = AbortSignal.timeout(answerMsMax);
    const request = make({
      ...options,
      host: hostOf(url),
      port: url.port,
      path: `${url.pathname}${url.search}`,
      agent: false,
      signal,
    });
    request.once('response', (response) => {
      // What the receiver says beyond its status is not read.
      response.destroy();
      resolve(response.statusCode ?? 0);
    });
    request.once('error', (error) =>
      reject(signal.aborted ? new Error(`no answer within ${answerMsMax / 1_000} s`, { cause: error }) : error),
    );
    request.end(body);
  });
