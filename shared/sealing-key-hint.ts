import { SEALING_KEY_ANNOTATION } from "./resource.ts";

/** Fingerprints of the sealing keys that a SealedSecret says its items need, by item; as far as it says so. */
export type SealingKeyHint = ReadonlyMap<string, string>;

/**
 * Reads the annotation `signet.dev/sealing-key`: a fingerprint that stands for all items, or a JSON map of them by
 * item. A hint that cannot be read is none: it is never trusted and never needed.
 * @param items names of the items the object has.
 */
export function readSealingKeyHint(
  annotations: Readonly<Record<string, string>> | null | undefined,
  items: Iterable<string>,
): SealingKeyHint {
  const text = annotations?.[SEALING_KEY_ANNOTATION];
  if (text === undefined || text === "") return new Map();
  if (!text.startsWith("{")) return new Map([...items].map((item) => [item, text]));
  const named = parseMap(text);
  return new Map(
    [...items].flatMap((item) => {
      const fingerprint = named.get(item);
      return fingerprint === undefined ? [] : [[item, fingerprint] as const];
    }),
  );
}

/**
 * The annotation's text: the fingerprint itself when all items share it, else JSON by item, sorted; null when nothing
 * is known.
 * @param items names of the items the object has.
 */
export function writeSealingKeyHint(hint: SealingKeyHint, items: Iterable<string>): string | null {
  const names = [...items].sort();
  const known = names.flatMap((item) => {
    const fingerprint = hint.get(item);
    return fingerprint === undefined ? [] : [[item, fingerprint] as const];
  });
  const [first] = known;
  if (first === undefined) return null;
  const isShared =
    known.length === names.length && known.every(([, fingerprint]) => fingerprint === first[1]);
  return isShared ? first[1] : JSON.stringify(Object.fromEntries(known));
}

function parseMap(text: string): Map<string, string> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null) return new Map();
    return new Map(
      Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    );
  } catch {
    return new Map();
  }
}
