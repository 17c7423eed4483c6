import { findCycles } from "./cycles.ts";
import { type Finding, judge } from "./rules.ts";
import { readSourceTree } from "./source-tree.ts";

/**
 * Judges all sources below a folder.
 * @throws Error when there are none: a check of nothing must not pass.
 */
export async function inspect(root: string): Promise<{ findings: Finding[]; files: number }> {
  const files = await readSourceTree(root);
  if (files.length === 0) throw new Error(`no source files in ${root}`);
  return { findings: [...files.flatMap(judge), ...findCycles(files)], files: files.length };
}
