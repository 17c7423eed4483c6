import assert from "node:assert/strict";
import { utf8 } from "../../shared/bytes.ts";
import type { KmsApi } from "../../shared/seal/kms-api.ts";
import { kmsSealer } from "../../shared/seal/kms-sealer.ts";
import { kmsUnsealer } from "../../shared/seal/kms-unsealer.ts";
import type { ClusterBinding } from "../../shared/seal/place-binding.ts";
import type { Outcome } from "../../shared/seal/sealer.ts";
import type { TransitApi, TransitKeyName } from "../../shared/seal/transit-api.ts";
import { VaultKeyProofs } from "../../shared/seal/vault-key-proofs.ts";
import { vaultSealer } from "../../shared/seal/vault-sealer.ts";
import { vaultUnsealer } from "../../shared/seal/vault-unsealer.ts";

/** A signal that is never aborted. */
export const signal = new AbortController().signal;

/** Where the tests' objects stand, unless they say otherwise. */
export const here: ClusterBinding = {
  clusterId: "5f6e2c1a-cluster",
  scope: { kind: "strict", namespace: "team-a", name: "db" },
};

/** Items as bytes. */
export function plain(items: Readonly<Record<string, string>>): Map<string, Uint8Array> {
  return new Map(Object.entries(items).map(([item, text]) => [item, utf8(text)]));
}

/** Outcomes in short: the text that was opened, the problem of a value, or the kind. */
export function inShort(outcomes: ReadonlyMap<string, Outcome>): Record<string, string> {
  return Object.fromEntries(
    [...outcomes].map(([item, outcome]) => {
      if (outcome.kind === "opened") return [item, `opened ${new TextDecoder().decode(outcome.plaintext)}`];
      if (outcome.kind !== "malformed") return [item, outcome.kind];
      return [item, "problem" in outcome.error ? String(outcome.error.problem) : outcome.error.code];
    }),
  );
}

/** Seals and opens under one key, whichever service has it; every key a document names is allowed. */
export type RemoteCodec = {
  seal(items: Readonly<Record<string, string>>, binding?: ClusterBinding): Promise<Map<string, string>>;
  /** @returns the outcomes in short; see `inShort`. */
  open(values: ReadonlyMap<string, string>, binding?: ClusterBinding): Promise<Record<string, string>>;
};

/** @param key a name KMS knows it by. */
export function kmsCodec(kms: KmsApi, key: string): RemoteCodec {
  return {
    seal: (items, binding = here) => kmsSealer(kms, key).sealAll(plain(items), binding),
    open: async (values, binding = here) =>
      inShort(await kmsUnsealer(kms, { allowed: () => true }).unsealAll(values, binding, signal)),
  };
}

/** Each opening proves the key anew. */
export function vaultCodec(transit: TransitApi, name: TransitKeyName): RemoteCodec {
  return {
    seal: (items, binding = here) => vaultSealer(transit, name).sealAll(plain(items), binding),
    open: async (values, binding = here) => {
      const unsealer = vaultUnsealer(transit, {
        allowed: () => true,
        proofs: new VaultKeyProofs({ now: () => 0 }),
      });
      return inShort(await unsealer.unsealAll(values, binding, signal));
    },
  };
}

/** The value of an item that must be there. */
export function sealedText(values: ReadonlyMap<string, string>, item: string): string {
  return values.get(item) ?? assert.fail(`no value ${item}`);
}
