import type { OpeningKey } from "../../shared/seal/opening-key.ts";
import { openings } from "../inventory/openings.ts";
import type { SealedObject, SealedValue } from "../inventory/sealed-object.ts";

/** A value that is not known to open without a key, and why, as a clause about it. */
export type DependentValue = { value: SealedValue; why: string };

/** An object that holds such values. */
export type Dependent = { object: SealedObject; values: readonly DependentValue[] };

/** Keys that stay and keys that are to go; those of the latter that are at hand tell what was sealed under them. */
export type KeysAtHand = { staying: readonly OpeningKey[]; going: readonly OpeningKey[] };

/**
 * Which values under sealing keys do not open with the keys that stay: opened is what counts, and not what an annotation says.
 * Values under keys of key services and SOPS documents need no sealing key.
 */
export async function dependents(
  objects: readonly SealedObject[],
  { staying, going }: KeysAtHand,
): Promise<Dependent[]> {
  const staysWith = new Set(staying.map(({ fingerprint }) => fingerprint));
  // Other values are neither opened nor anybody asked.
  const classic = objects
    .map((object) => ({ ...object, values: object.values.filter(({ backend }) => backend === "classic") }))
    .filter(({ values }) => values.length > 0);
  const outcomes = await openings(classic, { keys: [...staying, ...going], keyServices: null, sops: null });
  return classic.flatMap((object) => {
    const values = object.values.flatMap((value): DependentValue[] => {
      const outcome = outcomes.get(value);
      switch (outcome?.kind) {
        case "opened":
          return staysWith.has(outcome.key) ? [] : [{ value, why: `needs ${outcome.key}` }];
        case "sealed-elsewhere":
          // No controller opens it there, whichever keys stay; and anybody can copy an old value under another name.
          if (object.origin.kind === "cluster") return [];
          return [{ value, why: `was sealed under ${outcome.key}, for another place` }];
        case "damaged":
          return [{ value, why: `does not open: ${outcome.problem}` }];
        default:
          return [{ value, why: `opens with no key at hand${claim(value)}` }];
      }
    });
    return values.length === 0 ? [] : [{ object, values }];
  });
}

/** One line for people, without an end: the object, and its items by what is about them. */
export function dependentLine({ object, values }: Dependent): string {
  const groups = Map.groupBy(values, ({ why }) => why);
  const parts = [...groups].map(
    ([why, found]) => `${found.map(({ value }) => value.item).join(", ")} ${why}`,
  );
  return `${placeOf(object)}: ${parts.join("; ")}`;
}

/** Where an object is, with its own name. */
export function placeOf({ origin, where, sealedSecret }: SealedObject): string {
  const { namespace, name } = sealedSecret.metadata;
  const named = namespace === undefined ? name : `${namespace}/${name}`;
  return origin.kind === "file" ? `${origin.path}:${origin.line} (SealedSecret ${named})` : where;
}

function claim({ claimed }: SealedValue): string {
  return claimed === null ? "" : ` (it says it needs ${claimed})`;
}
