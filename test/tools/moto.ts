import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { lockPatienceMs, withFolderLock } from "./build-lock.ts";
import { makeCacheFolder, publish, toolsCacheFolder } from "./tools-cache.ts";

/** The name of this tool in the cache, and for those who ask for it. */
export const moto = "moto";

const requirements = join(import.meta.dirname, "recipes", moto, "requirements.txt");
const oldestPython = [3, 11] as const;
const installBoundMs = 10 * 60_000;
const shownLogLines = 15;

// A venv's programs name their interpreter by the path at which it was made; this one is moved afterwards.
const launcher = '#!/bin/sh\nexec "$(dirname -- "$0")/python3" -m moto.server "$@"\n';

/**
 * Gives moto's server, which answers as AWS does, in an environment of Python's own. The first time it is fetched from PyPI, every
 * package by the hashes pinned; that takes half a minute. Several processes may ask at once.
 * @returns absolute path of `moto_server`.
 * @throws Error when Python, or its venv, is missing or too old, or when pip fails.
 */
export async function ensureMotoServer(): Promise<string> {
  const python = await findPython();
  const server = join(toolsCacheFolder(), await entryFor(python), moto, "bin", "moto_server");
  if (await exists(server)) return server;
  await makeCacheFolder();
  return withFolderLock(toolsCacheFolder(), lockPatienceMs, async () => {
    if (await exists(server)) return server;
    const start = Date.now();
    process.stderr.write("making moto…");
    try {
      await publish(moto, await entryFor(python), install);
    } catch (error) {
      process.stderr.write(" failed\n");
      throw error;
    }
    process.stderr.write(` done in ${((Date.now() - start) / 1000).toFixed(1)} s\n`);
    return server;
  });
}

type Python = { version: string; executable: string };

async function findPython(): Promise<Python> {
  const ask = "import sys; print(sys.version.split()[0]); print(sys._base_executable)";
  const { stdout } = await promisify(execFile)("python3", ["-c", ask], { timeout: 30_000 }).catch(() => {
    throw new Error("moto needs Python: there is no python3 on PATH\nhint: install python3 and python3-venv");
  });
  const [version = "", executable = ""] = stdout.trim().split("\n");
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < oldestPython[0] || (major === oldestPython[0] && minor < oldestPython[1]))
    throw new Error(`moto needs Python ${oldestPython.join(".")} or newer, python3 on PATH is ${version}`);
  return { version, executable };
}

async function entryFor({ version, executable }: Python): Promise<string> {
  const hash = createHash("sha256").update(await readFile(requirements));
  const digest = hash.update(`\0${executable}\0${launcher}`).digest("hex").slice(0, 16);
  return `${moto}-${digest}-python${version}-${process.platform}-${process.arch}`;
}

async function install(folder: string): Promise<void> {
  await run("python3", ["-c", "import venv, ensurepip"]).catch(() => {
    // Debian and Ubuntu leave ensurepip out of their python3 package.
    throw new Error("moto needs Python's venv and ensurepip\nhint: install python3-venv");
  });
  await run("python3", ["-m", "venv", folder]);
  const pip = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"];
  const pinned = ["--require-hashes", "--no-deps", "--only-binary=:all:", "-r", requirements];
  await run(join(folder, "bin", "python3"), [...pip, ...pinned]);
  await writeFile(join(folder, "bin", "moto_server"), launcher, { mode: 0o755 });
}

async function run(command: string, args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(command, args, { timeout: installBoundMs });
  } catch (error) {
    const log = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
    const tail = log.trimEnd().split("\n").slice(-shownLogLines).join("\n");
    throw new Error(`making moto failed: ${command} ${args.join(" ")}\n${tail}\nhint: ${hintFor(log)}`);
  }
}

function hintFor(log: string): string {
  if (/DO NOT MATCH THE HASHES/.test(log))
    return "a package is not what requirements.txt pins; do not go on before you know why";
  if (/No matching distribution/.test(log))
    return "there is no wheel for this machine, or no way to PyPI; make it once where there is a network (outside a netbox): node test/tools/build.ts moto";
  return "run the command by hand to see all of its output";
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
