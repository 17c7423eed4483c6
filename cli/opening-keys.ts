import { FileError, InputError, SealError, UsageError } from "../shared/errors.ts";
import type { OpeningKey } from "../shared/seal/rsa-hybrid.ts";
import { counted } from "./counted.ts";
import { fileFailure } from "./file-failure.ts";
import type { Files, Io } from "./io.ts";
import { type KeyMaterial, type NoKey, readKeyMaterial } from "./opening/key-material.ts";
import { readStandardInput } from "./sealing.ts";

/** The private keys at hand. */
export type OpeningKeys = {
  /** Each once, in the order in which they were found. */
  keys: readonly OpeningKey[];
  /** Where each was found, by fingerprint; the first place counts. */
  sources: ReadonlyMap<string, string>;
  /** What was looked at and gave no key, and why. */
  passedOver: readonly string[];
};

/** No keys at all. */
export const NO_KEYS: OpeningKeys = { keys: [], sources: new Map(), passedOver: [] };

/**
 * Reads private sealing keys from files, from folders with everything below them, and from standard input (`-`).
 * A key that was found before is not taken twice.
 * @param stdinIsInput whether standard input holds what is to be opened, so that keys cannot come from there.
 * @throws FileError when a path cannot be read.
 * @throws InputError for a file, or a whole folder, that holds no usable key: it names the file and what it holds
 *   instead, and never quotes it.
 */
export async function readOpeningKeys(
  paths: readonly string[],
  io: Io,
  stdinIsInput: boolean,
): Promise<OpeningKeys> {
  if (stdinIsInput && paths.includes("-")) {
    throw new UsageError(
      "keys and SealedSecrets cannot both come from standard input",
      "give the SealedSecrets as files, or the keys in a file",
    );
  }
  const keys: OpeningKey[] = [];
  const sources = new Map<string, string>();
  const passedOver: string[] = [];
  for (const path of paths) {
    const { found, without } = await materialAt(path, io);
    passedOver.push(...without.map(({ fault }) => fault));
    for (const { opening, source } of found) {
      if (sources.has(opening.fingerprint)) continue;
      sources.set(opening.fingerprint, source);
      keys.push(opening);
    }
  }
  return { keys, sources, passedOver };
}

async function materialAt(path: string, io: Io): Promise<KeyMaterial> {
  if (path === "-") return fromFile(readStandardInput(io, "private keys"), "standard input");
  switch (io.files.kindOf(path)) {
    case "folder":
      return fromFolder(path, io.files);
    case "file":
    case "other":
      return fromFile(readKeyFile(path, io.files), path);
    case null:
      throw new FileError(
        `cannot read the key file ${path}: no such file or directory`,
        "give an existing file or folder with private keys",
      );
  }
}

async function fromFile(content: Uint8Array, where: string): Promise<KeyMaterial> {
  const material = await readKeyMaterial(content, where);
  if (material.found.length === 0) throw noKeyIn(where, material.without);
  return material;
}

function noKeyIn(where: string, [first, ...others]: readonly NoKey[]): InputError {
  const hint = first?.hint ?? "give a file that holds a private key in PEM form, or a backup of key Secrets";
  if (first === undefined) return new InputError(`${where} holds no private key: it is empty`, hint);
  const more = others.length === 0 ? "" : `; ${others.length} more of its parts give no key either`;
  return new InputError(first.fault + more, hint);
}

/** A folder holds other things beside keys; they are passed over, as long as there is a key. */
async function fromFolder(folder: string, files: Files): Promise<KeyMaterial> {
  const material: KeyMaterial = { found: [], without: [] };
  const paths = filesBelow(folder.replace(/(?<=.)\/+$/, ""), files);
  for (const path of paths) {
    try {
      const { found, without } = await readKeyMaterial(readKeyFile(path, files), path);
      material.found.push(...found);
      material.without.push(...without);
    } catch (error) {
      if (!(error instanceof SealError) || error instanceof FileError) throw error;
      material.without.push({ fault: error.message, hint: error.hint });
    }
  }
  if (material.found.length === 0) {
    const looked = counted(paths.length, "file");
    throw new InputError(
      `the folder ${folder} holds no private key (${looked} looked at)`,
      "name the file that should hold one, to be told what it holds instead",
    );
  }
  return material;
}

/** Files below a folder, sorted; what is hidden is passed over, and links that lead out of the folder. */
function filesBelow(folder: string, files: Files): string[] {
  const root = files.realPath(folder);
  const found: string[] = [];
  const open = [folder];
  for (let at = open.shift(); at !== undefined; at = open.shift()) {
    for (const { name, kind } of listed(at, files)) {
      if (name.startsWith(".")) continue;
      const path = at.endsWith("/") ? at + name : `${at}/${name}`;
      if (kind === "folder") open.push(path);
      // In a mounted Secret each item is a link to a hidden folder beside it.
      const leadsInside =
        kind === "link" && files.kindOf(path) === "file" && files.realPath(path).startsWith(`${root}/`);
      if (kind === "file" || leadsInside) found.push(path);
    }
  }
  return found.sort();
}

function listed(path: string, files: Files) {
  try {
    return files.list(path);
  } catch (error) {
    throw fileFailure(
      `cannot read the folder ${path}`,
      "check its permissions, or name the key files",
      error,
    );
  }
}

function readKeyFile(path: string, files: Files): Uint8Array {
  try {
    return files.read(path);
  } catch (error) {
    throw fileFailure(`cannot read the key file ${path}`, "check its permissions", error);
  }
}
