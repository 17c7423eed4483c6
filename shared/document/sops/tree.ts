/**
 * A SOPS document as it is walked: mappings in their order, comments among the entries, scalars as Go's YAML and JSON
 * libraries resolve them. A stream of YAML has several, JSON one; the entry `sops` stands among the others.
 */
export type SopsMap = { kind: "map"; entries: (SopsEntry | SopsComment)[] };

/** An entry of a mapping. The merge key `<<` is an entry like any other, once aliases are expanded. */
export type SopsEntry = { kind: "entry"; key: string; value: SopsNode; isMerge?: true };

/** One line of comment: the text after `#`. It stands before the entry or item it belongs to, also where it was written behind it. */
export type SopsComment = { kind: "comment"; text: string; isInline?: true };

export type SopsList = { kind: "list"; items: (SopsNode | SopsComment)[] };

/** A scalar. Strings are bytes, since they need not be UTF-8; a time is RFC 3339 in its own offset, as SOPS encrypts it. */
export type SopsScalar =
  | { kind: "null" }
  | { kind: "str"; bytes: Uint8Array }
  | { kind: "int"; value: bigint }
  | { kind: "float"; value: number }
  | { kind: "bool"; value: boolean }
  | { kind: "time"; text: string };

export type SopsNode = SopsMap | SopsList | SopsScalar;

/** The formats that SOPS documents are read and written in. */
export type SopsFormat = "yaml" | "json";
