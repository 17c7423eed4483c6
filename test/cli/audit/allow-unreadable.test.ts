import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { GitRepository } from "../../support/git-repository.ts";
import { newer, older, sealedUnder, stream } from "../inventory/inventory-world.ts";
import { audit } from "./audit-world.ts";

const STOLEN = ["--compromised", older.fingerprint, "--history", "--no-cluster"];
const now = stream(await sealedUnder(newer, { name: "db", items: { a: "one" } }));
const [ODD, ODDER] = ["kind: SealedSecret\nspec: [\n", "kind: SealedSecret\nspec: {\n"];

/** A repository with one file that could never be read, in two versions, and the audit of it. */
function world(context: TestContext) {
  const repo = new GitRepository();
  context.after(() => repo.remove());
  const commit = repo.commit({ "old.yaml": ODD, "db.yaml": now });
  repo.commit({ "old.yaml": ODDER });
  repo.git("rm", "--quiet", "old.yaml");
  repo.commit({});
  const run = (...args: string[]) =>
    audit(
      [...STOLEN, "--private-key", "older.json,newer.json", ...args, "db.yaml"],
      { "db.yaml": now },
      repo,
    );
  const [odd = "", odder = ""] = [
    repo.git("rev-parse", `${commit}:old.yaml`),
    repo.git("rev-parse", "HEAD^:old.yaml"),
  ];
  return { run, odd, odder, at: commit.slice(0, 12), repo };
}

suite("what cannot be read of a history", () => {
  test("fails the run, with the flag that lets this very content pass", async (context) => {
    const { run, odd, odder, at } = world(context);
    const { code, stderr } = await run();
    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(
        `^warning: old\\.yaml in commit ${at}, and 1 more of its versions: .*; to let it pass: --allow-unreadable ${odd},${odder}\\)$`,
        "m",
      ),
    );
    assert.match(stderr, /^hint: mend what the warnings name, or let contents pass by name as they say; /m);
  });

  test("passes where all of it is named, and is told of in each form", async (context) => {
    const { run, odd, odder, at } = world(context);
    const flags = ["--allow-unreadable", odd, "--allow-unreadable", odder];
    const { code, stdout, stderr } = await run(...flags, "-o", "json");
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^note: old\.yaml in commit .*: let pass by --allow-unreadable: /m);
    const { problems, passedOver } = JSON.parse(stdout) as Record<
      string,
      { where: string; objects: string[] }[]
    >;
    assert.deepEqual(problems, []);
    assert.deepEqual(
      passedOver?.map(({ where, objects }) => [where, objects]),
      [[`old.yaml in commit ${at}, and 1 more of its versions`, [odd, odder]]],
    );
    const sarif = await run(...flags, "-o", "sarif");
    const [invocation] = JSON.parse(sarif.stdout).runs[0].invocations;
    assert.equal(invocation.executionSuccessful, true);
    assert.equal(invocation.toolExecutionNotifications[0].level, "note");
    assert.match(invocation.toolExecutionNotifications[0].message.text, /^old\.yaml in commit/);
  });

  test("fails for a later content that is not named, and says which names are needed no more", async (context) => {
    const { run, odd, odder } = world(context);
    const { code, stdout, stderr } = await run(
      "--allow-unreadable",
      `${odd},${"1".repeat(40)}`,
      "-o",
      "sarif",
    );
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^warning: old\\.yaml .*--allow-unreadable ${odder}\\)$`, "m"));
    assert.match(stderr, /^note: --allow-unreadable 1{40}: nothing needs it/m);
    const [invocation] = JSON.parse(stdout).runs[0].invocations;
    assert.equal(invocation.executionSuccessful, false);
    assert.deepEqual(
      invocation.toolExecutionNotifications.map(({ level }: { level: string }) => level),
      ["error", "note", "note"],
    );
  });

  test("is named by whole names of objects alone, and with --history", async (context) => {
    const { run, odd } = world(context);
    for (const name of [odd.slice(0, 12), "HEAD:old.yaml"]) {
      const { code, stderr } = await run("--allow-unreadable", name);
      assert.equal(code, 2);
      assert.match(
        stderr,
        /is no whole name of an object of Git\nhint: write the name as the warning has it/,
      );
    }
    const { code, stderr } = await audit(["--allow-unreadable", odd, "db.yaml"], { "db.yaml": now });
    assert.deepEqual([code, stderr.split("\n")[0]], [2, "error: --allow-unreadable goes with --history"]);
  });

  test("keeps the line short where there are many versions, and is still known by --skip-unreadable", async (context) => {
    const { run, repo } = world(context);
    for (let version = 0; version < 6; version++) repo.commit({ "old.yaml": `${ODD}# ${version}\n` });
    assert.match((await run()).stderr, /--allow-unreadable OBJECT,\.\.\., which -o json names\)$/m);
    assert.equal((await run("--skip-unreadable")).code, 0);
  });
});
