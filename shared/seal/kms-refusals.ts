import { toBase64 } from "../bytes.ts";
import { isKmsAliasArn } from "./key-text.ts";
import type { WrappedDataKey } from "./kms-api.ts";
import type { KmsGroup } from "./kms-group.ts";
import type { KmsValue } from "./kms-value.ts";
import { type ClusterBinding, kmsContext, placeBytes } from "./place-binding.ts";
import { REFUSED_FOR_MS, type RefusalId, type RefusalMemory, recallOutcomes } from "./refusal-memory.ts";
import { RemoteValueError } from "./remote-value-error.ts";
import type { Outcome } from "./sealer.ts";

/** An alias may be pointed to the right key. */
const ALIAS_REFUSED_FOR_MS = 10 * 60_000;

/** What is remembered of the values that an object has under AWS KMS. */
export class KmsRefusals {
  readonly #memory: RefusalMemory;
  readonly #binding: ClusterBinding;

  constructor(memory: RefusalMemory, binding: ClusterBinding) {
    this.#memory = memory;
    this.#binding = binding;
  }

  /** What is known without asking; null when no value is known to be refused. */
  recall(groups: readonly KmsGroup[]): Map<string, Outcome> | null {
    const values = groups.flatMap(({ wrapped, items }) => {
      const dataKey = this.#dataKeyId(wrapped);
      return [...items].map(([item, value]) => ({
        item,
        ids: [dataKey, this.#valueId(item, value)],
        refusal: RemoteValueError.notAuthentic(item, `kms:${wrapped.key}`),
      }));
    });
    return recallOutcomes(this.#memory, values);
  }

  /**
   * Keeps what came of an object, if a value of it did not open.
   * @param refused those whose data key KMS did not unwrap.
   */
  remember(
    groups: readonly KmsGroup[],
    refused: ReadonlySet<KmsGroup>,
    outcomes: ReadonlyMap<string, Outcome>,
  ): void {
    if (![...outcomes.values()].some(({ kind }) => kind === "malformed")) return;
    for (const group of groups) {
      const { wrapped, items } = group;
      const forMs = isKmsAliasArn(wrapped.key) ? ALIAS_REFUSED_FOR_MS : REFUSED_FOR_MS;
      if (refused.has(group)) this.#memory.remember(this.#dataKeyId(wrapped), "not-authentic", forMs);
      else
        for (const [item, value] of items) {
          const kind = outcomes.get(item)?.kind;
          if (kind !== "opened" && kind !== "malformed") continue;
          const what = kind === "opened" ? "opens" : "not-authentic";
          this.#memory.remember(this.#valueId(item, value), what, forMs);
        }
    }
  }

  #dataKeyId({ key, blob }: WrappedDataKey): RefusalId {
    return ["kms", "data key", key, toBase64(blob), ...Object.entries(kmsContext(this.#binding)).flat()];
  }

  #valueId(item: string, { wrapped, sealed }: KmsValue): RefusalId {
    const place = toBase64(placeBytes("kms:1", this.#binding, item));
    return ["kms", "value", wrapped.key, toBase64(wrapped.blob), toBase64(sealed), place];
  }
}
