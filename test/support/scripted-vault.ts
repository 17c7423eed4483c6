import type { VaultAnswer } from "../../shared/vault/vault-answer.ts";
import type { VaultClient, VaultRequest } from "../../shared/vault/vault-client.ts";

/** A request that came, as tests compare it: "POST auth/kubernetes/login". */
export type ScriptedCall = { what: string; token: string | null; body: unknown; query: unknown };

/** A client of Vault that asks a function instead. */
export type ScriptedVault = VaultClient & {
  readonly calls: readonly ScriptedCall[];
  /** @returns how often that was asked: "POST auth/kubernetes/login". */
  count(what: string): number;
};

/** Gives an answer, or fails as the client would. */
export type VaultScript = (call: ScriptedCall, request: VaultRequest) => VaultAnswer | Promise<VaultAnswer>;

/** Makes one; it does no more than to hand out what the script says. */
export function scriptedVault(script: VaultScript): ScriptedVault {
  const calls: ScriptedCall[] = [];
  return {
    address: "https://vault.example:8200",
    calls,
    count: (wanted) => calls.filter(({ what }) => what === wanted).length,
    async request(request) {
      request.signal?.throwIfAborted();
      const { method, path, token = null, body = null, query = null } = request;
      const call = { what: `${method} ${path.join("/")}`, token, body, query };
      calls.push(call);
      return script(call, request);
    },
    async close() {
      // There is nothing to end.
    },
  };
}

/** An answer with a body. */
export function vaultAnswer(status: number, body: VaultAnswer["body"] = null): VaultAnswer {
  return { status, body, retryAfterMs: null };
}

/** An answer that refuses, with Vault's reasons. */
export function vaultErrors(status: number, ...errors: string[]): VaultAnswer {
  return vaultAnswer(status, { errors });
}
