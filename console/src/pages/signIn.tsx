import { useId, useState } from 'preact/hooks';
import { ApiError, get, holdKey } from '../api.ts';
import { useResource } from '../hooks.ts';

/** Sign-in with an API key or a token, or with a token fetched from the configured issuer (authorization code with PKCE, S256). */

interface Settings {
  readonly signIn: { readonly issuer: string; readonly clientId: string; readonly audience: string } | null;
}

interface Discovery {
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
}

const settingsUrl = 'console/settings.json';
const pendingKey = 'aegis.signIn';

export function SignIn({ message, onKey }: { readonly message: string | null; readonly onKey: (key: string) => Promise<void> }) {
  const [key, setKey] = useState('');
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const settings = useResource<Settings>(settingsUrl);
  const id = useId();
  const issuer = settings.data?.signIn ?? null;
  return (
    <main class="signIn">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <path class="shield" d="M16 2 4 6v9c0 7.6 5 13 12 15 7-2 12-7.4 12-15V6z" />
        <path class="tick" d="m10.5 16 4 4 7-8" />
      </svg>
      <h1>Aegis</h1>
      <p class="lead">Decides every payment, with reasons and proof.</p>
      <form
        onSubmit={async (event) => {
          event.preventDefault();
          if (key.trim() === '') return;
          setBusy(true);
          await onKey(key.trim());
          setBusy(false);
        }}
      >
        <label for={id}>API key</label>
        <input
          id={id}
          type="password"
          autocomplete="off"
          spellcheck={false}
          placeholder="aegis_…"
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
          aria-describedby={`${id}-hint`}
        />
        <button type="submit" class="primary" disabled={busy}>
          {busy ? 'Signing in…' : 'Sign in'}
        </button>
        <p id={`${id}-hint`} class="hint">
          Kept in this tab only. <code>npm start</code> prints a key for your own machine.
        </p>
      </form>
      {issuer !== null && (
        <button
          type="button"
          onClick={() =>
            startSignIn(issuer).catch((error: unknown) => setFault(error instanceof Error ? error.message : String(error)))
          }
        >
          Sign in with {new URL(issuer.issuer).host}
        </button>
      )}
      {(fault ?? message) !== null && (
        <p class="message" role="alert">
          {fault ?? message}
        </p>
      )}
      <p class="hint">
        <a href="docs">API documentation</a>
      </p>
    </main>
  );
}

async function startSignIn({ issuer, clientId, audience }: NonNullable<Settings['signIn']>): Promise<void> {
  const { authorization_endpoint: address } = await discovered(issuer);
  const [verifier, state] = [randomText(), randomText()];
  sessionStorage.setItem(pendingKey, JSON.stringify({ verifier, state }));
  const challenge = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  const url = new URL(address);
  const given = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri(),
    scope: 'openid',
    audience,
    state,
    code_challenge: base64Url(new Uint8Array(challenge)),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(given)) url.searchParams.set(name, value);
  location.assign(url);
}

/** Completes a sign-in when the issuer has redirected back: fetches the token and keeps it. Throws an ApiError with a message to show. */
export async function finishSignIn(): Promise<void> {
  const answer = new URLSearchParams(location.search);
  const pending = sessionStorage.getItem(pendingKey);
  if (pending === null || !(answer.has('code') || answer.has('error'))) return;
  sessionStorage.removeItem(pendingKey);
  history.replaceState(null, '', redirectUri());
  const { verifier, state } = JSON.parse(pending) as { verifier: string; state: string };
  const refused = (why: string): ApiError => new ApiError(401, `Sign-in failed: ${why}`);
  if (answer.get('state') !== state) throw refused('the answer belongs to another request.');
  if (answer.has('error')) throw refused(answer.get('error_description') ?? answer.get('error')!);
  const { signIn } = await get<Settings>(settingsUrl);
  if (signIn === null) throw refused('no issuer is configured.');
  const { token_endpoint: address } = await discovered(signIn.issuer);
  const answered = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: answer.get('code')!,
      client_id: signIn.clientId,
      redirect_uri: redirectUri(),
      code_verifier: verifier,
    }),
  });
  const { access_token: token } = (await answered.json().catch(() => ({}))) as { access_token?: string };
  if (!answered.ok || token === undefined) throw refused(`the issuer answered ${answered.status}.`);
  holdKey(token);
}

const discovered = async (issuer: string): Promise<Discovery> => {
  const answer = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  if (!answer.ok) throw new ApiError(answer.status, `The issuer answered ${answer.status}.`);
  return answer.json() as Promise<Discovery>;
};

const redirectUri = (): string => location.origin + location.pathname;

const randomText = (): string => base64Url(crypto.getRandomValues(new Uint8Array(32)));

const base64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
