import { InputError } from "../../shared/errors.ts";
import { tryValues } from "../../shared/open-sealed-secret.ts";
import { scopeOf } from "../../shared/scope.ts";
import type { Outcome, Sealer } from "../../shared/seal/sealer.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { findingsOf, notOpened } from "../opening/unseal-offline.ts";
import type { OpeningKeys } from "../opening-keys.ts";
import { claiming } from "./controller-resealer.ts";
import type { ClassicResealer, ResealedItem } from "./resealed-item.ts";
import type { TargetKey } from "./target-key.ts";

/** What sealing values anew on this machine takes. */
export type OfflineResealing = {
  keys: OpeningKeys;
  /** How keys are given, for hints: `--private-key`. */
  keyFlag: string;
  /** What seals, found with the first value. */
  target: () => Promise<{ key: TargetKey; sealer: Sealer }>;
  /** Whether values are sealed anew, too, that are under that key, or under a newer one. */
  all: boolean;
};

type Opened = Extract<Outcome, { kind: "opened" }>;

/**
 * Opens values with the private keys at hand and seals those anew that another key opened than the one they are to lie
 * under. They are opened under the scope that the object says it has, and sealed for it: so the scope is proven.
 */
export function offlineResealer({ keys, keyFlag, target, all }: OfflineResealing): ClassicResealer {
  const byFingerprint = new Map(keys.keys.map((key) => [key.fingerprint, key]));

  const stateOf = ({ keyId }: Opened, newest: TargetKey): "resealed" | "newest" | "newer" => {
    if (all) return "resealed";
    if (keyId === newest.fingerprint) return "newest";
    const since = byFingerprint.get(keyId)?.since;
    return since !== undefined && since > newest.since ? "newer" : "resealed";
  };

  return {
    async reseal(object, items, where) {
      if (items.size === 0) return new Map();
      const { key: newest, sealer } = await target();
      // Without the newest private key nobody here can tell more of them than their file does.
      const hasNewest = byFingerprint.has(newest.fingerprint);
      const claims = all || hasNewest ? new Map<string, string>() : claiming(object, items, newest);
      const outcomes = await outcomesOf(object, items, where, keys, claims);
      const results = new Map<string, ResealedItem>();
      const toSeal = new Map<string, Opened>();
      try {
        const failed = new Map(
          [...outcomes].filter(
            ([item, { kind }]) => kind !== "opened" && !(kind === "not-my-key" && claims.has(item)),
          ),
        );
        if (failed.size > 0) throw notOpened(where, findingsOf(object, failed, { keys, keyFlag }));
        for (const [item, value] of items) {
          const outcome = outcomes.get(item);
          const to = newest.fingerprint;
          if (outcome?.kind !== "opened") {
            results.set(item, { item, backend: "classic", state: "claimed", value, from: null, to });
            continue;
          }
          const { keyId: from } = outcome;
          const state = stateOf(outcome, newest);
          if (state === "resealed") toSeal.set(item, outcome);
          results.set(item, {
            item,
            backend: "classic",
            state,
            value,
            from,
            to: state === "newer" ? from : to,
          });
        }
        const { namespace = "", name, annotations } = object.metadata;
        const scope = scopeOf({ namespace, name, annotations: annotations ?? undefined });
        const plain = new Map([...toSeal].map(([item, { plaintext }]) => [item, plaintext]));
        const sealed = await sealer.sealAll(plain, { clusterId: null, scope });
        for (const [item, value] of sealed) {
          const result = results.get(item);
          if (result !== undefined) results.set(item, { ...result, value });
        }
        return results;
      } finally {
        for (const outcome of outcomes.values()) if (outcome.kind === "opened") outcome.plaintext.fill(0);
      }
    },
  };
}

/** What came of trying each value; why one does not open that its file says is under the newest key is not found out. */
async function outcomesOf(
  object: SealedSecret,
  items: ReadonlyMap<string, string>,
  where: string,
  { keys }: OpeningKeys,
  claims: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, Outcome>> {
  const others = new Map([...items].filter(([item]) => !claims.has(item)));
  const parts = [
    { values: others, diagnose: true },
    { values: claims, diagnose: false },
  ].filter(({ values }) => values.size > 0);
  const outcomes = new Map<string, Outcome>();
  for (const { values, diagnose } of parts) {
    const part = { ...object, spec: { encryptedData: Object.fromEntries(values) } };
    const context = { clusterId: null, keys, acceptWholeObject: false, diagnose, giveUpAfter: Infinity };
    const tried = await tryValues(part, context, new AbortController().signal);
    if (!tried.ok) throw new InputError(`${where}: ${tried.problem}`, tried.hint ?? "seal the value again");
    for (const [item, outcome] of tried.outcomes) outcomes.set(item, outcome);
  }
  return outcomes;
}
