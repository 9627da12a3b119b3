import { useEffect, useErrorBoundary, useRef, useState } from 'preact/hooks';
import { getCaller, heldKey, holdKey, whenRefused } from './api.ts';
import { forgetDrafts } from './drafts.ts';
import { asApiError } from './hooks.ts';
import { AccountPage } from './pages/account.tsx';
import { AccountsPage } from './pages/accounts.tsx';
import { DecisionPage } from './pages/decision.tsx';
import { LivePage } from './pages/live.tsx';
import { ModelPage } from './pages/model.tsx';
import { PolicyPage } from './pages/policy.tsx';
import { ReviewsPage } from './pages/reviews.tsx';
import { finishSignIn, SignIn } from './pages/signIn.tsx';
import { Empty, Loading } from './parts/basics.tsx';
import { HeldReviews } from './parts/disposition.tsx';
import { type Place, usePlace } from './router.ts';
import { type Session, SessionContext } from './session.tsx';

type State =
  | { readonly kind: 'starting' }
  | { readonly kind: 'signedOut'; readonly message: string | null }
  | { readonly kind: 'signedIn'; readonly session: Session };

const retryMs = 3_000;

export function App() {
  const [state, setState] = useState<State>({ kind: 'starting' });
  const signIn = async (): Promise<void> => {
    const key = heldKey();
    if (key === null) return setState({ kind: 'signedOut', message: null });
    try {
      setState({ kind: 'signedIn', session: await getCaller() });
    } catch (error) {
      if (heldKey() !== null && heldKey() !== key) return;
      const { status, message } = asApiError(error);
      if (status === 401) {
        holdKey(null);
        setState({ kind: 'signedOut', message: 'This key is not valid.' });
      } else {
        setState({ kind: 'signedOut', message: `${message} Trying again…` });
        setTimeout(signIn, retryMs);
      }
    }
  };
  useEffect(() => {
    whenRefused(() => {
      holdKey(null);
      setState({ kind: 'signedOut', message: 'This key is no longer valid.' });
    });
    const start = async (): Promise<void> => {
      takeKeyFromAddress();
      try {
        await finishSignIn();
      } catch (error) {
        return setState({ kind: 'signedOut', message: asApiError(error).message });
      }
      await signIn();
    };
    void start();
  }, []);

  if (state.kind === 'starting') return <Loading what="the console" lines={6} />;
  if (state.kind === 'signedOut') {
    return (
      <SignIn
        message={state.message}
        onKey={(key) => {
          holdKey(key);
          return signIn();
        }}
      />
    );
  }
  const signOut = (): void => {
    forgetDrafts();
    holdKey(null);
    setState({ kind: 'signedOut', message: null });
  };
  return (
    <SessionContext.Provider value={state.session}>
      <Shell session={state.session} onSignOut={signOut} />
    </SessionContext.Provider>
  );
}

/** Reads a key from `#key=aegis_...`, which `npm start` prints, and removes it from the address. A fragment never reaches a server. */
function takeKeyFromAddress(): void {
  const given = /^#key=([\w-]+)$/.exec(location.hash)?.[1];
  if (given === undefined) return;
  holdKey(given);
  history.replaceState(null, '', '#/live');
}

const tabs = [
  ['live', 'Live'],
  ['accounts', 'Accounts'],
  ['reviews', 'Reviews'],
  ['policy', 'Policy'],
  ['model', 'Model'],
] as const;

const titles: Readonly<Record<string, string>> = { ...Object.fromEntries(tabs), account: 'Account', decision: 'Decision' };

function Shell({ session, onSignOut }: { readonly session: Session; readonly onSignOut: () => void }) {
  const place = usePlace();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.title = `${titles[place.page] ?? 'Not found'} · Aegis`;
    // Following a link moves the focus to the new page.
    if (!first.current) main.current?.focus({ preventScroll: false });
    first.current = false;
    scrollTo(0, 0);
  }, [place.page, place.id]);
  const current = place.page === 'account' ? 'accounts' : place.page === 'decision' ? 'live' : place.page;
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <header class="top">
        <a class="brand" href="#/live">
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <path class="shield" d="M16 2 4 6v9c0 7.6 5 13 12 15 7-2 12-7.4 12-15V6z" />
            <path class="tick" d="m10.5 16 4 4 7-8" />
          </svg>
          Aegis
        </a>
        <nav aria-label="Pages">
          {tabs.map(([page, label]) => (
            <a key={page} href={`#/${page}`} aria-current={current === page ? 'page' : undefined}>
              {label}
            </a>
          ))}
        </nav>
        <div class="session">
          <SchemeButton />
          {session.tenant !== null && (
            <span class="tenant">
              <span class="unseen">Tenant </span>
              {session.tenant}
            </span>
          )}
          <button type="button" class="quiet" onClick={onSignOut}>
            Sign out
          </button>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {session.scopes.has('read') ? (
          <Guarded key={`${place.page}/${place.id}`} place={place} />
        ) : (
          <Empty title="This key cannot read">
            <p>The console needs a key with the scope “read”. To review payments, the key also needs “review”.</p>
          </Empty>
        )}
      </main>
      <HeldReviews />
    </>
  );
}

/** Shows an error in place of a page that fails to render; the rest of the console stays. */
function Guarded({ place }: { readonly place: Place }) {
  const [error, reset] = useErrorBoundary();
  if (error !== undefined) {
    return (
      <Empty title="This page could not be shown">
        <p>{error instanceof Error ? error.message : String(error)}</p>
        <button type="button" onClick={reset}>
          Try again
        </button>
      </Empty>
    );
  }
  return <CurrentPage place={place} />;
}

function CurrentPage({ place: { page, id, query } }: { readonly place: Place }) {
  if (page === 'live') return <LivePage />;
  if (page === 'decision' && id !== null) return <DecisionPage transactionId={id} />;
  if (page === 'account' && id !== null) return <AccountPage accountId={id} userId={query.get('user')} />;
  if (page === 'accounts') return <AccountsPage />;
  if (page === 'reviews') return <ReviewsPage />;
  if (page === 'policy') return <PolicyPage />;
  if (page === 'model') return <ModelPage />;
  return (
    <Empty title="Page not found">
      <p>
        <a href="#/live">Go to the live view</a>
      </p>
    </Empty>
  );
}

const schemes = ['system', 'light', 'dark'] as const;
type Scheme = (typeof schemes)[number];
const schemeKey = 'aegis.scheme';

function SchemeButton() {
  const [scheme, setScheme] = useState<Scheme>(
    () => schemes.find((known) => known === localStorage.getItem(schemeKey)) ?? 'system',
  );
  useEffect(() => {
    if (scheme === 'system') delete document.documentElement.dataset.scheme;
    else document.documentElement.dataset.scheme = scheme;
    localStorage.setItem(schemeKey, scheme);
  }, [scheme]);
  const next = schemes[(schemes.indexOf(scheme) + 1) % schemes.length]!;
  return (
    <button type="button" class="quiet" title={`Change to ${next}`} onClick={() => setScheme(next)}>
      <span class="unseen">Colours: </span>
      {scheme === 'system' ? 'Auto' : scheme === 'light' ? 'Light' : 'Dark'}
    </button>
  );
}
