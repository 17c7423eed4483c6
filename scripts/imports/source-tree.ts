import { readdir, readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { readImports } from "./read-imports.ts";

/** An import between two places, resolved. */
export type ResolvedImport = {
  /** Path from the tree's root for a file of ours; the specifier for a package or built-in; null when computed. */
  to: string | null;
  ours: boolean;
  line: number;
  typeOnly: boolean;
};

/** One source file; paths are relative to the tree's root, with "/". */
export type SourceFile = { path: string; text: string; imports: ResolvedImport[] };

const notOurs = new Set(["node_modules", "dist", "results"]);

/** Reads every TypeScript and JavaScript file below `root`, sorted by path; hidden folders and generated ones are left out. */
export async function readSourceTree(root: string): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for (const path of await sourcePaths(root, "")) {
    const text = await readFile(join(root, path), "utf8");
    files.push({ path, text, imports: resolveImports(path, text) });
  }
  return files;
}

async function sourcePaths(root: string, folder: string): Promise<string[]> {
  const paths: string[] = [];
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!entry.name.startsWith(".") && !notOurs.has(entry.name))
        paths.push(...(await sourcePaths(root, path)));
    } else if (/\.[cm]?[jt]s$/.test(entry.name)) paths.push(path);
  }
  return paths;
}

function resolveImports(path: string, text: string): ResolvedImport[] {
  return readImports(text).map(({ specifier, line, typeOnly }) => {
    const ours = specifier !== null && /^\.{0,2}\//.test(specifier);
    const to = ours ? posix.join(posix.dirname(path), specifier) : specifier;
    return { to, ours, line, typeOnly };
  });
}
