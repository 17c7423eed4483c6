import { fromUtf8, utf8 } from "../../../shared/bytes.ts";
import { type DocumentFile, readDocumentFile } from "../../../shared/document/document-file.ts";
import type { Edit } from "../../../shared/document/edit.ts";
import { SealError } from "../../../shared/errors.ts";
import { conflictText } from "./conflict-text.ts";
import { mergeObject, type ObjectMerge } from "./merge-object.ts";
import { type Pair, pairDocuments } from "./pairs.ts";
import { ABSENT, type Clash, isSame } from "./three-way.ts";

/** The three versions of a file that Git hands to a merge driver; what the file began as may be empty. */
export type FileVersions = { base: Uint8Array; ours: Uint8Array; theirs: Uint8Array };

/** A merge by lines, as Git makes it: with markers where it is not clean. */
export type LineMerge = { bytes: Uint8Array; isClean: boolean };

/** What comes of a file. */
export type FileMerge = {
  bytes: Uint8Array;
  isClean: boolean;
  /** What a person has to know, each a sentence without its end. */
  words: string[];
  /** Whether it is to be taken from one side as a whole: what stands between the markers would not open. */
  isIndivisible: boolean;
};

/**
 * Merges the versions of a file, object by object and SealedSecrets item by item, in our layout, comments included. A merge
 * by lines is taken where it is clean and says the same. What clashes stands between Git's markers.
 * @param byLines makes the merge by lines.
 */
export async function mergeFiles(
  versions: FileVersions,
  byLines: () => Promise<LineMerge>,
): Promise<FileMerge> {
  const merges = judged(versions);
  const lines = await byLines();
  if (merges === null) return { ...lines, words: [], isIndivisible: false };
  const words = merges.flatMap(({ merge }) => [
    ...merge.words,
    ...(merge.isIndivisible === true ? [] : merge.clashes).map(
      ({ path }) => `both sides changed ${path.length === 0 ? "it" : path.join(".")}`,
    ),
  ]);
  const isIndivisible = merges.some(({ merge }) => merge.isIndivisible === true);
  const hasClash = merges.some(({ merge }) => merge.clashes.length > 0);
  const isForLines = merges.every(({ merge }) => merge.clashes.length === 0 || merge.isPlain === true);
  if (isForLines && lines.isClean && saysAll(lines.bytes, merges))
    return { ...lines, words: [], isIndivisible };
  const inPlace = mergedInPlace(versions, merges);
  if (inPlace !== null) return { bytes: inPlace, isClean: !hasClash, words, isIndivisible };
  // Clean by lines, and yet not what the objects make of it: a person decides.
  const isClean = !hasClash && lines.isClean && merges.some(isGone);
  return { bytes: lines.bytes, isClean, words, isIndivisible };
}

/** One object of the file, and what comes of it. */
type Merged = { pair: Pair; merge: ObjectMerge };

/** Null when a version cannot be read: then lines are all there is. */
function judged({ base, ours, theirs }: FileVersions): Merged[] | null {
  try {
    const files = [base, ours, theirs].map((bytes) => readDocumentFile(bytes, "the file"));
    return pairDocuments(files.map(({ documents }) => documents.map(({ value }) => value))).map((pair) => ({
      pair,
      merge: mergeObject({ base: pair.base.value, ours: pair.ours.value, theirs: pair.theirs.value }),
    }));
  } catch (error) {
    if (error instanceof SealError) return null;
    throw error;
  }
}

/** An object that one side removed, and the other left as it was or never had. */
function isGone({ pair, merge }: Merged): boolean {
  return merge.clashes.length === 0 && (pair.ours.value === ABSENT || pair.theirs.value === ABSENT);
}

/** Whether a text holds just the objects that the merge comes to; what lines decide on may be anything. */
function saysAll(bytes: Uint8Array, merges: readonly Merged[]): boolean {
  try {
    const held = readDocumentFile(bytes, "the file").documents.map(({ value }) => value);
    const wanted = merges.map(({ merge }) => merge).filter(({ merged }) => merged !== ABSENT);
    const left = wanted
      .filter(({ isPlain }) => isPlain !== true)
      .reduce((rest, { merged }) => {
        const at = rest.findIndex((value) => isSame(value, merged));
        return at === -1 ? rest : rest.toSpliced(at, 1);
      }, held);
    return held.length === wanted.length && left.length === wanted.filter(({ isPlain }) => isPlain).length;
  } catch (error) {
    if (error instanceof SealError) return false;
    throw error;
  }
}

/** Our text with their changes, and with markers where both clash; null when that takes more than texts of maps. */
function mergedInPlace({ ours, theirs }: FileVersions, merges: readonly Merged[]): Uint8Array | null {
  try {
    const file = readDocumentFile(ours, "the file");
    const added: number[] = [];
    for (const { pair, merge } of merges) {
      if (merge.merged === ABSENT && pair.ours.value === ABSENT) continue;
      if (pair.ours.value === ABSENT && merge.clashes.length === 0) added.push(pair.theirs.index);
      else if (pair.ours.value === ABSENT || merge.edits === null || merge.merged === ABSENT) return null;
      else if (merge.edits.length > 0) file.edit(pair.ours.index, merge.edits);
    }
    const clashes = merges.flatMap(({ pair, merge }) =>
      merge.clashes.map((clash) => ({ index: pair.ours.index, clash })),
    );
    const bytes = file.toBytes();
    const text = added.length === 0 && clashes.length === 0 ? null : fromUtf8(bytes);
    if (text === null) return added.length === 0 && clashes.length === 0 ? bytes : null;
    const versions = clashes.map((one) => withTheirs(bytes, [one]));
    const together = withTheirs(bytes, clashes);
    const marked = clashes.length === 0 ? text : conflictText(text, versions, together);
    return utf8(marked + appended(readDocumentFile(theirs, "the file"), added, text));
  } catch (error) {
    if (error instanceof SealError) return null;
    throw error;
  }
}

/** Our merged text with places as theirs has them. */
function withTheirs(bytes: Uint8Array, clashes: readonly { index: number; clash: Clash }[]): string {
  const file = readDocumentFile(bytes, "the file");
  for (const { index, clash } of clashes) file.edit(index, [editFor(clash)]);
  return fromUtf8(file.toBytes()) ?? "";
}

function editFor({ path, theirs }: Clash): Edit {
  return typeof theirs === "string" ? { path, value: theirs } : { path, remove: true };
}

/** Documents that they alone have, to stand behind ours. */
function appended(theirs: DocumentFile, indices: readonly number[], text: string): string {
  return indices
    .map((index, position) => {
      const document = theirs.documents[index];
      const body = theirs.text.slice(document?.start ?? 0, document?.end ?? 0).replace(/^---[ \t]*\r?\n/, "");
      const before = position === 0 && text !== "" && !text.endsWith("\n") ? "\n" : "";
      return `${before}---\n${body.endsWith("\n") ? body : `${body}\n`}`;
    })
    .join("");
}
