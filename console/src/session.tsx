import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Scope } from '../../shared/contract/routes.ts';

/** Who is signed in. */
export interface Session {
  readonly scopes: ReadonlySet<Scope>;
  /** Null when the key may not read. */
  readonly tenant: string | null;
}

export const SessionContext = createContext<Session>({ scopes: new Set(), tenant: null });

export const useScope = (scope: Scope): boolean => useContext(SessionContext).scopes.has(scope);
