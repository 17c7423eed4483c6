import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";

/** A dependency that does not build as it is published, and what makes it build. */
export type PatchedModule = {
  /** Its module path, in the version that the recipe's go.mod pins. */
  path: string;
  edits: readonly SourceEdit[];
};

/** One place to change: `find` must stand in the file exactly once. */
export type SourceEdit = {
  /** Path from the module's root. */
  file: string;
  find: string;
  replace: string;
};

/** Runs Go in a folder and gives its standard output. */
export type RunGo = (args: readonly string[], folder: string) => Promise<string>;

/**
 * Lays in `folder`, which exists, a copy of the recipe whose go.mod has the patched module replaced by an edited copy beside it.
 * What is copied comes from Go's module cache, and is what the recipe's go.sum pins.
 * @throws Error when a text to replace is not there exactly once.
 */
export async function layPatchedModule(
  patched: PatchedModule,
  recipeFolder: string,
  folder: string,
  go: RunGo,
): Promise<void> {
  for (const name of await readdir(recipeFolder))
    await copyFile(join(recipeFolder, name), join(folder, name));
  const download = JSON.parse(await go(["mod", "download", "-json", patched.path], recipeFolder)) as {
    Dir: string;
  };
  const source = join(folder, "source");
  await copyTree(download.Dir, source);
  await applyEdits(source, patched.edits);
  await go(["mod", "edit", `-replace=${patched.path}=./source`], folder);
}

/**
 * Changes files below `source`.
 * @throws Error naming the file when a text is missing from it or there twice; the source is then of no use.
 */
export async function applyEdits(source: string, edits: readonly SourceEdit[]): Promise<void> {
  for (const { file, find, replace } of edits) {
    const path = join(source, file);
    const parts = (await readFile(path, "utf8")).split(find);
    if (parts.length !== 2)
      throw new Error(
        `the text to replace stands ${parts.length - 1} times in ${file}, not once: ${find}\nhint: the version pinned has changed; look whether the edit is still needed`,
      );
    await chmod(path, 0o644);
    await writeFile(path, parts.join(replace));
  }
}

// Go's module cache is read-only. A folder copied with its mode could not be cleared away after a killed build.
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const copy = join(to, relative(from, path));
    if (entry.isDirectory()) await mkdir(copy, { recursive: true });
    else await copyFile(path, copy);
  }
}
