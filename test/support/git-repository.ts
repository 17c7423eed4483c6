import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startGit } from "../../cli/system-git.ts";
import { type MemoryRun, runInMemory } from "./memory-io.ts";

/** A repository in a folder of its own, and Git without anybody's configuration. */
export class GitRepository {
  readonly folder = mkdtempSync(join(tmpdir(), "signet-git-"));
  readonly env: Readonly<Record<string, string>> = {
    PATH: process.env["PATH"] ?? "",
    HOME: this.folder,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: "a",
    GIT_AUTHOR_EMAIL: "a@example.com",
    GIT_COMMITTER_NAME: "c",
    GIT_COMMITTER_EMAIL: "c@example.com",
  };

  constructor() {
    this.git("init", "--quiet", "--initial-branch=main");
  }

  /** Runs Git to its end. @returns what it printed, without the last line break. */
  git(...args: readonly string[]): string {
    // In the order of their making, which time alone would not give commits of one second.
    const output = execFileSync("git", args, {
      cwd: this.folder,
      env: this.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    return output.toString().trimEnd();
  }

  /** Writes files; folders are made. */
  write(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      writeFileSync(join(this.folder, path), text);
    }
  }

  /** Writes files and stages all there is. */
  stage(files: Readonly<Record<string, string>>): void {
    this.write(files);
    this.git("add", "--all");
  }

  /** Writes files and commits all there is. @returns the commit. */
  commit(files: Readonly<Record<string, string>>): string {
    this.stage(files);
    this.git("commit", "--quiet", "--allow-empty", "--message=m");
    return this.git("rev-parse", "HEAD");
  }

  /** Runs `signet guard` in this process. It sees Git's view of the repository, and no files. */
  guard(args: readonly string[], env: Readonly<Record<string, string>> = {}, below = ""): Promise<MemoryRun> {
    return runInMemory(["guard", ...args], {
      env,
      git: async (gitArgs) => startGit(gitArgs, { ...this.env, ...env }, join(this.folder, below)),
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
