import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { objectsInHistory } from "../../../cli/inventory/history.ts";
import type { Inventory, InventoryProblem } from "../../../cli/inventory/sealed-object.ts";
import { startGit } from "../../../cli/system-git.ts";
import { GitRepository } from "../../support/git-repository.ts";
import { older, sealedUnder, stream } from "./inventory-world.ts";

const [first, second, third] = await Promise.all(
  ["one", "two", "three"].map((password) => sealedUnder(older, { name: "db", items: { password } })),
);
if (first === undefined || second === undefined || third === undefined) throw new Error("no objects");

function repository(context: TestContext): GitRepository {
  const made = new GitRepository();
  context.after(() => made.remove());
  return made;
}

function historyOf({ env, folder }: GitRepository, at = folder) {
  return objectsInHistory({ git: async (args) => startGit(args, env, at) }, { namespace: null });
}

const valuesOf = ({ objects }: Inventory) => new Set(objects.map(({ values }) => values[0]?.text));
const texts = (...objects: (typeof first)[]) =>
  new Set(objects.map((object) => object?.spec.encryptedData["password"]));
const told = (problems: readonly InventoryProblem[]) =>
  problems.map(({ where, problem }) => [where, problem]);

suite("a history is searched", () => {
  test("where commits were amended, reset and rebased away, by the reflogs", async (context) => {
    const repo = repository(context);
    repo.commit({ "a.yaml": "a: 1\n" });
    repo.commit({ "a.yaml": stream(first) });
    repo.stage({ "a.yaml": stream(second) });
    repo.git("commit", "--quiet", "--amend", "--message=amended");
    repo.git("checkout", "--quiet", "-b", "side");
    repo.commit({ "a.yaml": stream(third) });
    repo.git("checkout", "--quiet", "main");
    repo.git("branch", "--quiet", "-D", "side");
    repo.git("reset", "--quiet", "--hard", "HEAD^");
    const found = await historyOf(repo);
    assert.deepEqual(valuesOf(found), texts(first, second, third));
    assert.deepEqual(found.problems, []);
  });

  test("in other worktrees, what they alone have checked out included", async (context) => {
    const repo = repository(context);
    repo.commit({ "a.yaml": "a: 1\n" });
    const tree = repository(context);
    const path = join(tree.folder, "tree");
    repo.git("worktree", "add", "--quiet", "--detach", path);
    for (const object of [first, second]) {
      writeFileSync(join(path, "b.yaml"), stream(object));
      repo.git("-C", path, "add", "--all");
      repo.git("-C", path, "commit", "--quiet", ...(object === first ? [] : ["--amend"]), "--message=m");
    }
    assert.deepEqual(valuesOf(await historyOf(repo)), texts(first, second));
    assert.deepEqual(valuesOf(await historyOf(repo, path)), texts(first, second));
  });

  test("in a bare repository, and under both names of a file that was moved", async (context) => {
    const repo = repository(context);
    repo.commit({ "a.yaml": stream(first) });
    repo.git("mv", "a.yaml", "b.yaml");
    repo.commit({ "b.yaml": `${stream(first)}---\n${stream(second)}` });
    repo.git("checkout", "--quiet", "-b", "side");
    repo.commit({ "c.yaml": stream(third) });
    repo.git("checkout", "--quiet", "main");
    const bare = repository(context);
    bare.git("clone", "--quiet", "--bare", repo.folder, "bare.git");
    const found = await historyOf(bare, join(bare.folder, "bare.git"));
    assert.deepEqual(valuesOf(found), texts(first, second, third));
  });

  test("past bytes that are no UTF-8, which are told of where a SealedSecret may stand among them", async (context) => {
    const repo = repository(context);
    const bytes = (text: string) => Buffer.from(text, "latin1");
    writeFileSync(join(repo.folder, "none.yaml"), bytes("name: M\u00fcller\n"));
    writeFileSync(join(repo.folder, "sealed.yaml"), bytes(`# M\u00fcller\n${stream(first)}`));
    repo.commit({ "b.yaml": stream(second) });
    const found = await historyOf(repo);
    assert.deepEqual(valuesOf(found), texts(second));
    assert.match(found.problems[0]?.where ?? "", /^sealed\.yaml in commit/);
    assert.equal(found.problems.length, 1);
  });
});

suite("what a history keeps elsewhere is told of", () => {
  test("where Git LFS or git-crypt has it", async (context) => {
    const repo = repository(context);
    const oid = "0".repeat(64);
    const one = repo.commit({
      "lfs.yaml": `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize 1234\n`,
      "crypt.yaml": "\0GITCRYPT\0abc",
      "b.yaml": stream(first),
    });
    const found = await historyOf(repo);
    assert.deepEqual(valuesOf(found), texts(first));
    const at = one.slice(0, 12);
    assert.deepEqual(told(found.problems), [
      [`crypt.yaml in commit ${at}`, "git-crypt encrypted it"],
      [`lfs.yaml in commit ${at}`, "Git LFS keeps its content, and only a pointer is here"],
    ]);
  });

  test("where a tag leads to a file or a folder that no commit has", async (context) => {
    const repo = repository(context);
    repo.commit({ "a.yaml": stream(first) });
    repo.write({ "b.yaml": stream(second) });
    const blob = repo.git("hash-object", "-w", "b.yaml");
    repo.git("tag", "light", blob);
    repo.git("tag", "--annotate", "--message=m", "inner", blob);
    repo.git("tag", "--annotate", "--message=m", "outer", "inner");
    repo.git("tag", "--annotate", "--message=m", "fine", "HEAD");
    repo.git("tag", "--annotate", "--message=m", "finer", "fine");
    repo.git("tag", "folder", repo.git("rev-parse", "HEAD^{tree}"));
    const { problems } = await historyOf(repo);
    assert.deepEqual(
      problems.map(({ where, objects }) => [where, objects?.[0]]),
      [
        ["refs/tags/folder", repo.git("rev-parse", "folder")],
        ["refs/tags/inner", blob],
        ["refs/tags/light", blob],
        ["refs/tags/outer", blob],
      ],
    );
  });

  test("in submodules, which are repositories of their own", async (context) => {
    const repo = repository(context);
    repo.commit({ ".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = ../x\n', "a.yaml": stream(first) });
    repo.git("rm", "--quiet", ".gitmodules");
    repo.commit({});
    const { problems, notes } = await historyOf(repo);
    assert.deepEqual(problems, []);
    assert.deepEqual(told(notes), [
      [".gitmodules", "submodules have histories of their own, which were not looked at"],
    ]);
  });

  test("in repositories within it that no .gitmodules names", async (context) => {
    const repo = repository(context);
    repo.commit({ "a.yaml": stream(first) });
    const commit = repo.git("rev-parse", "HEAD");
    repo.git("update-index", "--add", "--cacheinfo", `160000,${commit},apps/inner`);
    repo.git("commit", "--quiet", "-m", "x");
    const { problems, notes } = await historyOf(repo);
    assert.deepEqual(problems, []);
    assert.deepEqual(told(notes), [
      ["apps/inner", "submodules have histories of their own, which were not looked at"],
    ]);
  });

  test("in a partial clone, of which nothing is fetched, and whose whole history is read once it is there", async (context) => {
    const repo = repository(context);
    repo.commit({ "a.yaml": stream(first) });
    repo.commit({ "a.yaml": stream(second) });
    repo.git("config", "uploadpack.allowFilter", "true");
    for (const filter of ["blob:none", "tree:0"]) {
      const clone = repository(context);
      const url = `file://${repo.folder}`;
      clone.git("clone", "--quiet", "--no-checkout", `--filter=${filter}`, url, "partial");
      const at = join(clone.folder, "partial");
      await assert.rejects(historyOf(clone, at), {
        code: "input",
        message: "this clone is partial, and lacks contents of its history; none are fetched here",
        hint: "fetch them first: git fetch --refetch --no-filter",
      });
      const git = (...args: string[]) =>
        execFileSync("git", args, { cwd: at, env: clone.env, stdio: "pipe" });
      git("fetch", "--quiet", "--refetch", "--no-filter");
      assert.deepEqual(valuesOf(await historyOf(clone, at)), texts(first, second), filter);
    }
  });
});
