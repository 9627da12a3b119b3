import type { Api } from './api.ts';

/** `fetch` of the API on memory stores, under a stage path, as API Gateway would pass its requests on. */
export const fetchFrom =
  (api: Api, stagePath = '') =>
  async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const query = Object.fromEntries([...new Set(url.searchParams.keys())].map((name) => [name, url.searchParams.getAll(name)]));
    const body = await request.text();
    const { result } = await api.call({
      method: request.method,
      path: url.pathname.slice(stagePath.length),
      query,
      headers: Object.fromEntries(request.headers),
      body: body === '' ? null : body,
    });
    return new Response(result.body, { status: result.statusCode, headers: result.headers as Record<string, string> });
  };
