import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Scope } from '../../shared/contract/routes.ts';

/** Who is signed in, as far as this page can tell. */
export interface Session {
  readonly scopes: ReadonlySet<Scope>;
  /** Null for a token, which does not say. */
  readonly tenant: string | null;
}

export const SessionContext = createContext<Session>({ scopes: new Set(), tenant: null });

export const useScope = (scope: Scope): boolean => useContext(SessionContext).scopes.has(scope);
