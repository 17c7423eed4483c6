import type { Fault } from "./fault.ts";

const SOPS = "shared/document/sops";
const scalarTest = `test/${SOPS}/go-yaml-scalar.test.ts`;
const yamlTest = `test/${SOPS}/read-yaml-tree.test.ts`;
const jsonTest = `test/${SOPS}/read-json-tree.test.ts`;
const writeTest = `test/${SOPS}/read-write.test.ts`;
const objectTest = `test/${SOPS}/object-tree.test.ts`;

/** Faults in reading and writing the text of SOPS documents. */
export const sopsTextFaults: readonly Fault[] = [
  {
    what: "a leading zero is read in decimal",
    file: `${SOPS}/go-yaml-scalar.ts`,
    find: 'parsed("0o", octal ?? signedOctal) ??',
    replace: 'parsed("", octal ?? signedOctal) ??',
    test: scalarTest,
  },
  {
    what: "an integer above 63 bits becomes a float",
    file: `${SOPS}/go-yaml-scalar.ts`,
    find: "? { problem: TOO_LARGE } : null;",
    replace: "? null : null;",
    test: scalarTest,
  },
  {
    what: "an unknown tag is told, and may be a password",
    file: `${SOPS}/go-yaml-scalar.ts`,
    find: '? "a tag that is not known here; put',
    replace: '? tag + " is not known here; put',
    test: scalarTest,
  },
  {
    what: "a time keeps its zeros",
    file: `${SOPS}/go-time.ts`,
    find: '.replace(/0+$/, "")',
    replace: "",
    test: scalarTest,
  },
  {
    what: "every fourth year is a leap year",
    file: `${SOPS}/go-time.ts`,
    find: "(year % 4 === 0 && year % 100 !== 0) || year % 400 === 0",
    replace: "year % 4 === 0",
    test: scalarTest,
  },
  {
    what: "a key may appear twice in YAML",
    file: `${SOPS}/yaml-tree-builder.ts`,
    find: "if (keys.has(entry.key))",
    replace: "if (keys.has(entry.key) && entry.isMerge)",
    test: yamlTest,
  },
  {
    what: "aliases of aliases are not counted",
    file: `${SOPS}/yaml-tree-builder.ts`,
    find: "this.#nodes += anchored.nodes;",
    replace: "this.#nodes++;",
    test: yamlTest,
  },
  {
    what: "long strings that aliases repeat are not counted",
    file: `${SOPS}/yaml-tree-builder.ts`,
    find: "this.#bytes += anchored.bytes;",
    replace: "",
    test: yamlTest,
  },
  {
    what: "a quoted << is a merge key",
    file: `${SOPS}/yaml-tree-builder.ts`,
    find: 'const isPlain = key.type === "PLAIN" && key.tag === undefined;',
    replace: "const isPlain = key.tag === undefined;",
    test: yamlTest,
  },
  {
    what: "what go-yaml reads as content passes for a comment",
    file: `${SOPS}/yaml-comments.ts`,
    find: "if (/[\\u0085\\u2028\\u2029]/.test(token.source))",
    replace: "if (/[\\u0085]/.test(token.source))",
    test: yamlTest,
  },
  {
    what: "a comment at the end of an inner mapping goes to the outer one",
    file: `${SOPS}/yaml-comments.ts`,
    find: "return column >= inner.column && inner.column > outer.column;",
    replace: "return column > inner.column && inner.column > outer.column;",
    test: yamlTest,
  },
  {
    what: "a comment behind the list at its key's level stays in the list",
    file: `${SOPS}/yaml-comments.ts`,
    find: "return column >= inner.column && inner.column > outer.column;",
    replace: "return column >= inner.column;",
    test: yamlTest,
  },
  {
    what: "a block ends with a line break where the text has none",
    file: `${SOPS}/yaml-scalar-source.ts`,
    find: 'source.replace(/\\n$/, "")',
    replace: "source",
    test: yamlTest,
  },
  {
    what: "carriage returns alone end no line",
    file: `${SOPS}/read-yaml-tree.ts`,
    find: "source.replace(/\\r\\n?/g",
    replace: "source.replace(/\\r\\n/g",
    test: yamlTest,
  },
  {
    what: "directives that change tags are taken",
    file: `${SOPS}/read-yaml-tree.ts`,
    find: "!/^%YAML[ \\t]+1\\.[12](?:[ \\t]|$)/.test(token.source)",
    replace: "/^%YAML[ \\t]+2/.test(token.source)",
    test: yamlTest,
  },
  {
    what: "text behind a JSON object is passed over",
    file: `${SOPS}/read-json-tree.ts`,
    find: "if (rest < text.length)",
    replace: "if (rest > text.length)",
    test: jsonTest,
  },
  {
    what: "JSON integers lose their last digits",
    file: `${SOPS}/read-json-tree.ts`,
    find: "source.length > 20 ? null : BigInt(source)",
    replace: "source.length > 20 ? null : BigInt(Number(source))",
    test: jsonTest,
  },
  {
    what: "keys that Go reads alike count as two",
    file: `${SOPS}/read-json-tree.ts`,
    find: "const key = read.value.toWellFormed();",
    replace: "const key = read.value;",
    test: jsonTest,
  },
  {
    what: "words of YAML 1.1 stay plain",
    file: `${SOPS}/go-yaml-text.ts`,
    find: "return OLD_WORD.test(text) || BASE_60.test(text);",
    replace: "return BASE_60.test(text);",
    test: writeTest,
  },
  {
    what: "a block in a list tells the indentation wrongly, as stock sops does",
    file: `${SOPS}/go-yaml-text.ts`,
    find: "? String(depth) :",
    replace: '? "4" :',
    test: writeTest,
  },
  {
    what: "a comment with a line break becomes content",
    file: `${SOPS}/write-yaml-tree.ts`,
    find: "text.split(/[\\n\\r\\u0085\\u2028\\u2029]/)",
    replace: "[text]",
    test: writeTest,
  },
  {
    what: "JSON lacks the escapes of Go",
    file: `${SOPS}/write-json-tree.ts`,
    find: "/[<>&\\u2028\\u2029]/g",
    replace: "/[<>\\u2028\\u2029]/g",
    test: writeTest,
  },
  {
    what: "an integer beyond 2^53 becomes a number that is near",
    file: `${SOPS}/object-tree.ts`,
    find: "exactNumber(Number(node.value), String(node.value))",
    replace: "Number(node.value)",
    test: objectTest,
  },
];
