import { equalBytes, fromUtf8, utf8 } from "../../../shared/bytes.ts";
import { editSopsDocuments } from "../../../shared/document/sops/edit-document.ts";
import type { SopsUnwrapper } from "../../../shared/document/sops/key-services.ts";
import { hasMetadata } from "../../../shared/document/sops/metadata-tree.ts";
import { type OpenedSops, openSopsDocuments } from "../../../shared/document/sops/open-document.ts";
import { readSopsTree } from "../../../shared/document/sops/read-tree.ts";
import type { SopsFormat, SopsMap } from "../../../shared/document/sops/tree.ts";
import { writeSopsTree } from "../../../shared/document/sops/write-tree.ts";
import { InputError } from "../../../shared/errors.ts";
import type { FileVersions } from "./merge-files.ts";
import { mergeTrees } from "./merge-trees.ts";

/** How the versions are opened, and when the merge takes place. */
export type SopsMergeOptions = { format: SopsFormat; unwrapper: SopsUnwrapper; now: Date };

/** What comes of them; `bytes`: null where the sides clash, and `words` says in what. */
export type SopsFileMerge = { bytes: Uint8Array | null; words: string[] };

type Side = { encrypted: SopsMap[]; opened: OpenedSops };

/**
 * Merges three versions of a SOPS document in clear, in memory, and encrypts the result as an edit of one side: its MAC is
 * right, and a difference shows only what changed. The MAC of each version is verified first.
 * @returns null when a version is no SOPS document.
 * @throws SopsError, SopsKeyError naming the version that does not open; InputError when both sides changed who can
 * open it, one has another data key, or they differ in what is encrypted.
 */
export async function mergeSopsFiles(
  versions: FileVersions,
  options: SopsMergeOptions,
): Promise<SopsFileMerge | null> {
  const trees = readVersions(versions, options.format);
  if (trees === null) return null;
  const sides: Side[] = [];
  try {
    for (const [where, encrypted] of trees) {
      const { signal } = new AbortController();
      const opened = await openSopsDocuments(encrypted, { unwrapper: options.unwrapper, where, signal });
      sides.push({ encrypted, opened });
    }
    const [base, ours, theirs] = sides;
    if (base === undefined || ours === undefined || theirs === undefined) return null;
    return await merged(base, ours, theirs, options);
  } finally {
    for (const { opened } of sides) opened.wipe();
  }
}

async function merged(
  base: Side,
  ours: Side,
  theirs: Side,
  { format, now }: SopsMergeOptions,
): Promise<SopsFileMerge> {
  const { documents, clashes } = mergeTrees(
    base.opened.documents,
    ours.opened.documents,
    theirs.opened.documents,
  );
  if (clashes.length > 0) {
    const words = clashes.map((path) => `both sides changed ${path}`);
    return { bytes: null, words };
  }
  requireOneKey(base, ours, theirs);
  requireOneRule(ours, theirs);
  const { encrypted, opened } = writtenLike(base, ours, theirs);
  const edited = await editSopsDocuments(encrypted, opened, documents, { now });
  return { bytes: utf8(writeSopsTree(edited, format)), words: [] };
}

/**
 * The rule is not authenticated: whoever narrows it, without a key, on one side would have what the other side encrypted
 * written in clear.
 */
function requireOneRule(ours: Side, theirs: Side): void {
  if (ruleText(ours) === ruleText(theirs)) return;
  throw new InputError(
    "the sides have different rules of what is encrypted, or of what the mac covers",
    "take one side, and make the changes of the other with sops",
  );
}

function ruleText({ opened: { metadata } }: Side): string {
  return JSON.stringify([metadata.selection, metadata.macOnlyEncrypted]);
}

/**
 * Nothing proves who made a data key: whoever knows a recipient can write a document under a key of his own, and would read
 * what the other side added.
 */
function requireOneKey(base: Side, ours: Side, theirs: Side): void {
  if ([ours, theirs].every((side) => equalBytes(side.opened.dataKey, base.opened.dataKey))) return;
  throw new InputError(
    "the versions have different data keys, and nothing proves who made a new one",
    "see who rotated it and take that side; make the changes of the other with sops",
  );
}

/** The side whose recipients count: the one that changed them. */
function writtenLike(base: Side, ours: Side, theirs: Side): Side {
  if (keyText(theirs) === keyText(base)) return ours;
  if (keyText(ours) === keyText(base)) return theirs;
  if (keyText(ours) === keyText(theirs)) return ours;
  throw new InputError(
    "both sides changed whom the data key is wrapped for",
    "take one side, and make the changes of the other with sops",
  );
}

function keyText({ opened: { metadata } }: Side): string {
  const { groups, shamirThreshold } = metadata;
  return JSON.stringify({ groups, shamirThreshold });
}

/** Null when one is empty, is no UTF-8, or has no metadata. */
function readVersions(versions: FileVersions, format: SopsFormat): [string, SopsMap[]][] | null {
  const trees: [string, SopsMap[]][] = [];
  for (const side of ["base", "ours", "theirs"] as const) {
    const text = fromUtf8(versions[side]);
    if (text === null || text.trim() === "") return null;
    const tree = readSopsTree(text, format, side);
    if (!hasMetadata(tree)) return null;
    trees.push([side, tree]);
  }
  return trees;
}
