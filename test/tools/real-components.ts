import { lockPatienceMs, withFolderLock } from "./build-lock.ts";
import { findGo, type GoToolchain, goBuild, isRecentEnough, requiredGoVersion } from "./go-toolchain.ts";
import { type ComponentName, componentNames, recipeDigest, recipes } from "./recipe.ts";
import {
  cachedBinary,
  cachedByAnyGo,
  entryName,
  makeCacheFolder,
  publish,
  toolsCacheFolder,
} from "./tools-cache.ts";

/** Whether the tests against real components can run here, and if not, why. */
export type Availability = { available: true } | { available: false; reason: string };

// One look at the Go toolchain serves all of a process's calls.
let toolchain: Promise<GoToolchain | null> | undefined;
const go = (): Promise<GoToolchain | null> => {
  toolchain ??= findGo();
  return toolchain;
};

/**
 * Gives the real components the tests run against, building from source what the cache does not have. The first time
 * that takes minutes and needs Go and its module proxy; afterwards it takes milliseconds and needs neither. Several
 * processes may ask at once: each component is built once.
 * @param names components wanted; all of them by default.
 * @returns absolute path of each binary.
 * @throws Error when a build fails or Go is missing, saying which component and what to do.
 */
export async function ensureRealComponents<Name extends ComponentName = ComponentName>(
  names?: readonly Name[],
): Promise<Record<Name, string>> {
  const wanted = componentNames.filter(
    (name): name is Name => names === undefined || names.some((n) => n === name),
  );
  const paths: Partial<Record<Name, string>> = {};
  for (const name of wanted) paths[name] = (await findBinary(name)) ?? (await buildBinary(name));
  return complete(paths, wanted);
}

/**
 * Says in advance whether `ensureRealComponents` can succeed: all of it is cached, or a recent enough Go is there to
 * build the rest. Whether the module proxy can be reached only a build tells.
 */
export async function realComponentsAvailable(
  names: readonly ComponentName[] = componentNames,
): Promise<Availability> {
  for (const name of names) {
    if ((await findBinary(name)) !== null) continue;
    const reason = await whyNotBuildable(name);
    if (reason !== null) return { available: false, reason };
  }
  return { available: true };
}

async function findBinary(name: ComponentName): Promise<string | null> {
  const digest = await recipeDigest(recipes[name]);
  const found = await go();
  return found === null ? cachedByAnyGo(name, digest) : cachedBinary(name, entryName(name, digest, found));
}

async function whyNotBuildable(name: ComponentName): Promise<string | null> {
  if (process.platform !== "linux") return `${name} needs Linux, this is ${process.platform}`;
  const required = await requiredGoVersion(recipes[name]);
  const found = await go();
  if (found === null)
    return `${name} is not built yet and there is no Go on PATH; install Go ${required} or newer`;
  if (isRecentEnough(found.version, required)) return null;
  return `${name} is not built yet and Go is too old: ${found.version}, wanted ${required} or newer`;
}

async function buildBinary(name: ComponentName): Promise<string> {
  const reason = await whyNotBuildable(name);
  if (reason !== null) throw new Error(reason);
  await makeCacheFolder();
  return withFolderLock(toolsCacheFolder(), lockPatienceMs, async () => {
    const sinceBuilt = await findBinary(name);
    if (sinceBuilt !== null) return sinceBuilt;
    const found = await go();
    if (found === null) throw new Error(`the Go that was to build ${name} is gone`);
    const start = Date.now();
    process.stderr.write(`building ${name} from source…`);
    try {
      const entry = entryName(name, await recipeDigest(recipes[name]), found);
      await publish(name, entry, (output) => goBuild(name, recipes[name], output));
    } catch (error) {
      process.stderr.write(" failed\n");
      throw error;
    }
    process.stderr.write(` done in ${((Date.now() - start) / 1000).toFixed(1)} s\n`);
    const built = await findBinary(name);
    if (built === null) throw new Error(`${name} was built but is not in ${toolsCacheFolder()}`);
    return built;
  });
}

function complete<Name extends string>(
  paths: Partial<Record<Name, string>>,
  names: readonly Name[],
): Record<Name, string> {
  const isComplete = (found: Partial<Record<Name, string>>): found is Record<Name, string> =>
    names.every((name) => found[name] !== undefined);
  if (!isComplete(paths)) throw new Error("a component was neither found nor built");
  return paths;
}
