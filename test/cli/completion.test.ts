import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { COMMAND_WORDS } from "../../cli/command-words.ts";
import { bashScript } from "../../cli/completion/bash.ts";
import { fishScript } from "../../cli/completion/fish.ts";
import { type CompletionSources, completable, takesValue } from "../../cli/completion/sources.ts";
import { zshScript } from "../../cli/completion/zsh.ts";
import { kubesealOptions, type OptionTable } from "../../cli/options.ts";
import { runInMemory } from "../support/memory-io.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
const BOUND_MS = 60_000;
const FOLDER_ENTRIES = ["a.yaml", "b.yml", "c d.json", "note.txt", "x*.yaml"];

let folder = "";
const scripts = new Map<string, string>();

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "signet-completion-"));
  mkdirSync(join(folder, "keys"));
  for (const name of FOLDER_ENTRIES) writeFileSync(join(folder, name), "");
  for (const shell of SHELLS) {
    const { code, stdout, stderr } = await runInMemory(["completion", shell]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    scripts.set(shell, stdout);
    writeFileSync(join(folder, `.${shell}`), stdout);
  }
});
after(() => rmSync(folder, { recursive: true, force: true }));

const scriptOf = (shell: string) => scripts.get(shell) ?? "";

/** What a shell says, or null where this machine has none of that name. */
function runShell(shell: string, args: readonly string[]): string | null {
  const env = { PATH: process.env["PATH"], HOME: folder, TERM: "dumb", LC_ALL: "C.UTF-8" };
  const run = spawnSync(shell, args, { cwd: folder, env, encoding: "utf8", timeout: BOUND_MS });
  if (run.error !== undefined && "code" in run.error && run.error.code === "ENOENT") return null;
  assert.equal(run.status, 0, `${run.stderr}${run.error?.message ?? ""}`);
  assert.equal(run.stderr, "");
  return run.stdout;
}

/** Command lines and what they are completed to, in any order. Every shell must say the same. */
const MANIFESTS = ["a.yaml", "b.yml", "c d.json", "keys", "x*.yaml"];
const LINES: readonly (readonly [line: string, completed: readonly string[]])[] = [
  ["signet --sc", ["--scope"]],
  ["signet --re", ["--re-encrypt", "--recovery-unseal", "--recovery-private-key", "--request-timeout"]],
  ["signet --scope ", ["strict", "namespace-wide", "cluster-wide"]],
  ["signet --scope n", ["namespace-wide"]],
  ["signet --scope=c", ["cluster-wide"]],
  ["signet --format ", ["json", "yaml"]],
  ["signet -o y", ["yaml"]],
  ["signet -f ", MANIFESTS],
  ["signet --merge-into c", ["c d.json"]],
  ["signet --cert n", ["note.txt"]],
  ["signet --output-dir ", ["keys"]],
  ["signet --raw --name ", []],
  ["signet co", ["completion", "convert"]],
  ["signet ", [...MANIFESTS, ...COMMAND_WORDS]],
  ["signet --in-place ", MANIFESTS],
  ["signet --in-place a.yaml k", ["keys"]],
  ["signet help re", ["recovery-unseal", "re-encrypt", "rename", "render"]],
  ["signet completion ", SHELLS],
  ["signet completion --v", ["--verbose", "--version"]],
  ["signet allow ", ["kms", "kms-context", "kms-profile", "kms-role", "recipients", "vault"]],
  ["signet keys w", ["wrap"]],
  ["signet keys retire --fo", ["--force"]],
  ["signet keys promote --fo", []],
  ["signet keys wrap --wit", ["--with", "--without-backup"]],
  ["signet keys restore --wit", ["--with"]],
  ["signet keys retire --clu", ["--cluster", "--cluster-id"]],
  ["signet keys retire w", []],
  ["signet keys restore n", ["note.txt"]],
  ["signet help keys un", ["unwrap"]],
  ["signet --backend ", ["cluster", "kms", "sops", "vault"]],
  ["signet --vault-ca-cert n", ["note.txt"]],
  ["kubeseal --validate x", ["x*.yaml"]],
  ["kubectl-signet --merge", ["--merge-into"]],
];

suite("bash", () => {
  test("reads the script without a complaint", () => assert.equal(runShell("bash", ["-n", ".bash"]), ""));

  for (const [line, expected] of LINES) {
    test(`completes ${JSON.stringify(line)}`, () => {
      // As readline takes a line apart, which breaks at = too.
      const words = line
        .split(" ")
        .flatMap((word) => word.split(/(=)/))
        .filter((word, at) => word !== "" || at > 0);
      const quoted = words.map((word) => `'${word}'`).join(" ");
      const found = runShell("bash", [
        "-c",
        `source ./.bash
         for way in $(complete -p ${words[0]}); do function=$way; [ "$last" = -F ] && break; last=$way; done
         COMP_WORDS=(${quoted}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); $function
         [ \${#COMPREPLY[@]} -eq 0 ] || printf '%s\\n' "\${COMPREPLY[@]}"`,
      ]);
      assert.deepEqual(found?.split("\n").filter(Boolean).sort(), [...expected].sort());
    });
  }

  test("completes without the function that bash 3.2 lacks", () => {
    const found = runShell("bash", [
      "-c",
      'enable -n compopt; source ./.bash; COMP_WORDS=(signet -f a); COMP_CWORD=2; _signet; echo "$COMPREPLY"',
    ]);
    assert.equal(found, "a.yaml\n");
  });
});

suite("fish", () => {
  test("completes the same lines, where it is installed", () => {
    const asked = LINES.map(([line]) => `echo '> ${line}'; complete -C '${line}'`).join("; ");
    const found = runShell("fish", ["--no-config", "-c", `source .fish; ${asked}`]);
    if (found === null) return assertFish(scriptOf("fish"));
    const answers = found.split(/^> .*\n/m).slice(1);
    for (const [index, [line, expected]] of LINES.entries()) {
      // A folder has a slash there, and a value stands after its flag.
      const words = (answers[index] ?? "")
        .split("\n")
        .filter(Boolean)
        .map((answer) =>
          answer
            .split("\t")[0]
            ?.replace(/\/$/, "")
            .replace(/^--scope=/, ""),
        );
      assert.deepEqual(words.sort(), [...expected].sort(), line);
    }
  });
});

/** Types lines in a zsh of its own and has it list what they could become. */
const ZSH_TYPIST = `zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1=; PROMPT=; unsetopt prompt_cr prompt_sp; autoload -Uz compinit; compinit -u -D; source ./.zsh; LISTMAX=1000; bindkey "^X" list-choices; stty cols 400; print READY'
zpty -r z out '*READY*READY*'
for line in "$@"; do
  zpty -w -n z "$line"$'\\x18'
  text=""; repeat 100; do
    sleep 0.05; while zpty -r -t z chunk; do text+="$chunk"; done
    [[ "$text" == *"$line"*$'\\n'*"$line"* ]] && break
  done
  print -r -- "> $line"; print -r -- "$text"
  zpty -w -n z $'\\x15'; sleep 0.05; while zpty -r -t z chunk; do :; done
done`;

suite("zsh", () => {
  test("completes the same lines, where it is installed", () => {
    if (runShell("zsh", ["-n", ".zsh"]) === null) return assertZsh(scriptOf("zsh"));
    // One line that has nothing to list would be waited for; and a single choice is listed like others.
    const lines = LINES.filter(([, expected]) => expected.length > 0);
    const found = runShell("zsh", ["-f", "-c", ZSH_TYPIST, "typist", ...lines.map(([line]) => line)]) ?? "";
    const answers = stripVTControlCharacters(found)
      .replaceAll("\r", "")
      .split(/^> .*\n/m)
      .slice(1);
    for (const [index, [line, expected]] of lines.entries()) {
      // The line is shown again after the list, whose columns stand two spaces apart.
      const shown = (answers[index] ?? "").split("\n").slice(1).join("\n").replaceAll("\\", "");
      const words = shown
        .split("\n")
        .map((row) => (row.includes(line.trimEnd()) ? row.slice(0, row.indexOf(line.trimEnd())) : row))
        .flatMap((row) => row.replace(/\s+-- .*/, "").split(/ {2,}/))
        .map((word) => word.trim().replace(/\/$/, ""))
        .filter(Boolean);
      assert.deepEqual(words.sort(), [...expected].sort(), line);
    }
  });
});

function assertFish(script: string): void {
  for (const [name, { summary }] of Object.entries(kubesealOptions)) {
    const flag = name === "v" ? "-s v" : `-l ${name}`;
    const row = script
      .split("\n")
      .find((line) => line.includes(` ${flag} `) && line.includes('__signet_is ""'));
    assert.ok(row?.endsWith(`-d '${summary.replaceAll("'", "\\'")}'`), name);
  }
  assert.match(script, /-l scope -x -a 'strict namespace-wide cluster-wide' /);
  assert.match(script, /-l output-dir -x -a '\(__fish_complete_directories /);
  for (const other of ["kubectl-signet", "kubeseal"])
    assert.ok(script.includes(`complete -c ${other} -w signet\n`));
}

function assertZsh(whole: string): void {
  const script = `${whole.slice(0, whole.indexOf("\n") + 1)}${whole.slice(whole.lastIndexOf("_arguments -S"))}`;
  assert.ok(script.startsWith("#compdef signet kubectl-signet kubeseal\n"));
  for (const [name, { summary, short }] of Object.entries(kubesealOptions) as [
    string,
    OptionTable[string],
  ][]) {
    const rows = script
      .split("\n")
      .filter((line) => new RegExp(`[ )'*]${name === "v" ? "-v" : `--${name}`}[=[]`).test(line));
    assert.ok(rows.length >= 1, name);
    assert.ok(
      rows.every((row) => row.includes(`[${summary.replaceAll("'", "'\\''").replaceAll(":", "\\:")}]`)),
      name,
    );
    if (short !== undefined) assert.match(script, new RegExp(`[ )'*]-${short}\\+?\\[`));
  }
  assert.ok(script.includes(":scope:(strict namespace-wide cluster-wide)'"));
  assert.ok(script.includes(":FOLDER:_files -/'"));
}

suite("the scripts", () => {
  test("fish has every flag with what it means", () => assertFish(scriptOf("fish")));
  test("zsh has every flag with what it means", () => assertZsh(scriptOf("zsh")));

  test("bash has every flag", () => {
    const words = new Set(scriptOf("bash").split(/[\s":|)]+/));
    for (const name of Object.keys(kubesealOptions))
      assert.ok(words.has(name === "v" ? "-v" : `--${name}`), name);
  });

  test("nothing that a summary holds ends a quoted text or an explanation", () => {
    const options: OptionTable = {
      odd: { kind: "text", value: "FILE", group: "general", summary: "it's [a]: $(touch gone) \\ `x`" },
    };
    const sources: CompletionSources = { options, commands: [], topics: ["flags"], shells: SHELLS };
    for (const [shell, script] of [
      ["bash", bashScript],
      ["zsh", zshScript],
      ["fish", fishScript],
    ] as const) {
      writeFileSync(join(folder, ".odd"), script(sources));
      if (runShell(shell, ["-n", ".odd"]) === null) continue;
      assert.equal(
        runShell(shell, ["-c", shell === "zsh" ? "compdef() { }; source ./.odd" : "source ./.odd"]),
        "",
      );
    }
    assert.ok(
      zshScript(sources).includes(`'--odd=[it'\\''s \\[a\\]\\: $(touch gone) \\\\ \`x\`]:FILE:_files'`),
    );
    assert.ok(fishScript(sources).includes("-d 'it\\'s [a]: $(touch gone) \\\\ `x`'"));
  });

  test("every value that the help calls a file, a folder or one of a few words can be completed", () => {
    const rows = Object.entries(kubesealOptions) as [string, OptionTable[string]][];
    const kinds = Object.fromEntries(rows.map(([name, spec]) => [name, completable(name, spec)]));
    assert.deepEqual(kinds["scope"], ["strict", "namespace-wide", "cluster-wide"]);
    assert.deepEqual(kinds["format"], ["json", "yaml"]);
    for (const name of ["cert", "from-file", "recovery-private-key", "kubeconfig", "client-key"])
      assert.equal(kinds[name], "file", name);
    for (const name of ["secret-file", "sealed-secret-file", "merge-into"])
      assert.equal(kinds[name], "manifest");
    for (const [name, spec] of rows) if (!takesValue(spec)) assert.equal(kinds[name], null, name);
    assert.equal(kinds["namespace"], null);
  });
});
