import assert from "node:assert/strict";
import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import { GitRepository } from "../../support/git-repository.ts";
import { runInMemory } from "../../support/memory-io.ts";

const plain = "apiVersion: v1\nkind: Secret\nstringData:\n  password: hunter2\n";
const empty = "apiVersion: v1\nkind: Secret\nstringData:\n  password:\n";

let repository: GitRepository;
beforeEach(() => {
  repository = new GitRepository();
});
afterEach(() => repository.remove());

/** The first lines of findings; notes are none. */
const lines = (stdout: string) =>
  stdout.split("\n").filter((line) => /^\S/.test(line) && !/:\d+: note: /.test(line));

suite("guard --staged", () => {
  test("finds what the first commit would have, and quotes nothing of it", async () => {
    repository.stage({ "apps/db.yaml": plain, "README.md": "nothing" });
    const run = await repository.guard(["--staged"]);
    assert.equal(run.code, 1);
    assert.deepEqual(lines(run.stdout), [
      "apps/db.yaml:4: Secret: stringData.password stands in plain text [plain-secret]",
    ]);
    assert.match(run.stderr, /^error: 1 finding in 1 file\nhint: /);
    assert.doesNotMatch(run.stdout + run.stderr, /hunter2/);
  });

  test("reads the index, and not what lies in the folder", async () => {
    repository.stage({ "a.yaml": plain, "b.yaml": empty });
    repository.write({ "a.yaml": empty, "b.yaml": plain });
    const run = await repository.guard(["--staged"]);
    assert.deepEqual(
      lines(run.stdout).map((line) => line.slice(0, 6)),
      ["a.yaml"],
    );
    rmSync(join(repository.folder, "a.yaml"));
    assert.equal((await repository.guard(["--staged"])).code, 1);
  });

  test("looks at what changed alone, unless files are named", async () => {
    repository.commit({ "old.yaml": plain, "deleted.yaml": plain });
    repository.git("rm", "--quiet", "deleted.yaml");
    repository.stage({ "new.yaml": empty });
    assert.equal((await repository.guard(["--staged"])).code, 0);
    const named = await repository.guard(["--staged", "old.yaml", "new.yaml"]);
    assert.equal(named.code, 1);
    assert.equal(lines(named.stdout).length, 1);
  });

  test("a named file is taken from the index, too, from whatever folder", async () => {
    repository.commit({ "apps/db.yaml": plain, "other/db.yaml": plain });
    repository.write({ "apps/db.yaml": empty });
    for (const [args, found] of [
      [["db.yaml"], ["apps/db.yaml:4"]],
      [["."], ["apps/db.yaml:4"]],
      [["../other"], ["other/db.yaml:4"]],
    ] as const) {
      const run = await repository.guard(["--staged", ...args], {}, "apps");
      assert.deepEqual(
        lines(run.stdout).map((line) => line.split(": ")[0]),
        found,
      );
    }
  });

  test("a file that is not in the index is no reason to pass", async () => {
    repository.commit({ "a.yaml": empty });
    repository.write({ "b.yaml": plain });
    const run = await repository.guard(["--staged", "a.yaml", "b.yaml"]);
    assert.equal(run.code, 2);
    assert.match(run.stderr, /not in the index/);
  });

  test("links are not followed", async () => {
    const outside = join(repository.folder, "..", `${Date.now()}-secret.yaml`);
    writeFileSync(outside, plain);
    try {
      symlinkSync(outside, join(repository.folder, "link.yaml"));
      repository.git("add", "--all");
      assert.equal((await repository.guard(["--staged"])).code, 0);
      assert.equal((await repository.guard(["--staged", "link.yaml"])).code, 0);
    } finally {
      rmSync(outside);
    }
  });

  test("the index that Git names counts, as in git commit FILE", async () => {
    repository.stage({ "a.yaml": plain });
    const other = { GIT_INDEX_FILE: join(repository.folder, ".git", "other-index") };
    assert.equal((await repository.guard(["--staged"], other)).code, 0);
    assert.equal((await repository.guard(["--staged"])).code, 1);
  });

  test("names that are hard to pass on", async () => {
    const names = [
      "a b.yaml",
      "line\nbreak.yaml",
      'quo"te.yaml',
      "-flag.yaml",
      "ünïcode.yaml",
      ":0:x.yaml",
      "*.yaml",
    ];
    repository.stage(Object.fromEntries(names.map((name) => [`d/${name}`, plain])));
    const run = await repository.guard(["--staged", "--format", "json"]);
    const { findings } = JSON.parse(run.stdout) as { findings: { path: string }[] };
    assert.deepEqual(
      findings.map(({ path }) => path).toSorted(),
      names.map((name) => `d/${name}`).toSorted(),
    );
    const [star] = lines((await repository.guard(["--staged", "d/*.yaml"])).stdout);
    assert.match(star ?? "", /^d\/\*\.yaml:4/);
    assert.equal(lines((await repository.guard(["--staged"])).stdout).length, names.length);
  });

  test("submodules are passed over, and both sides of a conflict are not", async () => {
    const base = repository.commit({ "a.yaml": empty });
    repository.git("checkout", "--quiet", "-b", "other");
    repository.commit({ "a.yaml": plain });
    repository.git("checkout", "--quiet", "main");
    repository.commit({ "a.yaml": "kind: Nothing\n" });
    repository.git("update-index", "--add", "--cacheinfo", `160000,${base},module`);
    assert.equal((await repository.guard(["--staged"])).code, 0);
    repository.git("rm", "--quiet", "--cached", "module");
    assert.throws(() => repository.git("merge", "other"));
    const run = await repository.guard(["--staged"]);
    assert.deepEqual(
      lines(run.stdout).map((line) => line.slice(0, 8)),
      ["a.yaml:4"],
    );
  });

  test("nobody's configuration of Git changes what is found, and none is run", async () => {
    const mark = join(repository.folder, "ran");
    for (const [name, value] of [
      ["diff.external", `touch ${mark}`],
      ["diff.noprefix", "true"],
      ["diff.renames", "copies"],
      ["diff.relative", "true"],
      ["color.ui", "always"],
      ["core.quotePath", "true"],
      ["diff.mnemonicPrefix", "true"],
    ])
      repository.git("config", name ?? "", value ?? "");
    repository.commit({ "before.yaml": plain });
    repository.git("mv", "before.yaml", "ü.yaml");
    repository.stage({ "d/a.yaml": plain });
    const run = await repository.guard(["--staged"], {}, "d");
    assert.deepEqual(
      lines(run.stdout).map((line) => line.split(":")[0]),
      ["d/a.yaml", "ü.yaml"],
    );
    assert.throws(() => readFileSync(mark));
  });

  test("rules and generators are those of the index", async () => {
    repository.stage({
      ".sops.yaml": "creation_rules:\n  - path_regex: ^secret/\n",
      "secret/a.yaml": "password: hunter2\n",
      "kustomization.yaml": "secretGenerator:\n  - name: db\n    envs: [db.env]\n",
      "db.env": "password=hunter2\n",
    });
    repository.write({ ".sops.yaml": "", "kustomization.yaml": "" });
    const all = lines((await repository.guard(["--staged"])).stdout);
    assert.deepEqual(
      all.map((line) => line.split(":")[0]),
      ["db.env", "secret/a.yaml"],
    );
    repository.git("commit", "--quiet", "--message=m");
    // Of each pair one changes, and the other one is looked up.
    repository.stage({
      ".sops.yaml": "creation_rules: []\n",
      "kustomization.yaml": "# changed\nsecretGenerator:\n  - {name: db, envs: [db.env]}\n",
    });
    const later = lines((await repository.guard(["--staged"])).stdout);
    assert.deepEqual(
      later.map((line) => line.split(": ")[0]),
      ["db.env:1"],
    );
    repository.git("commit", "--quiet", "--message=m");
    repository.stage({ "db.env": "password=hunter3\n" });
    const last = lines((await repository.guard(["--staged"])).stdout);
    assert.deepEqual(
      last.map((line) => line.split(": ")[0]),
      ["db.env:1"],
    );
  });

  test("a very long file is looked at as far as it goes", async () => {
    const padding = `# ${"x".repeat(1_000_000)}\n`.repeat(17);
    repository.stage({
      "long.yaml": plain + padding,
      "key.txt": `AGE-SECRET-KEY-1${"Q".repeat(58)}\n${padding}`,
    });
    assert.deepEqual(
      lines((await repository.guard(["--staged"])).stdout).map((line) => line.split(" ")[0]),
      ["key.txt:1:", "long.yaml:1:"],
    );
  });

  test("where it cannot look it says so, by an exit code of its own", async () => {
    for (const git of [
      undefined,
      async () => ({
        output: (async function* () {})(),
        ended: Promise.resolve(null),
        write: () => {},
        end: () => {},
      }),
      async () => ({
        output: (async function* () {})(),
        ended: Promise.resolve(128),
        write: () => {},
        end: () => {},
      }),
    ]) {
      const run = await runInMemory(["guard", "--staged"], git === undefined ? {} : { git });
      assert.equal(run.code, 2);
      assert.match(run.stderr, /^error: (?:there is no Git here|Git could not )/);
      assert.equal(run.stdout, "");
    }
  });
});
