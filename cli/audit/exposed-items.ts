import type { OpeningOutcome } from "../inventory/openings.ts";
import type { SealedObject, SealedValue } from "../inventory/sealed-object.ts";
import { type ItemAt, itemKey, itemName } from "./item-name.ts";

/** A value that was found, and what came of opening it. `isPresent`: it stands now, in files or in the cluster. */
export type FoundValue = {
  object: SealedObject;
  value: SealedValue;
  outcome: OpeningOutcome;
  isPresent: boolean;
};

/**
 * What became of an item that was sealed under a stolen key. `changed`: everything that stands there now was opened, and holds what
 * the stolen key opens nowhere. `not changed`: some of it holds a plaintext that the stolen key opens. `removed`: nothing stands
 * there now. `not known`: something of it could not be opened, then or now.
 */
export type ExposureState = "changed" | "not changed" | "removed" | "not known";

/** An item that a thief may have read. */
export type ExposedItem = {
  state: ExposureState;
  /** Why, as a clause about the item. */
  why: string;
  /** The oldest value under the stolen key first; empty where a stolen plaintext was taken over from another item. */
  sealed: readonly FoundValue[];
  /** What stands there now. */
  present: readonly FoundValue[];
};

/**
 * What was sealed under a stolen key, item by item, in the order in which it was found.
 * @param values the oldest first. Their marks are those of their plaintexts under one key.
 * @param stolen fingerprint of the key.
 * @param atHand fingerprints of the keys that values were tried with. What the stolen key, if among them, did not open is not its
 *   own; what claims another of them, and did not open, may be.
 */
export function exposedItems(
  values: readonly FoundValue[],
  stolen: string,
  atHand: ReadonlySet<string>,
): ExposedItem[] {
  const judged = values.map((found) => ({ found, exposure: exposureOf(found, stolen, atHand) }));
  const openedTexts = new Set(
    judged.filter(({ exposure }) => exposure === "proven").map(({ found }) => found.value.text),
  );
  // A copy under another name, of which the plaintext is known from where it belongs.
  const isCovered = ({ found }: (typeof judged)[number]) =>
    found.outcome.kind === "sealed-elsewhere" && openedTexts.has(found.value.text);
  const exposed = judged
    .filter((one) => one.exposure !== "none" && !isCovered(one))
    .map(({ found }) => found);
  const marks = new Map<string, FoundValue>();
  for (const found of exposed)
    for (const mark of marksOf(found)) if (!marks.has(mark)) marks.set(mark, found);
  const present = Map.groupBy(
    values.filter(({ isPresent }) => isPresent),
    itemKey,
  );
  const items = Map.groupBy(exposed, itemKey);
  for (const [key, standing] of present) {
    // What was sealed under another name or key meanwhile is no less known to the thief.
    if (!items.has(key) && standing.some((found) => marksOf(found).some((mark) => marks.has(mark))))
      items.set(key, []);
  }
  return [...items].map(([key, sealed]) => {
    const standing = present.get(key) ?? [];
    return { ...judge(sealed, standing, marks, stolen), sealed, present: standing };
  });
}

/** Whether a value lies under the stolen key: it opened it, it may have, or it did not. */
function exposureOf(
  { value, outcome }: FoundValue,
  stolen: string,
  atHand: ReadonlySet<string>,
): "proven" | "possible" | "none" {
  if (value.backend !== "classic") return "none";
  switch (outcome.kind) {
    case "opened":
      // Nothing was in it to be stolen.
      return outcome.key === stolen && outcome.marks.length > 0 ? "proven" : "none";
    case "sealed-elsewhere":
    case "damaged":
      return outcome.key === stolen ? "possible" : "none";
    default: {
      if (atHand.has(stolen)) return "none";
      const { claimed } = value;
      // Whoever wrote the value wrote its claim.
      const isRefuted = outcome.kind === "not-opened" && claimed !== null && atHand.has(claimed);
      return isRefuted || (claimed ?? stolen) === stolen ? "possible" : "none";
    }
  }
}

function marksOf({ outcome }: FoundValue): readonly string[] {
  return outcome.kind === "opened" ? outcome.marks : [];
}

function judge(
  sealed: readonly FoundValue[],
  present: readonly FoundValue[],
  marks: ReadonlyMap<string, FoundValue>,
  stolen: string,
): Pick<ExposedItem, "state" | "why"> {
  const held = present.map((found) => {
    const known = marksOf(found).find((mark) => marks.has(mark));
    return { found, from: known === undefined ? undefined : marks.get(known) };
  });
  const same = held.find(({ from }) => from !== undefined);
  if (same?.from !== undefined) {
    const own = itemName(same.found) === itemName(same.from);
    const from = own ? "" : `, as ${itemName(same.from)}`;
    return { state: "not changed", why: `it holds a plaintext that was sealed under the stolen key${from}` };
  }
  const unread = sealed.filter(({ outcome }) => outcome.kind !== "opened");
  if (unread.length > 0) return { state: "not known", why: unreadInWords(unread, stolen) };
  if (present.length === 0) return { state: "removed", why: "nothing stands there now" };
  // An empty value has no mark, and is read all the same.
  const closed = present.filter(({ outcome }) => outcome.kind !== "opened");
  if (closed.length > 0) return { state: "not known", why: "what stands there now could not be opened" };
  return { state: "changed", why: "it holds what was never sealed under the stolen key" };
}

function unreadInWords(unread: readonly FoundValue[], stolen: string): string {
  const [first] = unread;
  if (first?.outcome.kind === "sealed-elsewhere")
    return "what was sealed under the stolen key was for another place, and could not be opened";
  if (first?.outcome.kind === "damaged") return "what was sealed under the stolen key was damaged later";
  const claims = first?.value.claimed === stolen ? "is claimed to have been" : "may have been";
  return `what ${claims} sealed under the stolen key could not be opened`;
}

/** An item, by any value of it. */
export function anyOf({ sealed, present }: ExposedItem): ItemAt | null {
  return sealed[0] ?? present[0] ?? null;
}
