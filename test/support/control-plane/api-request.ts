import type { IncomingHttpHeaders } from "node:http";
import { Agent, request } from "node:https";

/** One answer of the API server. */
export type ApiResponse = {
  status: number;
  headers: IncomingHttpHeaders;
  /** Parsed when the answer says it is JSON, else its text. */
  body: unknown;
};

/** What may be set on one request. */
export type ApiRequestOptions = {
  /** Bearer token; the administrator's by default, none when null. */
  token?: string | null;
  /** Type of the body; application/json by default, whereupon the body is serialised. Else the body is sent as text. */
  contentType?: string;
  /** Accept header; application/json by default. */
  accept?: string;
  /** Give the answer's text as it is, JSON or not: parsed, keys that look like numbers come first. */
  asText?: true;
};

/** Sends one request to the API server, whatever the status of the answer. */
export type ApiRequest = (
  method: string,
  path: string,
  body?: unknown,
  options?: ApiRequestOptions,
) => Promise<ApiResponse>;

const requestBoundMs = 60_000;

/**
 * Makes a plain client of one API server, deliberately apart from the one under test.
 * @returns the request function, and `close`, which ends its kept connections.
 */
export function makeApiRequest(server: { url: string; ca: string; token: string }): {
  request: ApiRequest;
  close: () => void;
} {
  const agent = new Agent({ keepAlive: true, ca: server.ca });
  const send: ApiRequest = (method, path, body, options = {}) => {
    const { contentType = "application/json", accept = "application/json", token = server.token } = options;
    const { asText = false } = options;
    const payload = body === undefined ? undefined : serialise(body, contentType);
    return new Promise((resolve, reject) => {
      const sent = request(new URL(path, server.url), {
        agent,
        method,
        timeout: requestBoundMs,
        headers: {
          accept,
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(payload === undefined
            ? {}
            : { "content-type": contentType, "content-length": Buffer.byteLength(payload) }),
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
          const isJson = /^application\/json\b/.test(response.headers["content-type"] ?? "");
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: isJson && text !== "" && !asText ? JSON.parse(text) : text,
          });
        });
      });
      sent.end(payload);
    });
  };
  return { request: send, close: () => agent.destroy() };
}

function serialise(body: unknown, contentType: string): string {
  if (typeof body === "string") return body;
  if (!/json$|apply-patch\+yaml$/.test(contentType))
    throw new Error(`a body of type ${contentType} must be a string`);
  return JSON.stringify(body);
}
