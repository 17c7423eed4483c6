import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { ensureRealComponents } from "../tools/real-components.ts";
import { makeScratchFolder } from "./control-plane/scratch-folder.ts";
import { type CommandResult, runProgram } from "./run-program.ts";

/** What lets kustomize run functions that are programs. */
export const BOTH_FLAGS = ["--enable-alpha-plugins", "--enable-exec"];

const krm = join(import.meta.dirname, "../../cli/krm-main.ts");

/** A folder in which the real kustomize builds, with `signet-krm` on its path. */
export class KustomizeWorld {
  readonly folder: string;
  /** Removes the folder. */
  readonly stop: () => Promise<void>;
  readonly #binary: string;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(
    folder: string,
    stop: () => Promise<void>,
    binary: string,
    env: Readonly<Record<string, string>>,
  ) {
    this.folder = folder;
    this.stop = stop;
    this.#binary = binary;
    this.#env = env;
  }

  /** @param env beside PATH and HOME: keys, identities. */
  static async start(env: Readonly<Record<string, string>> = {}): Promise<KustomizeWorld> {
    const { kustomize } = await ensureRealComponents(["kustomize"]);
    const { path, remove } = await makeScratchFolder("kustomize");
    const bin = join(path, ".bin");
    await mkdir(bin);
    const program = join(bin, "signet-krm");
    await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${krm}' "$@"\n`);
    await chmod(program, 0o755);
    await symlink(kustomize, join(bin, "kustomize"));
    const all = { HOME: path, PATH: [bin, process.env["PATH"]].join(delimiter), GOGC: "off", ...env };
    return new KustomizeWorld(path, remove, kustomize, all);
  }

  /** Writes files, by path from the folder; objects go out as JSON, which is YAML, too. */
  async write(files: Readonly<Record<string, string | object>>): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      const full = join(this.folder, path);
      await mkdir(dirname(full), { recursive: true });
      await writeFile(full, typeof content === "string" ? content : `${JSON.stringify(content)}\n`);
    }
  }

  /** Builds a folder below. */
  build(path: string, flags: readonly string[] = BOTH_FLAGS): Promise<CommandResult> {
    return runProgram(this.#binary, ["build", ...flags, path], { cwd: this.folder, env: this.#env });
  }

  /** Runs a line of bash in a folder below, where both programs are at hand. */
  shell(path: string, line: string, env: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
    return runProgram("bash", ["-c", line], { cwd: join(this.folder, path), env: { ...this.#env, ...env } });
  }
}
