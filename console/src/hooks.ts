import { useEffect, useReducer, useRef, useState } from 'preact/hooks';
import { ApiError, get } from './api.ts';

/** What the page holds of something it reads from the API. Data stays while newer data is fetched, and when that fails. */
export interface Resource<Body> {
  readonly data: Body | null;
  readonly error: ApiError | null;
  readonly loading: boolean;
  readonly reload: () => void;
}

const backoffMsMax = 30_000;

/** Reads an address, and again every `everyMs` while the tab is visible; failures back off to 30 s. A null address reads nothing. */
export function useResource<Body>(url: string | null, everyMs?: number): Resource<Body> {
  return useLoad(url, (signal) => get<Body>(url!, signal), everyMs);
}

/** Does the same with any `load`. A new `name` loads anew; a null name loads nothing. */
export function useLoad<Body>(
  name: string | null,
  load: (signal: AbortSignal) => Promise<Body>,
  everyMs?: number,
): Resource<Body> {
  const [state, setState] = useState<{ name: string | null; data: Body | null; error: ApiError | null }>({
    name,
    data: null,
    error: null,
  });
  const [round, reload] = useReducer((count: number) => count + 1, 0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (name === null) return;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    const run = async (): Promise<void> => {
      if (document.hidden && everyMs !== undefined) return wait();
      try {
        const data = await latest.current(stop.signal);
        failures = 0;
        if (!stop.signal.aborted) setState({ name, data, error: null });
      } catch (error) {
        if (stop.signal.aborted) return;
        failures += 1;
        setState((known) => ({ name, data: known.name === name ? known.data : null, error: asApiError(error) }));
      }
      wait();
    };
    const wait = (): void => {
      if (everyMs === undefined || stop.signal.aborted) return;
      timer = setTimeout(run, failures === 0 ? everyMs : Math.min(backoffMsMax, everyMs * 2 ** failures));
    };
    run();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [name, everyMs, round]);
  const isCurrent = state.name === name;
  const data = isCurrent ? state.data : null;
  const error = isCurrent ? state.error : null;
  return { data, error, loading: name !== null && data === null && error === null, reload: () => reload(undefined as never) };
}

export const asApiError = (error: unknown): ApiError =>
  error instanceof ApiError ? error : new ApiError(-1, error instanceof Error ? error.message : String(error));

/** Returns the time, and renders again every `everyMs`, for texts such as `3 s ago`. */
export function useClock(everyMs: number): number {
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return nowMs;
}

/** Returns a ref, and the current width and height of that element's content. */
export function useSize<E extends HTMLElement>() {
  const ref = useRef<E>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      setSize({ width: Math.floor(width), height: Math.floor(height) });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, size] as const;
}

/** Returns the colour scheme in use. A canvas must be drawn again when it changes. */
export function useScheme(): string {
  const [scheme, setScheme] = useState(schemeNow);
  useEffect(() => {
    const changed = (): void => setScheme(schemeNow());
    const query = matchMedia('(prefers-color-scheme: dark)');
    query.addEventListener('change', changed);
    const observer = new MutationObserver(changed);
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-scheme'] });
    return () => {
      query.removeEventListener('change', changed);
      observer.disconnect();
    };
  }, []);
  return scheme;
}

const schemeNow = (): string =>
  document.documentElement.dataset.scheme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');

export const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
