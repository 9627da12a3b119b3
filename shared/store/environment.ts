import { env } from './names.ts';

/**
 * The environment variables of this process, by type; `env` has their names. Nothing else in `shared/` and `functions/` reads them, except
 * for the SDK's own. Read them while a module loads: what is missing or wrong then fails the cold start and is named.
 */

type Name = keyof typeof env;

/** The value; undefined when it is not set or empty. */
export const optional = (name: Name): string | undefined => process.env[env[name]] || undefined;

/** The value. Throws an Error that names the variable when it is not set. */
export function required(name: Name): string {
  const value = optional(name);
  if (value === undefined) throw new Error(`the environment variable ${env[name]} is not set`);
  return value;
}

/** A number above 0. Throws an Error that names the variable for anything else. */
export function requiredNumber(name: Name): number {
  const value = Number(required(name));
  if (!(value > 0 && Number.isFinite(value)))
    throw new Error(`the environment variable ${env[name]} is ${required(name)}; allowed: a number above 0`);
  return value;
}

/** False when it is not set. Throws an Error that names the variable for anything but `true` and `false`. */
export function isTrue(name: Name): boolean {
  const value = optional(name);
  if (value !== undefined && value !== 'true' && value !== 'false')
    throw new Error(`the environment variable ${env[name]} is ${value}; allowed: true or false`);
  return value === 'true';
}
