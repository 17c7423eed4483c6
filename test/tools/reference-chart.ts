import { execFile } from "node:child_process";
import { access, cp } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { lockPatienceMs, withFolderLock } from "./build-lock.ts";
import { moduleFolder, recipes } from "./recipe.ts";
import { makeCacheFolder, publish, toolsCacheFolder } from "./tools-cache.ts";

// In whose recipe it is pinned.
const module = "github.com/bitnami/sealed-secrets";
const entry = "reference-chart-v0.40.0";
const name = "sealed-secrets";

/**
 * Gives the folder of the reference's Helm chart, which its Go module holds. The first time it comes from Go's module cache,
 * or from the module proxy where that does not have it.
 * @throws Error when Go is missing or does not reach the proxy.
 */
export async function referenceChart(): Promise<string> {
  const chart = join(toolsCacheFolder(), entry, name);
  if (await exists(chart)) return chart;
  await makeCacheFolder();
  return withFolderLock(toolsCacheFolder(), lockPatienceMs, async () => {
    if (await exists(chart)) return chart;
    const { stdout } = await promisify(execFile)("go", ["mod", "download", "-json", module], {
      env: { ...process.env, GOFLAGS: "", GOWORK: "off" },
      cwd: moduleFolder(recipes.kubeseal),
    });
    const folder = (JSON.parse(stdout) as { Dir: string }).Dir;
    await publish(name, entry, (output) => cp(join(folder, "helm", name), output, { recursive: true }));
    return chart;
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
