import type { Fault } from "./fault.ts";

const setTest = "test/cli/items/set.test.ts";
const unsetTest = "test/cli/items/unset-and-rename.test.ts";
const backendsTest = "test/cli/items/backends.test.ts";
const generateTest = "test/cli/items/generate.test.ts";
const editTest = "test/cli/items/edit.test.ts";
const editorTest = "test/cli/system-editor.test.ts";
const documentTest = "test/shared/document/edit-document.test.ts";

/** Faults of what changes single items of sealed files: what would lose, show or misplace a value. */
export const itemFaults: readonly Fault[] = [
  {
    what: "a value on the command line is taken without being asked to",
    file: "cli/items/item-value.ts",
    find: "if (value !== null && !isMeant) {",
    replace: "if (value === null && isMeant && file !== null) {",
    test: setTest,
  },
  {
    what: "what is typed the second time is not compared",
    file: "cli/items/item-value.ts",
    find: "if (first === second) return first;",
    replace: "if (second !== null) return first;",
    test: setTest,
  },
  {
    what: "a typed line that was cut off is sealed",
    file: "cli/items/item-value.ts",
    find: "if (first.length >= LONGEST_TYPED) {",
    replace: "if (first.length > LONGEST_TYPED) {",
    test: setTest,
  },
  {
    what: "of several SealedSecrets in a file the first is changed",
    file: "cli/items/item-target.ts",
    find: "if (fitting.length === 1) return first;",
    replace: "if (fitting.length > 0) return first;",
    test: setTest,
  },
  {
    what: "the namespace that was named does not count",
    file: "cli/items/item-target.ts",
    find: "namespace === null || metadata.namespace === undefined ||",
    replace: "namespace !== name || metadata.namespace === undefined ||",
    test: setTest,
  },
  {
    what: "the last item goes without a word",
    file: "cli/items/remove-items.ts",
    find: "left.filter(isItemName).length + others === 0",
    replace: "left.filter(isItemName).length + others < 0",
    test: unsetTest,
  },
  {
    what: "an item that is gone leaves its hint",
    file: "cli/items/remove-items.ts",
    find: "[...hintEdits(sealedSecret, knownHint(sealedSecret), left), ...edits]",
    replace: "edits",
    test: unsetTest,
  },
  {
    what: "a renamed item loses its hint",
    file: "cli/items/rename-item.ts",
    find: "[item === from ? to : item, key] as const",
    replace: "[item, key] as const",
    test: unsetTest,
  },
  {
    what: "a value under a key service keeps the binding to its old item",
    file: "cli/items/rename-item.ts",
    find: "sealer.sealAll(new Map([[to, outcome.plaintext]])",
    replace: "sealer.sealAll(new Map([[from, outcome.plaintext]])",
    test: backendsTest,
  },
  {
    what: "an item is renamed over another one",
    file: "cli/items/rename-item.ts",
    find: "if (!isSealed && spec.vault?.some(({ key }) => key === item) !== true) return;",
    replace: "if (spec.vault?.some(({ key }) => key === item) !== true) return;",
    test: unsetTest,
  },
  {
    what: "a key that is renamed loses its quotes",
    file: "shared/document/edited-text.ts",
    find: 'const quoting = first === "\'" ? "single" : first === \'"\' ? "double" : "plain";',
    replace: 'const quoting = "plain" as const;',
    test: documentTest,
  },
  {
    what: "an item of a SOPS document that is to go stays",
    file: "shared/sops-sealed-secret/edit-sops.ts",
    find: "if (removed.has(entry.key)) return [];",
    replace: "",
    test: backendsTest,
  },
  {
    what: "generate writes over what is there",
    file: "cli/commands/generate.ts",
    find: "if (there.length === 0 || replace) return false;",
    replace: "if (there.length === 0 || !keep) return false;",
    test: generateTest,
  },
  {
    what: "generate keeps a half of a pair and says that all is well",
    file: "cli/commands/generate.ts",
    find: "if (keep && there.length === keys.length) return true;",
    replace: "if (keep) return true;",
    test: generateTest,
  },
  {
    what: "a key is kept though its public part is nowhere",
    file: "cli/commands/generate.ts",
    find: "if (output !== null) requireThere(",
    replace: "if (output === null) requireThere(",
    test: generateTest,
  },
  {
    what: "a public part stays that fits no sealed key",
    file: "cli/items/public-part.ts",
    find: "if (before !== null) put(output, before, files);",
    replace: "if (before === null) put(output, shown, files);",
    test: generateTest,
  },
  {
    what: "-w is taken for what has no public part",
    file: "cli/commands/generate.ts",
    find: "if (publicPart !== null) return;",
    replace: "if (publicPart !== undefined) return;",
    test: generateTest,
  },
  {
    what: "a generated private key is printed",
    file: "cli/items/generated-items.ts",
    find: "return { items, shown: publicPem };",
    replace: "return { items, shown: privatePem };",
    test: generateTest,
    named: "ed25519: the private key is sealed, the public key is printed, and sealed where asked",
  },
  {
    what: "some characters of a password are likelier than others",
    file: "cli/items/generated-text.ts",
    find: "characters[randomInt(characters.length)]",
    replace: "characters[Math.min(randomInt(characters.length + 1), characters.length - 1)]",
    test: generateTest,
    named: "every character of a password is as likely as every other",
  },
  {
    what: "the mark of a value that is not opened is sealed as a value",
    file: "cli/editing/items-text.ts",
    find: "if (equalBytes(bytes, mark)) {",
    replace: "if (equalBytes(bytes, mark) && items.sealed.has(item)) {",
    test: editTest,
  },
  {
    what: "what was not changed in the editor is sealed anew",
    file: "cli/editing/items-text.ts",
    find: "if (before === undefined || !equalBytes(before, bytes)) set.set(item, bytes);",
    replace: "set.set(item, before ?? bytes); if (before !== undefined) set.set(item, bytes);",
    test: editTest,
  },
  {
    what: "an edit undoes what somebody else wrote meanwhile",
    file: "cli/commands/edit.ts",
    find: "if (!equalBytes(io.files.read(path), before)) {",
    replace: "if (before.length === 0) {",
    test: editTest,
  },
  {
    what: "values that do not open prove the scope of an edit",
    file: "cli/commands/edit.ts",
    find: "if (items.sealed.size === 0 && items.opened.size > 0)",
    replace: "if (items.opened.size > 0)",
    test: editTest,
  },
  {
    what: "plain values lie on a disk without leave",
    file: "cli/system-editor.ts",
    find: "...(request.allowDisk ? [places.onDisk] : [])",
    replace: "places.onDisk",
    test: editorTest,
  },
  {
    what: "plain values stay behind when the program is ended",
    file: "cli/system-editor.ts",
    find: "    this.#editor?.kill(by);\n    this.end();",
    replace: "    this.#editor?.kill(by);",
    test: editorTest,
  },
  {
    what: "Ctrl-C in the editor throws the edit away",
    file: "cli/system-editor.ts",
    find: 'if (this.#editor === null) this.#endBy("SIGINT");',
    replace: 'this.#endBy("SIGINT");',
    test: editorTest,
  },
  {
    what: "vim keeps an undo file",
    file: "cli/editing/editor-command.ts",
    find: 'const VIM_QUIET = "set noswapfile nobackup nowritebackup noundofile viminfo=',
    replace: 'const VIM_QUIET = "set noswapfile nobackup nowritebackup viminfo=',
    test: editTest,
  },
];
