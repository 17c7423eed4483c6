import { shownName } from "./shown-name.ts";
import type { Method } from "./value.ts";
import { ABSENT, typeOf, type Value } from "./value.ts";

/** What `.name` is of a value. */
export type Field =
  | { readonly value: Value }
  | { readonly method: Method }
  /** In our words. */
  | { readonly wrong: string };

/** Finds `.name` in a value as Go's templates do: a method, a struct's field or a map's item. */
export function fieldOf(receiver: Value, name: string): Field {
  if (receiver === ABSENT) return { value: ABSENT };
  const type = typeOf(receiver);
  if (type === null) return { wrong: `nil pointer evaluating interface {}.${shownName(name)}` };
  const method = type.methods?.get(name);
  if (method !== undefined) return { method };
  if (typeof receiver === "object" && receiver.tag === "map")
    return { value: receiver.entries.get(name) ?? ABSENT };
  if (typeof receiver === "object" && receiver.tag === "struct") {
    const value = receiver.fields.get(name);
    if (value !== undefined && !/^\p{Lu}/u.test(name))
      return { wrong: `${shownName(name)} is an unexported field` };
    if (value !== undefined) return { value };
  }
  return { wrong: `can't evaluate field ${shownName(name)} in type ${type.name}` };
}
