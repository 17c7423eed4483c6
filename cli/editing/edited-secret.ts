import { positionOf } from "../../shared/document/syntax-error.ts";
import { entriesOn, parseSyntax } from "../../shared/document/syntax-tree.ts";
import { InputError } from "../../shared/errors.ts";
import { parseSecret, type SecretManifest } from "../../shared/secret.ts";
import { isMap } from "../../shared/unquoted-scalar.ts";

/** How errors call the text. */
export const EDITED_TEXT = "the edited text";

type Fields = Readonly<Record<string, unknown>>;

/** What is shown to be edited, and nothing else: what went astray would be lost without a word. */
const FIELDS: readonly (readonly [within: readonly string[], known: readonly string[]])[] = [
  [[], ["apiVersion", "kind", "metadata", "stringData", "data"]],
  [["metadata"], ["name", "namespace"]],
];

/**
 * Reads an edited text's one document as a Secret of items.
 * @param text all of it, for places.
 * @throws InputError with line and column, and no word of the text: what lost its place in it may be a part of a value.
 */
export function editedSecret(document: unknown, text: string): SecretManifest {
  let secret: SecretManifest;
  try {
    secret = parseSecret(document, EDITED_TEXT);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { path, problem } = faultOf(document);
    throw editedFault(text, path, problem);
  }
  for (const [within, known] of FIELDS) {
    const fields = within.reduce<unknown>((at, key) => (isMap(at) ? at[key] : undefined), document);
    const other = isMap(fields) ? Object.keys(fields).find((key) => !known.includes(key)) : undefined;
    if (other === undefined) continue;
    throw editedFault(
      text,
      [...within, other],
      "items under stringData or data alone can be changed here: add the rest to the SealedSecret's template",
    );
  }
  return secret;
}

/**
 * What is wrong at a place of an edited text.
 * @param path keys that lead there; as many of them count as stand in the text.
 */
export function editedFault(text: string, path: readonly string[], problem: string): InputError {
  return new InputError(`${EDITED_TEXT}${placeOf(text, path)}: ${problem}`, "correct the text");
}

function placeOf(text: string, path: readonly string[]): string {
  const root = parseSyntax(text);
  if (root === null) return "";
  const { line, column } = positionOf(text, entriesOn(root, path).at(-1)?.start ?? root.start);
  return `, line ${line}, column ${column}`;
}

function faultOf(document: unknown): { path: readonly string[]; problem: string } {
  if (!isMap(document)) return { path: [], problem: "this is not a map of fields" };
  if (document["kind"] !== "Secret") return { path: ["kind"], problem: "the kind has to be Secret" };
  if (document["apiVersion"] !== "v1")
    return { path: ["apiVersion"], problem: "the apiVersion has to be v1" };
  const { apiVersion: _, kind: __, ...fields } = document;
  return narrowed(fields, [], (part) => ({ apiVersion: "v1", kind: "Secret", ...part }));
}

/** The smallest part that is wrong by itself. @param whole a Secret that has nothing but a part. */
function narrowed(
  part: unknown,
  path: readonly string[],
  whole: (part: Fields) => Fields,
): { path: readonly string[]; problem: string } {
  const own = problemOf(whole({}), path);
  if (own !== null) return { path, problem: own };
  for (const [key, value] of isMap(part) ? Object.entries(part) : []) {
    const next = [...path, key];
    const problem = problemOf(whole({ [key]: value }), next);
    if (problem === null) continue;
    return isMap(value) ? narrowed(value, next, (inner) => whole({ [key]: inner })) : { path: next, problem };
  }
  return { path, problem: "this is not as a Secret has it" };
}

/** What is wrong with a Secret, without the names that lead there; null for nothing. */
function problemOf(secret: Fields, path: readonly string[]): string | null {
  try {
    parseSecret(secret, EDITED_TEXT);
    return null;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const [first = "", ...others] = path;
    const last = others.at(-1) ?? "";
    const quoted = [first, ...others.slice(0, -1), JSON.stringify(last).slice(1, -1)].join(".");
    for (const named of [path.join("."), quoted]) {
      const before = `${EDITED_TEXT}: ${named} `;
      if (error.message.startsWith(before)) return `this ${error.message.slice(before.length)}`;
    }
    return "this is not as a Secret has it";
  }
}
