import { shellWord } from "../../shared/shell-word.ts";
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

/** What retires the keys that nothing needs, as a clause; null where there are none. */
export function withoutNeeded(
  going: readonly SealingKey[],
  needed: readonly NeededKey[],
  options: KeysOptions,
): string | null {
  const inTheWay = needed.map(({ key }) => key);
  const others = going.filter((key) => !inTheWay.includes(key));
  if (others.length === 0 || inTheWay.length === 0) return null;
  if (others.length <= Math.max(MOST_KEYS, inTheWay.length))
    return `${others.length === 1 ? "the other one" : `the other ${others.length}`} can go now: ${retireCommand(others, options)}`;
  const names = inTheWay.map(({ name }) => name).join(", ");
  return `the same command without ${names} retires the other ${others.length} now`;
}

/** What retires these keys whatever needs them, as a clause. */
export function byForce(keys: readonly SealingKey[], options: KeysOptions): string {
  const fingerprints = [...new Set(keys.map(({ certificate }) => certificate.fingerprint))];
  if (keys.length > MOST_KEYS)
    return "to retire the keys all the same, whatever needs them: --force with the whole fingerprint of each key named";
  const names = keys.map(({ name }) => name).join(", ");
  return `to retire ${names} all the same, whatever needs ${keys.length === 1 ? "it" : "them"}: ${retireCommand(keys, options)} --force ${fingerprints.join(",")}`;
}

/** What decides how much is looked at, and what becomes of the keys, is kept. */
function retireCommand(keys: readonly SealingKey[], options: KeysOptions): string {
  const given = (flag: string, values: readonly string[]) =>
    values.map((value) => `${flag} ${shellWord(value)}`);
  return [
    "signet keys retire",
    ...(options.compromised ? ["--compromised"] : []),
    ...given("--in", options.in),
    ...given("-n", options.namespace === null ? [] : [options.namespace]),
    ...given("--private-key", [...options["private-key"], ...options["recovery-private-key"]]),
    ...keys.map(({ name }) => shellWord(name)),
  ].join(" ");
}
