import type { AttributeValue as StoredValue } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { AttributeValue } from 'aws-lambda';
import type { Item } from '../../shared/ports/ports.ts';

/** An item as a Lambda event of the table's stream holds it: DynamoDB's JSON, bytes as base64 text. */
export const streamImage = (item: Item): { [name: string]: AttributeValue } => imagesOf(marshall(item));

const imagesOf = (attributes: Readonly<Record<string, StoredValue>>): { [name: string]: AttributeValue } =>
  Object.fromEntries(Object.entries(attributes).map(([name, attribute]) => [name, imageOf(attribute)]));

const imageOf = (attribute: StoredValue): AttributeValue => {
  if (attribute.B !== undefined) return { B: Buffer.from(attribute.B).toString('base64') };
  if (attribute.L !== undefined) return { L: attribute.L.map(imageOf) };
  if (attribute.M !== undefined) return { M: imagesOf(attribute.M) };
  return attribute as AttributeValue;
};
