import { isMap, UnquotedScalar } from "../unquoted-scalar.ts";
import { setOwn } from "./json.ts";

/** Keys and list indices, from the document's root. */
export type Path = readonly (string | number)[];

/**
 * A change to one place of a document: sets a text, with the maps that lead to it where they are missing; sets a map
 * of texts where none stands, or an empty one; removes an entry, which may be missing; or gives an entry of a map
 * another key, which must be free.
 */
export type Edit =
  | { path: Path; value: NewValue }
  | { path: Path; remove: true }
  | { path: Path; rename: string };

/** What an edit sets: a text, or a map of texts. */
export type NewValue = string | Readonly<Record<string, string>>;

/** Entries to add to a map: texts, and maps of the same. */
export type NewEntries = Map<string, string | NewEntries>;

/** Why an edit cannot be made: a clause that fits after "cannot be edited in place:". */
export class EditConflict extends Error {
  /** What is wrong, in our words. */
  readonly reason: string;
  readonly path: Path;

  /** @param reason a clause that fits after "cannot be edited in place:"; never quotes the document. */
  constructor(reason: string, path: Path) {
    super(reason);
    this.name = "EditConflict";
    this.reason = reason;
    this.path = path;
  }
}

/**
 * What a document's value must be after edits. The old value stays as it is, also where it holds one map twice.
 * @throws EditConflict when something else stands where an edit needs a map, a list or a text.
 */
export function editedValue(value: unknown, edits: readonly Edit[]): unknown {
  // Copied once, a map is changed where it is: thousands of edits to one map are common.
  const copies = new Set<unknown>();
  return edits.reduce((held, edit) => changed(held, edit, 0, copies), value);
}

function changed(value: unknown, edit: Edit, at: number, copies: Set<unknown>): unknown {
  const step = edit.path[at];
  if (step === undefined) return newValue(value, edit);
  const isLast = at === edit.path.length - 1;
  if (typeof step === "number") {
    if (!Array.isArray(value) || step < 0 || step >= value.length) {
      throw new EditConflict("there is no such item of a list", edit.path);
    }
    if ("remove" in edit && isLast) return value.toSpliced(step, 1);
    return value.with(step, changed(value[step], edit, at + 1, copies));
  }
  const isMissing = value === null || value === undefined;
  if ("rename" in edit && (isMissing || (isMap(value) && !Object.hasOwn(value, step)))) {
    throw new EditConflict("there is no such entry", edit.path);
  }
  if (isMissing && "remove" in edit) return value;
  if (!isMissing && !isMap(value)) throw new EditConflict("there is no map where one is needed", edit.path);
  const map = copies.has(value) && isMap(value) ? value : copyOf(value ?? {});
  copies.add(map);
  const held = Object.hasOwn(map, step) ? map[step] : undefined;
  if ("remove" in edit && (isLast || held === undefined)) delete map[step];
  else if ("rename" in edit && isLast) {
    if (Object.hasOwn(map, edit.rename)) throw new EditConflict("the new key is taken", edit.path);
    delete map[step];
    setOwn(map, edit.rename, held);
  } else setOwn(map, step, changed(held, edit, at + 1, copies));
  return map;
}

function copyOf(map: object): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [key, held] of Object.entries(map)) setOwn(copy, key, held);
  return copy;
}

function newValue(value: unknown, edit: Edit): unknown {
  if (!("value" in edit)) throw new EditConflict("a whole document cannot be removed", edit.path);
  const isEmpty = value === null || value === undefined || (isMap(value) && Object.keys(value).length === 0);
  if (typeof edit.value !== "string") {
    if (isEmpty) return edit.value;
    throw new EditConflict("something stands already where a map is to be set", edit.path);
  }
  if (Array.isArray(value) || isMap(value)) {
    throw new EditConflict("a map or a list stands where a text is to be set", edit.path);
  }
  return edit.value;
}

/** Whether two values out of documents are the same, whatever the order of their keys. */
export function isSameValue(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return Object.is(a, b);
  if (a instanceof UnquotedScalar || b instanceof UnquotedScalar) {
    return a instanceof UnquotedScalar && b instanceof UnquotedScalar && a.source === b.source;
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))];
  return (
    left.length === right.size &&
    left.every(([key, held]) => right.has(key) && isSameValue(held, right.get(key)))
  );
}
