import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import type { ObjectStore } from '../../ports/ports.ts';
import { OutcomeUnknown, Throttled, Unavailable } from '../../ports/ports.ts';
import { type Connection, clientOptions } from './client.ts';

export interface ObjectsOptions extends Connection {
  readonly bucket: string;
}

/** Every call may be repeated: keys are content-addressed, so a second put stores the same bytes again. */
const attemptsMax = 3;
const pageKeysMax = 1_000;
const versionPagesMax = 100;

/** An S3 bucket of objects written once. `put` of a key that exists changes nothing and succeeds. */
export function s3Objects(options: ObjectsOptions): ObjectStore & { close(): void } {
  const { bucket } = options;
  const base = clientOptions('s3', options, attemptsMax);
  const client = new S3Client({ ...base, forcePathStyle: base.endpoint !== undefined });
  return {
    async put(key, body, { contentType } = {}) {
      try {
        await client.send(new PutObjectCommand(putObjectRequest(bucket, key, body, contentType)));
      } catch (error) {
        if (faultName(error) === 'PreconditionFailed') return;
        throw family(error, 'write');
      }
    },

    async get(key, { version } = {}) {
      try {
        const versioned = version === undefined ? {} : { VersionId: version };
        const reply = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, ...versioned }));
        if (reply.Body === undefined) throw new Unavailable(`object ${key} came without a body`);
        return await reply.Body.transformToByteArray();
      } catch (error) {
        if (['NoSuchKey', 'NoSuchVersion'].includes(faultName(error))) return null;
        throw family(error, 'read');
      }
    },

    async firstVersions(prefix, { after } = {}) {
      const first = new Map<string, string>();
      let place: { KeyMarker?: string; VersionIdMarker?: string } = after === undefined ? {} : { KeyMarker: after };
      for (let pages = 0; pages < versionPagesMax; pages += 1) {
        const request = { Bucket: bucket, Prefix: prefix, MaxKeys: pageKeysMax, ...place };
        const reply = await client.send(new ListObjectVersionsCommand(request)).catch((error: unknown) => {
          throw family(error, 'read');
        });
        // A key's versions come newest first: the last one stays.
        for (const { Key, VersionId } of reply.Versions ?? []) if (Key && VersionId) first.set(Key, VersionId);
        if (reply.IsTruncated !== true || reply.NextKeyMarker === undefined) return first;
        place = {
          KeyMarker: reply.NextKeyMarker,
          ...(reply.NextVersionIdMarker !== undefined && { VersionIdMarker: reply.NextVersionIdMarker }),
        };
      }
      throw new RangeError(`${prefix} has more than ${versionPagesMax * pageKeysMax} versions of objects`);
    },

    async list(prefix, { after, limit = pageKeysMax } = {}) {
      if (!Number.isInteger(limit) || limit < 1 || limit > pageKeysMax) {
        throw new RangeError(`limit is ${limit}, allowed are whole numbers from 1 to ${pageKeysMax}`);
      }
      try {
        const reply = await client.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: prefix,
            MaxKeys: limit,
            ...(after === undefined ? {} : { StartAfter: after }),
          }),
        );
        const keys = (reply.Contents ?? []).map((object) => object.Key ?? '');
        const last = keys.at(-1);
        return reply.IsTruncated === true && last !== undefined ? { keys, after: last } : { keys };
      } catch (error) {
        throw family(error, 'read');
      }
    },

    async delete(key) {
      try {
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
      } catch (error) {
        throw family(error, 'write');
      }
    },
    close: () => client.destroy(),
  };
}

export const putObjectRequest = (
  bucket: string,
  key: string,
  body: Uint8Array,
  contentType: string | undefined,
): PutObjectCommandInput => ({
  Bucket: bucket,
  Key: key,
  Body: body,
  IfNoneMatch: '*',
  ...(contentType === undefined ? {} : { ContentType: contentType }),
});

const faultName = (error: unknown): string => (error instanceof Error ? error.name : '');

function family(error: unknown, what: 'read' | 'write'): Error {
  if (error instanceof Unavailable) return error;
  const fault = error as { name?: string; message?: string; $metadata?: { httpStatusCode?: number } };
  const text = `the object store did not answer a ${what}: ${fault.name}: ${fault.message}`;
  if (fault.name === 'SlowDown' || fault.name === 'ThrottlingException') return new Throttled(text, { cause: error });
  const status = fault.$metadata?.httpStatusCode ?? 0;
  const refused = status >= 400 && status < 500;
  return what === 'read' || refused ? new Unavailable(text, { cause: error }) : new OutcomeUnknown(text, { cause: error });
}
