import { counted } from "../counted.ts";
import { jsonText } from "../json-text.ts";
import type { ItemState } from "../reseal/resealed-item.ts";
import type { RotateOptions } from "./rotate-options.ts";
import type { RotatedFile, RotatedObject } from "./rotated-file.ts";

type Manner = Pick<RotateOptions, "dry-run">;

/** What became of a file, in a line. */
export function fileLine(
  { path, state, why, hint, objects }: RotatedFile,
  { "dry-run": isTrial }: Manner,
): string {
  if (state === "left") return `left ${path}: ${why}`;
  if (state === "failed") {
    const named = why?.startsWith(path) === true ? "" : `${path}: `;
    return `failed ${named}${why}; ${hint}`;
  }
  const notes = objects.filter(({ changed }) => changed).map(noteOf);
  return `${isTrial ? "would rotate" : "rotated"} ${path}: ${notes.join("; ")}`;
}

function noteOf({ namespace, name, items }: RotatedObject): string {
  const object = namespace === null ? name : `${namespace}/${name}`;
  const resealed = items.filter(({ state }) => state === "resealed").length;
  if (resealed === 0) return `${object}, what it said of its keys`;
  if (resealed === items.length) return `${object}, ${counted(resealed, "value")}`;
  return `${object}, ${resealed} of ${counted(items.length, "value")}`;
}

/** Why nothing of a file's objects changed. */
export function whyLeft(objects: readonly RotatedObject[]): string {
  const states = new Set(objects.flatMap(({ items }) => items.map(({ state }) => state)));
  if (states.size === 0) return "no sealed values in it";
  const words = (["newest", "claimed", "newer", "left-out"] as const).filter((state) => states.has(state));
  return words.map((state) => WHY_LEFT[state]).join(", ");
}

const WHY_LEFT: Readonly<Record<Exclude<ItemState, "resealed">, string>> = {
  newest: "under the newest key",
  claimed: "under the newest key, as it says",
  newer: "under a key newer than the certificate's",
  "left-out": "of backends that were not asked for",
};

/** The last line of a run that is interrupted: how far it came, and what is left to do. */
export function interruptedLine(
  done: readonly RotatedFile[],
  total: number,
  { "dry-run": isTrial }: Manner,
): string {
  const rest = counted(total - done.length, "file");
  const next = isTrial ? "nothing was written" : "run the same command again";
  return `interrupted: ${partsOf(done, isTrial)}; ${rest} still to do: ${next}`;
}

/** The last lines: how many values and files came to what, and what is left to know of them. */
export function summaryLines(files: readonly RotatedFile[], { "dry-run": isTrial }: Manner): string[] {
  const { values } = totals(files);
  const lines = [`${counted(files.length, "file")}: ${partsOf(files, isTrial)}`];
  if (values.claimed > 0) {
    lines.push(
      `note: ${counted(values.claimed, "value")} said to be under the newest key, which nobody opened here: --open proves it, --all seals them anew`,
    );
  }
  if (values.newer > 0) {
    lines.push(
      `warning: ${counted(values.newer, "value")} under a key that is newer than the certificate: give the newest certificate, or --all if these are to be moved back`,
    );
  }
  return lines;
}

function partsOf(files: readonly RotatedFile[], isTrial: boolean): string {
  const { files: byState, values } = totals(files);
  return [
    `${isTrial ? "would rotate" : "rotated"} ${counted(values.resealed, "value")} in ${byState.rotated}`,
    ...(byState.left > 0 ? [`left ${byState.left} as they are`] : []),
    ...(byState.failed > 0 ? [`${byState.failed} failed`] : []),
  ].join(", ");
}

/** The report as JSON: what became of each value, and how many came to what. */
export function reportText(
  files: readonly RotatedFile[],
  newestKey: string | null,
  { "dry-run": isTrial }: Manner,
): string {
  const found = files.map(({ path, state, why, hint, objects }) => ({ path, state, why, hint, objects }));
  return jsonText({ newestKey, dryRun: isTrial, totals: totals(files), files: found });
}

type Totals = {
  files: Record<RotatedFile["state"], number>;
  values: Record<"resealed" | "newest" | "claimed" | "newer" | "leftOut", number>;
};

function totals(files: readonly RotatedFile[]): Totals {
  const inState = (wanted: RotatedFile["state"]) => files.filter(({ state }) => state === wanted).length;
  const items = files.flatMap(({ objects }) => objects.flatMap((object) => object.items));
  const became = (wanted: ItemState) => items.filter(({ state }) => state === wanted).length;
  return {
    files: { rotated: inState("rotated"), left: inState("left"), failed: inState("failed") },
    values: {
      resealed: became("resealed"),
      newest: became("newest"),
      claimed: became("claimed"),
      newer: became("newer"),
      leftOut: became("left-out"),
    },
  };
}
