import type { Attribute, Item } from '../../shared/ports/ports.ts';

/** One attribute as stream events carry it: DynamoDB JSON with binary values in base64. */
export interface AttributeImage {
  readonly S?: string;
  readonly N?: string;
  readonly B?: string | Uint8Array;
  readonly BOOL?: boolean;
  readonly NULL?: boolean;
  readonly L?: readonly AttributeImage[];
  readonly M?: Readonly<Record<string, AttributeImage>>;
}

/** The SDK's own converter leaves base64 text as it is: it expects bytes, which a Lambda event cannot carry. */
export const itemFromImage = (image: Readonly<Record<string, AttributeImage>>): Item => mapOf(image) as Item;

const mapOf = (image: Readonly<Record<string, AttributeImage>>): Record<string, Attribute> =>
  Object.fromEntries(Object.entries(image).map(([name, attribute]) => [name, attributeOf(attribute)]));

function attributeOf(image: AttributeImage): Attribute {
  if (image.S !== undefined) return image.S;
  if (image.N !== undefined) return Number(image.N);
  if (image.B !== undefined) return typeof image.B === 'string' ? new Uint8Array(Buffer.from(image.B, 'base64')) : image.B;
  if (image.BOOL !== undefined) return image.BOOL;
  if (image.NULL === true) return null;
  if (image.L !== undefined) return image.L.map(attributeOf);
  if (image.M !== undefined) return mapOf(image.M);
  throw new TypeError(
    `a stream image has an attribute of type ${Object.keys(image).join(', ')}; the table holds S, N, B, BOOL, NULL, L and M`,
  );
}
