import type { Edit } from "../../shared/document/edit-document.ts";

/** An edit that sets a value. @param path keys and list indices with slashes between them: `items/0/spec`. */
export function set(path: string, value: string | Record<string, string>): Edit {
  return { path: steps(path), value };
}

/** An edit that removes an entry. @param path as for `set`. */
export function remove(path: string): Edit {
  return { path: steps(path), remove: true };
}

function steps(path: string): (string | number)[] {
  return path.split("/").map((step) => (/^[0-9]+$/.test(step) ? Number(step) : step));
}
