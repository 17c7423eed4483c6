import fc from "fast-check";

/** A text in a document, and how its author wrote it. */
export type LaidOutText = {
  kind: "text";
  text: string;
  style: "plain" | "single" | "double" | "literal" | "folded";
};
/** An entry with the lines of comment above it and the comment on its first line. */
export type LaidOutEntry = {
  key: string;
  above: string[];
  comment: string;
  value: LaidOutText | LaidOutMap | LaidOutList;
};
/** A map; `below` are comment lines after its last entry. In flow style it has no comments. */
export type LaidOutMap = { kind: "map"; inFlow: boolean; entries: LaidOutEntry[]; below: string[] };
/** A list of maps. */
export type LaidOutList = { kind: "list"; isIndented: boolean; items: LaidOutMap[] };

/** How a whole document is laid out. */
export type Layout = { lineBreak: "\n" | "\r\n"; step: number; endsWithBreak: boolean; marker: string };

const word = fc.stringMatching(/^Ag[A-Za-z0-9+/]{1,12}={0,2}$/);
const text: fc.Arbitrary<LaidOutText> = fc.record({
  kind: fc.constant("text"),
  text: word,
  style: fc.constantFrom("plain", "plain", "single", "double", "literal", "folded"),
});
const above = fc.array(fc.constantFrom("", "# a note", "#", "# key: value", "# {x}"), { maxLength: 2 });
const below = fc.array(fc.constantFrom("# a note", "#", "# key: value"), { maxLength: 2 });
const comment = fc.constantFrom("", "", " # note", '   # - it\'s: {a} "note" ');
const key = fc.constantFrom(
  "a",
  "b",
  "c",
  "db.password",
  "x-y",
  "_z",
  "spec",
  "tls.crt",
  "00",
  "1.0",
  "true",
);

function mapOf(value: fc.Arbitrary<LaidOutEntry["value"]>): fc.Arbitrary<LaidOutMap> {
  const entry = fc.record({ key, above, comment, value });
  return fc.record({
    kind: fc.constant("map"),
    inFlow: fc.integer({ min: 0, max: 4 }).map((n) => n === 4),
    entries: fc.uniqueArray(entry, { selector: (each) => each.key, maxLength: 4 }),
    below,
  });
}

function listOf(item: fc.Arbitrary<LaidOutMap>): fc.Arbitrary<LaidOutList> {
  const items = fc.array(item, { minLength: 1, maxLength: 2 });
  return fc.record({ kind: fc.constant("list"), isIndented: fc.boolean(), items });
}

const lowest = mapOf(text);
const middle = mapOf(fc.oneof(text, text, lowest, listOf(lowest)));
const map = mapOf(fc.oneof(text, middle, middle, listOf(middle)));

/** A map at a document's root, with at least one entry. */
export const rootMap: fc.Arbitrary<LaidOutMap> = map
  .filter(({ entries }) => entries.length > 0)
  .map((root) => ({ ...root, inFlow: false }));

/** Layouts that editors and tools leave behind. */
export const layout: fc.Arbitrary<Layout> = fc.record({
  lineBreak: fc.constantFrom("\n", "\r\n"),
  step: fc.integer({ min: 1, max: 8 }),
  endsWithBreak: fc.boolean(),
  marker: fc.constantFrom("", "---\n", "# top\n---  # of it\n"),
});

/** The document's text as YAML. */
export function toLaidOutYaml(root: LaidOutMap, { lineBreak, step, endsWithBreak, marker }: Layout): string {
  const lines = blockLines(root, "", step).join("\n");
  return (marker + lines + (endsWithBreak ? "\n" : "")).replaceAll("\n", lineBreak);
}

/** The document's text as JSON. @param indent as of JSON.stringify; an empty one puts all on one line. */
export function toLaidOutJson(root: LaidOutMap, indent: string): string {
  return JSON.stringify(plainValue(root), null, indent);
}

/** What a document holds. */
export function plainValue(node: LaidOutEntry["value"]): unknown {
  if (node.kind === "text") return node.style === "literal" ? `${node.text}\n` : node.text;
  if (node.kind === "list") return node.items.map(plainValue);
  return Object.fromEntries(node.entries.map(({ key, value }) => [key, plainValue(value)]));
}

function blockLines(map: LaidOutMap, indent: string, step: number): string[] {
  const inner = indent + " ".repeat(step);
  return [
    ...map.entries.flatMap((entry) => [
      ...entry.above.map((line) => (line === "" ? "" : indent + line)),
      ...entryLines(entry, indent, inner, step),
    ]),
    ...map.below.map((line) => (line === "" ? "" : indent + line)),
  ];
}

function entryLines(
  { key, comment, value }: LaidOutEntry,
  indent: string,
  inner: string,
  step: number,
): string[] {
  const head = `${indent}${key}:`;
  if (value.kind === "list") {
    const dash = value.isIndented ? inner : indent;
    return [head + comment, ...value.items.flatMap((item) => itemLines(item, dash, step))];
  }
  if (value.kind === "map") {
    if (value.inFlow || value.entries.length === 0)
      return [`${head} ${inFlow(value)}${comment}`, ...linesBelow(value, inner)];
    return [head + comment, ...blockLines(value, inner, step)];
  }
  if (value.style === "literal") return [`${head} |${comment}`, `${inner}${value.text}`];
  if (value.style === "folded") return [`${head} >-${comment}`, `${inner}${value.text}`];
  return [`${head} ${quoted(value)}${comment}`];
}

function linesBelow(map: LaidOutMap, inner: string): string[] {
  return map.inFlow ? [] : map.below.map((line) => (line === "" ? "" : inner + line));
}

/** Lines of an item; the first of its entries stands after the dash, without comments above. */
function itemLines(item: LaidOutMap, dash: string, step: number): string[] {
  if (item.inFlow || item.entries.length === 0)
    return [`${dash}- ${inFlow(item)}`, ...linesBelow(item, `${dash}  `)];
  const [first, ...rest] = item.entries;
  const entries = first === undefined ? [] : [{ ...first, above: [] }, ...rest];
  const lines = blockLines({ ...item, entries }, `${dash}  `, step);
  return [`${dash}- ${(lines[0] ?? "").trimStart()}`, ...lines.slice(1)];
}

function inFlow(node: LaidOutEntry["value"]): string {
  if (node.kind === "text") return quoted({ ...node, text: `${plainValue(node)}` });
  if (node.kind === "list") return `[${node.items.map(inFlow).join(", ")}]`;
  return `{${node.entries.map(({ key, value }) => `${key}: ${inFlow(value)}`).join(", ")}}`;
}

function quoted({ text, style }: LaidOutText): string {
  if (style === "single") return `'${text}'`;
  return style === "double" || text.endsWith("\n") ? JSON.stringify(text) : text;
}
