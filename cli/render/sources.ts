import { FileError, InputError, UsageError } from "../../shared/errors.ts";
import { shellPath } from "../../shared/shell-word.ts";
import { fileFailure } from "../file-failure.ts";
import { readInput } from "../input-files.ts";
import type { Io } from "../io.ts";
import { readStandardInput } from "../sealing.ts";

/** One file, or standard input, of a tree of manifests. */
export type Source = {
  /** Names it in errors. */
  where: string;
  bytes: Uint8Array;
};

/** What a folder's files are read for; others in it are none of ours. */
const MANIFEST = /\.(?:ya?ml|json)$/i;
/** Files by which another tool makes manifests: what lies beside them is its input, and no manifest yet. */
const OTHER_TOOLS: readonly (readonly [name: RegExp, tool: string, command: (folder: string) => string])[] = [
  [
    /^(?:kustomization\.ya?ml|Kustomization)$/,
    "kustomize",
    (folder) => `kustomize build ${folder} | signet render -`,
  ],
  [/^Chart\.ya?ml$/, "Helm", (folder) => `helm template ${folder} | signet render -`],
];

/**
 * Reads the files that paths name, in the order of the paths: files as they are, of folders every manifest (.yaml, .yml,
 * .json) in them and below, sorted, hidden files and folders left out; `-` is standard input, and so is no path at all.
 * A file comes once.
 * @throws FileError for what cannot be read or gives nothing; InputError for links that lead out of the tree, and for
 *   the files of tools that make manifests; UsageError for standard input given twice.
 */
export function readSources(paths: readonly string[], io: Io): Source[] {
  const sources: Source[] = [];
  const seen = new Set<string>();
  for (const path of paths.length === 0 ? ["-"] : paths) {
    if (path === "-") {
      if (seen.has("-")) throw new UsageError("- was given twice", "give standard input once");
      seen.add("-");
      sources.push({ where: "standard input", bytes: readStandardInput(io, "manifests") });
      continue;
    }
    for (const file of filesAt(path, io)) {
      const real = realPath(file, io);
      if (seen.has(real)) continue;
      seen.add(real);
      sources.push({ where: file, bytes: readInput(file, io) });
    }
  }
  return sources;
}

/** Whether a file would be read again when a folder is rendered: the name of one of its manifests. */
export function isManifestName(path: string): boolean {
  const name = baseName(path);
  return MANIFEST.test(name) && !name.startsWith(".");
}

function filesAt(path: string, io: Io): string[] {
  switch (io.files.kindOf(path)) {
    case "folder":
      return filesBelow(path.replace(/(?<=.)\/+$/, ""), io);
    case "file": {
      requireManifest(path);
      const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) || "/" : ".";
      requireInside(path, io.files.realPath(folder), io);
      return [path];
    }
    case "other":
      return [path];
    case null:
      throw new FileError(
        `cannot read ${path}: no such file or directory`,
        "give existing files or folders, or - for standard input",
      );
  }
}

function filesBelow(folder: string, io: Io): string[] {
  const root = io.files.realPath(folder);
  const found: string[] = [];
  const open = [folder];
  for (let at = open.shift(); at !== undefined; at = open.shift()) {
    for (const { name, kind } of listed(at, io)) {
      if (name.startsWith(".")) continue;
      const path = at === "." ? name : at.endsWith("/") ? at + name : `${at}/${name}`;
      if (kind === "folder") open.push(path);
      // A folder inside the tree is come by without its links, too.
      const leadsTo = kind === "link" ? linked(path, root, io) : kind;
      if (leadsTo !== "file") continue;
      requireManifest(path);
      if (MANIFEST.test(name)) found.push(path);
    }
  }
  if (found.length === 0) {
    throw new FileError(
      `${folder} holds no .yaml, .yml or .json files`,
      "name another folder, or the files themselves",
    );
  }
  return found.sort();
}

/** What a link inside the tree leads to; null for what is not read. */
function linked(path: string, root: string, io: Io): "file" | null {
  const kind = io.files.kindOf(path);
  if (kind === "file" && !MANIFEST.test(path)) return null;
  if (kind === "file" || kind === "folder" || MANIFEST.test(path)) requireInside(path, root, io);
  return kind === "file" ? "file" : null;
}

/** Whoever wrote the tree must not have us read, and show, files elsewhere. @param folder a real path. */
function requireInside(path: string, folder: string, io: Io): void {
  if (realPath(path, io).startsWith(folder.endsWith("/") ? folder : `${folder}/`)) return;
  throw new InputError(
    `${path} is a link that leads out of its folder, or nowhere`,
    "put the file itself in its place, or name the file that it leads to",
  );
}

function requireManifest(path: string): void {
  const name = baseName(path);
  for (const [pattern, tool, command] of OTHER_TOOLS) {
    if (!pattern.test(name)) continue;
    const folder = shellPath(path.slice(0, -name.length).replace(/(?<=.)\/$/, "") || ".");
    throw new InputError(
      `${path} is for ${tool}, which makes manifests of the files that it names`,
      `have it make them: ${command(folder)}`,
    );
  }
}

function listed(path: string, { files }: Io) {
  try {
    return files.list(path);
  } catch (error) {
    throw fileFailure(`cannot read the folder ${path}`, "check its permissions, or name other files", error);
  }
}

/** Empty for a link that leads nowhere; what is no file has no real path, and stands for itself. */
function realPath(path: string, { files }: Io): string {
  if (files.kindOf(path) === "other") return path;
  try {
    return files.realPath(path);
  } catch {
    return "";
  }
}

function baseName(path: string): string {
  return path.replace(/^.*\//, "");
}
