import type { Fault } from "./fault.ts";

const threeWay = "cli/git/merge/three-way.ts";
const object = "cli/git/merge/merge-object.ts";
const files = "cli/git/merge/merge-files.ts";
const pairs = "cli/git/merge/pairs.ts";
const conflict = "cli/git/merge/conflict-text.ts";
const trees = "cli/git/merge/merge-trees.ts";
const sops = "cli/git/merge/merge-sops.ts";
const readable = "cli/git/readable-form.ts";

const filesTest = "test/cli/git/merge-files.test.ts";
const treesTest = "test/cli/git/merge-trees.test.ts";
const sopsTest = "test/cli/git/merge-sops.test.ts";
const readableTest = "test/cli/git/readable-form.test.ts";

/** Faults in what Git compares and merges sealed files by. */
export const gitFaults: readonly Fault[] = [
  {
    what: "an item that one side removed and the other changed is lost",
    file: threeWay,
    find: "if (isSame(ours, theirs) || isSame(base, theirs))",
    replace: "if (isSame(ours, theirs) || isSame(base, theirs) || theirs === ABSENT)",
    test: filesTest,
  },
  {
    what: "what both sides changed differently is taken from ours",
    file: threeWay,
    find: "clashes: [{ path, base, ours, theirs }] };",
    replace: "clashes: [] };",
    test: filesTest,
  },
  {
    what: "an item sealed for a scope that the other side changed is slipped in",
    file: object,
    find: "&& scopeText(side) !== scope;",
    replace: "&& scopeText(side) === null;",
    test: filesTest,
  },
  {
    what: "the hint of an item is that of our side though theirs was taken",
    file: object,
    find: "hints[isOurs ? 0 : 1]",
    replace: "hints[0]",
    test: filesTest,
  },
  {
    what: "both sides of a SOPS document are merged item by item, with a wrong MAC",
    file: object,
    find: "if (isSops && isEncryptedAnewOnBothSides(versions))",
    replace: "if (isSops && base === undefined)",
    test: filesTest,
  },
  {
    what: "a clean merge by lines counts whatever the objects say",
    file: files,
    find: "return held.length === wanted.length && left.length === wanted.filter(({ isPlain }) => isPlain).length;",
    replace: "return held.length === wanted.length || left.length === 0;",
    test: filesTest,
  },
  {
    what: "a file with clashes counts as merged",
    file: files,
    find: "return { bytes: inPlace, isClean: !hasClash, words, isIndivisible };",
    replace: "return { bytes: inPlace, isClean: true, words, isIndivisible };",
    test: filesTest,
  },
  {
    what: "objects are paired by their place in the file alone",
    file: pairs,
    find: "return JSON.stringify(parts.map((part) => (part === ABSENT ? null : part)));",
    replace: "return String(parts.length);",
    test: filesTest,
  },
  {
    what: "of two clashes the second overwrites the first",
    file: conflict,
    find: "return before !== undefined && hunk.start <= before.end;",
    replace: "return before !== undefined && hunk.start < before.start;",
    test: filesTest,
  },
  {
    what: "a value that both sides changed in clear is taken from ours",
    file: trees,
    find: 'clashes.push(path.join("."));',
    replace: 'if (path.length === 0) clashes.push(path.join("."));',
    test: treesTest,
  },
  {
    what: "merged items of a SealedSecret stand in the order of the sides",
    file: trees,
    find: 'inside(spec, "encryptedData", inByteOrder)',
    replace: 'inside(spec, "encryptedData", (items) => items)',
    test: treesTest,
  },
  {
    what: "comments count as changes of what stands behind them",
    file: trees,
    find: "return isSameTree(withoutComments(a), withoutComments(b));",
    replace: "return isSameTree(a, b);",
    test: treesTest,
  },
  {
    what: "what one side has under a new data key is merged under that",
    file: sops,
    find: "  requireOneKey(base, ours, theirs);\n",
    replace: "",
    test: sopsTest,
  },
  {
    what: "a rule that one side narrowed has what the other side encrypted written in clear",
    file: sops,
    find: "  requireOneRule(ours, theirs);\n",
    replace: "",
    test: sopsTest,
  },
  {
    what: "recipients that one side changed are lost",
    file: sops,
    find: "if (keyText(ours) === keyText(base)) return theirs;",
    replace: "if (keyText(ours) === keyText(base)) return base;",
    test: sopsTest,
  },
  {
    what: "a difference shows ciphertext",
    file: readable,
    find: "value: open === null ?",
    replace: "value: open === null ? text : open === path[0] ?",
    test: readableTest,
  },
  {
    what: "two ciphertexts look the same in a difference",
    file: readable,
    find: 'createHash("sha256").update(text)',
    replace: 'createHash("sha256").update("")',
    test: readableTest,
  },
];
