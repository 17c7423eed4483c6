import { fromUtf8, utf8 } from "../../bytes.ts";
import { exactNumber, UnquotedScalar } from "../../unquoted-scalar.ts";
import { setOwn } from "../json.ts";
import { plainScalar } from "./go-yaml-scalar.ts";
import type { SopsEntry, SopsNode } from "./tree.ts";

/**
 * The tree of a JavaScript value. Entries come in the order in which the value has them: objects put keys that look like
 * integers first, a Map keeps every order. Entries that are undefined are left out. Whole numbers are ints, bytes are strings.
 * @throws TypeError for what no document holds, such as a function.
 */
export function sopsTreeOf(value: unknown): SopsNode {
  if (value === null) return { kind: "null" };
  switch (typeof value) {
    case "string":
      return { kind: "str", bytes: utf8(value) };
    case "boolean":
      return { kind: "bool", value };
    case "bigint":
      return { kind: "int", value };
    case "number":
      return Number.isSafeInteger(value) ? { kind: "int", value: BigInt(value) } : { kind: "float", value };
    case "object":
      return treeOfObject(value);
    default:
      throw new TypeError("a document holds no value of this kind");
  }
}

function treeOfObject(value: object): SopsNode {
  if (value instanceof Uint8Array) return { kind: "str", bytes: value };
  if (Array.isArray(value)) return { kind: "list", items: value.map((item: unknown) => sopsTreeOf(item)) };
  if (value instanceof UnquotedScalar) {
    const read = plainScalar(value.source);
    if ("problem" in read) throw new TypeError("this number fits in no document");
    return read.scalar;
  }
  const entries: [unknown, unknown][] = value instanceof Map ? [...value] : Object.entries(value);
  return { kind: "map", entries: entries.flatMap(([key, held]) => entryOf(key, held)) };
}

function entryOf(key: unknown, value: unknown): SopsEntry[] {
  if (typeof key !== "string") throw new TypeError("a key must be a string");
  return value === undefined ? [] : [{ kind: "entry", key, value: sopsTreeOf(value) }];
}

/**
 * The JavaScript value of a tree, without its comments: objects, arrays, strings, numbers, truth values and null. Ints whose
 * text a number would change are UnquotedScalar, as where documents are read; strings that are no UTF-8 are bytes, times
 * their text.
 */
export function plainValueOf(node: SopsNode): unknown {
  switch (node.kind) {
    case "map": {
      const value = {};
      for (const entry of node.entries) {
        if (entry.kind === "entry") setOwn(value, entry.key, plainValueOf(entry.value));
      }
      return value;
    }
    case "list":
      return node.items.flatMap((item) => (item.kind === "comment" ? [] : [plainValueOf(item)]));
    case "null":
      return null;
    case "str":
      return fromUtf8(node.bytes) ?? node.bytes;
    case "int":
      return exactNumber(Number(node.value), String(node.value));
    case "float":
    case "bool":
      return node.value;
    case "time":
      return node.text;
  }
}
