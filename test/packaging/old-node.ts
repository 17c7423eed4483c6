import { createHash } from "node:crypto";
import { access, copyFile, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../support/run-program.ts";
import { lockPatienceMs, withFolderLock } from "../tools/build-lock.ts";
import { makeCacheFolder, toolsCacheFolder } from "../tools/tools-cache.ts";
import { repository } from "./repository-copy.ts";

const recipe = join(repository, "toolchain", "old-node");

/**
 * Gives a Node from before version 24 with which our entry files must still speak; installed once into the tools cache.
 * @returns absolute path of its binary.
 * @throws Error when there is none for this machine, or npm cannot install it.
 */
export async function oldNode(): Promise<string> {
  const lockfile = await readFile(join(recipe, "package-lock.json"));
  const digest = createHash("sha256").update(lockfile).digest("hex").slice(0, 16);
  const packageName = `node-${process.platform}-${process.arch}`;
  const folder = join(toolsCacheFolder(), `old-node-${digest}`);
  const binary = join(folder, "node_modules", packageName, "bin", "node");
  if (!(await exists(folder))) {
    await makeCacheFolder();
    await withFolderLock(toolsCacheFolder(), lockPatienceMs, async () => {
      if (!(await exists(folder))) await install(folder);
    });
  }
  if (!(await exists(binary))) throw new Error(`toolchain/old-node lists no ${packageName}`);
  return binary;
}

/** Installs aside and moves the whole into place, so that a killed run leaves no half of it. */
async function install(folder: string): Promise<void> {
  const aside = await mkdtemp(join(toolsCacheFolder(), "unfinished-"));
  try {
    for (const name of ["package.json", "package-lock.json"])
      await copyFile(join(recipe, name), join(aside, name));
    const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    const { code, stderr } = await runProgram("npm", args, { cwd: aside, boundMs: 120_000 });
    if (code !== 0) throw new Error(`npm ci of toolchain/old-node failed:\n${stderr}`);
    await rename(aside, folder);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
