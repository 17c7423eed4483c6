import { type Dispatcher, request as send } from "undici";
import { SealError } from "../errors.ts";
import { Deadline } from "../kube/deadline.ts";
import { unreachableCause } from "../kube/unreachable-cause.ts";
import { KeyServiceError } from "../seal/key-service-error.ts";
import { expectsTls, unreachableHint, useTlsHint } from "./unreachable-hint.ts";
import { readAddresses, redirectOrigin, type VaultAddresses } from "./vault-address.ts";
import { mapping, parseExact, type VaultAnswer, type VaultBody } from "./vault-answer.ts";
import { urlPath } from "./vault-path.ts";
import { retryAfterMs } from "./vault-retry-after.ts";
import { vaultDispatcher } from "./vault-transport.ts";

/** How a Vault is reached. */
export type VaultConnection = {
  /** `https://HOST[:PORT]` or `http://HOST[:PORT]`. */
  address: string;
  /** Namespace inside Vault (Enterprise), null for none. */
  namespace?: string | null;
  /** PEM certificates of the authorities to trust, null for those of Node and of the system. */
  ca?: string | null;
  /** How users give these, for hints: `--vault-ca-cert FILE`. */
  caOption?: string;
  /** Further addresses that Vault may redirect to, such as those of its other nodes. */
  redirectAddresses?: readonly string[];
  /** URL of an HTTP proxy, null for none. */
  proxy?: string | null;
  /** How long a request may take in all, redirects included; 10,000 ms by default. */
  timeoutMs?: number;
};

/** One request to Vault. */
export type VaultRequest = {
  method: "GET" | "POST";
  /** What follows `/v1/`, segment by segment, not encoded. */
  path: readonly string[];
  query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  body?: object;
  /** Sent as `X-Vault-Token`; none when null or left out. */
  token?: string | null;
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
  /** An answer that is longer is refused; 4 MiB by default. */
  maxBytes?: number;
  /** True keeps the numbers of the answer as ExactNumber. */
  exactNumbers?: boolean;
  /** False for what must not be sent a second time when a kept connection turns out to be dead; true by default. */
  repeatable?: boolean;
};

/** A client of one Vault. It holds no token: each request brings its own. */
export interface VaultClient {
  /** Origin of the address that was configured; names the service in messages. */
  readonly address: string;
  /**
   * @returns the answer, whatever its status.
   * @throws KeyServiceError `unavailable` when there is no answer in time or it is not Vault's (a page, a 404 of another form), when it is too long, or
   * when it redirects to an address that is not configured; `misused` for a path that may not be used; the signal's reason
   * when aborted.
   */
  request(request: VaultRequest): Promise<VaultAnswer>;
  /** Ends all connections; what is under way fails. */
  close(): Promise<void>;
}

/**
 * Connects with the first request.
 * @throws InputError for addresses of another form than VaultConnection says, and for certificates that cannot be read.
 */
export function connectVault(connection: VaultConnection): VaultClient {
  return new HttpVaultClient(connection);
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_BYTES = 4 * 1024 * 1024;
const MAX_REDIRECT_BYTES = 64 * 1024;
const MOST_REDIRECTS = 2;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** The others change the method. */
const FOLLOWED: ReadonlySet<number> = new Set([307, 308]);

type Answer = Dispatcher.ResponseData;

class HttpVaultClient implements VaultClient {
  readonly #addresses: VaultAddresses;
  readonly #namespace: string | null;
  readonly #timeoutMs: number;
  readonly #caOption: string;
  readonly #dispatcher: Dispatcher;
  readonly #closing = new AbortController();

  constructor(connection: VaultConnection) {
    const { address, namespace = null, ca = null, redirectAddresses = [], proxy = null } = connection;
    this.#addresses = readAddresses(address, redirectAddresses);
    this.#namespace = namespace === "" ? null : namespace;
    this.#caOption = connection.caOption ?? "the option for certificates to trust";
    this.#timeoutMs = connection.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#dispatcher = vaultDispatcher({ tls: this.address.startsWith("https:"), ca, proxy });
  }

  get address(): string {
    return this.#addresses.origin;
  }

  async request(request: VaultRequest): Promise<VaultAnswer> {
    const path = urlPath(request.path);
    const { timeoutMs = this.#timeoutMs, signal } = request;
    using deadline = new Deadline(timeoutMs, signal, this.#closing.signal);
    try {
      deadline.signal.throwIfAborted();
      const answer = await this.#follow(path, request, deadline.signal);
      return await this.#read(answer, request);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (this.#closing.signal.aborted) throw this.#unavailable("this client was closed");
      if (deadline.passed) throw this.#unavailable(`no answer within ${deadline.limitMs / 1000} s`);
      if (error instanceof SealError) throw error;
      throw this.#unavailable(unreachableCause(error), unreachableHint(error, this.address, this.#caOption));
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error("closed"));
    await this.#dispatcher.destroy();
  }

  /** Sends where the configuration says, and where a node that stands by says that the active one is. */
  async #follow(path: string, request: VaultRequest, signal: AbortSignal): Promise<Answer> {
    let origin = this.#addresses.origin;
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#send(origin, path, request, signal);
      if (!REDIRECTS.has(answer.statusCode)) return answer;
      await answer.body.dump({ limit: MAX_REDIRECT_BYTES });
      if (redirects === MOST_REDIRECTS) throw this.#unavailable("it redirects again and again");
      // Vault redirects a request to the same path elsewhere, so all that is taken from it is where.
      origin = this.#allowedOrigin(answer, origin);
    }
  }

  #allowedOrigin({ statusCode, headers }: Answer, from: string): string {
    const to = redirectOrigin(headers["location"], from);
    if (to === null || !FOLLOWED.has(statusCode))
      throw this.#unavailable(
        `it redirects as Vault does not (status ${statusCode})`,
        "check that the address is Vault's own and not that of a web page before it",
      );
    if (!this.#addresses.redirects.has(to))
      throw this.#unavailable(
        `it redirects to ${to}, which is not configured`,
        `if ${to} is a node of the same Vault, add it to the addresses that Vault may redirect to`,
      );
    return to;
  }

  async #send(origin: string, path: string, request: VaultRequest, signal: AbortSignal): Promise<Answer> {
    const once = () => this.#dispatch(origin, path, request, signal);
    try {
      return await once();
    } catch (error) {
      // Vault was started anew, and connections from before are dead: none of its calls does harm when done twice.
      if (request.repeatable === false || signal.aborted || !isBrokenConnection(error)) throw error;
      return once();
    }
  }

  async #dispatch(origin: string, path: string, request: VaultRequest, signal: AbortSignal): Promise<Answer> {
    const { method, body, token = null } = request;
    const query = new URLSearchParams(request.query).toString();
    const answer = await send(`${origin}${path}${query === "" ? "" : `?${query}`}`, {
      method,
      dispatcher: this.#dispatcher,
      headers: {
        accept: "application/json",
        "x-vault-request": "true",
        ...(this.#namespace === null ? {} : { "x-vault-namespace": this.#namespace }),
        ...(token === null ? {} : { "x-vault-token": token }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal,
      // Time is kept by the deadline.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    // A body that is left before its end raises an error that nobody waits for any more.
    answer.body.on("error", () => undefined);
    return answer;
  }

  async #read(answer: Answer, request: VaultRequest): Promise<VaultAnswer> {
    const { statusCode: status, headers } = answer;
    const isSuccess = status < 300;
    const limitBytes = request.maxBytes ?? DEFAULT_MAX_BYTES;
    const bytes = await readUpTo(answer, limitBytes);
    if (bytes === null && isSuccess) throw this.#unavailable(`its answer is longer than ${limitBytes} bytes`);
    const body = bytes === null ? null : parseBody(bytes, request.exactNumbers === true);
    if (body === null && isSuccess && bytes?.length !== 0)
      throw this.#unavailable(
        "its answer is not a JSON object",
        "check that the address is Vault's own and not that of a web page before it",
      );
    if (body === null && bytes !== null && expectsTls(this.address, status, asText(bytes)))
      throw this.#unavailable("it speaks TLS, and was asked without", useTlsHint(this.address));
    if (status === 404 && !isVaults(body))
      throw this.#unavailable(
        "it answers as Vault does not (status 404), and may be another server",
        "check that the address is Vault's own, and leads to it without a path: https://HOST:PORT",
      );
    return { status, body, retryAfterMs: retryAfterMs(headers["retry-after"], Date.now()) };
  }

  #unavailable(cause: string, hint = "check Vault and its address") {
    return new KeyServiceError("unavailable", `Vault at ${this.address} gives no answer: ${cause}`, hint);
  }
}

const BROKEN: ReadonlySet<unknown> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

function isBrokenConnection(error: unknown): boolean {
  return error instanceof Error && "code" in error && BROKEN.has(error.code);
}

/** The body, or null when it is longer; the rest is then left unread and the connection ended. */
async function readUpTo(answer: Answer, limitBytes: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answer.body) {
    length += chunk.length;
    if (length > limitBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** Whether a body has a part that Vault's answers to what it does not know have, and those of other servers have not. */
function isVaults(body: VaultBody | null): boolean {
  return body !== null && ["errors", "data", "warnings", "request_id"].some((part) => part in body);
}

function asText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function parseBody(bytes: Uint8Array, exactNumbers: boolean): VaultBody | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const parsed: unknown = exactNumbers ? parseExact(text) : JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? mapping(parsed) : null;
  } catch {
    // The parser's message quotes the text.
    return null;
  }
}
