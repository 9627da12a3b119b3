import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Attribute, Item, ObjectStore } from '../../shared/ports/ports.ts';

/** Stored rows and objects in files: gzip JSON lines, bytes as base64 under the name `$bytes`. */

export const goldenFolder = (version: string): string => join(import.meta.dirname, '..', 'fixtures', 'golden', version);

const pack = (value: unknown): Buffer => gzipSync(JSON.stringify(value), { level: 9 });
const unpack = (path: string): unknown => JSON.parse(gunzipSync(readFileSync(path)).toString());

export const writeJson = (folder: string, name: string, value: unknown): void => writeFileSync(join(folder, name), pack(value));
export const readJson = <Value>(folder: string, name: string): Value => unpack(join(folder, name)) as Value;

export const writeItems = (folder: string, name: string, items: readonly Item[]): void =>
  writeJson(
    folder,
    name,
    items.map((item) => Object.fromEntries(Object.entries(item).map(([field, value]) => [field, plain(value)]))),
  );

export const readItems = (folder: string, name: string): Item[] =>
  readJson<Record<string, unknown>[]>(folder, name).map(
    (item) => Object.fromEntries(Object.entries(item).map(([field, value]) => [field, restored(value)])) as Item,
  );

const plain = (value: Attribute): unknown =>
  value instanceof Uint8Array ? { $bytes: Buffer.from(value).toString('base64') } : value;

const restored = (value: unknown): Attribute =>
  typeof value === 'object' && value !== null && '$bytes' in value
    ? new Uint8Array(Buffer.from(String(value.$bytes), 'base64'))
    : (value as Attribute);

export async function writeObjects(folder: string, name: string, objects: ObjectStore): Promise<void> {
  const { keys } = await objects.list('');
  const all: Record<string, string> = {};
  for (const key of keys) all[key] = Buffer.from((await objects.get(key))!).toString('base64');
  writeJson(folder, name, all);
}

export async function readObjects(folder: string, name: string, into: ObjectStore): Promise<void> {
  for (const [key, text] of Object.entries(readJson<Record<string, string>>(folder, name)))
    await into.put(key, Buffer.from(text, 'base64'));
}
