import { SealError } from "../../shared/errors.ts";
import { KubeAnswerError, KubeApiError, KubeUnreachableError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject, KubeRequest } from "../../shared/kube/client.ts";
import { leasePath } from "../../shared/kube/paths.ts";
import type { Clock } from "./clock.ts";
import { type Lease, readLease, withoutServerFields } from "./lease.ts";

/** Which lease, and who asks. */
export type LeaseClientOptions = {
  client: Pick<KubeClient, "request" | "server">;
  clock: Clock;
  namespace: string;
  name: string;
};

/** How long an answer is waited for, and what ends the waiting before. */
export type Patience = { withinMs: number; signal?: AbortSignal };

const WORDS = { GET: "get", POST: "create", PUT: "update" } as const;

/** The requests about one Lease. */
export class LeaseClient {
  readonly #options: LeaseClientOptions;
  /** What is refused at present. */
  readonly #refused = new Set<string>();

  constructor(options: LeaseClientOptions) {
    this.#options = options;
  }

  /** @returns null where there is none. */
  async read(patience: Patience): Promise<Lease | null> {
    try {
      return await this.#ask({ method: "GET" }, patience);
    } catch (error) {
      if (isStatus(error, 404)) return null;
      throw error;
    }
  }

  /** @throws KubeApiError 409 when there is one already. */
  create(lease: KubeObject, patience: Patience): Promise<Lease> {
    return this.#ask({ method: "POST", body: withoutServerFields(lease) }, patience);
  }

  /** @throws KubeApiError 409 when it is no longer what was read; 404 or 409 when it is gone. */
  replace(lease: KubeObject, patience: Patience): Promise<Lease> {
    return this.#ask({ method: "PUT", body: lease }, patience);
  }

  /** Time is kept by our own clock, and nothing is waited for after it, whatever the client does. */
  async #ask(
    { method, body }: { method: keyof typeof WORDS; body?: KubeObject },
    { withinMs, signal }: Patience,
  ): Promise<Lease> {
    const { client, clock, namespace, name } = this.#options;
    const words = `${WORDS[method]} leases "${name}" in namespace "${namespace}"`;
    signal?.throwIfAborted();
    const giveUp = new AbortController();
    const timer = new AbortController();
    const onAbort = () => {
      giveUp.abort(signal?.reason);
      timer.abort();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    const request: KubeRequest = {
      method,
      path: leasePath(namespace, method === "POST" ? undefined : name),
      ...(body === undefined ? {} : { body }),
      signal: giveUp.signal,
      timeoutMs: 0,
    };
    const tooLate = clock.sleep(withinMs, timer.signal).then(
      () => {
        const error = new KubeUnreachableError(
          client.server,
          `no answer within ${Math.round(withinMs / 100) / 10} s`,
        );
        giveUp.abort(error);
        throw error;
      },
      () => Promise.reject(giveUp.signal.reason),
    );
    tooLate.catch(() => undefined);
    try {
      const answer = client.request(request);
      answer.catch(() => undefined);
      const lease = readLease(await Promise.race([answer, tooLate]));
      if (lease === null) throw new KubeAnswerError(words, "the answer is no stored Lease");
      this.#refused.delete(method);
      return lease;
    } catch (error) {
      if (!isStatus(error, 403)) throw error;
      const again = this.#refused.has(method);
      this.#refused.add(method);
      throw new LeaseForbiddenError(words, WORDS[method], again);
    } finally {
      timer.abort();
      signal?.removeEventListener("abort", onAbort);
    }
  }
}

/** A right on the Lease is missing. */
export class LeaseForbiddenError extends SealError {
  override readonly code = "lease-forbidden";
  override readonly retryable = true;
  /** Whether it was refused the time before, too. */
  readonly again: boolean;

  /**
   * @param words what was asked: `get leases "x" in namespace "y"`.
   * @param right the verb that is missing.
   */
  constructor(words: string, right: string, again: boolean) {
    super(
      `cannot ${words}: the API server refuses it`,
      `grant ${right} on leases of coordination.k8s.io in that namespace, or run a single replica with --leader-elect=false`,
    );
    this.again = again;
  }
}

/** Whether an error is an answer of the API server with that status. */
export function isStatus(error: unknown, status: number): boolean {
  return error instanceof KubeApiError && error.status === status;
}
