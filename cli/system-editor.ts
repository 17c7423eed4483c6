import { spawn } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { PRIVATE_FOLDER } from "./editing/editor-command.ts";
import type { Edited, EditRequest, TextEditing } from "./editing/text-editing.ts";
import { codeOf } from "./file-failure.ts";

/** The process that edits, as far as it matters here. */
export type EditingProcess = {
  platform: string;
  pid: number;
  env: Readonly<Record<string, string | undefined>>;
  getuid?(): number;
  kill(pid: number, signal: NodeJS.Signals | 0): unknown;
  on(signal: NodeJS.Signals, handler: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, handler: (signal: NodeJS.Signals) => void): unknown;
};

/** Where private folders may lie: in memory, and on a disk. */
export type Places = { inMemory: readonly string[]; onDisk: string };

const PREFIX = "signet-edit-";
const ENDING = ["SIGTERM", "SIGHUP", "SIGQUIT"] as const;
/** `f_type` of tmpfs and ramfs (statfs(2)). */
const MEMORY_TYPES: readonly number[] = [0x01021994, 0x858458f6];
const [MOST_BYTES, OWNER_ONLY] = [64 * 1024 * 1024, 0o600];

/** Editors on this machine. @param places those of the machine when not given. */
export function systemEditing(own: EditingProcess, places: Places = placesOf(own)): TextEditing {
  return {
    edit: (request) => editIn(request, own, places),
    programAt: (name) => programAt(name, own),
    leftOvers: () => [...places.inMemory, places.onDisk].flatMap((base) => leftIn(base, own)),
  };
}

function programAt(name: string, { env }: EditingProcess): string {
  const folders = /[\\/]/.test(name) ? [""] : (env["PATH"] ?? "").split(delimiter).filter(Boolean);
  for (const folder of folders) {
    try {
      return realpathSync(join(folder, name));
    } catch {}
  }
  return name;
}

function placesOf({ platform, env }: EditingProcess): Places {
  const candidates = platform === "linux" ? [env["XDG_RUNTIME_DIR"] ?? "", "/dev/shm"] : [];
  return { inMemory: candidates.filter(isInMemory), onDisk: tmpdir() };
}

function isInMemory(folder: string): boolean {
  try {
    return folder.startsWith("/") && MEMORY_TYPES.includes(Number(statfsSync(folder).type));
  } catch {
    return false;
  }
}

async function editIn(request: EditRequest, own: EditingProcess, places: Places): Promise<Edited> {
  const bases = [...places.inMemory, ...(request.allowDisk ? [places.onDisk] : [])];
  if (bases.length === 0) return { kind: "no-memory" };
  let folder: string | null = null;
  let code = "";
  for (const base of bases) {
    try {
      folder = mkdtempSync(join(base, `${PREFIX}${own.pid}-`));
      break;
    } catch (error) {
      code = codeOf(error);
    }
  }
  if (folder === null) return { kind: "no-file", code };
  return edited(request, folder, own);
}

async function edited(request: EditRequest, folder: string, own: EditingProcess): Promise<Edited> {
  const guarded = new Guard(folder, own);
  try {
    const path = join(folder, request.fileName);
    const inner = join(folder, "editor");
    mkdirSync(inner, { mode: 0o700 });
    const file = openSync(path, "wx", OWNER_ONLY);
    try {
      writeFileSync(file, request.text);
    } finally {
      closeSync(file);
    }
    const words = request.command.map((word) => (word === PRIVATE_FOLDER ? inner : word));
    // What it puts into temporary files goes with the folder.
    const temporary = { TMPDIR: inner, TMP: inner, TEMP: inner };
    const ended = await guarded.run([...words, path], { ...own.env, ...temporary, ...request.variables });
    if (ended.kind !== "done") return ended;
    if (statSync(path).size > MOST_BYTES) return { kind: "no-file", code: "EFBIG" };
    return { kind: "edited", content: new Uint8Array(readFileSync(path)) };
  } catch (error) {
    return { kind: "no-file", code: codeOf(error) };
  } finally {
    guarded.end();
  }
}

type Ended = { kind: "done" } | Extract<Edited, { kind: "not-started" | "failed" }>;

/** Sees that the folder is gone however this ends. */
class Guard {
  readonly #folder: string;
  readonly #own: EditingProcess;
  #editor: { kill(signal: NodeJS.Signals): unknown } | null = null;

  constructor(folder: string, own: EditingProcess) {
    this.#folder = folder;
    this.#own = own;
    for (const signal of ENDING) own.on(signal, this.#endBy);
    own.on("SIGINT", this.#interrupted);
  }

  /** Runs the editor to its end on the terminal of this process. */
  async run(
    [program = "", ...args]: readonly string[],
    env: Readonly<Record<string, string | undefined>>,
  ): Promise<Ended> {
    const child = spawn(program, args, { env, stdio: "inherit", windowsHide: true });
    this.#editor = child;
    const ended = await new Promise<{ code: number | null; signal: NodeJS.Signals | null } | Error>(
      (resolve) => {
        child.on("error", resolve);
        child.on("close", (code, signal) => resolve({ code, signal }));
      },
    );
    this.#editor = null;
    if (ended instanceof Error) return { kind: "not-started", code: codeOf(ended) };
    // Whoever interrupted the editor meant this program as well.
    if (ended.signal === "SIGINT") this.#endBy("SIGINT");
    return ended.code === 0 ? { kind: "done" } : { kind: "failed", code: ended.code };
  }

  /** Wipes the folder and lets signals be. */
  end(): void {
    wipe(this.#folder);
    for (const signal of ENDING) this.#own.off(signal, this.#endBy);
    this.#own.off("SIGINT", this.#interrupted);
  }

  /** Many editors take Ctrl-C for a key, and the terminal sends it to both: while one runs it is the editor's. */
  readonly #interrupted = () => {
    if (this.#editor === null) this.#endBy("SIGINT");
  };

  readonly #endBy = (signal: NodeJS.Signals) => {
    // The one that it stands for would leave a core file, with plain values in it.
    const by = signal === "SIGQUIT" ? "SIGTERM" : signal;
    this.#editor?.kill(by);
    this.end();
    this.#own.kill(this.#own.pid, by);
  };
}

/** Files are overwritten before they go, for the sake of disks that keep what was there. */
function wipe(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      try {
        writeFileSync(path, new Uint8Array(statSync(path).size), { flag: "r+" });
      } catch {}
    }
  } catch {}
  rmSync(folder, { recursive: true, force: true });
}

/** Private folders of this user whose process is gone. */
function leftIn(base: string, own: EditingProcess): string[] {
  try {
    return readdirSync(base)
      .filter((name) => {
        const pid = Number(/^signet-edit-([0-9]+)-/.exec(name)?.[1] ?? Number.NaN);
        return Number.isInteger(pid) && isOurs(join(base, name), own) && !isRunning(pid, own);
      })
      .map((name) => join(base, name));
  } catch {
    return [];
  }
}

function isOurs(path: string, { getuid }: EditingProcess): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && (getuid === undefined || found.uid === getuid());
}

function isRunning(pid: number, own: EditingProcess): boolean {
  try {
    own.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}
