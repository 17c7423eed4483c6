import { access, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { GoToolchain } from "./go-toolchain.ts";
import type { ComponentName } from "./recipe.ts";

const unfinished = "unfinished-";

/** @returns the folder of finished builds: $SIGNET_TOOLS_CACHE, else signet-tools in the user's cache folder. */
export function toolsCacheFolder(): string {
  const own = process.env["SIGNET_TOOLS_CACHE"];
  if (own !== undefined && own !== "") return own;
  const shared = process.env["XDG_CACHE_HOME"];
  // The XDG base directory specification has relative paths ignored.
  const base = shared !== undefined && isAbsolute(shared) ? shared : join(homedir(), ".cache");
  return join(base, "signet-tools");
}

/** Names a build by all that decides its bytes, so that a changed recipe or another Go never meets an old binary. */
export function entryName(component: ComponentName, digest: string, go: GoToolchain): string {
  return `${component}-${digest}-${go.version}-${go.os}-${go.arch}`;
}

/** @returns absolute path of the binary in entry `entry`, or null when it has not been built. */
export async function cachedBinary(component: ComponentName, entry: string): Promise<string | null> {
  const path = join(toolsCacheFolder(), entry, component);
  try {
    await access(path);
    return path;
  } catch {
    return null;
  }
}

/**
 * Finds a build of the recipe by any version of Go for this machine, for where there is no Go to ask.
 * @returns null when there is none.
 */
export async function cachedByAnyGo(component: ComponentName, digest: string): Promise<string | null> {
  const machine = `-${process.platform}-${goArchitecture(process.arch)}`;
  const entries = await readdir(toolsCacheFolder()).catch(() => []);
  const entry = entries.find((name) => name.startsWith(`${component}-${digest}-`) && name.endsWith(machine));
  return entry === undefined ? null : cachedBinary(component, entry);
}

/**
 * Lets `build` make the binary, or whatever `component` names, aside and moves it into the cache as a whole; a failed build leaves nothing behind. The
 * caller holds the cache's lock, so that anything unfinished found there is a killed builder's and is removed.
 */
export async function publish(
  component: string,
  entry: string,
  build: (output: string) => Promise<void>,
): Promise<void> {
  const cache = toolsCacheFolder();
  for (const name of await readdir(cache)) {
    if (name.startsWith(unfinished)) await rm(join(cache, name), { recursive: true });
  }
  const folder = await mkdtemp(join(cache, unfinished));
  try {
    await build(join(folder, component));
    await rename(folder, join(cache, entry));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Makes the cache folder where it is missing. */
export async function makeCacheFolder(): Promise<void> {
  await mkdir(toolsCacheFolder(), { recursive: true });
}

function goArchitecture(nodeArchitecture: string): string {
  const names: Record<string, string> = { x64: "amd64", ia32: "386" };
  return names[nodeArchitecture] ?? nodeArchitecture;
}
