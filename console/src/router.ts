import { useEffect, useState } from 'preact/hooks';

/** The page that the address names: `#/decision/txn_1`. It is in the fragment, so that it works below any path. */
export interface Place {
  readonly page: string;
  readonly id: string | null;
  readonly query: URLSearchParams;
}

export const placeOf = (fragment: string): Place => {
  const [whole = '', query = ''] = fragment.replace(/^#\/?/, '').split('?');
  const [page = '', id] = whole.split('/');
  return {
    page: page === '' ? 'live' : page,
    id: id === undefined || id === '' ? null : decoded(id),
    query: new URLSearchParams(query),
  };
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

export function usePlace(): Place {
  const [fragment, setFragment] = useState(location.hash);
  useEffect(() => {
    const moved = (): void => setFragment(location.hash);
    addEventListener('hashchange', moved);
    return () => removeEventListener('hashchange', moved);
  }, []);
  return placeOf(fragment);
}

export const toDecision = (transactionId: string): string => `#/decision/${encodeURIComponent(transactionId)}`;

export const toAccount = (accountId: string, userId?: string | null): string =>
  `#/account/${encodeURIComponent(accountId)}${userId ? `?user=${encodeURIComponent(userId)}` : ''}`;
