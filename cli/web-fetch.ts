import { environmentProxy } from "../shared/kube/environment-proxy.ts";

/**
 * The platform's `fetch`, through the proxy that the environment names for the URL. The platform's own has no say over
 * that once Node runs, so with a proxy its implementation is loaded as a package.
 */
export async function webFetch(
  url: string,
  init: { signal: AbortSignal; headers: Readonly<Record<string, string>> },
  env: Readonly<Record<string, string | undefined>>,
): Promise<Response> {
  const proxy = environmentProxy(url, env);
  if (proxy === null) return fetch(url, init);
  const { fetch: fetchThrough, ProxyAgent } = await import("undici");
  const response = await fetchThrough(url, { ...init, dispatcher: new ProxyAgent(proxy) });
  return new Response(response.body as ReadableStream | null, {
    status: response.status,
    statusText: response.statusText,
  });
}
