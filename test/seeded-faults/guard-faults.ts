import type { Fault } from "./fault.ts";

const corpus = "test/cli/guard/corpus.test.ts";
const objects = "test/cli/guard/git-objects.test.ts";
const changes = "test/cli/guard/changes.test.ts";
const patterns = "test/cli/guard/path-pattern.test.ts";

/** Faults in finding plain Secrets and keys. */
export const guardFaults: readonly Fault[] = [
  {
    what: "a value is taken for a reference because a variable stands somewhere in it",
    file: "cli/guard/plain-text.ts",
    find: "filled.includes(FILLED) ? givesCredential(filled) : true",
    replace: "!filled.includes(FILLED)",
    test: corpus,
  },
  {
    what: "base64 is not looked into, so that references under data are found",
    file: "cli/guard/plain-text.ts",
    find: "return text === null || isPlain(text);",
    replace: "return true;",
    test: corpus,
  },
  {
    what: "a private key passes behind a certificate",
    file: "cli/guard/plain-text.ts",
    find: "[A-Za-z0-9+/=\\s]*-----END \\1-----)+\\s*$/;",
    replace: "[\\s\\S]*-----END \\1-----)+/;",
    test: corpus,
  },
  {
    what: "data of another spelling passes",
    file: "cli/guard/secret-rules.ts",
    find: "/^(?:data|stringdata)$/i",
    replace: "/^(?:data|stringData)$/",
    test: corpus,
  },
  {
    what: "of a repeated key one value alone is looked at",
    file: "cli/guard/located-tree.ts",
    find: "      into.node.entries.push(into.key);",
    replace:
      "      if (!into.node.entries.some(({ key }) => key === node.text)) into.node.entries.push(into.key);",
    test: corpus,
  },
  {
    what: "a broken document hides those behind it",
    file: "cli/guard/scan-file.ts",
    find: "scan.found.push(...unreadable(chunk, file.isCut));",
    replace: "return { ...scan, found: unreadable(chunk, file.isCut) };",
    test: corpus,
  },
  {
    what: "what a template says by itself passes with what it takes from elsewhere",
    file: "cli/guard/template-marks.ts",
    find: "ONLY_TEXT.test(expression) ? LITERAL : FILLED",
    replace: "ONLY_TEXT.test(expression) ? FILLED : FILLED",
    test: corpus,
  },
  {
    what: "a text that is only base64 passes for a sealed value",
    file: "cli/guard/sealed-value.ts",
    find: "block <= LONGEST_BLOCK_BYTES && left >= TAG_BYTES",
    replace: "(block <= LONGEST_BLOCK_BYTES || left < TAG_BYTES)",
    test: corpus,
  },
  {
    what: "a rule that fits every file makes each of them one to encrypt",
    file: "cli/guard/creation-rules.ts",
    find: "(await fits(any)) ? null : selection",
    replace: "selection",
    test: corpus,
  },
  {
    what: "a rule of the folder above counts besides the nearest one",
    file: "cli/guard/surroundings.ts",
    find: "if (rules !== undefined)",
    replace: "if (rules !== undefined && (await rules.selectionFor(path)) !== null)",
    test: corpus,
  },
  {
    what: "an allow comment without a reason counts",
    file: "cli/guard/allow-comments.ts",
    find: "/\\w\\W*\\w\\W*\\w/.test(reason)",
    replace: 'reason !== "-"',
    test: corpus,
  },
  {
    what: "an allow comment reaches over what stands between",
    file: "cli/guard/allow-comments.ts",
    find: "if (!COMMENT_LINE.test(line) && !(isDocument && MARKER_LINE.test(line))) return;",
    replace: "if (!COMMENT_LINE.test(line) && !MARKER_LINE.test(line)) return;",
    test: corpus,
  },
  {
    what: "a key is told once as itself and once as the item that holds it",
    file: "cli/guard/scan-file.ts",
    find: "findKeys(text).filter(({ at }) => !isKnown(at))",
    replace: "findKeys(text)",
    test: corpus,
  },
  {
    what: "a key under a passphrase is found",
    file: "cli/guard/key-texts.ts",
    find: '!text.slice(19).startsWith("none")',
    replace: 'text.slice(19).startsWith("nine")',
    test: corpus,
  },
  {
    what: "what comes behind a file in the same piece is lost",
    file: "cli/guard/git-objects.ts",
    find: "this.#chunk = this.#chunk.subarray(part.length);",
    replace: "this.#chunk = new Uint8Array();",
    test: objects,
  },
  {
    what: "a long file fills the memory",
    file: "cli/guard/git-objects.ts",
    find: "if (room > 0) kept.push(part.subarray(0, room));",
    replace: "kept.push(part);",
    test: objects,
  },
  {
    what: "patterns are tried by an engine that reads them otherwise",
    file: "cli/guard/path-pattern.ts",
    find: "    if (token === undefined) return false;",
    replace: "    if (token === undefined) break;",
    test: patterns,
  },
  {
    what: "the second line of a text is read as a map below it",
    file: "cli/guard/block-map.ts",
    find: "if (!isEmpty(last.value)) return null;",
    replace: "if (last.key === null) return null;",
    test: "test/cli/guard/block-map.test.ts",
  },
  {
    what: "a narrower scope is no change",
    file: "cli/guard/changes.ts",
    find: "if (was.scope !== now.scope)",
    replace: 'if (was.scope !== now.scope && now.scope !== "strict")',
    test: changes,
  },
  {
    what: "each edit of a SOPS document is a change of recipients",
    file: "cli/guard/changes.ts",
    find: "const NOT_WHO = /^(?:enc|mac|",
    replace: "const NOT_WHO = /^(?:",
    test: changes,
  },
];
