import type { OpeningKey } from "../../shared/seal/opening-key.ts";
import { type OpeningOutcome, openings } from "../inventory/openings.ts";
import type { SealedObject, SealedValue } from "../inventory/sealed-object.ts";

/** What is about a value, as a clause behind the name of its item, and behind the names of several. */
export type Clause = { one: string; several: string };

/** A value, what was found about it, and the fingerprint of the key it is sealed under; null where none opened it. */
export type FoundValue = { value: SealedValue; why: Clause; key: string | null };

/** An object, and those of its values of which there is something to tell. */
export type FoundObject = { object: SealedObject; values: readonly FoundValue[] };

/** What became of opening everything with the keys that stay and those that are to go. */
export type Dependence = {
  /** Values that open with a key that is to go and with none that stays, or of which that is not known. */
  needing: readonly FoundObject[];
  /** Values that open nowhere, which the keys that are to go do not change, so that they need none of these. */
  unaffected: readonly FoundObject[];
};

/** The private halves that are at hand. */
export type KeysAtHand = {
  staying: readonly OpeningKey[];
  going: readonly OpeningKey[];
  /** Whether those are all that are to go: then what none of them opens does not need them. */
  hasAllGoing: boolean;
};

/**
 * Which values under sealing keys need those that are to go: opened is what counts, and not what an annotation says.
 * Values under keys of key services and SOPS documents need no sealing key.
 */
export async function dependents(
  objects: readonly SealedObject[],
  { staying, going, hasAllGoing }: KeysAtHand,
): Promise<Dependence> {
  const staysWith = new Set(staying.map(({ fingerprint }) => fingerprint));
  // Other values are neither opened nor anybody asked.
  const classic = objects
    .map((object) => ({ ...object, values: object.values.filter(({ backend }) => backend === "classic") }))
    .filter(({ values }) => values.length > 0);
  const outcomes = await openings(classic, { keys: [...staying, ...going], keyServices: null, sops: null });
  const found = classic.map((object) => ({
    object,
    values: object.values.flatMap((value) => {
      const judged = judge(object, value, outcomes.get(value), { staysWith, hasAllGoing });
      return judged === null ? [] : [{ value, ...judged }];
    }),
  }));
  const those = (needs: boolean) =>
    found
      .map(({ object, values }) => ({ object, values: values.filter((one) => one.needs === needs) }))
      .filter(({ values }) => values.length > 0);
  return { needing: those(true), unaffected: those(false) };
}

/** @returns whether a value needs a key that is to go, and what is to be told of it; null for nothing. */
function judge(
  { origin }: SealedObject,
  value: SealedValue,
  outcome: OpeningOutcome | undefined,
  { staysWith, hasAllGoing }: { staysWith: ReadonlySet<string>; hasAllGoing: boolean },
): { needs: boolean; why: Clause; key: string | null } | null {
  switch (outcome?.kind) {
    case "opened": {
      const { key } = outcome;
      if (staysWith.has(key)) return null;
      return { needs: true, key, why: { one: `needs ${key}`, several: `need ${key}` } };
    }
    case "sealed-elsewhere": {
      // No controller opens it there, whichever keys stay; and anybody can copy an old value under another name.
      if (origin.kind === "cluster") return null;
      const rest = `sealed under ${outcome.key}, for another place`;
      // In a tree it was renamed perhaps, and opens again where it stood before.
      const needs = !staysWith.has(outcome.key);
      return { needs, key: outcome.key, why: { one: `was ${rest}`, several: `were ${rest}` } };
    }
    case "damaged":
      return { needs: false, key: outcome.key, why: clauseOfDamaged(outcome.key) };
    case "not-opened": {
      const { claimed } = value;
      const [says, say] =
        claimed === null ? ["", ""] : [` (it says it needs ${claimed})`, ` (they say they need ${claimed})`];
      const why = {
        one: `opens with no key at hand${says}`,
        several: `open with no key at hand${say}`,
      };
      return { needs: !hasAllGoing, key: null, why };
    }
    default:
      return { needs: true, key: null, why: { one: "was not tried", several: "were not tried" } };
  }
}

function clauseOfDamaged(key: string | null): Clause {
  if (key === null) return { one: "is no sealed value", several: "are no sealed values" };
  const rest = `under ${key}, and damaged: no key opens`;
  return { one: `was sealed ${rest} it`, several: `were sealed ${rest} them` };
}

/** One line for people, without an end: the object, and its items by what is about them. */
export function foundLine({ object, values }: FoundObject): string {
  const groups = Map.groupBy(values, ({ why }) => why.one);
  const parts = [...groups.values()].map((found) => {
    const items = found.map(({ value }) => value.item).join(", ");
    const [first] = found;
    return `${items} ${found.length === 1 ? first?.why.one : first?.why.several}`;
  });
  return `${placeOf(object)}: ${parts.join("; ")}`;
}

/** Where an object is, with its own name. */
export function placeOf({ origin, where, sealedSecret }: SealedObject): string {
  const { namespace, name } = sealedSecret.metadata;
  const named = namespace === undefined ? name : `${namespace}/${name}`;
  return origin.kind === "file" ? `${origin.path}:${origin.line} (SealedSecret ${named})` : where;
}
