import { SEALING_KEY_ANNOTATION } from "../../shared/resource.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { readSealingKeyHint } from "../../shared/sealing-key-hint.ts";
import { listed } from "../listed.ts";
import type { KnownKeys } from "./known-keys.ts";
import type { FieldPath, LintProblem } from "./problem.ts";

const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;
const AT: FieldPath = ["metadata", "annotations", SEALING_KEY_ANNOTATION];

/** What is wrong with the note on the key, and the items whose key it was told of. */
export type JudgedHint = { problems: LintProblem[]; told: ReadonlySet<string> };

/**
 * Judges what an object says of the key that its values are for.
 * @param sizes bytes of the RSA blocks of its classic values, by item.
 */
export function judgeHint(
  { metadata, spec }: SealedSecret,
  sizes: ReadonlyMap<string, number>,
  known: KnownKeys,
): JudgedHint {
  const text = metadata.annotations?.[SEALING_KEY_ANNOTATION];
  const told = new Set<string>();
  if (text === undefined) return { problems: [], told };
  const named = text.startsWith("{") ? namesIn(text) : [];
  if (named === null) return { problems: [wrong("cannot be read as JSON by item")], told };
  const gone = named.filter((item) => !Object.hasOwn(spec.encryptedData, item));
  const problems = gone.map((item) => wrong(`names the item ${item}, which is not there`, item));
  const byKey = Map.groupBy(readSealingKeyHint(metadata.annotations, sizes.keys()), ([, key]) => key);
  for (const [fingerprint, claims] of byKey) {
    const items = claims.map(([item]) => item);
    if (!FINGERPRINT.test(fingerprint)) {
      problems.push(wrong(`has no fingerprint of a key for ${listed(items)}`));
      continue;
    }
    const key = known?.find((candidate) => candidate.fingerprint === fingerprint);
    if (known !== null && key === undefined) {
      for (const item of items) told.add(item);
      problems.push({
        rule: "unknown-key",
        level: "error",
        item: items.length === 1 ? (items[0] ?? null) : null,
        at: AT,
        what: `${listed(items)}: sealed, as the object says, with ${fingerprint}, which is none of the certificates given`,
      });
    }
    for (const item of items) {
      const bytes = sizes.get(item);
      if (key === undefined || bytes === undefined || bytes === key.modulusBytes) continue;
      told.add(item);
      const what = `says that ${item} is for a key of ${key.modulusBytes * 8} bits, and the value is for one of ${bytes * 8}`;
      problems.push({ ...wrong(what, item), level: "error" });
    }
  }
  return { problems, told };
}

function wrong(what: string, item: string | null = null): LintProblem {
  return {
    rule: "key-hint",
    level: "warning",
    item,
    at: AT,
    what: `the annotation ${SEALING_KEY_ANNOTATION} ${what}`,
  };
}

/** The items that a map by item names; null when the text is no such map. */
function namesIn(text: string): string[] | null {
  try {
    const map: unknown = JSON.parse(text);
    if (typeof map !== "object" || map === null || Array.isArray(map)) return null;
    return Object.keys(map);
  } catch {
    return null;
  }
}
