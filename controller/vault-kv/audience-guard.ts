import { UsageError } from "../../shared/errors.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import { audiencesOf, issuerOf } from "./jwt-claims.ts";
import { VaultReferenceError } from "./reference-error.ts";

/** How the API server is asked about tokens. */
export type ApiIdentity = {
  /** The token that the controller itself shows to the API server; null where it shows none. */
  ownToken: () => Promise<string | null>;
  /** A client of the same API server that shows that token and nothing else. To be closed. */
  withToken: (token: string) => KubeClient;
};

/** After so long a token is presented once more: an API server may have been given further audiences. */
const AGAIN_AFTER_MS = 3_600_000;

const HINT = "give Vault's role and --vault-kv-audience an audience of their own, such as vault";

/**
 * Refuses an audience that the API server takes for its own: whoever Vault's operators are could act in the cluster as
 * the ServiceAccounts whose tokens they are shown.
 * @throws UsageError when the controller's own token, which the API server accepts, is for that audience or made by it.
 */
export async function judgeAudience(audience: string, { ownToken }: ApiIdentity): Promise<void> {
  const token = await ownToken();
  if (token === null) return;
  if (!audiencesOf(token).includes(audience) && issuerOf(token) !== audience) return;
  throw new UsageError("--vault-kv-audience is an audience that the API server itself accepts", HINT);
}

/** Presents a tenant's token to the API server, which has to refuse it, before Vault is shown any. */
export class AudienceGuard {
  readonly #identity: Pick<ApiIdentity, "withToken">;
  readonly #nowMs: () => number;
  #passedAtMs: number | null = null;
  #asking: Promise<void> | null = null;

  /** @param nowMs milliseconds of a clock that never runs backwards. */
  constructor(identity: Pick<ApiIdentity, "withToken">, nowMs: () => number) {
    this.#identity = identity;
    this.#nowMs = nowMs;
  }

  /**
   * @throws VaultReferenceError where the API server accepts such a token; KeyServiceError where it does not say;
   * KubeUnreachableError; the signal's reason when aborted.
   */
  async check(token: string, signal: AbortSignal): Promise<void> {
    if (this.#passedAtMs !== null && this.#nowMs() - this.#passedAtMs < AGAIN_AFTER_MS) return;
    this.#asking ??= this.#present(token, signal).finally(() => {
      this.#asking = null;
    });
    await this.#asking;
  }

  async #present(token: string, signal: AbortSignal): Promise<void> {
    this.#passedAtMs = null;
    const client = this.#identity.withToken(token);
    try {
      // Anybody may ask for the version; a token that is not accepted is refused before that counts.
      const { status } = await client.raw({ method: "GET", path: "/version", signal });
      if (status === 401) this.#passedAtMs = this.#nowMs();
      else throw status < 500 && status !== 429 ? accepted() : unclear(status);
    } finally {
      await client.close();
    }
  }
}

function accepted(): VaultReferenceError {
  return new VaultReferenceError(
    "VaultAudienceRefused",
    "--vault-kv-audience is an audience that the API server itself accepts, so no token is shown to Vault",
    HINT,
  );
}

function unclear(status: number): KeyServiceError {
  return new KeyServiceError(
    "unavailable",
    `whether the API server accepts tokens for Vault's audience is not known: it answered ${status}`,
    "look at the API server's log if this lasts",
  );
}
