import type { Fault } from "./fault.ts";

const mergeTest = "test/cli/merge-into.test.ts";
const scopeTest = "test/cli/merge-scope.test.ts";
const filesTest = "test/cli/seal-files.test.ts";
const inputTest = "test/cli/input-files.test.ts";
const reEncryptTest = "test/cli/re-encrypt.test.ts";
const validateTest = "test/cli/validate.test.ts";
const rawTest = "test/cli/raw.test.ts";
const mainTest = "test/cli/main.test.ts";
const completionTest = "test/cli/completion.test.ts";
const helpTest = "test/cli/help.test.ts";

/** Faults of the CLI's modes that would lose, widen or half write what was to be sealed. */
export const cliFaults: readonly Fault[] = [
  {
    what: "--merge-into seals as --scope says, not as the file does",
    file: "cli/merge-scope.ts",
    find: "if (asked !== null && asked !== kind) throw",
    replace: "if (asked !== null) return asked; if (asked === kind) throw",
    test: scopeTest,
  },
  {
    what: "whoever edits a file's annotation widens what others merge into it",
    file: "cli/merge-scope.ts",
    find: "if (isProven) return kind;",
    replace: "if (isProven || asked === null) return kind;",
    test: mergeTest,
  },
  {
    what: "a SealedSecret without values proves its own scope",
    file: "cli/merge-scope.ts",
    find: "Object.keys(sealedSecret.spec.encryptedData).length > 0 && (await opens())",
    replace: "(await opens())",
    test: scopeTest,
  },
  {
    what: "a refusal of the controller counts as proof of the scope",
    file: "cli/scope-proof.ts",
    find: '(await controller.verify(question)) === "opens"',
    replace: "(await controller.verify(question)) !== null",
    test: mergeTest,
  },
  {
    what: "a merged value hides which key the other values need",
    file: "cli/commands/merge-into.ts",
    find: "const names = new Set([...Object.keys(spec.encryptedData), ...sealed.keys()]);",
    replace: "const names = new Set(sealed.keys());",
    test: mergeTest,
  },
  {
    what: "a Secret is merged into the first of several SealedSecrets",
    file: "cli/merge-target.ts",
    find: "if (only !== undefined && targets.length === 1) return only;",
    replace: "if (only !== undefined) return only;",
    test: mergeTest,
  },
  {
    what: "a file that is nothing to seal is written again in place",
    file: "cli/file-work.ts",
    find: ' || (destination === "in-place" && worked.notes.length === 0)',
    replace: "",
    test: filesTest,
  },
  {
    what: "results of the files that went well go to standard output beside failed ones",
    file: "cli/file-work.ts",
    find: "  if (count.failed > 0) {",
    replace: "  if (count.failed === total) {",
    test: filesTest,
  },
  {
    what: "a file that could not be written counts as sealed",
    file: "cli/file-work.ts",
    find: "      count.failed += 1;",
    replace: "      count.done += 1;",
    test: filesTest,
  },
  {
    what: "a manifest with a Secret that cannot be read is passed over",
    file: "cli/manifest-reading.ts",
    find: "if (!isNamed && !MAY_BE_OURS.test(text)) return null;",
    replace: "if (!isNamed) return null;",
    test: filesTest,
  },
  {
    what: "two files of one name overwrite each other below --output-dir",
    file: "cli/input-files.ts",
    find: "if (other !== undefined) {",
    replace: "if (other === path) {",
    test: inputTest,
  },
  {
    what: "a link in a folder has a file outside of it replaced",
    file: "cli/input-files.ts",
    find: ' === "file" && isBelow(files.realPath(path), realRoot);',
    replace: ' === "file";',
    test: inputTest,
  },
  {
    what: "a link that a pattern fits has a file outside replaced",
    file: "cli/input-files.ts",
    find: 'isBelow(real, files.realPath(start === "" ? "." : start)) &&',
    replace: "",
    test: inputTest,
  },
  {
    what: "a link leads to a neighbour whose name begins like the folder's",
    file: "cli/input-files.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the source's text, to be looked for
    find: 'folder.endsWith("/") ? folder : `${folder}/`',
    replace: "folder",
    test: inputTest,
  },
  {
    what: "--output-dir that leads back to the input replaces it",
    file: "cli/file-work.ts",
    find: "const inPlace = task.inPlace === true ? SAME_FOLDER : task.inPlace;",
    replace: "const { inPlace } = task;",
    test: filesTest,
  },
  {
    what: "a plain value's file is replaced by its ciphertext",
    file: "cli/commands/raw.ts",
    find: 'if (options["output-dir"] !== null)\n',
    replace: 'if (options["output-dir"] === path)\n',
    test: rawTest,
  },
  {
    what: "results of an earlier run are sealed again",
    file: "cli/input-files.ts",
    find: "if (barred !== null && files.realPath(path) === barred) continue;",
    replace: "",
    test: inputTest,
  },
  {
    what: "an answer with an old value counts as sealed anew",
    file: "cli/commands/re-encrypt.ts",
    find: 'if (after === before) return "has the old value";',
    replace: "",
    test: reEncryptTest,
  },
  {
    what: "whatever text the controller answers is written as a value",
    file: "cli/commands/re-encrypt.ts",
    find: '"illegalAt" in decoded ? null : (splitContainer(decoded.bytes)?.ciphertext.length ?? null)',
    replace: '"illegalAt" in decoded ? null : (splitContainer(decoded.bytes)?.ciphertext.length ?? 40)',
    test: reEncryptTest,
  },
  {
    what: "items that the controller adds are taken into the file",
    file: "cli/commands/re-encrypt.ts",
    find: "const items = Object.keys(spec.encryptedData);\n  const classic = await byController(sealedSecret, where, means);",
    replace:
      'const classic = await byController(sealedSecret, where, means);\n  classic.set("extra", "x");\n  const items = [...Object.keys(spec.encryptedData), "extra"];',
    test: reEncryptTest,
  },
  {
    what: "a hint that is wrong by now stays",
    file: "cli/commands/re-encrypt.ts",
    find: "edits.push({ path: hintPath, remove: true });",
    replace: "",
    test: reEncryptTest,
  },
  {
    what: "an object that does not open is valid",
    file: "cli/commands/validate.ts",
    find: '=== "refused"',
    replace: '=== "closed"',
    test: validateTest,
  },
  {
    what: "a stream without a SealedSecret is valid",
    file: "cli/stream-work.ts",
    find: "if (documents.length === 0) {",
    replace: "if (documents.length < 0) {",
    test: validateTest,
  },
  {
    what: "a bare value ends with a line break",
    file: "cli/commands/raw.ts",
    find: 'writeProduct(sealed.size === 1 ? (first ?? "")',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    replace: "writeProduct(sealed.size === 1 ? `${first}\\n`",
    test: rawTest,
  },
  {
    what: "--raw seals standard input, whatever file was given",
    file: "cli/commands/raw.ts",
    find: 'const named = only === undefined ? secretFile : only.replace(/^[^=]*=/, "");',
    replace: 'const named = only === undefined ? null : only.replace(/^[^=]*=/, "");',
    test: rawTest,
  },
  {
    what: "files are offered where a folder is asked for",
    file: "cli/completion/bash.ts",
    find: 'done < <(compgen -d -- "$current")',
    replace: 'done < <(compgen -f -- "$current")',
    test: completionTest,
  },
  {
    what: "a quote in a flag's explanation ends it in the shell",
    file: "cli/completion/zsh.ts",
    find: "text.replaceAll(\"'\", \"'\\\\''\")",
    replace: "text",
    test: completionTest,
  },
  {
    what: "a mode's --help shows the first page",
    file: "cli/any-command.ts",
    find: 'return printHelp(mode === "seal" ? null : mode, io);',
    replace: "return printHelp(mode === null ? mode : null, io);",
    test: helpTest,
  },
  {
    what: "a variable of kubeseal reaches a flag of another meaning",
    file: "cli/any-command.ts",
    find: "filter((flag) => table[flag] === kubeseal[flag])",
    replace: "filter((flag) => kubeseal[flag] !== undefined)",
    test: "test/cli/command-variables.test.ts",
  },
  {
    what: "a link in the output folder has results written out of it",
    file: "cli/output-folder.ts",
    find: "if (files.destination(path) === posix.join(files.destination(folder), target)) return path;",
    replace: "if (path !== null) return path;",
    test: mainTest,
  },
  {
    what: "a file with the name of a flag brings the certificate to seal with",
    file: "cli/any-command.ts",
    find: "if (file === undefined) return;",
    replace: "if (file !== null) return;",
    test: mainTest,
  },
  {
    what: "files stay unsealed when nobody reads the messages any more",
    file: "cli/system-io.ts",
    find: "stderr: forgiving(output(2)),",
    replace: "stderr: output(2),",
    test: mainTest,
  },
  {
    what: "an interruption leaves a temporary file behind",
    file: "cli/system-io.ts",
    find: "if (process.listenerCount(signal) === 0) process.on(signal, endBy);",
    replace: "void signal;",
    test: mainTest,
  },
  {
    what: "an interruption waits until all files are written",
    file: "cli/file-work.ts",
    find: "await new Promise(setImmediate);",
    replace: "await null;",
    test: mainTest,
  },
  {
    what: "a Secret in UTF-16 that cannot be read passes for another tool's template",
    file: "cli/manifest-reading.ts",
    find: '.decode(content).replaceAll("\\0", "");',
    replace: ".decode(content);",
    test: filesTest,
  },
  {
    what: "an answer to rotate with a value of another length is taken",
    file: "cli/commands/re-encrypt.ts",
    find: "return old === null || old === renewed ? null",
    replace: "return old !== renewed || old === renewed ? null",
    test: reEncryptTest,
  },
  {
    what: "a file's name runs commands in the shell that a hint is copied into",
    file: "shared/shell-word.ts",
    find: `text.replaceAll("'", "'\\\\''")`,
    replace: "text",
    test: "test/shared/shell-word.test.ts",
  },
  {
    what: "--raw prints lines that a file's name breaks",
    file: "cli/commands/raw.ts",
    find: "if (unfit !== undefined) {",
    replace: "if (unfit === null) {",
    test: rawTest,
  },
  {
    what: "of two values for one item of a merge the first is lost",
    file: "cli/commands/merge-into.ts",
    find: "givers.set(key, where);",
    replace: "givers.delete(key);",
    test: mergeTest,
  },
  {
    what: "--accept-certificate is left aside beside --cert",
    file: "cli/sealing-certificate.ts",
    find: "if (accepted === null || accepted === fingerprint) return;",
    replace: "if (accepted !== fingerprint) return;",
    test: "test/cli/certificate-source.test.ts",
  },
];
