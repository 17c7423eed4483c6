import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * The files of a bundle that are read when an entry is started: the entry, and what it imports other than dynamically.
 * @param entry path of a bundled ES module or of a single file of CommonJS.
 * @returns contents by path.
 */
export async function filesAtStart(entry: string): Promise<Map<string, string>> {
  const files = new Map([[entry, ""]]);
  // Files found on the way come up later in the same walk.
  for (const path of files.keys()) {
    const text = await readFile(path, "utf8");
    files.set(path, text);
    for (const [, from, bare] of text.matchAll(/\bfrom\s*"(\.[^"]+)"|\bimport\s*"(\.[^"]+)"/g)) {
      const next = join(dirname(path), from ?? bare ?? "");
      if (!files.has(next)) files.set(next, "");
    }
  }
  return files;
}
