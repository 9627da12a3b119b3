import type { AttributeValue } from 'aws-lambda';
import type { Attribute, Item } from '../../ports/ports.ts';

/** DynamoDB's JSON of an attribute, bytes as base64 text: as requests, replies and stream events hold it. */
export type WireAttribute = AttributeValue;

export type WireItem = { [name: string]: WireAttribute };

/** Throws a RangeError for a number that would lose digits, and a TypeError for what no attribute can hold. */
export function toWire(value: Attribute): WireAttribute {
  switch (typeof value) {
    case 'string':
      return { S: value };
    case 'number':
      return { N: String(storable(value)) };
    case 'boolean':
      return { BOOL: value };
    case 'object':
      if (value === null) return { NULL: true };
      if (value instanceof Uint8Array)
        return { B: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
      if (isList(value)) return { L: value.map(toWire) };
      return { M: toWireItem(value) };
    default:
      throw new TypeError(`an attribute cannot hold a value of type ${typeof value}`);
  }
}

export function toWireItem(item: { readonly [attribute: string]: Attribute }): WireItem {
  const wire: Record<string, WireAttribute> = {};
  for (const name of Object.keys(item)) wire[name] = toWire(item[name]!);
  return wire;
}

/** Throws a RangeError for a number that would lose digits and for a kind of attribute that is never written here. */
export function fromWire(wire: WireAttribute): Attribute {
  if (wire.S !== undefined) return wire.S;
  if (wire.N !== undefined) return exactNumber(wire.N);
  if (wire.B !== undefined) return new Uint8Array(Buffer.from(wire.B, 'base64'));
  if (wire.M !== undefined) return fromWireMap(wire.M);
  if (wire.L !== undefined) return wire.L.map(fromWire);
  if (wire.BOOL !== undefined) return wire.BOOL;
  if (wire.NULL !== undefined) return null;
  throw new RangeError(`an attribute of the kind ${Object.keys(wire).join()} is not known`);
}

export const fromWireItem = (wire: WireItem): Item => fromWireMap(wire) as Item;

function fromWireMap(wire: WireItem): { readonly [name: string]: Attribute } {
  const item: Record<string, Attribute> = {};
  for (const name of Object.keys(wire)) item[name] = fromWire(wire[name]!);
  return item;
}

/** A stored number as a JS number; one that would lose digits is refused. */
export function exactNumber(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    throw new RangeError(`the stored number ${text} is beyond 2^53-1`);
  }
  return value;
}

function storable(value: number): number {
  if (Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER) return value;
  throw new RangeError(`the number ${value} cannot be stored: it is not finite, or beyond 2^53-1`);
}

const isList = (value: Attribute): value is readonly Attribute[] => Array.isArray(value);
