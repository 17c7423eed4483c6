import { fromBase64, fromUtf8, toBase64, utf8 } from "../../shared/bytes.ts";
import { plainValueOf } from "../../shared/document/sops/object-tree.ts";
import { SCOPE_ITEM } from "../../shared/document/sops/scope-item.ts";
import type { SopsEntry, SopsMap, SopsNode } from "../../shared/document/sops/tree.ts";
import { InputError } from "../../shared/errors.ts";
import { parseSecret, type SecretManifest } from "../../shared/secret.ts";
import { plainJson } from "./plain-json.ts";

/** A Secret of an opened SOPS document. */
export type SopsSecret = {
  /** As a manifest, all its items in `data`, without the one that says what it was encrypted for. */
  object: Fields & { metadata: Fields };
  manifest: SecretManifest;
  /** What its scope item says; null where it has none. */
  scopeText: string | null;
  /** Items without content, which SOPS does not authenticate. */
  emptyItems: readonly string[];
};

/** Where a Secret's items stand. */
export const ITEM_FIELDS = ["data", "stringData"] as const;

/** The Secrets of an opened document: itself, or the items of a list. */
export function secretNodes(document: SopsMap, where: string): { node: SopsMap; where: string }[] {
  const kind = textOf(nodeUnder(document, "kind"));
  const items = nodeUnder(document, "items");
  if ((kind !== "List" && kind !== "SecretList") || items?.kind !== "list")
    return [{ node: document, where }];
  // The API server leaves off what the list's kind says for its items.
  const type = kind === "SecretList" ? SECRET_TYPE : [];
  return items.items
    .filter((item) => item.kind !== "comment")
    .map((item, index) => {
      const its = `${where}, item ${index + 1}`;
      if (item.kind !== "map") throw notASecret(its);
      const missing = type.filter(({ key }) => nodeUnder(item, key) === undefined);
      return { node: { kind: "map", entries: [...missing, ...item.entries] }, where: its };
    });
}

/**
 * Reads an opened Secret. Types of values are not authenticated, so that an item of any other than text is none that was
 * encrypted.
 * @throws InputError naming document and item; never quotes a value.
 */
export function readSopsSecret(node: SopsMap, where: string): SopsSecret {
  if (textOf(nodeUnder(node, "kind")) !== "Secret" || textOf(nodeUnder(node, "apiVersion")) !== "v1")
    throw notASecret(where);
  const emptyItems = ITEM_FIELDS.flatMap((field) => judgeItems(nodeUnder(node, field), field, where));
  const value = plainValueOf(node) as Fields;
  const scopeText = scopeTextOf(value, where);
  const manifest = parseSecret(withoutScope(value), where);
  const { data: _, stringData: __, ...rest } = value;
  const items = [...manifest.items].map(([item, bytes]) => [item, toBase64(bytes)]);
  return {
    object: {
      ...(plainJson(rest, where) as Fields),
      metadata: plainJson(value["metadata"] ?? {}, where) as Fields,
      ...(items.length === 0 ? {} : { data: Object.fromEntries(items) as Fields }),
    },
    manifest,
    scopeText,
    emptyItems,
  };
}

type Fields = Readonly<Record<string, unknown>>;

const SECRET_TYPE: readonly SopsEntry[] = [
  { kind: "entry", key: "apiVersion", value: { kind: "str", bytes: utf8("v1") } },
  { kind: "entry", key: "kind", value: { kind: "str", bytes: utf8("Secret") } },
];

function notASecret(where: string): InputError {
  return new InputError(
    `${where} is no Secret, and of SOPS documents only those are opened`,
    "open it with sops itself, or leave it out",
  );
}

/** @returns names of the items without content. @throws InputError for one that is neither text nor empty. */
function judgeItems(items: SopsNode | undefined, field: string, where: string): string[] {
  if (items === undefined || items.kind === "null") return [];
  if (items.kind !== "map")
    throw new InputError(`${where}: ${field} must be a map of items`, `correct ${field}`);
  return entriesOf(items).flatMap(({ key, value }) => {
    if (value.kind === "null" || (value.kind === "str" && value.bytes.length === 0)) return [key];
    if (value.kind === "str") return [];
    throw new InputError(
      `${where}: ${field}.${key} is no text (${value.kind}), and a Secret holds texts`,
      `set it as a text: sops set FILE '["${field}"][${JSON.stringify(key)}]' '"…"'`,
    );
  });
}

/** @throws InputError where it stands twice: one of them could be anybody's, beside one that was encrypted. */
function scopeTextOf(value: Fields, where: string): string | null {
  const found = ITEM_FIELDS.flatMap((field) => {
    const items = value[field];
    return isMap(items) && Object.hasOwn(items, SCOPE_ITEM) ? [{ field, text: items[SCOPE_ITEM] }] : [];
  });
  const [first, ...others] = found;
  if (first === undefined) return null;
  if (others.length > 0)
    throw new InputError(`${where} has two items ${SCOPE_ITEM}`, "keep the one that is encrypted");
  if (typeof first.text !== "string") return "";
  if (first.field === "stringData") return first.text;
  const decoded = fromBase64(first.text);
  return ("bytes" in decoded ? fromUtf8(decoded.bytes) : null) ?? "";
}

function withoutScope(value: Fields): Fields {
  const entries = Object.entries(value).map(([key, held]) => {
    if (!ITEM_FIELDS.some((field) => field === key) || !isMap(held)) return [key, held];
    return [key, Object.fromEntries(Object.entries(held).filter(([item]) => item !== SCOPE_ITEM))];
  });
  return Object.fromEntries(entries) as Fields;
}

function entriesOf(map: SopsMap): SopsEntry[] {
  return map.entries.filter((entry) => entry.kind === "entry");
}

function nodeUnder(map: SopsMap, key: string): SopsNode | undefined {
  return entriesOf(map).find((entry) => entry.key === key)?.value;
}

function textOf(node: SopsNode | undefined): string | null {
  return node?.kind === "str" ? fromUtf8(node.bytes) : null;
}

function isMap(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
