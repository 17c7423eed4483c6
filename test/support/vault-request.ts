import { Agent as HttpAgent, type IncomingHttpHeaders, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";

/** One answer of Vault. */
export type VaultAnswer = {
  status: number;
  headers: IncomingHttpHeaders;
  /** Parsed; null where there is none. */
  body: unknown;
};

/**
 * Sends one request, whatever the status of the answer.
 * @param path below /v1/, such as "sys/health".
 * @param token the root's by default; none when null.
 */
export type VaultRequest = (
  method: string,
  path: string,
  body?: unknown,
  token?: string | null,
) => Promise<VaultAnswer>;

const requestBoundMs = 30_000;

/**
 * Makes a plain client of one Vault, deliberately apart from the one under test.
 * @param server its authority is null without TLS; the token is asked for at each request.
 * @returns the request function, and `close`, which ends its kept connections.
 */
export function makeVaultRequest(server: {
  address: string;
  ca: string | null;
  token: () => string | null;
}): {
  request: VaultRequest;
  close: () => void;
} {
  const { address, ca } = server;
  const agent = ca === null ? new HttpAgent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true, ca });
  const open = ca === null ? requestHttp : requestHttps;
  const request: VaultRequest = (method, path, body, token = server.token()) => {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = open(new URL(`/v1/${path}`, address), {
        agent,
        method,
        timeout: requestBoundMs,
        headers: {
          ...(token === null ? {} : { "x-vault-token": token }),
          ...(payload === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }),
        },
      });
      sent.on("timeout", () =>
        sent.destroy(new Error(`${method} ${path}: no answer in ${requestBoundMs} ms`)),
      );
      sent.on("error", reject);
      sent.on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          const { statusCode = 0, headers } = response;
          resolve({ status: statusCode, headers, body: text === "" ? null : JSON.parse(text) });
        });
      });
      sent.end(payload);
    });
  };
  return { request, close: () => agent.destroy() };
}

/**
 * Sends a request that has to succeed.
 * @returns the answer's body.
 * @throws Error with Vault's reasons when it does not.
 */
export async function succeed(
  request: VaultRequest,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const answer = await request(method, path, body);
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  throw new Error(`${method} ${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
}
