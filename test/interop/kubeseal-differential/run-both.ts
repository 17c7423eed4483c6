import { chmod, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { compileCache } from "../../runner/compile-cache.ts";
import { makeScratchFolder } from "../../support/control-plane/scratch-folder.ts";
import { type CommandResult, type ProgramOptions, runProgram } from "../../support/run-program.ts";
import { ensureRealComponents } from "../../tools/real-components.ts";
import type { DifferentialCase } from "./differential-case.ts";
import { sceneFiles } from "./scene.ts";

/** A file a run left behind: its content or, for a link, where it leads, and its permissions. */
export type FileState = { content: string; mode: number };

/** What a run gave and left behind. The folder's own path reads `@DIR@` everywhere. */
export type Outcome = CommandResult & { files: ReadonlyMap<string, FileState> };

/** What stands for the words with which cases name the surroundings. */
export type Surroundings = Readonly<Record<`@${string}@`, string>>;

/** Ours, as the last build left it; a bundle built elsewhere, by the variable. */
const bundle = join(process.env["SIGNET_DIST"] ?? join(import.meta.dirname, "../../../dist"), "signet.cjs");

/** Runs a case through both programs, each in a folder, home and temporary folder of its own. */
export async function runBoth(
  differentialCase: DifferentialCase,
  surroundings: Surroundings,
): Promise<{ ours: Outcome; theirs: Outcome }> {
  const { kubeseal, netbox } = await ensureRealComponents(["kubeseal", "netbox"]);
  const scratch = await makeScratchFolder("differential");
  try {
    const link = join(scratch.path, differentialCase.program ?? "kubeseal");
    await symlink(bundle, link);
    const withCache = { ...differentialCase, env: { ...compileCache, ...differentialCase.env } };
    const [ours, theirs] = await Promise.all([
      runIn(join(scratch.path, "ours"), [process.execPath, link], netbox, withCache, surroundings),
      runIn(join(scratch.path, "theirs"), [kubeseal], netbox, differentialCase, surroundings),
    ]);
    return { ours, theirs };
  } finally {
    await scratch.remove();
  }
}

async function runIn(
  root: string,
  program: readonly string[],
  netbox: string,
  { args, stdin = "", env = {}, files = {}, podNamespace, atTerminal = false }: DifferentialCase,
  surroundings: Surroundings,
): Promise<Outcome> {
  const folder = join(root, "work");
  const words: Surroundings = { ...surroundings, "@DIR@": folder };
  const fill = (text: string): string =>
    text.replace(
      /@([A-Za-z0-9.-]+)@/g,
      (word, name) => sceneFiles[name] ?? words[word as `@${string}@`] ?? word,
    );
  for (const name of ["work", "home", "tmp"]) await mkdir(join(root, name), { recursive: true });
  for (const [name, file] of Object.entries({ ...sceneFiles, ...files })) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    if (typeof file === "object" && "link" in file) await symlink(file.link, path);
    else {
      const { content, mode } =
        typeof file === "string" || file instanceof Uint8Array ? { content: file, mode: 0o644 } : file;
      await writeFile(path, typeof content === "string" ? fill(content) : content);
      await chmod(path, mode);
    }
  }
  const pod =
    podNamespace === undefined
      ? null
      : await makePod(join(root, "account"), {
          token: fill("@TOKEN@"),
          "ca.crt": await readFile(words["@CA@"] ?? join(folder, "cert.pem"), "utf8"),
          namespace: podNamespace,
        });
  const line = [...(pod === null ? program : [netbox, ...pod, ...program]), ...args.map(fill)];
  const filled = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, fill(value)]));
  const run = atTerminal ? runAtTerminal : runLine;
  const result = await run(line, {
    cwd: folder,
    stdin: fill(stdin),
    env: {
      PATH: process.env["PATH"],
      HOME: join(root, "home"),
      TMPDIR: join(root, "tmp"),
      ...(pod === null ? {} : apiServerOf(words)),
      ...filled,
    },
  });
  const plain = (text: string) => text.replaceAll(folder, "@DIR@");
  const left = await filesBelow(root, plain);
  return { code: result.code, stdout: plain(result.stdout), stderr: plain(result.stderr), files: left };
}

function runLine(
  [command = "", ...args]: readonly string[],
  options: ProgramOptions,
): Promise<CommandResult> {
  return runProgram(command, args, options);
}

/** The same with a terminal of its own (util-linux script) for standard input. */
async function runAtTerminal(line: readonly string[], options: ProgramOptions): Promise<CommandResult> {
  const scratch = await makeScratchFolder("terminal");
  try {
    const [stdout, stderr] = [join(scratch.path, "out"), join(scratch.path, "err")];
    const quoted = line.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const typed = `${quoted} >${stdout} 2>${stderr}`;
    const { code } = await runProgram("script", ["-qec", typed, "/dev/null"], options);
    return { code, stdout: await readFile(stdout, "utf8"), stderr: await readFile(stderr, "utf8") };
  } finally {
    await scratch.remove();
  }
}

/** Makes a ServiceAccount's folder. @returns the arguments with which the box shows it to a program. */
async function makePod(folder: string, files: Readonly<Record<string, string>>): Promise<string[]> {
  await mkdir(folder);
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return ["pod", "--service-account", folder, "--"];
}

/** How a pod is told where the API server is. */
function apiServerOf(words: Surroundings): Record<string, string> {
  const { port } = new URL(words["@SERVER@"] ?? "https://127.0.0.1:59999");
  return { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: port };
}

/** Every file and link below a folder; those of the working folder by their bare names. */
async function filesBelow(root: string, plain: (text: string) => string): Promise<Map<string, FileState>> {
  const found = new Map<string, FileState>();
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    // Names of temporary files end in a number of their own.
    const name = path
      .slice(root.length + 1)
      .replace(/^work\//, "")
      .replace(/\d{6,}$/, "#");
    const content = entry.isSymbolicLink() ? `link to ${await readlink(path)}` : await readFile(path, "utf8");
    found.set(name, { content: plain(content), mode: (await lstat(path)).mode & 0o7777 });
  }
  return found;
}
