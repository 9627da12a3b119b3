import type { components } from './wire.generated.ts';

type Immutable<Value> = Value extends readonly (infer Element)[]
  ? readonly Immutable<Element>[]
  : Value extends object
    ? { readonly [Name in keyof Value]: Immutable<Value[Name]> }
    : Value;

/**
 * A shape of the wire by its name in the OpenAPI document, read-only. `functions/read/schemas` describes each once; `npm run client:generate`
 * makes the types from it, and whoever renders or reads a shape takes it from here or from the client.
 */
export type Wire<Name extends keyof components['schemas']> = Immutable<components['schemas'][Name]>;

/** One item of a page. */
export type WireItemOf<Name extends keyof components['schemas']> =
  Wire<Name> extends { readonly items: readonly (infer Item)[] } ? Item : never;
