import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { utf8 } from "../../../shared/bytes.ts";
import { editSopsDocuments } from "../../../shared/document/sops/edit-document.ts";
import { encryptSopsDocuments } from "../../../shared/document/sops/encrypt-document.ts";
import { readAgeIdentities } from "../../../shared/document/sops/keys/age-identities.ts";
import { sopsUnwrapper } from "../../../shared/document/sops/keys/unwrapper.ts";
import { sopsWrapper } from "../../../shared/document/sops/keys/wrapper.ts";
import { openSopsDocuments } from "../../../shared/document/sops/open-document.ts";
import { readSopsTree } from "../../../shared/document/sops/read-tree.ts";
import type { SopsMap } from "../../../shared/document/sops/tree.ts";
import { writeSopsTree } from "../../../shared/document/sops/write-tree.ts";
import { compileCache } from "../../runner/compile-cache.ts";
import { cliProgram } from "../../support/built-programs.ts";
import { testSealer } from "../../support/in-process-sealing.ts";
import { runProgram } from "../../support/run-program.ts";
import { testCertificate } from "../../support/test-certificates.ts";

const { certificatePem, privateKeyPem } = testCertificate();
const SECRET = "correct horse battery";
const { signal } = new AbortController();
const now = new Date("2026-01-02T03:04:05Z");

let folder = "";
let home = "";
let identity = "";

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "signet-git-"));
  home = join(folder, "home");
  mkdirSync(join(home, "bin"), { recursive: true });
  writeFileSync(join(home, "bin/signet"), `#!/bin/sh\nexec "${process.execPath}" "${cliProgram}" "$@"\n`);
  chmodSync(join(home, "bin/signet"), 0o755);
  writeFileSync(join(home, "key.pem"), privateKeyPem);
  identity = await generateX25519Identity();
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** A repository of its own, with the drivers set up. */
class Repository {
  readonly path = mkdtempSync(join(folder, "repository-"));

  static async make(patterns: readonly string[] = []): Promise<Repository> {
    const made = new Repository();
    await made.git("init", "-q", "-b", "main");
    const { code, stderr } = await made.run("signet", ["git", "setup", "--write", ...patterns]);
    assert.equal(code, 0, stderr);
    return made;
  }

  run(program: string, args: readonly string[]) {
    const person = { NAME: "a", EMAIL: "a@example.com" };
    const env = {
      PATH: `${join(home, "bin")}:${process.env["PATH"]}`,
      HOME: home,
      ...compileCache,
      GIT_CONFIG_NOSYSTEM: "1",
      SOPS_AGE_KEY: identity,
      ...Object.fromEntries(
        Object.entries(person).flatMap(([key, value]) => [
          [`GIT_AUTHOR_${key}`, value],
          [`GIT_COMMITTER_${key}`, value],
        ]),
      ),
    };
    return runProgram(program, args, { cwd: this.path, env });
  }

  async git(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run("git", args);
    assert.equal(code, 0, `git ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  async commit(file: string, content: string): Promise<void> {
    writeFileSync(join(this.path, file), content);
    await this.git("add", "-A");
    await this.git("commit", "-q", "-m", "a change");
  }

  read(file: string): string {
    return readFileSync(join(this.path, file), "utf8");
  }
}

/** Values sealed for a place, as lines of a file. */
async function sealedFile(items: Readonly<Record<string, string>>): Promise<string> {
  const lines = Object.entries(items).map(([item, value]) => `    ${item}: ${value}`);
  return [
    "# the database",
    "apiVersion: bitnami.com/v1alpha1",
    "kind: SealedSecret",
    "metadata: { name: db, namespace: team }",
    "spec:",
    "  encryptedData:",
    ...lines,
    "",
  ].join("\n");
}

const sealedValue = async (text: string) =>
  (await testSealer(certificatePem)).value(text, { kind: "strict", namespace: "team", name: "db" });

suite("Git with the drivers", () => {
  test("a diff names the item that changed, its key and its scope, and holds no ciphertext", async () => {
    const repository = await Repository.make();
    const [user, password, other] = [
      await sealedValue("u"),
      await sealedValue(SECRET),
      await sealedValue("next"),
    ];
    await repository.commit("db.yaml", await sealedFile({ user, password }));
    await repository.commit("db.yaml", await sealedFile({ user, password: other }));
    const shown = await repository.git("log", "-p", "--format=", "-1");
    const changed = shown.split("\n").filter((line) => /^[-+] /.test(line));
    assert.equal(changed.length, 2, shown);
    assert.match(
      changed[0] ?? "",
      /^- {4}password: <sealed under a key of the cluster, strict \(team\/db\), [0-9a-f]{12}>$/,
    );
    assert.notEqual(changed[0]?.slice(1), changed[1]?.slice(1));
    for (const text of [password.slice(0, 40), other.slice(0, 40), SECRET]) assert.ok(!shown.includes(text));
    const { stdout } = await repository.run("signet", ["git", "textconv", "db.yaml"]);
    assert.ok(stdout.startsWith("# the database\n"), "comments stay");
  });

  test("two branches that change different items come together without a person", async () => {
    const repository = await Repository.make(["*.yaml"]);
    const [user, password] = [await sealedValue("u"), await sealedValue("p")];
    await repository.commit("db.yaml", await sealedFile({ user, password }));
    await repository.git("switch", "-q", "-c", "side");
    await repository.commit("db.yaml", await sealedFile({ user, password: "AgTheirs=" }));
    await repository.git("switch", "-q", "main");
    await repository.commit("db.yaml", await sealedFile({ user: "AgOurs==", password }));
    await repository.git("merge", "-q", "--no-edit", "side");
    assert.equal(repository.read("db.yaml"), await sealedFile({ user: "AgOurs==", password: "AgTheirs=" }));
  });

  test("a rebase stops at an item that both changed, with both values between markers", async () => {
    const repository = await Repository.make();
    await repository.commit("db.yaml", await sealedFile({ user: "AgU1", password: "AgP1" }));
    await repository.git("switch", "-q", "-c", "side");
    await repository.commit("db.yaml", await sealedFile({ user: "AgU1", password: "AgP2" }));
    await repository.git("switch", "-q", "main");
    await repository.commit("db.yaml", await sealedFile({ user: "AgU3", password: "AgP3" }));
    const { code, stderr, stdout } = await repository.run("git", ["rebase", "main", "side"]);
    assert.notEqual(code, 0);
    assert.match(stderr + stdout, /db\.yaml: both sides changed spec\.encryptedData\.password/);
    assert.ok(
      repository
        .read("db.yaml")
        .includes("<<<<<<< ours\n    password: AgP3\n=======\n    password: AgP2\n>>>>>>> theirs\n"),
    );
    assert.ok(repository.read("db.yaml").includes("user: AgU3\n"));
    assert.equal(await repository.git("status", "--porcelain"), "UU db.yaml\n");
  });

  test("a cherry-pick takes one item's change along", async () => {
    const repository = await Repository.make();
    await repository.commit("db.yaml", await sealedFile({ user: "AgU1", password: "AgP1" }));
    await repository.git("switch", "-q", "-c", "side");
    await repository.commit("db.yaml", await sealedFile({ user: "AgU1", password: "AgP2" }));
    await repository.git("switch", "-q", "main");
    await repository.commit("db.yaml", await sealedFile({ user: "AgU3", password: "AgP1" }));
    await repository.git("cherry-pick", "side");
    assert.equal(repository.read("db.yaml"), await sealedFile({ user: "AgU3", password: "AgP2" }));
  });

  test("files that are no manifests are merged as ever, and so is text that cannot be read", async () => {
    const repository = await Repository.make();
    for (const [name, before, ours, theirs, merged] of [
      ["a.yaml", "a\nb\nc\nd\ne\n", "A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n", "A\nb\nc\nd\nE\n"],
      ["b.yaml", "- [\nb\nc\nd\n", "- {\nb\nc\nd\n", "- [\nb\nc\nD\n", "- {\nb\nc\nD\n"],
    ] as const) {
      await repository.commit(name, before);
      await repository.git("switch", "-q", "-c", `side-${name}`);
      await repository.commit(name, theirs);
      await repository.git("switch", "-q", "main");
      await repository.commit(name, ours);
      await repository.git("merge", "-q", "--no-edit", `side-${name}`);
      assert.equal(repository.read(name), merged);
    }
  });

  test("setup prints what it would write, and writes it once", async () => {
    const repository = await Repository.make(["*.sealed.yaml"]);
    await repository.run("signet", ["git", "setup", "--write", "*.sealed.yaml"]);
    assert.equal(repository.read(".gitattributes"), "*.sealed.yaml diff=signet merge=signet\n");
    const { stdout } = await repository.run("signet", ["git", "setup"]);
    for (const line of stdout.split("\n").filter((text) => text.startsWith("git config"))) {
      const [, , key = ""] = line.split(" ");
      assert.ok(line.includes((await repository.git("config", key)).trim()), line);
    }
  });

  test("values are shown to who has the key and asks", async () => {
    const repository = await Repository.make();
    await repository.commit("db.yaml", await sealedFile({ password: await sealedValue(SECRET) }));
    const shown = async (...args: string[]) =>
      (await repository.run("signet", ["git", "textconv", ...args, "db.yaml"])).stdout;
    assert.ok((await shown("--open", "--key", join(home, "key.pem"))).includes(`password: ${SECRET}\n`));
    assert.ok(!(await shown("--open")).includes(SECRET));
    assert.ok(!(await shown()).includes(SECRET));
  });
});

suite("SOPS documents in Git", () => {
  const text = (user: string, password: string) =>
    `apiVersion: v1\nkind: Secret\nmetadata:\n    name: db\nstringData:\n    password: ${password}\n    user: ${user}\n`;

  async function encrypted(plain: string): Promise<SopsMap[]> {
    const recipient = await identityToRecipient(identity);
    return encryptSopsDocuments(readSopsTree(plain, "yaml", "x"), {
      groups: [[{ type: "age", recipient }]],
      shamirThreshold: 0,
      selection: { rule: "encrypted_regex", pattern: "^(data|stringData)$" },
      macOnlyEncrypted: false,
      wrapper: sopsWrapper({ kms: null, vault: null, now: () => now }),
      now,
      signal,
    });
  }

  async function opened(documents: readonly SopsMap[]) {
    const identities = await readAgeIdentities(utf8(identity), "identity", null);
    const unwrapper = sopsUnwrapper({ age: { identities, hint: "" }, kms: null, vault: null });
    return openSopsDocuments(documents, { unwrapper, where: "x", signal });
  }

  async function edited(before: SopsMap[], plain: string): Promise<string> {
    const changed = await editSopsDocuments(before, await opened(before), readSopsTree(plain, "yaml", "x"), {
      now,
    });
    return writeSopsTree(changed, "yaml");
  }

  async function twoSides(ours: string, theirs: string, driver: string): Promise<Repository> {
    const repository = await Repository.make();
    await repository.git("config", "merge.signet.driver", driver);
    const before = await encrypted(text("u", SECRET));
    await repository.commit("db.yaml", writeSopsTree(before, "yaml"));
    await repository.git("switch", "-q", "-c", "side");
    await repository.commit("db.yaml", await edited(before, theirs));
    await repository.git("switch", "-q", "main");
    await repository.commit("db.yaml", await edited(before, ours));
    return repository;
  }

  const inClear = "signet git merge --open %O %A %B %P";

  test("both sides' edits come together in clear where they are opened, with a MAC that is right", async () => {
    const repository = await twoSides(text("ours", SECRET), text("u", "theirs"), inClear);
    await repository.git("merge", "-q", "--no-edit", "side");
    const merged = repository.read("db.yaml");
    const { documents } = await opened(readSopsTree(merged, "yaml", "x"));
    assert.equal(writeSopsTree(documents, "yaml"), text("ours", "theirs"));
    assert.ok(!merged.includes(SECRET) && !merged.includes("theirs"));
  });

  for (const [what, driver, ours, theirs, says] of [
    [
      "unless it may open them",
      "signet git merge %O %A %B %P",
      text("ours", SECRET),
      text("u", "theirs"),
      /mac covers/,
    ],
    [
      "where both changed one item",
      inClear,
      text("u", "ours"),
      text("u", "theirs"),
      /both sides changed stringData\.password/,
    ],
  ] as const) {
    test(`they are left to a person ${what}`, async () => {
      const repository = await twoSides(ours, theirs, driver);
      const { code, stdout, stderr } = await repository.run("git", ["merge", "--no-edit", "side"]);
      assert.notEqual(code, 0);
      assert.match(stdout + stderr, says);
      for (const word of ["ours\n", SECRET]) assert.ok(!(stdout + stderr).includes(`: ${word}`));
      assert.equal(await repository.git("status", "--porcelain"), "UU db.yaml\n");
    });
  }

  test("what is said of a clash leads to a document that opens", async () => {
    const plain = "signet git merge %O %A %B %P";
    const repository = await twoSides(text("ours", SECRET), text("u", "theirs"), plain);
    const { stderr, stdout } = await repository.run("git", ["merge", "--no-edit", "side"]);
    const [, command = ""] =
      /take one side whole, git (checkout --ours -- db\.yaml)/.exec(stdout + stderr) ?? [];
    assert.doesNotMatch(stdout + stderr, /between the markers|both sides changed it/);
    await repository.git(...command.split(" "));
    const { documents } = await opened(readSopsTree(repository.read("db.yaml"), "yaml", "x"));
    assert.equal(writeSopsTree(documents, "yaml"), text("ours", SECRET));
  });

  test("a diff shows which values changed, and no plaintext unless it is asked for", async () => {
    const repository = await Repository.make();
    const before = await encrypted(text("u", SECRET));
    await repository.commit("db.yaml", writeSopsTree(before, "yaml"));
    await repository.commit("db.yaml", await edited(before, text("u", "next")));
    const shown = await repository.git("log", "-p", "--format=", "-1");
    const changed = shown.split("\n").filter((line) => /^[-+] /.test(line));
    assert.ok(
      changed.some((line) => /^- {4}password: <encrypted str, 21 bytes, [0-9a-f]{12}>$/.test(line)),
      shown,
    );
    assert.ok(!changed.some((line) => line.includes("user")), "what did not change is not shown");
    assert.ok(!shown.includes(SECRET));
    const { stdout } = await repository.run("signet", ["git", "textconv", "--open", "db.yaml"]);
    assert.ok(stdout.includes("password: next\n"), stdout);
  });
});
