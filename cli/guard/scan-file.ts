import type { SopsSelection } from "../../shared/document/sops/metadata.ts";
import { type Selector, selectorOf } from "../../shared/document/sops/selection.ts";
import { SealError } from "../../shared/errors.ts";
import { expectsEncryption } from "./expected-encryption.ts";
import { fileText } from "./file-text.ts";
import type { Found } from "./finding.ts";
import { findKeys } from "./key-texts.ts";
import type { LocatedMap, LocatedNode, LocatedScalar } from "./located-tree.ts";
import { type Chunk, looksLikeSecret, manifestsIn, OBJECT_MARKS, readChunk } from "./manifest-text.ts";
import { TooManyNodes, walkObjects } from "./object-walk.ts";
import { plainValues, selectedValues, selectionIn, sopsBlockOf } from "./sops-rules.ts";
import type { GeneratorInput, Holder, Walk } from "./walk.ts";

/** A file to look at. */
export type ScannedFile = {
  /** From the root of the repository, with slashes. */
  path: string;
  bytes: Uint8Array;
  /** The bytes are only the first of a very long file. */
  isCut: boolean;
  /** What a creation rule that is meant for it selects; null without such a rule. */
  rule: SopsSelection | null;
};

/** What came of looking at a file. */
export type Scan = { text: string; found: Found[]; inputs: GeneratorInput[] };

const MOST_NODES = 300_000;
/** What is told of one file. */
const MOST_FOUND = 500;
/** Texts in texts that are looked at. */
const MOST_LEVELS = 3;

/** Finds everything in a file that must not be committed. */
export async function scanFile(file: ScannedFile): Promise<Scan> {
  const text = fileText(file.bytes);
  const scan: Scan = { text: text ?? "", found: [], inputs: [] };
  if (text === null) return scan;
  const chunks = manifestsIn(file.path, text);
  const streams: LocatedNode[] = [];
  const expected = expectsEncryption(file.path, file.rule, text);
  for (const chunk of chunks) {
    if (expected === null && !OBJECT_MARKS.test(chunk.text)) continue;
    const documents = file.isCut ? null : readChunk(chunk);
    if (documents === null) scan.found.push(...unreadable(chunk, file.isCut));
    else streams.push(...documents);
  }
  const hasBlock = streams.some((document) => sopsBlockOf(document) !== null);
  walkAll(streams, hasBlock, text, scan);
  await judgeSops(streams, expected, scan);
  const isKnown = (at: number) => scan.found.some((other) => other.at <= at && at < other.end);
  scan.found.push(...findKeys(text).filter(({ at }) => !isKnown(at)));
  return { ...scan, found: scan.found.slice(0, MOST_FOUND) };
}

function unreadable({ text, start }: Chunk, isCut: boolean): Found[] {
  if (!looksLikeSecret(text)) return [];
  const lead = /^(?:---.*|[ \t]*#.*|[ \t]*)(?:\r?\n|$)/gm;
  let at = 0;
  for (let blank = lead.exec(text); blank?.index === at && blank[0] !== ""; blank = lead.exec(text))
    at += blank[0].length;
  const why = isCut ? "it is too long to be read" : "it is neither YAML nor JSON";
  const what = `what looks like a Secret cannot be looked at: ${why}`;
  return [
    { rule: "unreadable", at: start + at, end: start + at, within: [], object: null, item: null, what },
  ];
}

function walkAll(documents: readonly LocatedNode[], isSops: boolean, text: string, scan: Scan): void {
  const budget = { nodes: MOST_NODES };
  const start = { object: null, at: 0, annotation: null };
  for (const document of documents) {
    const report = (found: Found) => {
      if (scan.found.length < MOST_FOUND)
        scan.found.push({ ...found, within: [...found.within, document.at] });
    };
    const walk: Walk = {
      isSops,
      report,
      takes: (input) => scan.inputs.push(input),
      inside: (scalar, holder) => lookInside(scalar, { text, holder, level: 1, walk }),
      budget,
    };
    try {
      walkObjects(document, walk, start);
    } catch (error) {
      if (!(error instanceof TooManyNodes)) throw error;
      const what = "what looks like a Secret cannot be looked at: its aliases make it too large";
      const at = document.at;
      report({ rule: "unreadable", at, end: at, within: [], object: null, item: null, what });
    }
  }
}

type Inside = { text: string; holder: Holder; level: number; walk: Walk };

/** A manifest that stands in another as a text: a patch, a ConfigMap's item, what was last applied. */
function lookInside(scalar: LocatedScalar, { text, holder, level, walk }: Inside): void {
  if (level > MOST_LEVELS) return;
  const place = (at: number) => placeInside(scalar, at, text);
  const { annotation } = holder;
  const report = (found: Found) => {
    const said =
      annotation === null
        ? found.what
        : `${holder.object ?? "an object"}: ${annotation} repeats ${found.object}, whose ${found.item} stands in plain text`;
    walk.report({
      ...found,
      rule: annotation === null ? found.rule : "last-applied",
      at: place(found.at),
      end: scalar.end,
      within: [holder.at],
      what: said,
    });
  };
  for (const chunk of manifestsIn(".yaml", scalar.text)) {
    if (!OBJECT_MARKS.test(chunk.text)) continue;
    const documents = readChunk(chunk);
    if (documents === null) {
      for (const found of unreadable(chunk, false)) report(found);
      continue;
    }
    const inner: Walk = {
      ...walk,
      report,
      inside: (nested, nestedHolder) =>
        lookInside(nested, { text: scalar.text, holder: nestedHolder, level: level + 1, walk: inner }),
    };
    for (const document of documents)
      walkObjects(document, inner, { object: holder.object, at: 0, annotation: null });
  }
}

/** Where a place of a value stands in the text around it: the same line of a literal block, else where the value begins. */
function placeInside({ at, bodyAt, text: value }: LocatedScalar, inner: number, text: string): number {
  if (bodyAt === null) return at;
  let place = bodyAt;
  for (let line = value.slice(0, inner).split("\n").length; line > 1; line--) {
    const next = text.indexOf("\n", place);
    if (next === -1) break;
    place = next + 1;
  }
  return place;
}

/** Looks at documents under the rule of their sops block, and at files that should have one. */
async function judgeSops(
  documents: readonly LocatedNode[],
  expected: ReturnType<typeof expectsEncryption>,
  scan: Scan,
): Promise<void> {
  const maps = documents.filter((document) => document.kind === "map");
  const block = maps.map(sopsBlockOf).find((found) => found !== null) ?? null;
  const selection = block === null ? expected?.selection : selectionIn(block);
  if (selection === undefined) {
    if (expected !== null) scan.found.push(expected.found);
    return;
  }
  let selector: Selector;
  let values: ReturnType<typeof selectedValues>[];
  try {
    selector = await selectorOf(selection, "");
    values = maps.map((map) => selectedValues(map, selector));
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    const what = "the rule of its sops block is no regular expression, or one that takes too long";
    if (block !== null) scan.found.push(idleRule(block, what));
    else if (expected !== null) scan.found.push(expected.found);
    return;
  }
  if (block === null) {
    // What sops would have left in plain text all the same is as it should be.
    const isMeant = expected?.isByName === true || values.some(({ plain }) => plain.length > 0);
    if (expected !== null && isMeant && (maps.length === 0 || !maps.every(isSealed)))
      scan.found.push(expected.found);
    return;
  }
  const isKnown = (at: number) => scan.found.some((other) => other.at <= at && at < other.end);
  for (const [at, map] of maps.entries()) {
    const found = values[at];
    if (found !== undefined)
      scan.found.push(...plainValues(found, null, isKnown).map((one) => ({ ...one, within: [map.at] })));
  }
  const isIdle = values.every(({ plain, encrypted }) => plain.length === 0 && encrypted === 0);
  if (isIdle && values.some(({ all }) => all > 0))
    scan.found.push(idleRule(block, "the document has a sops block, and nothing in it is encrypted"));
}

function isSealed(map: LocatedMap): boolean {
  return map.entries.some(
    ({ key, value }) => key === "kind" && value.kind === "scalar" && value.text === "SealedSecret",
  );
}

function idleRule(block: LocatedMap, what: string): Found {
  return { rule: "idle-sops-rule", at: block.at, end: block.at, within: [], object: null, item: null, what };
}
