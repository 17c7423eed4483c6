import { counted } from "../counted.ts";
import { type FoundObject, placeOf } from "./dependents.ts";
import type { KeysOptions } from "./keys-options.ts";
import type { SealingKey } from "./sealing-key.ts";

/** A key that is to go, and the objects that need it, or of which it is not known that they do not. */
export type NeededKey = { key: SealingKey; isKnown: boolean; objects: readonly FoundObject[] };

/** Names and fingerprints that are written out; of more, how many. */
const MOST_KEYS = 5;
const MOST_OBJECTS = 3;

/**
 * The keys among those that are to go which are in the way, in their order.
 * @param needing objects that need some of them.
 * @param atHand fingerprints of those whose private half was tried: what none of them opened needs none of them.
 */
export function neededKeys(
  going: readonly SealingKey[],
  needing: readonly FoundObject[],
  atHand: ReadonlySet<string>,
): NeededKey[] {
  const found = going.map((key) => {
    const { fingerprint } = key.certificate;
    const known = needing.filter(({ values }) => values.some((value) => value.key === fingerprint));
    const perhaps = atHand.has(fingerprint)
      ? []
      : needing.filter(({ values }) => values.some((value) => value.key === null));
    return { key, isKnown: known.length > 0, objects: known.length > 0 ? known : perhaps };
  });
  return found.filter(({ objects }) => objects.length > 0);
}

/** Which keys are needed, and by what, as clauses. Empty for none. */
export function neededText(needed: readonly NeededKey[]): string {
  const clauses = needed.slice(0, MOST_KEYS).map(({ key, isKnown, objects }) => {
    const left = objects.length - MOST_OBJECTS;
    const places = objects.slice(0, MOST_OBJECTS).map(({ object }) => placeOf(object));
    const more = left > 0 ? ` and ${counted(left, "more object")}` : "";
    return `${key.name} ${isKnown ? "is" : "may be"} needed by ${places.join(", ")}${more}`;
  });
  const left = needed.length - MOST_KEYS;
  return [
    ...clauses,
    ...(left > 0 ? [`so ${left === 1 ? "is" : "are"} ${counted(left, "more key")}`] : []),
  ].join("; ");
}

/**
 * What retires the keys that nothing needs, as a clause; null where there are none. It is told by the command that was given: what
 * reaches the cluster, and opens keys, may be a token, or a long list.
 */
export function withoutNeeded(
  going: readonly SealingKey[],
  needed: readonly NeededKey[],
  options: KeysOptions,
): string | null {
  const inTheWay = needed.map(({ key }) => key);
  const others = going.filter((key) => !inTheWay.includes(key));
  if (others.length === 0 || inTheWay.length === 0) return null;
  const how =
    others.length < inTheWay.length ? `with ${namesOf(others)} alone` : `without ${namesOf(inTheWay)}`;
  // Forcing some of them did not help, and is refused for keys that are not named.
  const unforced = options.force.length > 0 ? ", and without --force" : "";
  return `${others.length === 1 ? "the other one" : `the other ${others.length}`} can go now: the same command ${how}${unforced}`;
}

/**
 * What retires these keys whatever needs them, as a clause.
 * @param going all that the command names.
 */
export function byForce(keys: readonly SealingKey[], going: readonly SealingKey[]): string {
  const fingerprints = [...new Set(keys.map(({ certificate }) => certificate.fingerprint))];
  if (keys.length > MOST_KEYS)
    return "to retire the keys all the same, whatever needs them: --force with the whole fingerprint of each key named";
  const it = keys.length === 1 ? "it" : "them";
  const alone = keys.length < going.length ? `${it} alone and ` : "";
  return `to retire ${namesOf(keys)} all the same, whatever needs ${it}: the same command with ${alone}--force ${fingerprints.join(",")}`;
}

function namesOf(keys: readonly SealingKey[]): string {
  return keys.map(({ name }) => name).join(", ");
}
