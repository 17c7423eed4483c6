import { LAST_APPLIED_ANNOTATIONS } from "../../shared/annotations.ts";
import { judgeGenerators, judgePatch } from "./generator-rules.ts";
import { type LocatedMap, type LocatedNode, listsOf, textOf } from "./located-tree.ts";
import { judgeSealedSecret } from "./sealed-secret-rules.ts";
import { judgeSecret } from "./secret-rules.ts";
import { shownName } from "./template-marks.ts";
import type { Holder, Walk } from "./walk.ts";

/** A document that its aliases make too large. */
export class TooManyNodes extends Error {}

/** What a text must have in it to be looked at as a manifest of its own. */
function mayHoldOne(text: string): boolean {
  return (text.includes("kind") && /\bSecret/.test(text)) || text.includes("stringData");
}

/** Looks at every object in a document: itself, items of lists, and what is nested in others. */
export function walkObjects(node: LocatedNode, walk: Walk, holder: Holder): void {
  walk.budget.nodes -= 1;
  if (walk.budget.nodes < 0) throw new TooManyNodes();
  if (node.kind === "list") {
    for (const item of node.items) walkObjects(item, walk, holder);
  } else if (node.kind === "scalar") {
    if (mayHoldOne(node.text)) walk.inside(node, holder);
  } else {
    const own = judgeMap(node, walk) ?? holder;
    for (const { key, value } of node.entries) {
      const annotation = key !== null && LAST_APPLIED_ANNOTATIONS.has(key) ? key : null;
      walkObjects(value, walk, annotation === null ? own : { ...own, annotation });
    }
  }
}

/** @returns the object that the map is; null when it is none. */
function judgeMap(map: LocatedMap, walk: Walk): Holder | null {
  judgeGenerators(map, walk);
  judgePatch(map, walk);
  const kind = textOf(map, "kind");
  if (kind === null) return null;
  const object = `${kind}${nameOf(map)}`;
  if (isSecret(map)) judgeSecret(map, object, walk);
  if (kind === "SealedSecret") judgeSealedSecret(map, object, walk);
  if (kind === "SecretList" || kind === "SealedSecretList") judgeItems(map, kind, walk);
  return { object, at: map.at, annotation: null };
}

/** Items of such a list need not say what they are. */
function judgeItems(list: LocatedMap, kind: string, walk: Walk): void {
  const [judge, name] =
    kind === "SecretList"
      ? ([judgeSecret, "Secret"] as const)
      : ([judgeSealedSecret, "SealedSecret"] as const);
  for (const item of listsOf(list, "items").flatMap(({ items }) => items)) {
    if (item.kind === "map" && textOf(item, "kind") === null) judge(item, `${name}${nameOf(item)}`, walk);
  }
}

/** Kinds of that name in groups of their own are something else, unless they have what only a Secret has. */
function isSecret(map: LocatedMap): boolean {
  const kinds = map.entries.filter(({ key }) => key === "kind");
  if (!kinds.some(({ value }) => value.kind === "scalar" && value.text === "Secret")) return false;
  const group = textOf(map, "apiVersion")?.includes("/") ?? false;
  return !group || map.entries.some(({ key }) => key?.toLowerCase() === "stringdata");
}

function nameOf(map: LocatedMap): string {
  const metadata = map.entries.find(({ key }) => key === "metadata")?.value;
  if (metadata?.kind !== "map") return "";
  const name = textOf(metadata, "name") ?? textOf(metadata, "generateName");
  const namespace = textOf(metadata, "namespace");
  return name === null
    ? ""
    : ` ${JSON.stringify(shownName(namespace === null ? name : `${namespace}/${name}`))}`;
}
