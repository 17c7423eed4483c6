import type { SealError } from "../errors.ts";
import type { VaultAnswer } from "./vault-answer.ts";
import type { VaultRequest } from "./vault-client.ts";

/** Time as a session sees it. */
export type SessionClock = {
  /** Ms since some fixed moment. */
  monotonic(): number;
  /** @throws the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};

/** What a session did to have a token, for logs and counters. */
export type LoginEvent = "logged-in" | "login-failed" | "renewed" | "renewal-failed";

/** What a session takes beside client and source. */
export type SessionOptions = {
  clock?: SessionClock;
  /** From 0 up to 1: spreads renewals. */
  random?: () => number;
  /** @param failure why, where a login failed; in our words. */
  onLogin?: (event: LoginEvent, failure?: SealError) => void;
  /**
   * So long after a login its token is used, ms, however long its lease: who may no longer log in has nothing more then.
   * No bound by default.
   */
  mostAgeMs?: number;
};

/** Requests to Vault with one token, whose keeping is the session's affair. Sessions share nothing but the client. */
export interface VaultSession {
  /** Vault's address, for messages. */
  readonly address: string;
  /**
   * Sends a request with the session's token. When Vault refuses that (403) and another one is to be had, it is sent once
   * more with that.
   * @returns the answer, whatever its status.
   * @throws KeyServiceError when there is no token or no answer; the signal's reason when aborted.
   */
  request(request: Omit<VaultRequest, "token">): Promise<VaultAnswer>;
  /** Gives back a token that was got by logging in; afterwards every request fails. The client stays open. */
  close(): Promise<void>;
}
