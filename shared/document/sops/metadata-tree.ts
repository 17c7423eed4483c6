import { alphabetical, groupEntries, readGroup, textNode } from "./key-entry-tree.ts";
import type { SopsKeyEntry, SopsMetadata, SopsSelection } from "./metadata.ts";
import { entriesOf, MetadataReader } from "./metadata-reader.ts";
import { Naming } from "./place.ts";
import { inWholeSeconds } from "./rfc-3339.ts";
import { SopsError } from "./sops-error.ts";
import type { SopsEntry, SopsMap } from "./tree.ts";

/** The entry of a document's root that holds its metadata, and may hold nothing else. */
export const METADATA_KEY = "sops";

const RULES = [
  "unencrypted_suffix",
  "encrypted_suffix",
  "unencrypted_regex",
  "encrypted_regex",
  "unencrypted_comment_regex",
  "encrypted_comment_regex",
] as const;
/** Each may cost a call or an operation on a curve. */
const MOST_ENTRIES = 1000;
const VERSION = /^\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/;

/** Whether the first document of a stream has metadata, so that the stream is a SOPS document. */
export function hasMetadata(documents: readonly SopsMap[]): boolean {
  return documents
    .slice(0, 1)
    .some((document) => entriesOf(document).some(({ key }) => key === METADATA_KEY));
}

/**
 * Takes the metadata out of a stream of documents. That of the first document counts; SOPS writes the same into all.
 * @param where names the stream in errors.
 * @returns the metadata, and the documents without it.
 * @throws SopsError (no-metadata, metadata)
 */
export function metadataOf(
  documents: readonly SopsMap[],
  where: string,
): { metadata: SopsMetadata; documents: SopsMap[] } {
  const naming = new Naming(where, documents.length);
  const found = documents.map((document, index) => metadataNode(document, naming.document(index)));
  const [first, ...others] = found;
  if (first === undefined || first === null) {
    throw new SopsError("no-metadata", `${where}: there is no mapping sops`, "encrypt it first");
  }
  const metadata = readMetadata(first, naming.document(0));
  for (const [index, other] of others.entries()) {
    if (other !== null) checkSameMac(other, metadata, naming.document(index + 1));
  }
  return { metadata, documents: documents.map(withoutMetadata) };
}

function metadataNode(document: SopsMap, where: string): SopsMap | null {
  const [entry, again] = entriesOf(document).filter(({ key }) => key === METADATA_KEY);
  if (entry === undefined) return null;
  if (again !== undefined) {
    throw new SopsError("metadata", `${where}: sops stands there twice`, "remove one of the two");
  }
  if (entry.value.kind !== "map") {
    throw new SopsError("metadata", `${where}: sops must be a mapping`, "take the document as SOPS wrote it");
  }
  return entry.value;
}

/** Documents that were encrypted one by one have a data key each, and are no stream of SOPS. */
function checkSameMac(other: SopsMap, metadata: SopsMetadata, where: string): void {
  if (new MetadataReader(other, where, METADATA_KEY).text("mac") === metadata.mac) return;
  throw new SopsError(
    "metadata",
    `${where}: sops is not that of the first document`,
    "split the stream into files: its documents were encrypted one by one",
  );
}

/** A document without its metadata. */
export function withoutMetadata(document: SopsMap): SopsMap {
  const entries = document.entries.filter((entry) => entry.kind === "comment" || entry.key !== METADATA_KEY);
  return { kind: "map", entries };
}

/** Documents with the metadata behind their other entries, the same in each. */
export function withMetadata(documents: readonly SopsMap[], metadata: SopsMetadata): SopsMap[] {
  return documents.map(({ entries }) => ({
    kind: "map",
    entries: [...entries, { kind: "entry", key: METADATA_KEY, value: metadataMap(metadata) }],
  }));
}

function readMetadata(map: SopsMap, where: string): SopsMetadata {
  const reader = new MetadataReader(map, where, METADATA_KEY);
  const selection = readSelection(reader);
  const lastModified = inWholeSeconds(reader.requiredText("lastmodified"));
  if (lastModified === null) {
    throw reader.error(
      "has a lastmodified that is no time of RFC 3339",
      "take the document as SOPS wrote it",
    );
  }
  const version = reader.requiredText("version");
  if (!VERSION.test(version)) {
    throw reader.error("has a version that is not of the form 3.9.0", "take the document as SOPS wrote it");
  }
  return {
    selection,
    lastModified,
    version,
    macOnlyEncrypted: reader.flag("mac_only_encrypted"),
    mac: reader.text("mac") ?? "",
    shamirThreshold: reader.count("shamir_threshold"),
    groups: readGroups(reader, where),
    unknown: { kind: "map", entries: reader.rest() },
  };
}

function readSelection(reader: MetadataReader): SopsSelection {
  const rules = RULES.flatMap((rule) => {
    const pattern = reader.text(rule) ?? "";
    return pattern === "" ? [] : [{ rule, pattern }];
  });
  const [rule, another] = rules;
  if (another !== undefined) {
    throw reader.error(
      `has more than one rule of selection: ${rules.map((one) => one.rule).join(", ")}`,
      "keep one of them",
    );
  }
  return rule ?? { rule: "default" };
}

function readGroups(reader: MetadataReader, where: string): SopsKeyEntry[][] {
  const single = readGroup(reader, where, METADATA_KEY);
  const maps = reader.maps("key_groups");
  const groups = maps.map((map, position) => {
    const path = `${METADATA_KEY}.key_groups[${position}]`;
    const group = readGroup(new MetadataReader(map, where, path), where, path);
    if (group.length > 0) return group;
    throw reader.error(`has no key in key_groups[${position}]`, "take the document as SOPS wrote it");
  });
  const counted = groups.length > 0 ? groups : [single];
  if (counted.flat().length > MOST_ENTRIES) {
    throw reader.error(`has more than ${MOST_ENTRIES} keys`, "encrypt the document for fewer keys");
  }
  if (counted.flat().length > 0) return counted;
  throw reader.error("has no keys, such as age or kms", "take the document as SOPS wrote it");
}

/**
 * The metadata as a document has it: keys in alphabetical order, what is empty left out, one group of keys in lists of
 * its own and several under `key_groups`.
 */
export function metadataMap(metadata: SopsMetadata): SopsMap {
  const { groups, selection, shamirThreshold, macOnlyEncrypted } = metadata;
  const [first = []] = groups;
  return alphabetical([
    ...(groups.length > 1 ? [keyGroups(groups)] : groupEntries(first, false)),
    ...(shamirThreshold === 0 ? [] : [intEntry("shamir_threshold", shamirThreshold)]),
    ...(selection.rule === "default" ? [] : [textEntry(selection.rule, selection.pattern)]),
    ...(macOnlyEncrypted ? [flagEntry("mac_only_encrypted")] : []),
    textEntry("lastmodified", metadata.lastModified),
    textEntry("mac", metadata.mac),
    textEntry("version", metadata.version),
    ...entriesOf(metadata.unknown),
  ]);
}

function keyGroups(groups: SopsMetadata["groups"]): SopsEntry {
  const items = groups.map((group) => alphabetical(groupEntries(group, true)));
  return { kind: "entry", key: "key_groups", value: { kind: "list", items } };
}

function textEntry(key: string, text: string): SopsEntry {
  return { kind: "entry", key, value: textNode(text) };
}

function intEntry(key: string, value: number): SopsEntry {
  return { kind: "entry", key, value: { kind: "int", value: BigInt(value) } };
}

function flagEntry(key: string): SopsEntry {
  return { kind: "entry", key, value: { kind: "bool", value: true } };
}
