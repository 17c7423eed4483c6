import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import { run } from "../../../cli/run.ts";
import { GitRepository } from "../../support/git-repository.ts";
import { memoryIo, runInMemory } from "../../support/memory-io.ts";
import { runSignet } from "../../support/signet-cli.ts";

const plain = "kind: Secret\nstringData:\n  password: hunter2\n";
const ALLOW = " # signet-guard: allow made up";
const paths = (stdout: string) =>
  stdout.split("\n").flatMap((line) => /^(\S[^:]*):\d+: (?!note)/.exec(line)?.[1] ?? []);

suite("guard FILE", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "signet-guard-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function put(path: string, text: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  test("a folder stands for all that lies in it, hidden or not, and for no link", async () => {
    for (const path of ["a.yaml", ".hidden/b.yaml", "c/d/e.json", "node_modules/x.yaml", ".git/y.yaml"])
      put(path, plain);
    mkdirSync(join(folder, "in"));
    symlinkSync(join(folder, "a.yaml"), join(folder, "in/link.yaml"));
    symlinkSync(join(folder, "c"), join(folder, "in/folder"));
    const all = await runSignet(["guard", "."], { cwd: folder });
    assert.equal(all.code, 1);
    assert.deepEqual(paths(all.stdout), [".hidden/b.yaml", "a.yaml", "c/d/e.json"]);
    const links = await runSignet(["guard", "in", "in/link.yaml", "in/folder"], { cwd: folder });
    assert.deepEqual(links, { code: 0, stdout: "", stderr: "" });
  });

  test("rules and generators of folders above count, up to the repository's and no further", async () => {
    put("repository/.git/HEAD", "");
    put(".sops.yaml", "creation_rules:\n  - path_regex: outside/\n");
    put("repository/.sops.yaml", "creation_rules:\n  - path_regex: ^apps/secret/\n");
    put("repository/apps/secret/a.yaml", "password: hunter2\n");
    put("repository/apps/outside/a.yaml", "password: hunter2\n");
    put("repository/kustomization.yaml", "secretGenerator:\n  - {name: db, files: [apps/token]}\n");
    put("repository/apps/token", "hunter2\n");
    const result = await runSignet(
      ["guard", "--format=sarif", "-o", "../out.sarif", "secret/a.yaml", "token", "outside"],
      {
        cwd: join(folder, "repository/apps"),
      },
    );
    // As they were given where people read it, and from the root in code scanning.
    assert.deepEqual(paths(result.stderr), ["secret/a.yaml", "token"]);
    const sarif = await runSignet(["guard", "--format=sarif", "secret/a.yaml", "token"], {
      cwd: join(folder, "repository/apps"),
    });
    assert.deepEqual(
      [...sarif.stdout.matchAll(/"uri": "([^"]*)"/g)].map(([, uri]) => uri),
      ["apps/secret/a.yaml", "apps/token"],
    );
  });

  test("what is not there, or cannot be read, is no reason to pass", async () => {
    const missing = await runInMemory(["guard", "a.yaml", "missing.yaml"], { files: { "a.yaml": "" } });
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /^error: cannot read missing\.yaml: no such file/);
    const { io, left } = memoryIo(["guard", "locked.yaml"], { files: { "locked.yaml": plain } });
    const refuse = () => {
      throw Object.assign(new Error("hunter2"), { code: "EACCES" });
    };
    const locked = left(await run({ ...io, files: { ...io.files, read: refuse } }));
    assert.equal(locked.code, 2);
    assert.match(locked.stderr, /^error: cannot read locked\.yaml: permission denied/);
    const flag = await runInMemory(["guard", "--staged", "--range=a..b"], { files: { "--staged": "" } });
    assert.equal(flag.code, 2);
  });

  test("a file with the name of a flag is told of", async () => {
    const result = await runInMemory(["guard", "--verbose", "a.yaml"], {
      files: { "--verbose": plain, "a.yaml": "" },
    });
    assert.equal(result.code, 2);
    assert.match(result.stderr, /a file of that name lies here/);
  });
});

suite("guard FILE --base", () => {
  test("lets comments count that the base has, and tells of what changed since", async () => {
    const repository = new GitRepository();
    try {
      repository.commit({
        "apps/old.yaml": plain.replace("hunter2", `hunter2${ALLOW}`),
        "apps/.sops.yaml": "creation_rules:\n  - age: age1a\n",
      });
      repository.write({
        "apps/old.yaml": plain,
        "apps/new.yaml": plain.replace("hunter2", `hunter2${ALLOW}`),
        "apps/.sops.yaml": "creation_rules:\n  - age: age1b\n",
      });
      const result = await runSignet(["guard", "--base", "main", "."], {
        cwd: join(repository.folder, "apps"),
        env: repository.env,
      });
      assert.equal(result.code, 1);
      assert.deepEqual(paths(result.stdout), ["new.yaml"]);
      assert.match(
        result.stdout,
        /^\.sops\.yaml:1: note: who can decrypt has changed: \+ age age1b, - age age1a/m,
      );
    } finally {
      repository.remove();
    }
  });
});
