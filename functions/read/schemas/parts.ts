import { idPattern } from '../../../shared/contract/ids.ts';
import { outcomes } from '../../../shared/domain/outcome.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';

/** What the JSON Schemas of the wire are put together from. */

export type Schema = Readonly<Record<string, unknown>>;

export const refer = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

/** Every field but the optional ones is always there. */
export const object = (properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});

export const closed = (schema: Schema): Schema => ({ ...schema, additionalProperties: false });
export const array = (items: Schema, bounds: Schema = {}): Schema => ({ type: 'array', items, ...bounds });
export const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
export const choice = (values: readonly string[]): Schema => ({ type: 'string', enum: values });

export const text: Schema = { type: 'string' };
export const number: Schema = { type: 'number' };
export const flag: Schema = { type: 'boolean' };
export const count: Schema = { type: 'integer', minimum: 0 };
export const sequence: Schema = { type: 'integer', minimum: 1 };
export const id: Schema = { type: 'string', pattern: idPattern };
export const transactionId: Schema = { type: 'string', pattern: idPattern, not: { const: 'latest' } };
export const time: Schema = { type: 'string', format: 'date-time' };
export const hash: Schema = { type: 'string', pattern: '^[0-9a-f]{64}$' };
export const outcome = choice(outcomes);
export const disposition = choice(['CONFIRMED_FRAUD', 'LEGITIMATE', 'UNSURE']);
export const signal = choice(signalNames);
export const score: Schema = { type: 'number', minimum: 0, maximum: 100 };

export const optional = (schema: Schema): Schema => orNull(schema);

export const page = (item: Schema, more: Readonly<Record<string, Schema>> = {}): Schema =>
  object({ items: array(item), cursor: text, ...more }, ['cursor', ...Object.keys(more)]);
