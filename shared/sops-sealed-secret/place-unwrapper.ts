import type { SopsUnwrapper } from "../document/sops/key-services.ts";
import type { SopsKeyEntry } from "../document/sops/metadata.ts";
import { InputError } from "../errors.ts";
import type { Scope } from "../scope.ts";
import { contextDifferences } from "./kms-place.ts";

/** An entry of AWS KMS whose context does not name the object that it stands on. No call is made for it. */
export class ForeignContextError extends InputError {
  override readonly code: string = "sops-context";

  /** @param parts of the place that the context gets wrong: `namespace`. */
  constructor(parts: readonly string[]) {
    const shown = parts.slice(0, 5).map((part) => JSON.stringify(part.slice(0, 40)).slice(1, -1));
    super(
      `the encryption context of its KMS entry does not name this place: ${shown.join(", ")}`,
      "seal the Secret again for this place; made by hand, it takes the pairs of docs/sops.md in --encryption-context",
    );
  }
}

/** Unwraps entries for one place, and remembers which of them gave their share. */
export type PlaceUnwrapper = SopsUnwrapper & {
  /** Entries that were unwrapped, in their order. */
  readonly used: readonly SopsKeyEntry[];
};

/**
 * An unwrapper for the entries of one SealedSecret: one of AWS KMS counts only when its context names the object's place,
 * which is decided before KMS is asked.
 * @param clusterId null where it is not known before the document has been opened.
 */
export function placeUnwrapper(
  unwrapper: SopsUnwrapper,
  clusterId: string | null,
  scope: Scope,
): PlaceUnwrapper {
  const used: SopsKeyEntry[] = [];
  return {
    used,
    async unwrap(entry, signal) {
      if (entry.type === "kms") {
        const parts = contextDifferences(entry.context, clusterId, scope);
        if (parts.length > 0) return { problem: new ForeignContextError(parts) };
      }
      const unwrapped = await unwrapper.unwrap(entry, signal);
      if ("share" in unwrapped) used.push(entry);
      return unwrapped;
    },
  };
}

/** The key that an entry wraps under, in words for a status: `sops:kms:ARN`. What an age entry says of itself is not proven. */
export function entryKeyId(entry: SopsKeyEntry): string {
  switch (entry.type) {
    case "age":
      return /^age1[a-z0-9]{1,4000}$/.test(entry.recipient)
        ? `sops:age:${shortened(entry.recipient)}`
        : "sops:age";
    case "kms":
      return `sops:kms:${entry.arn}`;
    case "hc_vault":
      return `sops:vault:${entry.enginePath}/${entry.keyName}`;
    case "other":
      return `sops:${entry.list}`;
  }
}

/** Post-quantum recipients have two thousand characters, and tell themselves apart by fewer. */
function shortened(recipient: string): string {
  return recipient.length > SHORT ? `${recipient.slice(0, SHORT)}…` : recipient;
}

const SHORT = 80;
