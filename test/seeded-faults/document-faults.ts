import type { Fault } from "./fault.ts";

const editing = "shared/document/edit-document.ts";
const value = "shared/document/edit.ts";
const edited = "shared/document/edited-text.ts";
const block = "shared/document/block-edit.ts";
const flow = "shared/document/flow-edit.ts";
const file = "shared/document/document-file.ts";
const editTest = "test/shared/document/edit-document.test.ts";
const refusalsTest = "test/shared/document/edit-refusals.test.ts";
const layoutsTest = "test/shared/document/edit-layouts.test.ts";
const fileTest = "test/shared/document/document-file.test.ts";

/** Faults in changing documents in place. */
export const documentFaults: readonly Fault[] = [
  {
    what: "the edited text is not read again",
    file: editing,
    find: "return edited !== null && readsAs(edited, expected) ? edited : null;",
    replace: "return edited !== null && readsAs(edited, expected) !== null ? edited : null;",
    test: refusalsTest,
  },
  {
    what: "a refusal names the line in the document, not in the file",
    file: editing,
    find: "within.start + nearest(",
    replace: "nearest(",
    test: fileTest,
  },
  {
    what: "a refusal among several edits names the first",
    file: editing,
    find: "(failing ?? edits[0])",
    replace: "edits[0]",
    test: refusalsTest,
  },
  {
    what: "a text takes the place of a whole map",
    file: value,
    find: "if (Array.isArray(value) || isMap(value)) {",
    replace: "if (Array.isArray(value)) {",
    test: refusalsTest,
  },
  {
    what: "an edit changes what the caller was given before",
    file: value,
    find: "copies.has(value) && isMap(value) ? value",
    replace: "isMap(value) ? value",
    test: refusalsTest,
  },
  {
    what: "a map of texts replaces what stands there",
    file: value,
    find: "if (isEmpty) return edit.value;",
    replace: "if (isEmpty || isMap(value)) return edit.value;",
    test: refusalsTest,
  },
  {
    what: "a number without quotes is taken for a map",
    file: value,
    find: "!Array.isArray(value) && !(value instanceof UnquotedScalar)",
    replace: "!Array.isArray(value)",
    test: refusalsTest,
  },
  {
    what: "a path inside an earlier edit does not see it",
    file: edited,
    find: "overlap(edits) ?",
    replace: "edits.length > 99_999 ?",
    test: editTest,
  },
  {
    what: "a text set anew loses its quoting",
    file: edited,
    find: "written(node.quoting)",
    replace: 'written("plain")',
    test: layoutsTest,
  },
  {
    what: "the lines of a block scalar stay behind its new value",
    file: edited,
    find: '{ start: from, end: node.end, text: "" },',
    replace: '{ start: node.end, end: node.end, text: "" },',
    test: layoutsTest,
  },
  {
    what: "a block scalar at the end leaves a line break",
    file: edited,
    find: "const from = isOpen ? lineEnd(text, node.bodyStart - 1) : node.bodyStart;",
    replace: "const from = isOpen ? node.bodyStart : node.bodyStart;",
    test: editTest,
  },
  {
    what: "an entry is added through an alias",
    file: edited,
    find: 'if (held.node.kind === "alias") throw new EditConflict("an alias stands there", path.slice(0, index));',
    replace: 'if (held.node.kind === "alias") return { held, rest: [] };',
    test: refusalsTest,
  },
  {
    what: "new entries stand among the notes of the last one",
    file: block,
    find: 'if (first === "#" && indent.length > column) end = nextLine(text, at);',
    replace: 'if (first === "#" && indent.length > column) continue;',
    test: layoutsTest,
  },
  {
    what: "notes of the map itself count as inside its last entry",
    file: block,
    find: "indent.length > column",
    replace: "indent.length >= column",
    test: layoutsTest,
  },
  {
    what: "new maps are indented by two spaces whatever the document does",
    file: block,
    find: "if (step > 0) return",
    replace: "if (step > 99) return",
    test: editTest,
  },
  {
    what: "an entry removed at the end leaves a line break",
    file: block,
    find: 'return { start: lineEnd(text, start - 1), end, text: "" };',
    replace: 'return { start, end, text: "" };',
    test: layoutsTest,
  },
  {
    what: "a map whose last entry is removed becomes null",
    file: block,
    find: 'const empty = collection.kind === "map" ? "{}" : "[]";',
    replace: 'const empty = "";',
    test: editTest,
  },
  {
    what: "a comma at the end is doubled",
    file: flow,
    find: 'map.lastComma === null ? "" : ","',
    replace: 'map.lastComma === null ? "" : ",,"',
    test: editTest,
  },
  {
    what: "a comment moves to the entry after it",
    file: flow,
    find: "after + rest.trimEnd().length : after",
    replace: "after : after",
    test: editTest,
  },
  {
    what: "JSON without spaces gains some",
    file: flow,
    find: 'comma: isTight && quoted ? "," : ", "',
    replace: 'comma: ", "',
    test: layoutsTest,
  },
  {
    what: "maps in JSON are indented by two spaces whatever the document does",
    file: flow,
    find: 'return indent.slice(closing.length) || "  ";',
    replace: 'return "  ";',
    test: layoutsTest,
    named: "edits of every kind give what JSON.stringify would have written",
  },
  {
    what: "plain text in brackets keeps its commas",
    file: "shared/document/yaml-scalar.ts",
    find: "(inFlow && NO_PLAIN_IN_FLOW.test(text))",
    replace: '(inFlow && NO_PLAIN_IN_FLOW.test(""))',
    test: editTest,
  },
  {
    what: "the byte order mark is lost",
    file,
    find: 'this.#mark = (isMarked ? "\\ufeff" : "") + second;',
    replace: "this.#mark = second;",
    test: fileTest,
  },
  {
    what: "big endian text comes back little endian",
    file: "shared/document/encoding.ts",
    find: 'encoding === "utf-16le")',
    replace: 'encoding !== "utf-8")',
    test: fileTest,
  },
  {
    what: "documents after an edited one are looked for where they stood",
    file,
    find: "start: other.start + grown, end: other.end + grown",
    replace: "start: other.start, end: other.end",
    test: fileTest,
  },
  {
    what: "an edit goes to the List instead of its item",
    file,
    find: '["items", document.list]',
    replace: '["items", 0]',
    test: fileTest,
  },
  {
    what: "documents separated by dots share a range",
    file,
    find: "ranges.length === group.length ?",
    replace: "ranges.length === 0 ?",
    test: fileTest,
  },
  {
    what: "a replaced document has other line ends than its file",
    file,
    find: "written.replaceAll(/\\r?\\n/g, lineBreak)",
    replace: 'written.replaceAll(/\\r?\\n/g, "\\n")',
    test: fileTest,
  },
  {
    what: "comments around a replaced document are lost",
    file: "shared/document/replaced-text.ts",
    find: "return head + body + ",
    replace: "return body + ",
    test: fileTest,
  },
  {
    what: "a List whose item was replaced is not read again",
    file: "shared/document/replaced-text.ts",
    find: "items: held }) ? replaced",
    replace: "items: held }) !== null ? replaced",
    test: fileTest,
  },
  {
    what: "an item put into a List is indented as if it stood alone",
    file: "shared/document/replaced-text.ts",
    find: "indent + line))",
    replace: "line))",
    test: fileTest,
  },
  {
    what: "a whole file is written without another look",
    file,
    find: "if (!isWhole) {",
    replace: "if (!isWhole && read.length > 99_999) {",
    test: fileTest,
  },
];
