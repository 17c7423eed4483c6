import { utf8 } from "../../bytes.ts";
import type { SopsKeyEntry } from "./metadata.ts";
import { isKeyList, MetadataReader } from "./metadata-reader.ts";
import { inWholeSeconds } from "./rfc-3339.ts";
import type { SopsEntry, SopsMap, SopsNode } from "./tree.ts";

/** The lists of entries that SOPS has, in the order in which it reads them. */
const LISTS = ["kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "pgp", "age"] as const;
/** Written in a group of several even when they are empty, as SOPS does. */
const ALWAYS_IN_GROUPS = ["age", "hc_vault"];

/**
 * Reads the entries of one group, which stand in a list for each service, and marks those lists as taken. A list that
 * nobody knows and whose mappings have an `enc` counts as one of a service to come.
 * @param where names the document, `path` the mapping in which the lists stand.
 * @throws SopsError (metadata)
 */
export function readGroup(group: MetadataReader, where: string, path: string): SopsKeyEntry[] {
  const known = LISTS.flatMap((list) => readList(list, group.maps(list), where, path));
  const others = group.rest().filter(({ value }) => isKeyList(value));
  return [...known, ...others.flatMap(({ key }) => readList(key, group.maps(key), where, path))];
}

function readList(list: string, maps: readonly SopsMap[], where: string, path: string): SopsKeyEntry[] {
  return maps.map((map, position) =>
    readEntry(list, map, new MetadataReader(map, where, `${path}.${list}[${position}]`)),
  );
}

function readEntry(list: string, map: SopsMap, entry: MetadataReader): SopsKeyEntry {
  switch (list) {
    case "age":
      return { type: list, recipient: entry.text("recipient") ?? "", enc: entry.requiredText("enc") };
    case "kms":
      return {
        type: list,
        arn: entry.requiredText("arn"),
        role: entry.text("role") ?? "",
        context: entry.texts("context"),
        awsProfile: entry.text("aws_profile") ?? "",
        createdAt: readCreation(entry),
        enc: entry.requiredText("enc"),
      };
    case "hc_vault":
      return {
        type: list,
        vaultAddress: entry.requiredText("vault_address"),
        enginePath: entry.requiredText("engine_path"),
        keyName: entry.requiredText("key_name"),
        createdAt: readCreation(entry),
        enc: entry.requiredText("enc"),
      };
    default:
      return { type: "other", list, entry: map };
  }
}

function readCreation(entry: MetadataReader): string {
  const createdAt = entry.requiredText("created_at");
  if (inWholeSeconds(createdAt) === null) {
    throw entry.error("has a created_at that is no time of RFC 3339", "take the document as SOPS wrote it");
  }
  return createdAt;
}

/** The lists of one group, those that are empty left out. In a group of several, SOPS writes some of them even then. */
export function groupEntries(group: readonly SopsKeyEntry[], isOneOfSeveral: boolean): SopsEntry[] {
  const lists = new Map<string, SopsMap[]>(isOneOfSeveral ? ALWAYS_IN_GROUPS.map((list) => [list, []]) : []);
  for (const entry of group) {
    const list = entry.type === "other" ? entry.list : entry.type;
    const maps = lists.get(list) ?? [];
    lists.set(list, maps);
    maps.push(entryMap(entry));
  }
  return [...lists].map(([key, items]) => ({ kind: "entry", key, value: { kind: "list", items } }));
}

function entryMap(entry: SopsKeyEntry): SopsMap {
  switch (entry.type) {
    case "age":
      return textMap({ enc: entry.enc, recipient: entry.recipient });
    case "kms":
      return alphabetical([
        ...textMap({ arn: entry.arn, aws_profile: entry.awsProfile }).entries,
        ...textMap({ created_at: entry.createdAt, enc: entry.enc }).entries,
        ...(entry.role === "" ? [] : textMap({ role: entry.role }).entries),
        ...contextEntries(entry.context),
      ]);
    case "hc_vault":
      return textMap({
        created_at: entry.createdAt,
        enc: entry.enc,
        engine_path: entry.enginePath,
        key_name: entry.keyName,
        vault_address: entry.vaultAddress,
      });
    case "other":
      return entry.entry;
  }
}

function contextEntries(context: Readonly<Record<string, string>>): SopsEntry[] {
  if (Object.keys(context).length === 0) return [];
  return [{ kind: "entry", key: "context", value: alphabetical(textMap(context).entries) }];
}

function textMap(fields: Readonly<Record<string, string>>) {
  const entries = Object.entries(fields).map(
    ([key, value]): SopsEntry => ({ kind: "entry", key, value: textNode(value) }),
  );
  return { kind: "map" as const, entries };
}

/** A string of the metadata. */
export function textNode(text: string): SopsNode {
  return { kind: "str", bytes: utf8(text) };
}

/** A mapping whose keys stand in the order of their UTF-16 units, which for the metadata's own names is that of Go. */
export function alphabetical(entries: readonly SopsEntry[]): SopsMap {
  return { kind: "map", entries: entries.toSorted((a, b) => (a.key < b.key ? -1 : 1)) };
}
