import type { InventoryProblem } from "../inventory/sealed-object.ts";
import { jsonText } from "../json-text.ts";
import { inColumns } from "./columns.ts";
import { anyOf, type ExposedItem, type FoundValue } from "./exposed-items.ts";
import { objectName, placeOf } from "./item-name.ts";

/** What is told of a stolen key. */
export type ExposureReport = {
  /** Its fingerprint. */
  stolen: string;
  /** Whether values were tried with it. */
  isAtHand: boolean;
  items: readonly ExposedItem[];
  problems: readonly InventoryProblem[];
  /** Contents that could not be read, and that the user let pass. */
  passedOver: readonly InventoryProblem[];
  /** What is no part of what was looked at. */
  notes: readonly InventoryProblem[];
};

/** For people: a line for each item, and why. */
export function exposureTable({ stolen, isAtHand, items }: ExposureReport): string {
  const proof = isAtHand ? "as it opens them" : "as far as values claim it: the key itself is not at hand";
  const head = `sealed under ${stolen}, ${proof}\n`;
  if (items.length === 0) return `nothing was found that was ${head}`;
  const table = inColumns([
    ["STATE", "OBJECT", "ITEM", "SEALED", "FIRST IN", "NOW IN", "WHY"],
    ...items.map((item) => {
      const { state, why, sealed, present } = item;
      const any = anyOf(item);
      return [
        state,
        any === null ? "" : objectName(any.object),
        any?.value.item ?? "",
        `${sealed.length}x`,
        sealed[0] === undefined ? "-" : placeOf(sealed[0].object),
        present.length === 0 ? "-" : placesOf(present).join(", "),
        why,
      ];
    }),
  ]);
  return head + table;
}

function placesOf(values: readonly FoundValue[]): string[] {
  return [...new Set(values.map(({ object }) => placeOf(object)))];
}

/** The same for programs. */
export function exposureJson({
  stolen,
  isAtHand,
  items,
  problems,
  passedOver,
  notes,
}: ExposureReport): string {
  const placed = (values: readonly FoundValue[]) =>
    values.map(({ object, value, outcome }) => ({
      origin: object.origin,
      outcome: outcome.kind,
      claimed: value.claimed,
    }));
  const report = {
    compromised: stolen,
    keyAtHand: isAtHand,
    items: items.map((item) => {
      const { metadata } = anyOf(item)?.object.sealedSecret ?? {};
      return {
        namespace: metadata?.namespace ?? null,
        name: metadata?.name ?? null,
        item: anyOf(item)?.value.item ?? null,
        state: item.state,
        why: item.why,
        sealed: placed(item.sealed),
        present: placed(item.present),
      };
    }),
    problems,
    passedOver,
    notes,
  };
  return jsonText(report);
}
