import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { objectsInHistory } from "../../../cli/inventory/history.ts";
import type { Inventory } from "../../../cli/inventory/sealed-object.ts";
import { startGit } from "../../../cli/system-git.ts";
import { GitRepository } from "../../support/git-repository.ts";
import { newer, older, sealedUnder, stream } from "./inventory-world.ts";

const [first, second, third] = await Promise.all([
  sealedUnder(older, { name: "db", items: { password: "one" } }),
  sealedUnder(older, { name: "db", items: { password: "two" } }),
  sealedUnder(newer, { name: "db", items: { password: "three" } }),
]);
if (first === undefined || second === undefined || third === undefined) throw new Error("no objects");

function repository(context: TestContext): GitRepository {
  const made = new GitRepository();
  context.after(() => made.remove());
  return made;
}

function historyOf({ env, folder }: GitRepository, at = folder): Promise<Inventory> {
  return objectsInHistory({ git: async (args) => startGit(args, env, at) }, { namespace: null });
}

const told = ({ objects }: Inventory) =>
  objects.map(({ origin, values }) => [
    origin.kind === "commit" ? origin.path : "",
    origin.kind === "commit" ? origin.commit : "",
    values[0]?.text,
  ]);
const text = (object: typeof first) => object.spec.encryptedData["password"];

suite("SealedSecrets of a Git history", () => {
  test("are those of every commit, each content once and with its oldest commit", async (context) => {
    const repo = repository(context);
    const one = repo.commit({ "apps/db.yaml": stream(first), "notes.txt": stream(second) });
    const two = repo.commit({ "apps/db.yaml": stream(second) });
    repo.commit({ "apps/db.yaml": stream(first), "copy.yml": stream(second) });
    repo.git("rm", "--quiet", "-r", "apps");
    const four = repo.commit({ "odd name\n.JSON": stream(third) });
    const found = await historyOf(repo);
    assert.deepEqual(found.problems, []);
    assert.deepEqual(told(found), [
      ["apps/db.yaml", one, text(first)],
      ["apps/db.yaml", two, text(second)],
      ["odd name\n.JSON", four, text(third)],
    ]);
  });

  test("are found on other branches, under tags, in merges and in the stash", async (context) => {
    const repo = repository(context);
    repo.commit({ "a.yaml": "a: 1\n" });
    repo.git("checkout", "--quiet", "-b", "side");
    repo.commit({ "side.yaml": stream(first) });
    repo.git("tag", "kept");
    repo.git("checkout", "--quiet", "main");
    repo.git("branch", "--quiet", "-D", "side");
    repo.git("checkout", "--quiet", "-b", "other");
    repo.commit({ "b.yaml": "b: 1\n" });
    repo.git("checkout", "--quiet", "main");
    repo.commit({ "c.yaml": "c: 1\n" });
    repo.git("merge", "--quiet", "--no-commit", "other");
    repo.commit({ "evil.yaml": stream(second) });
    repo.stage({ "stashed.yaml": stream(third) });
    repo.git("stash");
    const found = await historyOf(repo);
    assert.deepEqual(
      told(found).map(([path]) => path),
      ["side.yaml", "evil.yaml", "stashed.yaml"],
    );
  });

  test("are found in every stash, not in the newest alone", async (context) => {
    const repo = repository(context);
    repo.commit({ "a.yaml": stream(third) });
    for (const stashed of [first, second]) {
      repo.stage({ "a.yaml": stream(stashed) });
      repo.git("stash");
    }
    assert.deepEqual(
      new Set(told(await historyOf(repo)).map(([, , value]) => value)),
      new Set([text(first), text(second), text(third)]),
    );
  });

  test("are found where escapes stand in their kind", async (context) => {
    const repo = repository(context);
    const one = repo.commit({ "a.yaml": stream(first).replace("SealedSecret", "Sealed\\u0053ecret") });
    assert.deepEqual(told(await historyOf(repo)), [["a.yaml", one, text(first)]]);
  });

  test("are told of in a file too long to be read, whatever it begins with", async (context) => {
    const repo = repository(context);
    const one = repo.commit({ "a.yaml": `${`# ${"x".repeat(1000)}\n`.repeat(17_000)}${stream(first)}` });
    const { objects, problems } = await historyOf(repo);
    assert.deepEqual(objects, []);
    assert.deepEqual(
      problems.map(({ where, problem }) => [where, problem]),
      [[`a.yaml in commit ${one.slice(0, 12)}`, "it is longer than 16 MiB"]],
    );
  });

  test("are found from a folder below, and in UTF-16", async (context) => {
    const repo = repository(context);
    repo.commit({ "below/a.txt": "", "sealed.yaml": "" });
    const { folder } = repo;
    const { writeFileSync } = await import("node:fs");
    writeFileSync(`${folder}/sealed.yaml`, Buffer.from(`\ufeff${stream(first)}`, "utf16le"));
    repo.commit({});
    assert.deepEqual(
      told(await historyOf(repo, `${folder}/below`)).map(([path]) => path),
      ["sealed.yaml"],
    );
  });

  test("that cannot be read are told once for each path", async (context) => {
    const repo = repository(context);
    const template = (count: number) => `kind: SealedSecret\nspec: {{ toYaml ${count} }}\n`;
    const one = repo.commit({ "chart/sealed.yaml": template(1), "other.yaml": "a: [\n" });
    repo.commit({ "chart/sealed.yaml": template(2) });
    repo.commit({ "chart/sealed.yaml": template(3) });
    const { objects, problems } = await historyOf(repo);
    assert.deepEqual(objects, []);
    assert.deepEqual(
      problems.map(({ where }) => where),
      [`chart/sealed.yaml in commit ${one.slice(0, 12)}, and 2 more of its versions`],
    );
  });

  test("of a clone without its beginning come with a warning of it", async (context) => {
    const repo = repository(context);
    repo.commit({ "a.yaml": stream(first) });
    repo.commit({ "a.yaml": stream(second) });
    const clone = repository(context);
    clone.git("fetch", "--quiet", "--depth=1", `file://${repo.folder}`, "main:kept");
    const found = await historyOf(clone);
    assert.deepEqual(
      told(found).map(([, , value]) => value),
      [text(second)],
    );
    assert.match(found.problems[0]?.problem ?? "", /this clone is shallow/);
  });

  test("are those that everybody has, whatever stands under refs/replace", async (context) => {
    const repo = repository(context);
    const bad = repo.commit({ "a.yaml": stream(first) });
    repo.commit({ "a.yaml": stream(second) });
    const empty = repo.git("commit-tree", "-m", "m", repo.git("write-tree"));
    repo.git("replace", bad, empty);
    assert.deepEqual(
      new Set(told(await historyOf(repo)).map(([, , value]) => value)),
      new Set([text(first), text(second)]),
    );
  });

  test("cannot be had where there is no repository, or no Git", async (context) => {
    const repo = repository(context);
    const git = async (args: readonly string[]) => startGit(args, repo.env, "/");
    await assert.rejects(objectsInHistory({ git }, { namespace: null }), /Git could not list the commits/);
    const without = async (args: readonly string[]) => startGit(args, { PATH: "/nonexistent" }, repo.folder);
    await assert.rejects(objectsInHistory({ git: without }, { namespace: null }), {
      code: "input",
      message: "Git could not be run",
    });
    await assert.rejects(objectsInHistory({}, { namespace: null }), /Git cannot be run here/);
  });
});
