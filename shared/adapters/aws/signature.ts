import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

/** AWS Signature Version 4 of a POST to `/` without a query: all that the JSON services take. */

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface Signer {
  /** Names (lower case) and values, in turn, to be sent as they are. `target` names service version and operation. */
  headers(target: string, body: string, nowMs: number): string[];
}

/** A signer for one host; its key, good for a day, is derived once. */
export function signerOf(host: string, region: string, service: string, credentials: Credentials): Signer {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const names = ['content-type', 'host', 'x-amz-date', ...(sessionToken ? ['x-amz-security-token'] : []), 'x-amz-target'];
  const signed = names.join(';');
  let day = '';
  let key: KeyObject = createSecretKey(Buffer.from('AWS4'));
  let second = 0;
  let time = '';
  return {
    headers(target, body, nowMs) {
      const nowSecond = Math.floor(nowMs / 1_000);
      if (nowSecond !== second) {
        second = nowSecond;
        time = `${new Date(nowSecond * 1_000).toISOString().replaceAll(/[-:]/g, '').slice(0, 15)}Z`;
        if (time.slice(0, 8) !== day) {
          day = time.slice(0, 8);
          key = signingKey(secretAccessKey, day, region, service);
        }
      }
      const scope = `${day}/${region}/${service}/aws4_request`;
      const token = sessionToken ? `x-amz-security-token:${sessionToken}\n` : '';
      const request = `POST\n/\n\ncontent-type:${contentType}\nhost:${host}\nx-amz-date:${time}\n${token}x-amz-target:${target}\n\n${signed}\n${hash('sha256', body)}`;
      const toSign = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash('sha256', request)}`;
      const signature = createHmac('sha256', key).update(toSign).digest('hex');
      return [
        'content-type',
        contentType,
        'host',
        host,
        'x-amz-date',
        time,
        ...(sessionToken ? ['x-amz-security-token', sessionToken] : []),
        'x-amz-target',
        target,
        'authorization',
        `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
      ];
    },
  };
}

const contentType = 'application/x-amz-json-1.0';

function signingKey(secret: string, day: string, region: string, service: string): KeyObject {
  const hmac = (key: KeyObject, text: string): KeyObject => createSecretKey(createHmac('sha256', key).update(text).digest());
  const first = createSecretKey(Buffer.from(`AWS4${secret}`));
  return hmac(hmac(hmac(hmac(first, day), region), service), 'aws4_request');
}
