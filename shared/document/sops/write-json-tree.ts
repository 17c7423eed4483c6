import type { SopsMap, SopsNode } from "./tree.ts";

/** A mapping in JSON as Go's encoding/json and sops write it, without a line break at the end. */
export function jsonTree(map: SopsMap, unit: string): string {
  return jsonNode(map, unit, "\n");
}

/** @param lead line break and indentation of the collection that holds the node. */
function jsonNode(node: SopsNode, unit: string, lead: string): string {
  const inner = lead + unit;
  switch (node.kind) {
    case "map": {
      const entries = node.entries.flatMap((entry) =>
        entry.kind === "comment" ? [] : [`${jsonText(entry.key)}: ${jsonNode(entry.value, unit, inner)}`],
      );
      return entries.length === 0 ? "{}" : `{${inner}${entries.join(`,${inner}`)}${lead}}`;
    }
    case "list": {
      const items = node.items.flatMap((item) =>
        item.kind === "comment" ? [] : [jsonNode(item, unit, inner)],
      );
      return items.length === 0 ? "[]" : `[${inner}${items.join(`,${inner}`)}${lead}]`;
    }
    case "null":
      return "null";
    case "str":
      return jsonText(new TextDecoder("utf-8", { ignoreBOM: true }).decode(node.bytes));
    case "int":
    case "bool":
      return String(node.value);
    case "float":
      if (!Number.isFinite(node.value)) throw new TypeError("JSON has neither infinity nor NaN");
      return Object.is(node.value, -0) ? "-0" : String(node.value);
    case "time":
      return jsonText(node.text);
  }
}

/** Go escapes what HTML and JavaScript read as more than text. */
function jsonText(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}
