import { fromBase64 } from "../../shared/bytes.ts";
import { splitContainer, TAG_BYTES } from "../../shared/seal/classic-container.ts";
import { formOf } from "../../shared/seal/codec.ts";
import { readKmsValue } from "../../shared/seal/kms-value.ts";
import { RemoteValueError } from "../../shared/seal/remote-value-error.ts";
import { readVaultValue } from "../../shared/seal/vault-value.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { isItemName } from "../../shared/secret.ts";
import { isSopsSealedSecret } from "../../shared/sops-sealed-secret/sops-form.ts";
import { judgeHint } from "./hint-rules.ts";
import type { KnownKeys } from "./known-keys.ts";
import { type FieldPath, itemPath, type LintProblem } from "./problem.ts";

/** Lengths that an encrypted session key may have: RSA keys from 1,024 to 16,384 bits. */
const SHORTEST_BLOCK_BYTES = 128;
const LONGEST_BLOCK_BYTES = 2048;

/** How the older form, where the whole Secret is one value, is called in reports. */
const WHOLE = "spec.data";

/** Judges each value by its form, and by the keys that it may be for. */
export function judgeValues(sealedSecret: SealedSecret, known: KnownKeys): LintProblem[] {
  const { spec } = sealedSecret;
  const problems: LintProblem[] = [];
  const sizes = new Map<string, number>();
  const judge = (item: string, value: string, at: FieldPath) => {
    const judged = judgeForm(item, value);
    if (typeof judged === "number") sizes.set(item, judged);
    else if (judged !== null) problems.push({ item, at, ...judged });
  };
  // What SOPS encrypted is judged as a whole.
  if (!isSopsSealedSecret(sealedSecret)) {
    for (const [item, value] of Object.entries(spec.encryptedData)) {
      if (!isItemName(item)) problems.push(unfitName(item));
      judge(item, value, itemPath(item));
    }
  }
  if (spec.data !== undefined) {
    judge(WHOLE, spec.data, ["spec", "data"]);
    if (Object.keys(spec.encryptedData).length > 0) problems.push(twoForms());
  }
  const hints = judgeHint(sealedSecret, sizes, known);
  return [...problems, ...hints.problems, ...foreignSizes(sizes, hints.told, known)];
}

function unfitName(item: string): LintProblem {
  return {
    rule: "item-name",
    level: "error",
    item,
    at: itemPath(item),
    what: `${JSON.stringify(item).slice(1, -1)} is no name that a Secret's item may have`,
  };
}

function twoForms(): LintProblem {
  return {
    rule: "structure",
    level: "error",
    item: WHOLE,
    at: ["spec", "data"],
    what: "spec.encryptedData and the deprecated spec.data are used together",
    next: "keep spec.encryptedData alone",
  };
}

type Judged = Pick<LintProblem, "rule" | "level" | "what">;

/** @returns the bytes of a classic value's RSA block; null for another form that is well made. */
function judgeForm(item: string, value: string): Judged | number | null {
  const form = formOf(value);
  switch (form.backend) {
    case "classic":
      return judgeClassic(item, value);
    case "kms":
      return judgeRemote(item, () => readKmsValue(item, value));
    case "vault":
      return judgeRemote(item, () => readVaultValue(item, value));
    case "pq":
      return unknownFormat(item, "is of the backend pq");
    default:
      return unknownFormat(item, "is of no backend that Signet knows, or was never sealed");
  }
}

function unknownFormat(item: string, what: string): Judged {
  return { rule: "unknown-format", level: "error", what: `${item} ${what}` };
}

function judgeClassic(item: string, value: string): Judged | number {
  const not = (what: string): Judged => ({ rule: "not-sealed", level: "error", what: `${item} ${what}` });
  const decoded = fromBase64(value);
  if ("illegalAt" in decoded) return not(`is no base64 from byte ${decoded.illegalAt} on`);
  const parts = splitContainer(decoded.bytes);
  if (parts === null) return not("is too short for a sealed value");
  const { block, ciphertext } = parts;
  if (block.length < SHORTEST_BLOCK_BYTES || block.length > LONGEST_BLOCK_BYTES)
    return not("is base64, but no sealed value: its encrypted key has a length that no RSA key gives");
  if (ciphertext.length < TAG_BYTES) return not("is cut off: too short for a sealed value");
  return block.length;
}

function judgeRemote(item: string, read: () => unknown): Judged | null {
  try {
    read();
    return null;
  } catch (error) {
    if (!(error instanceof RemoteValueError)) throw error;
    const rule = error.problem === "version" ? "unknown-format" : "not-sealed";
    return { rule, level: "error", what: `${item}: ${error.what}` };
  }
}

/** Values whose RSA block fits none of the known keys, and of which the hint has not told already. */
function foreignSizes(
  sizes: ReadonlyMap<string, number>,
  told: ReadonlySet<string>,
  known: KnownKeys,
): LintProblem[] {
  if (known === null) return [];
  const had = [...new Set(known.map(({ modulusBytes }) => modulusBytes * 8))].sort((a, b) => a - b);
  return [...sizes]
    .filter(([item, bytes]) => !told.has(item) && !had.includes(bytes * 8))
    .map(([item, bytes]) => ({
      rule: "unknown-key",
      level: "error",
      item,
      at: item === WHOLE ? ["spec", "data"] : itemPath(item),
      what: `${item} is for an RSA key of ${bytes * 8} bits, and the certificates given have ${had.join(" and ")}`,
    }));
}
