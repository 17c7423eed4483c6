import { KeyServiceError } from "../seal/key-service-error.ts";
import { unlessAborted } from "../unless-aborted.ts";
import {
  type IssuedToken,
  issuedToken,
  type KubernetesLogin,
  logInWithKubernetes,
} from "./kubernetes-login.ts";
import { LoginPause } from "./login-pause.ts";
import type { SessionOptions, VaultSession } from "./session.ts";
import { succeeded, type VaultAnswer } from "./vault-answer.ts";
import type { VaultClient, VaultRequest } from "./vault-client.ts";
import { saysInvalidToken } from "./vault-fault.ts";

/** A token, and on our clock: until when it is used, until when Vault takes it, and until when its login counts. */
type Held = IssuedToken & { endsAtMs: number; leaseEndsAtMs: number; loginEndsAtMs: number };

/** A policy's refusal cannot be told from a token whose policies have changed, so a login is tried, but this seldom. */
const LOGIN_AFTER_DENIAL_MS = 30_000;
/** For tokens that Vault says are no longer good; it would be odd of one that is so young. */
const LOGIN_AFTER_LOSS_MS = 1000;
const LONGEST_SLEEP_MS = 24 * 60 * 60_000;
const SHORTEST_SLEEP_MS = 100;
/** Renewals lose fractions of a second. */
const WHOLE_LEASE = 0.95;
const GIVE_BACK_MS = 2000;

/** A session that logs in when it has to: at the first use, when its token ends for good, and when it is refused. */
export class LoginSession implements VaultSession {
  readonly #client: VaultClient;
  readonly #login: KubernetesLogin;
  readonly #options: Required<SessionOptions>;
  readonly #closing = new AbortController();
  readonly #pause: LoginPause;
  #held: Held | null = null;
  #loggingIn: Promise<Held> | null = null;
  #lastLoginAtMs = Number.NEGATIVE_INFINITY;
  /** Ends the keeping of the token that is held now. */
  #keeping = new AbortController();

  constructor(client: VaultClient, login: KubernetesLogin, options: Required<SessionOptions>) {
    this.#client = client;
    this.#login = login;
    this.#options = options;
    this.#pause = new LoginPause({ monotonic: () => options.clock.monotonic(), random: options.random });
  }

  get address(): string {
    return this.#client.address;
  }

  async request(request: Omit<VaultRequest, "token">): Promise<VaultAnswer> {
    const held = await this.#current(request.signal);
    const answer = await this.#client.request({ ...request, token: held.token });
    if (answer.status !== 403) return answer;
    const other = await this.#afterRefusal(held, answer, request.signal);
    return other === null ? answer : this.#client.request({ ...request, token: other.token });
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const held = this.#held;
    this.#held = null;
    this.#closing.abort(closed(this.address));
    this.#keeping.abort(this.#closing.signal.reason);
    if (held !== null) await this.#giveBack(held);
  }

  async #current(signal: AbortSignal | undefined): Promise<Held> {
    this.#closing.signal.throwIfAborted();
    const held = this.#held;
    if (held !== null && this.#now() < held.endsAtMs) return held;
    return this.#obtain(signal);
  }

  /** The token to try instead of one that was refused, null for none. */
  async #afterRefusal(
    refused: Held,
    answer: VaultAnswer,
    signal: AbortSignal | undefined,
  ): Promise<Held | null> {
    this.#closing.signal.throwIfAborted();
    const isLost = saysInvalidToken(answer);
    const held = this.#held;
    if (held !== null && held.token !== refused.token) return held;
    const pauseMs = isLost ? LOGIN_AFTER_LOSS_MS : LOGIN_AFTER_DENIAL_MS;
    if (this.#loggingIn === null && this.#now() - this.#lastLoginAtMs < pauseMs) return null;
    if (isLost) this.#drop(refused);
    return this.#obtain(signal).catch((error: unknown) => {
      // The token may be as good as ever: what counts then is that the request was refused.
      if (isLost || signal?.aborted || this.#closing.signal.aborted) throw error;
      return null;
    });
  }

  /** Logs in; one login serves all who ask meanwhile. @throws KeyServiceError */
  async #obtain(signal: AbortSignal | undefined): Promise<Held> {
    signal?.throwIfAborted();
    const { reason } = this.#pause;
    if (this.#loggingIn === null && reason !== null) throw reason;
    this.#loggingIn ??= this.#obtainOnce().finally(() => {
      this.#loggingIn = null;
    });
    return signal === undefined ? this.#loggingIn : unlessAborted(this.#loggingIn, signal);
  }

  async #obtainOnce(): Promise<Held> {
    const { signal } = this.#closing;
    const askedAtMs = this.#now();
    let issued: IssuedToken;
    try {
      issued = await logInWithKubernetes(this.#client, this.#login, signal);
    } catch (error) {
      signal.throwIfAborted();
      const failure = this.#pause.begin(error, this.address);
      this.#options.onLogin("login-failed", failure);
      throw failure;
    }
    const held = heldFrom(issued, askedAtMs, askedAtMs + this.#options.mostAgeMs);
    if (signal.aborted) {
      await this.#giveBack(held);
      throw signal.reason;
    }
    const former = this.#held;
    this.#pause.end();
    this.#lastLoginAtMs = this.#now();
    this.#held = held;
    this.#keep(held);
    this.#options.onLogin("logged-in");
    if (former !== null && this.#now() < former.leaseEndsAtMs) void this.#giveBack(former);
    return held;
  }

  #drop(held: Held): void {
    if (this.#held?.token !== held.token) return;
    this.#held = null;
    this.#keeping.abort(new Error("the token is no longer held"));
  }

  /** Sees to it, in the background, that there is a good token as long as the session is open. */
  #keep(held: Held): void {
    this.#keeping.abort(new Error("another token is held"));
    this.#keeping = new AbortController();
    const { signal } = this.#keeping;
    if (held.endsAtMs !== Number.POSITIVE_INFINITY)
      this.#keepUntil(held, signal).catch(() => {
        // It was ended, or the token is over: whoever comes next logs in and hears what is wrong.
      });
  }

  async #keepUntil(first: Held, signal: AbortSignal): Promise<void> {
    let held = first;
    // Where renewals no longer give the whole lease the token has an end, and only a new login goes beyond.
    let renews = held.renewable;
    for (;;) {
      const leftMs = held.endsAtMs - this.#now();
      if (leftMs <= 0) return this.#end(held);
      await this.#options.clock.sleep(this.#renewalIn(leftMs), signal);
      // A lease that outlasts the login needs no more of them.
      if (!renews || held.leaseEndsAtMs >= held.loginEndsAtMs) {
        if (await this.#loggedInAnew()) return;
        continue;
      }
      const outcome = await this.#renew(held, signal);
      signal.throwIfAborted();
      if (outcome === "refused") renews = false;
      else if (outcome !== "failed") {
        held = outcome;
        this.#held = held;
        renews = held.leaseMs === null || held.leaseMs >= (first.leaseMs ?? 0) * WHOLE_LEASE;
        continue;
      }
      if (outcome === "refused" && (await this.#loggedInAnew())) return;
    }
  }

  /** Gives up a token whose time is over; Vault may know it for longer. */
  async #end(held: Held): Promise<void> {
    if (this.#held?.token === held.token) this.#held = null;
    if (this.#now() < held.leaseEndsAtMs) await this.#giveBack(held);
  }

  #renewalIn(leftMs: number): number {
    const spread = 0.6 + this.#options.random() * (2 / 15);
    return Math.min(LONGEST_SLEEP_MS, Math.max(SHORTEST_SLEEP_MS, leftMs * spread));
  }

  async #loggedInAnew(): Promise<boolean> {
    return this.#obtain(undefined).then(
      () => true,
      () => false,
    );
  }

  /** https://developer.hashicorp.com/vault/api-docs/auth/token#renew-a-token-self */
  async #renew(held: Held, signal: AbortSignal): Promise<Held | "refused" | "failed"> {
    const askedAtMs = this.#now();
    const answer = await this.#client
      .request({
        method: "POST",
        path: ["auth", "token", "renew-self"],
        body: { increment: Math.ceil((held.leaseMs ?? 0) / 1000) },
        token: held.token,
        signal,
      })
      .catch(() => null);
    signal.throwIfAborted();
    const renewed = answer !== null && succeeded(answer) ? issuedToken(answer) : null;
    this.#options.onLogin(renewed === null ? "renewal-failed" : "renewed");
    if (renewed !== null) return { ...heldFrom(renewed, askedAtMs, held.loginEndsAtMs), token: held.token };
    return answer?.status === 400 || answer?.status === 403 ? "refused" : "failed";
  }

  /** As well as it goes: what is not given back ends with its lease. */
  async #giveBack({ token, revocable }: IssuedToken): Promise<void> {
    if (!revocable) return;
    await this.#client
      .request({
        method: "POST",
        path: ["auth", "token", "revoke-self"],
        body: {},
        token,
        timeoutMs: GIVE_BACK_MS,
      })
      .catch(() => undefined);
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }
}

function heldFrom(issued: IssuedToken, askedAtMs: number, loginEndsAtMs: number): Held {
  const leaseEndsAtMs = issued.leaseMs === null ? Number.POSITIVE_INFINITY : askedAtMs + issued.leaseMs;
  return { ...issued, endsAtMs: Math.min(leaseEndsAtMs, loginEndsAtMs), leaseEndsAtMs, loginEndsAtMs };
}

function closed(address: string): KeyServiceError {
  return new KeyServiceError(
    "unavailable",
    `the session with Vault at ${address} was closed`,
    "nothing is to be done: it ends with the program, or with the object that needed it",
  );
}
