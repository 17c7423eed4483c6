// Plain JavaScript that Node 18 can run: installs what is missing, then runs a TypeScript entry under Node 24.
// Usage: node scripts/bootstrap.mjs ENTRY.ts [ARG ...]
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const NEEDED_MAJOR = 24;
const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const [entry, ...args] = process.argv.slice(2);
if (entry === undefined) {
  console.error("error: no script named\nhint: use one of the npm scripts: demo, test, check, build, bench");
  process.exit(2);
}

installOnce(root);
const node = nodeBinary();
const child = spawn(node, ["--disable-warning=ExperimentalWarning", join(root, entry), ...args], {
  stdio: "inherit",
  // Tools that a script starts by name (biome, tsc) must find the same Node as the script itself.
  env: {
    ...process.env,
    PATH: `${dirname(node)}${process.platform === "win32" ? ";" : ":"}${process.env.PATH ?? ""}`,
  },
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`error: cannot start ${node}: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));

/** The running Node where it is new enough, else the one the registry's platform package holds. */
function nodeBinary() {
  if (Number(process.versions.node.split(".")[0]) >= NEEDED_MAJOR) return process.execPath;
  const folder = join(root, "toolchain", "node");
  installOnce(folder);
  const name = process.platform === "win32" ? "node.exe" : "node";
  const system = process.platform === "win32" ? "win" : process.platform;
  for (const prefix of ["node", "node-bin"]) {
    const binary = join(folder, "node_modules", `${prefix}-${system}-${process.arch}`, "bin", name);
    if (existsSync(binary)) return binary;
  }
  console.error(
    `error: no Node ${NEEDED_MAJOR} package for ${process.platform}-${process.arch}, and this is Node ${process.version}`,
  );
  console.error(`hint: install Node ${NEEDED_MAJOR} or newer and run the command again`);
  process.exit(1);
}

/** Runs `npm ci` in a folder unless its lockfile is the one installed last. A lock keeps two starts apart. */
function installOnce(folder) {
  const wanted = createHash("sha256")
    .update(readFileSync(join(folder, "package-lock.json")))
    .digest("hex");
  const stamp = join(folder, "node_modules", ".signet-lockfile");
  const installed = () => existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  if (installed()) return;
  // npm asks for what is built once it has installed, and has nothing to install twice.
  const isInstalled = /^(?:ci|install)$/.test(process.env.npm_command ?? "") && existsSync(dirname(stamp));
  if (folder === root && process.env.npm_lifecycle_event === "prepare" && isInstalled) {
    writeFileSync(stamp, wanted);
    return;
  }
  const lock = join(folder, ".install-lock");
  const release = takeLock(lock);
  try {
    if (installed()) return;
    console.error(`installing dependencies in ${folder}`);
    const npm = process.platform === "win32" ? "npm.cmd" : "npm";
    const result = spawnSync(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: folder,
      // Where npm installs this package for all users, its own packages go into their folder all the same.
      env: { ...process.env, npm_config_global: "", npm_config_location: "" },
      stdio: ["ignore", 2, 2],
      shell: process.platform === "win32",
    });
    if (result.status !== 0) {
      console.error(`error: npm ci failed in ${folder}`);
      console.error("hint: check the network and that `npm --version` works, then run the command again");
      process.exitCode = 1;
      release();
      process.exit(1);
    }
    writeFileSync(stamp, wanted);
  } finally {
    release();
  }
}

/** A folder is the lock: making one is atomic everywhere. One older than ten minutes was left by a killed run. */
function takeLock(path) {
  for (;;) {
    try {
      mkdirSync(path);
      return () => rmSync(path, { recursive: true, force: true });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    try {
      if (Date.now() - statSync(path).mtimeMs > 600_000) rmSync(path, { recursive: true, force: true });
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}
