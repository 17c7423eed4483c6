import { fromBase64 } from "../../shared/bytes.ts";
import { type LabelOrigins, originInWords } from "../../shared/label-origin.node.ts";
import type { Place } from "../../shared/scope.ts";
import { splitContainer } from "../../shared/seal/classic-container.ts";
import { type Backend, formOf } from "../../shared/seal/codec.ts";
import { DamagedValueError, NotBase64Error } from "../../shared/seal/rsa-hybrid.ts";
import type { Outcome } from "../../shared/seal/sealer.ts";
import { shellPath } from "../../shared/shell-word.ts";
import type { OpeningKeys } from "../opening-keys.ts";

/** Why an item does not open, by a name that scripts can match on. */
export type Cause =
  | "no-key-given"
  | "unknown-key-or-damaged"
  | "sealed-elsewhere"
  | "damaged"
  | "not-base64"
  | "too-short"
  | "backend-not-supported"
  | "damaged-or-moved"
  | "key-version-too-old"
  | "too-many-keys"
  | "key-not-allowed"
  | "item-name"
  | "sops-document"
  | "refused-by-cluster";

/** What is known of one item of a SealedSecret. */
export type ItemFinding = {
  item: string;
  state: "opens" | "does not open" | "not known";
  /** Which backend wrote the value, by its form. */
  backend: Backend | "unknown";
  /** Size of the RSA key that it was sealed with, by its form. */
  keyBits: number | null;
  key: ItemKey | null;
  cause: Cause | null;
  /** Why it does not open or why that is not known, in a phrase. */
  why: string | null;
  /** What to do about it. */
  fix: string | null;
};

/** A key that an item has to do with. */
export type ItemKey = {
  fingerprint: string;
  /** Where the private key was found; null when it is not at hand. */
  source: string | null;
  /** Whether only the file says that the item needs this key. */
  claimed: boolean;
};

/** What an item is judged by. */
export type ItemContext = {
  /** Where the SealedSecret stands. */
  place: Place;
  keys: OpeningKeys;
  origins: LabelOrigins;
  /** Fingerprint that the file claims for the item. */
  claimed: string | undefined;
  /** How keys are given: `--key`. */
  keyFlag: string;
  /** The file that the SealedSecret is in, where that is known. */
  file: string | null;
};

/** The command that seals a value again; name, namespace and scope come from the file, so that it fits. */
export function sealing(file: string | null): string {
  return `signet --merge-into ${file === null ? "FILE" : shellPath(file)} < secret.yaml`;
}

/** What a value's form alone tells. */
export function formFinding(
  item: string,
  value: string,
  claimed: string | undefined,
  keys: OpeningKeys,
): ItemFinding {
  const { backend } = formOf(value);
  const key =
    claimed === undefined
      ? null
      : { fingerprint: claimed, source: keys.sources.get(claimed) ?? null, claimed: true };
  return {
    item,
    state: "not known",
    backend,
    keyBits: backend === "classic" ? keyBitsOf(value) : null,
    key,
    ...NOTHING_SAID,
  };
}

const NOTHING_SAID = { cause: null, why: null, fix: null } as const;

/** RSA blocks are as long as the key's modulus; a damaged length says nothing. */
function keyBitsOf(value: string): number | null {
  const decoded = fromBase64(value);
  if ("illegalAt" in decoded) return null;
  const bytes = splitContainer(decoded.bytes)?.block.length ?? 0;
  return bytes >= 128 && bytes <= 2048 ? bytes * 8 : null;
}

/** What came of trying to open a classic value, in words. */
export function triedFinding(
  item: string,
  value: string,
  outcome: Outcome,
  context: ItemContext,
): ItemFinding {
  const { keys, place } = context;
  const sealAgain = `seal the value again: ${sealing(context.file)}`;
  const form = formFinding(item, value, context.claimed, keys);
  const not = (cause: Cause, why: string, fix: string): ItemFinding => ({
    ...form,
    state: "does not open",
    cause,
    why,
    fix,
  });
  switch (outcome.kind) {
    case "opened":
      return { ...form, state: "opens", key: keyAtHand(outcome.keyId, keys) };
    case "sealed-elsewhere": {
      const origin = context.origins.find(outcome.labelHash);
      const { cause, remedy } = originInWords(origin, place);
      const more =
        origin.kind === "unknown"
          ? "; signet explain --candidate NAMESPACE/NAME compares with other places"
          : "";
      const again = origin.kind === "here" ? "" : `: ${sealing(context.file)}`;
      const fix = (remedy ?? "add that annotation to the SealedSecret's metadata") + again + more;
      return { ...not("sealed-elsewhere", cause, fix), key: keyAtHand(outcome.keyId, keys) };
    }
    case "malformed":
      if (outcome.error instanceof NotBase64Error) {
        const why = `illegal base64 data at input byte ${outcome.error.offset}`;
        return not("not-base64", why, `the value was cut or edited: ${sealAgain}`);
      }
      if (outcome.error instanceof DamagedValueError) {
        const why = "damaged: its key recognises it, but the data does not verify";
        const found = keys.keys.find(({ fingerprint }) => outcome.error.message.includes(fingerprint));
        const key = found === undefined ? form.key : keyAtHand(found.fingerprint, keys);
        return { ...not("damaged", why, `restore the value from an earlier version, or ${sealAgain}`), key };
      }
      return not("damaged", outcome.error.message, outcome.error.hint);
    case "not-my-key":
    case "not-tried":
      return { ...form, state: "does not open", ...unknownKey(form, context) };
  }
}

function keyAtHand(fingerprint: string, { sources }: OpeningKeys): ItemKey {
  return { fingerprint, source: sources.get(fingerprint) ?? null, claimed: false };
}

type Explained = Pick<ItemFinding, "cause" | "why" | "fix">;

/** Of a value that no key opened nobody can tell whether its key is missing or it is damaged: only what speaks for either. */
function unknownKey({ keyBits, key }: ItemFinding, { keys, keyFlag, file }: ItemContext): Explained {
  const sealAgain = `seal the value again: ${sealing(file)}`;
  if (keys.keys.length === 0) {
    const which = key === null ? "" : ` (it says that it needs ${key.fingerprint})`;
    return {
      cause: "no-key-given",
      why: `no private key was given${which}`,
      fix: `give ${keyFlag} with the private key it was sealed for`,
    };
  }
  if (keyBits === null) {
    return {
      cause: "too-short",
      why: "too short for a sealed value, or its length is damaged",
      fix: sealAgain,
    };
  }
  const cause = "unknown-key-or-damaged";
  const fix = `give the key it was sealed with by ${keyFlag}, or ${sealAgain}`;
  const sizes = [...new Set(keys.keys.map(({ modulusBytes }) => modulusBytes * 8))];
  if (!sizes.includes(keyBits)) {
    const had = sizes.sort((a, b) => a - b).join(" and ");
    return {
      cause,
      why: `sealed with a key of ${keyBits} bits, and those given have ${had}; or damaged`,
      fix,
    };
  }
  if (key?.source != null) {
    const why = `damaged, or sealed with another key than the one it claims, which is among those given`;
    return { cause, why, fix: `restore the value from an earlier version, or ${sealAgain}` };
  }
  const claims = key === null ? "" : ` (it claims ${key.fingerprint})`;
  return { cause, why: `sealed with a key that is not among those given${claims}, or damaged`, fix };
}
