import assert from "node:assert/strict";
import { afterEach, beforeEach, suite, test } from "node:test";
import { GitRepository } from "../../support/git-repository.ts";

const secret = (value: string, comment = "") =>
  `apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: ${value}${comment}\n`;
const NONE = "0".repeat(40);
const ALLOW = " # signet-guard: allow made up for a test";

let repository: GitRepository;
let first: string;
beforeEach(() => {
  repository = new GitRepository();
  first = repository.commit({ "README.md": "text" });
});
afterEach(() => repository.remove());

type Finding = { path: string; line: number; commit: string | null; rule: string; level: string };

async function findingsOf(args: readonly string[], env: Readonly<Record<string, string>> = {}, code = 1) {
  const run = await repository.guard(["--format", "json", ...args], env);
  assert.equal(run.code, code, run.stderr);
  const { findings, allowed } = JSON.parse(run.stdout) as { findings: Finding[]; allowed: Finding[] };
  return { findings: findings.filter(({ level }) => level === "error"), allowed, stderr: run.stderr };
}

suite("guard --range", () => {
  test("finds what a commit added and a later one took out again, once, where it came", async () => {
    const added = repository.commit({ "db.yaml": secret("hunter2") });
    repository.commit({ "db.yaml": `${secret("hunter2")}# more\n` });
    repository.commit({ "db.yaml": secret("") });
    const { findings } = await findingsOf(["--range", `${first}..HEAD`]);
    assert.deepEqual(
      findings.map(({ path, line, commit }) => [path, line, commit]),
      [["db.yaml", 6, added]],
    );
    await findingsOf(["--range", "HEAD~1.."], {}, 0);
    const text = await repository.guard(["--range", `${first}..HEAD`]);
    assert.match(
      text.stdout,
      new RegExp(`^db\\.yaml:6: .* \\(commit ${added.slice(0, 12)}\\) \\[plain-secret\\]`),
    );
  });

  test("what a merge brings is told of the commit that made it, and what it adds itself of the merge", async () => {
    repository.git("checkout", "--quiet", "-b", "side");
    repository.commit({ "side.yaml": secret("") });
    repository.git("checkout", "--quiet", "main");
    repository.commit({ "main.yaml": secret("hunter2") });
    repository.git("checkout", "--quiet", "side");
    repository.git("merge", "--quiet", "--no-commit", "main");
    const merge = repository.commit({ "merged.yaml": secret("hunter2") });
    const { findings } = await findingsOf(["--range", "main..side"]);
    assert.deepEqual(
      findings.map(({ path, commit }) => [path, commit]),
      [["merged.yaml", merge]],
    );
  });

  test("files that are named are looked at alone", async () => {
    repository.commit({ "a/db.yaml": secret("hunter2"), "b/db.yaml": secret("hunter2") });
    const { findings } = await findingsOf(["--range", `${first}..`, "b"]);
    assert.deepEqual(
      findings.map(({ path }) => path),
      ["b/db.yaml"],
    );
  });

  test("rules and generators are those of the commit", async () => {
    repository.commit({
      ".sops.yaml": "creation_rules:\n  - path_regex: ^secret/\n",
      "secret/a.yaml": "password: hunter2\n",
      "kustomization.yaml": "secretGenerator:\n  - name: db\n    files: [token]\n",
      token: "hunter2",
    });
    repository.git("rm", "--quiet", ".sops.yaml", "token");
    repository.commit({});
    const { findings } = await findingsOf(["--range", `${first}..`]);
    assert.deepEqual(
      findings.map(({ path, rule }) => [path, rule]),
      [
        ["secret/a.yaml", "decrypted-file"],
        ["token", "secret-generator"],
      ],
    );
  });

  test("a new branch: on a server what no branch has, elsewhere what no remote has", async () => {
    repository.git("checkout", "--quiet", "-b", "other");
    repository.commit({ "other.yaml": secret("hunter2") });
    repository.git("checkout", "--quiet", "main");
    const pushed = repository.git("commit-tree", "-p", "main", "-m", "m", treeWith("new.yaml"));
    const paths = async (range: string, env: Readonly<Record<string, string>>) =>
      (await findingsOf(["--range", range], env)).findings.map(({ path }) => path);
    assert.deepEqual(await paths(`${NONE}..${pushed}`, { GIT_QUARANTINE_PATH: "x" }), ["new.yaml"]);
    // Its own branch has it here, as it always does before a push.
    repository.git("branch", "new", pushed);
    assert.deepEqual(await paths(`${NONE}..new`, {}), ["new.yaml"]);
    repository.git("update-ref", "refs/remotes/origin/new", pushed);
    await findingsOf(["--range", `${NONE}..new`], {}, 0);
    await findingsOf(["--range", `${pushed}..${NONE}`], {}, 0);
  });

  function treeWith(path: string): string {
    repository.write({ [path]: secret("hunter2") });
    const blob = repository.git("hash-object", "-w", path);
    repository.git("update-index", "--add", "--cacheinfo", `100644,${blob},${path}`);
    const tree = repository.git("write-tree");
    repository.git("rm", "--quiet", "--cached", path);
    return tree;
  }

  test("what is no range, or is not there, is no reason to pass", async () => {
    for (const range of [
      "HEAD",
      "HEAD...main",
      "nothing..HEAD",
      "HEAD..nothing",
      "--all..HEAD",
      `${"1".repeat(40)}..HEAD`,
    ]) {
      const run = await repository.guard([`--range=${range}`]);
      assert.equal(run.code, 2, range);
    }
    assert.equal((await repository.guard(["--range", "HEAD..HEAD", "--base", "nothing"])).code, 2);
    assert.equal((await repository.guard(["--range", "HEAD..HEAD", "--staged"])).code, 2);
    assert.equal((await repository.guard(["--range", "HEAD..HEAD"])).code, 0);
    assert.equal((await repository.guard([])).code, 2);
    assert.equal((await repository.guard(["--staged", "--format", "xml"])).code, 2);
  });
});

suite("whose allow comments count", () => {
  test("in a range those of where it begins, and none that it brings itself", async () => {
    repository.commit({ "db.yaml": secret("made-up", ALLOW) });
    const start = repository.git("rev-parse", "HEAD");
    repository.commit({ "db.yaml": secret("made-up-too", ALLOW), "new.yaml": secret("hunter2", ALLOW) });
    const { findings, allowed, stderr } = await findingsOf(["--range", `${start}..`]);
    assert.deepEqual(
      findings.map(({ path }) => path),
      ["new.yaml"],
    );
    assert.deepEqual(
      allowed.map(({ path }) => path),
      ["db.yaml"],
    );
    assert.match(stderr, /1 would be allowed by a comment of the file itself/);
    // Whoever says so has those count that come along.
    await findingsOf(["--range", `${start}..`, "--base", "HEAD"], {}, 0);
    await findingsOf(["--range", `${NONE}..HEAD`]);
  });

  test("a comment of the base counts for what it stood at, not for others of the file", async () => {
    const age = (letter: string) => `AGE-SECRET-KEY-1${letter.repeat(58)}`;
    repository.commit({ "keys.txt": `# signet-guard: allow published\n${age("Q")}\n` });
    repository.stage({
      "keys.txt": `# signet-guard: allow published\n${age("Q")}\n# signet-guard: allow mine\n${age("P")}\n`,
    });
    const { findings } = await findingsOf(["--staged", "--base", "HEAD"]);
    assert.deepEqual(
      findings.map(({ line }) => line),
      [4],
    );
    await findingsOf(["--staged"], {}, 0);
  });

  test("in CI none of the files themselves", async () => {
    repository.stage({ "db.yaml": secret("made-up", ALLOW) });
    await findingsOf(["--staged"], { CI: "false" }, 0);
    const { stderr } = await findingsOf(["--staged"], { CI: "true" });
    assert.match(stderr, /--base REF/);
    repository.git("commit", "--quiet", "--message=m");
    repository.write({ "db.yaml": `${secret("made-up", ALLOW)}# more\n` });
    repository.git("add", "--all");
    await findingsOf(["--staged", "--base", "HEAD"], { CI: "true" }, 0);
  });

  test("one of the base that gives no reason counts for nothing", async () => {
    repository.commit({ "db.yaml": secret("made-up", " # signet-guard: allow") });
    repository.stage({ "db.yaml": secret("made-up", ALLOW) });
    await findingsOf(["--staged", "--base", "HEAD"]);
  });
});
