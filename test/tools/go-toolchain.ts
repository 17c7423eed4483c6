import { execFile, spawn } from "node:child_process";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { layPatchedModule } from "./patched-module.ts";
import { buildArguments, moduleFolder, type Recipe } from "./recipe.ts";

/** The Go that builds, as it names itself: part of a cached build's name. */
export type GoToolchain = { version: string; os: string; arch: string };

const longestBuildMs = 30 * 60_000;
const keptLogBytes = 64 * 1024;
const shownLogLines = 15;

// Nothing of the user's Go settings may change what is built, save where modules are fetched from.
const buildEnvironment = { CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off", GOOS: "", GOARCH: "" };

/**
 * Asks the Go on PATH what it is.
 * @returns null when there is none.
 */
export async function findGo(): Promise<GoToolchain | null> {
  try {
    const { stdout } = await promisify(execFile)("go", ["env", "GOVERSION", "GOOS", "GOARCH"], {
      env: { ...process.env, ...buildEnvironment },
      timeout: 30_000,
    });
    const [version = "", os = "", arch = ""] = stdout.trim().split("\n");
    return { version, os, arch };
  } catch {
    return null;
  }
}

/** @returns the `go` line of a recipe's go.mod: the oldest Go that builds it, such as "1.26.0". */
export async function requiredGoVersion(recipe: Recipe): Promise<string> {
  const text = await readFile(join(moduleFolder(recipe), "go.mod"), "utf8");
  const version = /^go (\S+)$/m.exec(text)?.[1];
  if (version === undefined) throw new Error(`no go line in ${moduleFolder(recipe)}/go.mod`);
  return version;
}

/** @returns whether Go `version` ("go1.26.8") is `required` ("1.26.0") or newer. */
export function isRecentEnough(version: string, required: string): boolean {
  const numbers = (text: string): number[] => (text.match(/\d+/g) ?? []).slice(0, 3).map(Number);
  const have = numbers(version);
  for (const [place, wanted] of numbers(required).entries()) {
    const got = have[place] ?? 0;
    if (got !== wanted) return got > wanted;
  }
  return true;
}

/**
 * Builds one recipe into the file `output`.
 * @throws Error naming the component, the command and the last lines of its log.
 */
export async function goBuild(component: string, recipe: Recipe, output: string): Promise<void> {
  const args = buildArguments(recipe, output);
  const go = (goArgs: readonly string[], folder: string) => runGo(component, goArgs, folder);
  if (recipe.patched === undefined) {
    await go(args, moduleFolder(recipe));
    return;
  }
  // Beside the output, where a killed build is cleared away.
  const folder = `${output}-patched`;
  await mkdir(folder);
  try {
    await layPatchedModule(recipe.patched, moduleFolder(recipe), folder, go);
    await go(args, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @returns its standard output. */
async function runGo(component: string, args: readonly string[], folder: string): Promise<string> {
  const child = spawn("go", args, {
    cwd: folder,
    env: { ...process.env, ...buildEnvironment },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: longestBuildMs,
  });
  let output = "";
  let log = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    log = (log + text).slice(-keptLogBytes);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log = (log + text).slice(-keptLogBytes);
  });
  const ending = await new Promise<string | null>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(code === 0 ? null : `exit code ${code ?? signal}`));
  });
  if (ending === null) return output;
  const tail = log.trimEnd().split("\n").slice(-shownLogLines).join("\n");
  throw new Error(
    `building ${component} failed (${ending}): go ${args.join(" ")}\nin ${folder}\n${tail}\nhint: ${hintFor(log)}`,
  );
}

function hintFor(log: string): string {
  if (/dial tcp|lookup |proxyconnect|i\/o timeout|no such host|unreachable/.test(log))
    return "Go could not reach its module proxy; build once where there is a network (outside a netbox): node test/tools/build.ts";
  if (/checksum mismatch|SECURITY ERROR|missing go.sum/.test(log))
    return "a module is not what go.sum pins; do not go on before you know why";
  if (/no space left/.test(log))
    return "the disk is full; Go's own caches take about 3 GB, 8 GB more for Vault";
  if (/requires go >=|toolchain not available/.test(log))
    return "install the Go that go.mod asks for, or a newer one";
  return "run the command by hand in that folder to see all of its output";
}
