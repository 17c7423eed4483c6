import { InputError } from "../errors.ts";
import { readStream } from "./document-stream.ts";
import { decodeText } from "./encoding.ts";

/** One object out of a stream. */
export type InputDocument = {
  value: unknown;
  /** Names it in errors: `secret.yaml`, `secret.yaml, document 2`, `secret.yaml, document 2, item 3`. */
  where: string;
};

/**
 * Reads a stream of YAML documents and JSON objects, in any mixture: YAML separated by `---`, JSON also one after
 * another. Documents without content are passed over; a `List`, `SecretList` or `SealedSecretList` yields its items.
 * Numbers and truth values whose text would change come as UnquotedScalar.
 * @param where names the stream in errors.
 * @returns the objects in order; empty when there are none.
 * @throws InputError naming document, line and column of the first that cannot be read; never quotes the input.
 */
export function readDocuments(input: Uint8Array | string, where: string): InputDocument[] {
  // A string may begin with a byte order mark too, where somebody else decoded it.
  const text = (typeof input === "string" ? input : decodeText(input, where)).replace(/^\ufeff/, "");
  const documents = readStream(text, where);
  return documents.flatMap(({ value }, index) => objectsOf(value, whereOf(where, index, documents.length)));
}

/** Names one document of a stream in errors. */
export function whereOf(stream: string, index: number, count: number): string {
  return count === 1 ? stream : `${stream}, document ${index + 1}`;
}

/** Lists and the kind of their items, where the list's kind says it (the API server then leaves it off the items). */
const LISTS: ReadonlyMap<unknown, { apiVersion: string; kind: string } | null> = new Map([
  ["List", null],
  ["SecretList", { apiVersion: "v1", kind: "Secret" }],
  ["SealedSecretList", { apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret" }],
]);

/** Whether a document stands for the items in it. */
export function isList(value: unknown): value is Record<string, unknown> {
  return isMap(value) && LISTS.has(value["kind"]);
}

/**
 * The objects of one document: itself, or the items of a List.
 * @throws InputError when a List's items are no list.
 */
export function objectsOf(value: unknown, where: string): InputDocument[] {
  if (!isList(value)) return [{ value, where }];
  const itemType = LISTS.get(value["kind"]);
  const items = value["items"] ?? [];
  if (!Array.isArray(items)) {
    throw new InputError(`${where}: items must be a list`, "correct items in the List");
  }
  return items.map((item: unknown, index) => ({
    value: isMap(item) ? { ...itemType, ...item } : item,
    where: `${where}, item ${index + 1}`,
  }));
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
