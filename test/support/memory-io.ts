import { posix } from "node:path";
import type { FolderEntry, Io } from "../../cli/io.ts";
import { run } from "../../cli/run.ts";
import { fromUtf8, utf8 } from "../../shared/bytes.ts";

/** A world of its own for one run of the CLI in this process: files and streams in memory. */
export type MemoryWorld = {
  stdin?: string | Uint8Array;
  files?: Readonly<Record<string, string | Uint8Array>>;
  env?: Readonly<Record<string, string>>;
  /** Streams that are terminals. */
  terminals?: readonly ("stdin" | "stdout" | "stderr")[];
  program?: string;
  now?: Date;
  fetch?: Io["fetch"];
  keyServices?: Io["keyServices"];
  git?: Io["git"];
  editing?: Io["editing"];
};

/** What a run left behind. Output is text where it is UTF-8. */
export type MemoryRun = {
  code: number;
  stdout: string;
  stderr: string;
  files: Map<string, string>;
};

/** Runs the CLI with these arguments in a world of its own. */
export async function runInMemory(args: readonly string[], world: MemoryWorld = {}): Promise<MemoryRun> {
  const { io, left } = memoryIo(args, world);
  return left(await run(io));
}

/** That world, for a test that changes something about it; `left` tells what a run left behind. */
export function memoryIo(
  args: readonly string[],
  world: MemoryWorld = {},
): { io: Io; left: (code: number) => MemoryRun } {
  const files = new Map(Object.entries(world.files ?? {}).map(([path, content]) => [path, bytesOf(content)]));
  const written = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  const output = (name: "stdout" | "stderr") => ({
    isTerminal: world.terminals?.includes(name) ?? false,
    write: (content: string | Uint8Array) => void written[name].push(bytesOf(content)),
  });
  const io: Io = {
    args,
    program: world.program ?? "signet",
    // Without a home folder no kubeconfig of this machine is found.
    env: { HOME: "/nonexistent", ...world.env },
    stdin: {
      isTerminal: world.terminals?.includes("stdin") ?? false,
      read: () => bytesOf(world.stdin ?? ""),
    },
    stdout: output("stdout"),
    stderr: output("stderr"),
    files: {
      read: (path) => files.get(posix.normalize(path)) ?? missing(path),
      replace: (path, content) => void files.set(posix.normalize(path), bytesOf(content)),
      create(path, content) {
        if (files.has(posix.normalize(path))) throw Object.assign(new Error("there"), { code: "EEXIST" });
        files.set(posix.normalize(path), bytesOf(content));
      },
      remove: (path) => void files.delete(posix.normalize(path)),
      makeFolder: () => {},
      kindOf: (path) => (path === "" ? null : kindOf(files, posix.normalize(path))),
      list: (folder) => entriesOf(files, folder),
      realPath: (path) => posix.resolve("/", path),
      destination: (path) => posix.resolve("/", path),
      glob: (pattern) => [...files.keys()].filter((path) => posix.matchesGlob(path, pattern)).sort(),
    },
    now: () => world.now ?? new Date(),
    fetch: world.fetch ?? (() => Promise.reject(new Error("no network in this test"))),
    keyServices: world.keyServices ?? NO_KEY_SERVICES,
    ...(world.git === undefined ? {} : { git: world.git }),
    ...(world.editing === undefined ? {} : { editing: world.editing }),
  };
  const left = (code: number) => ({
    code,
    stdout: textOf(Buffer.concat(written.stdout)),
    stderr: textOf(Buffer.concat(written.stderr)),
    files: new Map([...files].map(([path, content]) => [path, textOf(content)])),
  });
  return { io, left };
}

/** Nothing of these tests may reach for a real one. */
const NO_KEY_SERVICES: NonNullable<Io["keyServices"]> = {
  kms: () => Promise.reject(new Error("no AWS KMS in this test")),
  transit: () => Promise.reject(new Error("no Vault in this test")),
};

/** Folders are there as far as files lie below them. */
function kindOf(files: ReadonlyMap<string, Uint8Array>, path: string): "file" | "folder" | null {
  if (files.has(path)) return "file";
  return entriesOf(files, path).length > 0 ? "folder" : null;
}

function entriesOf(files: ReadonlyMap<string, Uint8Array>, folder: string): FolderEntry[] {
  const start = folder === "." ? "" : `${folder.replace(/\/$/, "")}/`;
  const below = [...files.keys()]
    .filter((path) => path.startsWith(start))
    .map((path) => path.slice(start.length));
  const names = new Set(below.map((path) => path.split("/")[0] ?? ""));
  return [...names].sort().map((name) => ({ name, kind: below.includes(name) ? "file" : "folder" }));
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? utf8(content) : content;
}

function textOf(bytes: Uint8Array): string {
  return fromUtf8(bytes) ?? Buffer.from(bytes).toString("latin1");
}

function missing(path: string): never {
  throw Object.assign(new Error(`no file ${path}`), { code: "ENOENT" });
}
