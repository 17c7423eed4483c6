import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Metafile } from "esbuild";

/**
 * Writes the notice that goes with a bundle: every package whose code is in it, with version and licence text.
 * @param root folder the metafiles' paths are relative to.
 * @throws Error when a bundled package names no licence.
 */
export async function licencesOf(metafiles: readonly Metafile[], root: string): Promise<string> {
  const folders = new Set<string>();
  for (const { outputs } of metafiles) {
    for (const { inputs } of Object.values(outputs)) {
      for (const path of Object.keys(inputs)) {
        const folder = packageFolder(path);
        if (folder !== null) folders.add(folder);
      }
    }
  }
  const notices: string[] = [];
  for (const folder of [...folders].toSorted()) notices.push(await notice(join(root, folder)));
  return `The files beside this one contain code of these packages.\n\n${notices.join("\n")}`;
}

/** @returns `…/node_modules/NAME` of a bundled file, or null for a file of ours. */
function packageFolder(path: string): string | null {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? null;
}

async function notice(folder: string): Promise<string> {
  const description: unknown = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const { name, version, license } = fieldsOf(description);
  if (license === null) throw new Error(`the bundled package ${name} names no licence`);
  const file = (await readdir(folder)).toSorted().find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? "" : await readFile(join(folder, file), "utf8");
  return `${"=".repeat(80)}\n${name} ${version}, licence ${license}\n\n${text.trim()}\n`;
}

function fieldsOf(description: unknown): { name: string; version: string; license: string | null } {
  const field = (key: string): string | null => {
    if (typeof description !== "object" || description === null) return null;
    const value: unknown = Reflect.get(description, key);
    return typeof value === "string" ? value : null;
  };
  return { name: field("name") ?? "(unnamed)", version: field("version") ?? "", license: field("license") };
}
