import fc from "fast-check";
import { utf8 } from "../../shared/bytes.ts";
import type { SopsRecipient, SopsSelection } from "../../shared/document/sops/metadata.ts";
import type {
  SopsComment,
  SopsEntry,
  SopsFormat,
  SopsList,
  SopsMap,
  SopsNode,
} from "../../shared/document/sops/tree.ts";

/** What generated documents may hold. */
export type SopsShape = {
  /** JSON has one document, no comments, no bytes that are not UTF-8, no numbers that are none. */
  format: SopsFormat;
  /** Comments stand before an entry, never behind the last one, where texts do not tell whose they are. */
  comments: boolean;
  /** Comments before items of lists, of which SOPS 3.13.2 cannot read the encrypted ones that it writes itself. */
  listComments: boolean;
};

/** A document as it is to be encrypted, and how. */
export type SopsCase = {
  documents: SopsMap[];
  selection: SopsSelection;
  macOnlyEncrypted: boolean;
  groups: SopsRecipient[][];
  /** 0, or from 2 to the number of groups. */
  shamirThreshold: number;
};

const keys = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom("data", "stringData", "user", "password", "metadata", "name", "kind"),
  },
  fc.constantFrom(
    "a_unencrypted",
    "b_encrypted",
    "data_unencrypted",
    "x.y",
    "a:b",
    "with space",
    "10",
    "2",
    "y",
    "on",
  ),
  fc.constantFrom(
    "é",
    "𝄞",
    "null",
    "1.5",
    "-",
    "~",
    "#",
    "'",
    '"',
    "a\tb",
    "[",
    "0x1F",
    "2020-01-01",
    "<<x",
    "&a",
  ),
);

// Not among them: lines of which the first is empty or indented. go-yaml writes those in lists so that nothing can read them.
const texts = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: "grapheme", maxLength: 20 }).filter(isWritable) },
  fc.constantFrom(
    "",
    "true",
    "null",
    "5432",
    "0777",
    "1e3",
    "yes",
    "~",
    "2020-01-01",
    "ENC[AES256_GCM,data:x]",
    "=",
    "-0",
  ),
  fc.constantFrom(
    "two\nlines",
    "ends\n",
    "ends\n\n",
    "  spaces ",
    "\ttab",
    "a: b",
    "a #b",
    "- a",
    "<&>\u2028",
    "#",
  ),
);

/** What YAML takes as it is, without a byte order mark or a line break of its own. */
function isWritable(text: string): boolean {
  return !/[\p{Cc}\p{Cs}\ufeff\ufffe\uffff]/u.test(text);
}

const times = fc
  .record({
    ms: fc.integer({ min: Date.UTC(1000, 0, 2), max: Date.UTC(9998, 11, 30) }),
    fraction: fc.constantFrom("", "", ".1", ".25", ".000000001"),
    zone: fc.constantFrom("Z", "+01:00", "-05:30"),
  })
  .map(({ ms, fraction, zone }) => `${new Date(ms).toISOString().slice(0, 19)}${fraction}${zone}`);

function scalars({ format }: SopsShape): fc.Arbitrary<SopsNode> {
  const floats = fc
    .double({ noDefaultInfinity: format === "json", noNaN: format === "json" })
    // A whole number is read as an int once it is written.
    .filter((value) => !Number.isInteger(value) || Math.abs(value) >= 1e21);
  const binary = format === "json" ? [] : [fc.constant(Uint8Array.of(0xff, 0, 0xfe))];
  // JSON has no times; what it writes for one is a string.
  const time = format === "json" ? [] : [times.map((text): SopsNode => ({ kind: "time", text }))];
  return fc.oneof(
    fc.constant<SopsNode>({ kind: "null" }),
    {
      weight: 5,
      arbitrary: fc.oneof(texts.map(utf8), ...binary).map((bytes): SopsNode => ({ kind: "str", bytes })),
    },
    fc
      .oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.constantFrom(0n, 511n))
      .map((value): SopsNode => ({ kind: "int", value })),
    floats.map((value): SopsNode => ({ kind: "float", value })),
    fc.boolean().map((value): SopsNode => ({ kind: "bool", value })),
    ...time,
  );
}

const comments = fc
  .constantFrom("", " a note", " seal this", " in clear", " é: [x]", "! odd", "# twice")
  .map((text): SopsComment => ({ kind: "comment", text }));

/** Mappings whose keys are unlike one another. */
export function sopsMaps(shape: SopsShape): fc.Arbitrary<SopsMap> {
  const before = (may: boolean) =>
    may && shape.format === "yaml" ? fc.array(comments, { maxLength: 2 }) : fc.constant([]);
  type Nodes = { map: SopsMap; node: SopsNode; list: SopsList; item: SopsNode };
  const { map } = fc.letrec<Nodes>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      { weight: 5, arbitrary: scalars(shape) },
      tie("map"),
      tie("list"),
    ),
    // Before its first entry, a text does not tell a comment inside an item from one on the item.
    item: tie("node").map(withoutFirstComments),
    list: fc.array(fc.tuple(before(shape.listComments), tie("item")), { maxLength: 4 }).map(
      (items): SopsList => ({
        kind: "list",
        items: items.flatMap(([notes, item]) => [...notes, item]),
      }),
    ),
    map: fc
      .uniqueArray(fc.tuple(keys, before(shape.comments), tie("node")), {
        maxLength: 5,
        selector: ([key]) => key,
      })
      .map(
        (entries): SopsMap => ({
          kind: "map",
          entries: entries.flatMap(([key, notes, value]): (SopsEntry | SopsComment)[] => [
            ...notes,
            { kind: "entry", key, value },
          ]),
        }),
      ),
  }));
  return map;
}

function withoutFirstComments(node: SopsNode): SopsNode {
  const afterComments = <Part extends { kind: string }>(parts: readonly Part[]) =>
    parts.slice(
      Math.max(
        0,
        parts.findIndex(({ kind }) => kind !== "comment"),
      ),
    );
  if (node.kind === "map") return { ...node, entries: afterComments(node.entries) };
  return node.kind === "list" ? { ...node, items: afterComments(node.items) } : node;
}

/** Rules of all kinds; those on comments where there are any. */
export function sopsSelections(shape: SopsShape): fc.Arbitrary<SopsSelection> {
  const patterns = fc.constantFrom(
    "^data$",
    "^(data|stringData)$",
    "a",
    "(?i)NAME",
    "[[:digit:]]",
    "^.$",
    "^encryptedData$",
  );
  const suffixes = fc.constantFrom("_unencrypted", "_encrypted", "a", "e");
  const remarks = fc.constantFrom("seal", "in clear", "^ a note$", "no such remark");
  const hasComments = shape.comments && shape.format === "yaml";
  return fc.oneof(
    fc.constant<SopsSelection>({ rule: "default" }),
    fc.record({ rule: fc.constantFrom("unencrypted_suffix", "encrypted_suffix"), pattern: suffixes }),
    fc.record({ rule: fc.constantFrom("unencrypted_regex", "encrypted_regex"), pattern: patterns }),
    ...(hasComments
      ? [
          fc.record({
            rule: fc.constantFrom("unencrypted_comment_regex", "encrypted_comment_regex"),
            pattern: remarks,
          }),
        ]
      : []),
  );
}

/** Groups of the given recipients, none of them empty, with a threshold that fits. */
export function sopsGroups(
  recipients: readonly SopsRecipient[],
): fc.Arbitrary<Pick<SopsCase, "groups" | "shamirThreshold">> {
  return fc
    .array(fc.subarray([...recipients], { minLength: 1 }), { minLength: 1, maxLength: 4 })
    .chain((groups) =>
      fc.record({
        groups: fc.constant(groups),
        shamirThreshold:
          groups.length === 1
            ? fc.constant(0)
            : fc.oneof(fc.constant(0), fc.integer({ min: 2, max: groups.length })),
      }),
    );
}

/** Streams of one to three documents, with a rule, and for whom they are encrypted. */
export function sopsCases(shape: SopsShape, recipients: readonly SopsRecipient[]): fc.Arbitrary<SopsCase> {
  return fc
    .record({
      documents: fc.array(sopsMaps(shape), { minLength: 1, maxLength: shape.format === "json" ? 1 : 3 }),
      selection: sopsSelections(shape),
      macOnlyEncrypted: fc.boolean(),
      wrapping: sopsGroups(recipients),
    })
    .map(({ wrapping, ...others }) => ({ ...others, ...wrapping }));
}
