import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import { requireInRepository } from "../../cli/repository-links.ts";
import { run } from "../../cli/run.ts";
import { systemFiles } from "../../cli/system-files.ts";
import { scopeAt } from "../../shared/scope.ts";
import { testSealer } from "../support/in-process-sealing.ts";
import { memoryIo } from "../support/memory-io.ts";
import { testCertificate } from "../support/test-certificates.ts";

const { certificatePem, privateKeyPem } = testCertificate();
const sealer = await testSealer(certificatePem);
const VALUE = await sealer.value("me", scopeAt("strict", { namespace: "shop", name: "db" }));
const FILE = `apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: db, namespace: shop}
spec:
  encryptedData:
    user: ${VALUE}
    other: ${VALUE}
`;

const SECRET =
  "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\nstringData: {user: you}\n";

let folder = "";
const at = (name: string) => join(folder, name);
const read = (name: string) => readFileSync(at(name), "utf8");

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "signet-links-")));
  for (const name of ["repo/.git", "repo/apps", "repo/other", "outside/.git"])
    mkdirSync(at(name), { recursive: true });
  for (const name of ["repo/apps/db.yaml", "outside/db.yaml"]) writeFileSync(at(name), FILE);
  writeFileSync(at("cert.pem"), certificatePem);
  writeFileSync(at("key.pem"), privateKeyPem);
  writeFileSync(at("secret.yaml"), SECRET);
});

afterEach(() => rmSync(folder, { recursive: true }));

suite("a file to be changed lies in the repository that its path names", () => {
  const judge = (name: string) => () => requireInRepository(at(name), systemFiles);

  test("a link to a file, and one to a folder, may not lead out of it, even to another repository", () => {
    symlinkSync("../../outside/db.yaml", at("repo/apps/link.yaml"));
    symlinkSync("../outside", at("repo/folder"));
    symlinkSync("apps/link.yaml", at("repo/chain.yaml"));
    for (const name of [
      "repo/apps/link.yaml",
      "repo/folder/db.yaml",
      "repo/folder/new.yaml",
      "repo/chain.yaml",
    ]) {
      assert.throws(judge(name), (error: Error) => {
        assert.match(
          error.message,
          new RegExp(`${name} leads by a link to .*/outside/.*out of the repository .*/repo$`),
        );
        return true;
      });
    }
    mkdirSync(at("repo2/.git"), { recursive: true });
    symlinkSync("../repo2", at("repo/near"));
    assert.throws(judge("repo/near/db.yaml"), /out of the repository/);
  });

  test("nor into what Git keeps there, be it a file, a folder or one that is to come", () => {
    writeFileSync(at("repo/.git/config"), "[core]");
    symlinkSync(".git/config", at("repo/id.pub"));
    symlinkSync(".git", at("repo/folder"));
    symlinkSync("../id.pub", at("repo/apps/chain.pub"));
    for (const name of ["repo/id.pub", "repo/folder/hook", "repo/apps/chain.pub"])
      assert.throws(
        judge(name),
        /leads by a link to .*\/repo\/\.git\/.*, into what Git keeps in the repository/,
      );
    // Whoever names it means it; and a repository may lie in such a folder.
    judge("repo/.git/config")();
    mkdirSync(at("repo/.git/tree/.git"), { recursive: true });
    symlinkSync("b.yaml", at("repo/.git/tree/a.yaml"));
    writeFileSync(at("repo/.git/tree/b.yaml"), FILE);
    judge("repo/.git/tree/a.yaml")();
    symlinkSync(".git/x", at("repo/.git/tree/c.yaml"));
    writeFileSync(at("repo/.git/tree/.git/x"), "");
    assert.throws(judge("repo/.git/tree/c.yaml"), /into what Git keeps in the repository .*\/tree$/);
  });

  test("links within it are followed, and all of them where there is no repository", () => {
    symlinkSync("../apps/db.yaml", at("repo/other/link.yaml"));
    symlinkSync("apps", at("repo/folder"));
    symlinkSync("outside/db.yaml", at("free.yaml"));
    symlinkSync("repo", at("way"));
    for (const name of ["repo/other/link.yaml", "repo/folder/db.yaml", "repo/folder/new.yaml", "free.yaml"])
      judge(name)();
    // A link above a repository is none of what somebody committed there.
    judge("way/apps/db.yaml")();
    // Neither a submodule's nor a work tree's .git is a folder.
    writeFileSync(at("repo/other/.git"), "gitdir: x\n");
    assert.throws(judge("repo/other/link.yaml"), /out of the repository .*repo\/other$/);
  });

  test("no file is made where a link leads to nothing", () => {
    symlinkSync("apps/none.yaml", at("repo/within.yaml"));
    symlinkSync("../outside/none.yaml", at("repo/out.yaml"));
    symlinkSync("none.yaml", at("free.yaml"));
    symlinkSync("loop.yaml", at("repo/loop.yaml"));
    for (const name of ["repo/within.yaml", "repo/out.yaml", "free.yaml"])
      assert.throws(judge(name), /leads by a link to a place where nothing is/);
    assert.throws(judge("repo/loop.yaml"), /cannot read .*loop\.yaml: too many symbolic links/);
    judge("repo/new.yaml")();
  });
});

suite("no command that changes a named file follows a link out of a repository", () => {
  const COMMANDS: readonly (readonly string[])[] = [
    ["set", "--cert", "CERT", "FILE", "user"],
    ["unset", "FILE", "user"],
    ["rename", "FILE", "user", "login"],
    ["generate", "--cert", "CERT", "FILE", "token"],
    ["edit", "--cert", "CERT", "--private-key", "KEY", "FILE"],
    ["rotate", "--cert", "CERT", "--private-key", "KEY", "FILE"],
    ["--cert", "CERT", "--merge-into", "FILE", "-f", "SECRET", "--scope", "strict"],
  ];
  const start = async (words: readonly string[], file: string) => {
    const paths: Readonly<Record<string, string>> = {
      CERT: at("cert.pem"),
      KEY: at("key.pem"),
      FILE: at(file),
      SECRET: at("secret.yaml"),
    };
    const { io, left } = memoryIo(
      words.map((word) => paths[word] ?? word),
      { stdin: "you" },
    );
    io.files = systemFiles;
    io.editing = async () => ({
      edit: async ({ text }) => ({
        kind: "edited",
        content: Buffer.from(text.replace("user: me", "user: you")),
      }),
      programAt: (name) => name,
      leftOvers: () => [],
    });
    return left(await run(io));
  };

  for (const words of COMMANDS) {
    test(words.find((word) => !["--cert", "CERT"].includes(word)) ?? "", async () => {
      symlinkSync("../../outside/db.yaml", at("repo/apps/link.yaml"));
      symlinkSync("../apps/db.yaml", at("repo/other/link.yaml"));
      const { code, stderr } = await start(words, "repo/apps/link.yaml");
      assert.deepEqual([code, read("outside/db.yaml")], [1, FILE], stderr);
      assert.match(stderr, /link\.yaml leads by a link to .*\/outside\/db\.yaml, out of the repository/);
      assert.match(stderr, /name that file itself if it is meant, or remove the link/);
      if (words[0] === "rotate") return;
      const within = await start(words, "repo/other/link.yaml");
      assert.equal(within.code, 0, within.stderr);
      assert.notEqual(read("repo/apps/db.yaml"), FILE);
    });
  }

  test("--merge-into reads by such a link what it writes elsewhere, and follows it where no repository is", async () => {
    symlinkSync("../../outside/db.yaml", at("repo/apps/link.yaml"));
    symlinkSync("outside/db.yaml", at("free.yaml"));
    const merge = ["--cert", "CERT", "--merge-into", "FILE", "-f", "SECRET", "--scope", "strict"];
    const apart = await start([...merge, "--output-dir", at("out")], "repo/apps/link.yaml");
    assert.deepEqual([apart.code, read("outside/db.yaml")], [0, FILE], apart.stderr);
    assert.match(read("out/link.yaml"), /user: /);
    const free = await start(merge, "free.yaml");
    assert.equal(free.code, 0, free.stderr);
    assert.notEqual(read("outside/db.yaml"), FILE);
  });

  test("sealing in place leaves a Secret alone that a committed link leads to", async () => {
    symlinkSync("../secret.yaml", at("repo/link.yaml"));
    const words = ["--cert", "CERT", "--in-place", "FILE"];
    const { code, stderr } = await start(words, "repo/link.yaml");
    assert.deepEqual([code, read("secret.yaml")], [1, SECRET], stderr);
    assert.match(stderr, /failed .*link\.yaml leads by a link to .*\/secret\.yaml, out of the repository/);
    symlinkSync("secret.yaml", at("free.yaml"));
    const free = await start(words, "free.yaml");
    assert.equal(free.code, 0, free.stderr);
    assert.match(read("secret.yaml"), /kind: SealedSecret/);
  });

  test("nor do they make a file by a link that was committed, or write a public key over one", async () => {
    symlinkSync("../outside/new.yaml", at("repo/new.yaml"));
    symlinkSync("../outside/id.pub", at("repo/id.pub"));
    writeFileSync(at("outside/id.pub"), "theirs");
    const made = await start(
      ["set", "--cert", "CERT", "--name", "db", "-n", "shop", "FILE", "a"],
      "repo/new.yaml",
    );
    assert.equal(made.code, 1, made.stderr);
    assert.equal(systemFiles.kindOf(at("outside/new.yaml")), null);
    const pair = ["generate", "--cert", "CERT", "--type", "ed25519", "-w", at("repo/id.pub"), "FILE", "id"];
    const written = await start(pair, "repo/apps/db.yaml");
    assert.deepEqual([written.code, read("outside/id.pub"), read("repo/apps/db.yaml")], [1, "theirs", FILE]);
  });
});
