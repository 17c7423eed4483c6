import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { ApiObject } from "./api-object.ts";

/** An answer of an API server, its body parsed when it is JSON. */
export interface ApiAnswer {
  status: number;
  body: unknown;
}

/** One event of a watch. */
export interface WatchEvent {
  type: string;
  object: ApiObject & { code?: number; reason?: string; message?: string };
}

/** An open watch. */
export interface WatchReader {
  /** @returns the next event, or null when the stream has ended. @throws when none comes within the bound */
  next(): Promise<WatchEvent | null>;
  close(): Promise<void>;
}

/** The little of HTTP that the contract is written against. */
export interface ContractApi {
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
  /** @throws when the watch is refused */
  watch(path: string, headers?: Record<string, string>): Promise<WatchReader>;
}

/** Where an API server is, and how it is spoken to. */
export interface ServerAddress {
  url: string;
  /** PEM certificate of the authority that signed the server's, for https. */
  ca?: string;
  token?: string;
}

interface RawAnswer {
  status: number;
  chunks: AsyncIterable<Uint8Array>;
  close: () => void;
}

const boundMs = 30_000;

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString("utf8");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line !== "");
  }
}

function bounded<Result>(wait: Promise<Result>, what: string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${boundMs} ms`)), boundMs);
  });
  return Promise.race([wait, limit]).finally(() => clearTimeout(timer));
}

function send(
  { url, ca, token }: ServerAddress,
  method: string,
  path: string,
  body: string | undefined,
  given: Record<string, string>,
): Promise<RawAnswer> {
  const headers = {
    ...given,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    // Node gives a DELETE with a body neither a length nor chunks by itself.
    ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }),
  };
  const options = { method, headers, agent: false as const, ...(ca === undefined ? {} : { ca }) };
  return new Promise((resolve, reject) => {
    const request = (ca === undefined ? httpRequest : httpsRequest)(`${url}${path}`, options, (response) =>
      resolve({ status: response.statusCode ?? 0, chunks: response, close: () => request.destroy() }),
    );
    request.on("error", reject);
    request.end(body);
  });
}

/** The contract's view of a server. */
export function contractApi(server: ServerAddress): ContractApi {
  return {
    request: async (method, path, body, headers = {}) => {
      const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
      const answer = await send(server, method, path, text, {
        "content-type": "application/json",
        ...headers,
      });
      return { status: answer.status, body: parsed(await bounded(textOf(answer.chunks), "the answer")) };
    },
    watch: async (path, headers = {}) => {
      const { status, chunks, close } = await send(server, "GET", path, undefined, headers);
      if (status !== 200) throw new Error(`the watch was refused with ${status}: ${await textOf(chunks)}`);
      const lines = linesOf(chunks);
      return {
        next: async () => {
          const { value, done } = await bounded(lines.next(), "the next event");
          return done === true ? null : (JSON.parse(value as string) as WatchEvent);
        },
        close: async () => {
          close();
          // The reader may be waiting for a line that now never comes; its failure is the end wanted here.
          await lines.return(undefined).catch(() => {});
        },
      };
    },
  };
}
