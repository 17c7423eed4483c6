import { setTimeout as sleep } from "node:timers/promises";
import { LoginSession } from "./login-session.ts";
import type { SessionClock, SessionOptions, VaultSession } from "./session.ts";
import { checkedToken, readTokenFile, type TokenSource } from "./token-source.ts";
import type { VaultAnswer } from "./vault-answer.ts";
import type { VaultClient, VaultRequest } from "./vault-client.ts";

export type { LoginEvent, SessionClock, SessionOptions, VaultSession } from "./session.ts";

/** The machine's clock; its timers keep no process alive. */
const machineClock: SessionClock = {
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, { ref: false, ...(signal === undefined ? {} : { signal }) }).catch((error) => {
      throw signal?.aborted ? signal.reason : error;
    });
  },
};

/**
 * A session; it has its first token when it is first used.
 * @throws KeyServiceError `credentials` for a given token that cannot be one.
 */
export function openVaultSession(
  client: VaultClient,
  source: TokenSource,
  {
    clock = machineClock,
    random = Math.random,
    onLogin = () => undefined,
    mostAgeMs = Number.POSITIVE_INFINITY,
  }: SessionOptions = {},
): VaultSession {
  switch (source.kind) {
    case "token":
      return new GivenTokenSession(client, checkedToken(source.token, "what was given as one"));
    case "token-file":
      return new FileSession(client, source.path, clock);
    case "kubernetes":
      return new LoginSession(client, source, { clock, random, onLogin, mostAgeMs });
  }
}

class GivenTokenSession implements VaultSession {
  readonly #client: VaultClient;
  readonly #token: string;

  constructor(client: VaultClient, token: string) {
    this.#client = client;
    this.#token = token;
  }

  get address(): string {
    return this.#client.address;
  }

  request(request: Omit<VaultRequest, "token">): Promise<VaultAnswer> {
    return this.#client.request({ ...request, token: this.#token });
  }

  async close(): Promise<void> {
    // The token is its giver's.
  }
}

const READ_AGAIN_MS = 1000;

class FileSession implements VaultSession {
  readonly #client: VaultClient;
  readonly #path: string;
  readonly #clock: SessionClock;
  #held: { token: string; readAtMs: number } | null = null;

  constructor(client: VaultClient, path: string, clock: SessionClock) {
    this.#client = client;
    this.#path = path;
    this.#clock = clock;
  }

  get address(): string {
    return this.#client.address;
  }

  async request(request: Omit<VaultRequest, "token">): Promise<VaultAnswer> {
    const token = await this.#token();
    const answer = await this.#client.request({ ...request, token });
    if (answer.status !== 403) return answer;
    const fresh = await this.#read();
    return fresh === token ? answer : this.#client.request({ ...request, token: fresh });
  }

  async close(): Promise<void> {
    this.#held = null;
  }

  async #token(): Promise<string> {
    const held = this.#held;
    if (held !== null && this.#clock.monotonic() - held.readAtMs < READ_AGAIN_MS) return held.token;
    return this.#read();
  }

  async #read(): Promise<string> {
    const readAtMs = this.#clock.monotonic();
    const token = await readTokenFile(this.#path);
    this.#held = { token, readAtMs };
    return token;
  }
}
