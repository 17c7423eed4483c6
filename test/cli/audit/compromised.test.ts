import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { GitRepository } from "../../support/git-repository.ts";
import type { MemoryRun } from "../../support/memory-io.ts";
import { newer, older, type Pair, sealedUnder, stream } from "../inventory/inventory-world.ts";
import { audit } from "./audit-world.ts";

const BOTH = ["--private-key", "older.json,newer.json"];
const FILES_ALONE = ["--no-cluster", "--no-history"];
const object = (pair: Pair, items: Record<string, string>, name = "db", claim?: null) =>
  sealedUnder(pair, { name, items, ...(claim === null ? { claim } : {}) });

type Told = {
  compromised: string;
  keyAtHand: boolean;
  items: { name: string; item: string; state: string; why: string; sealed: unknown[]; present: unknown[] }[];
};

function told({ stdout, stderr }: MemoryRun): Told {
  assert.notEqual(stdout, "", stderr);
  return JSON.parse(stdout) as Told;
}

/** State of each item, by object and item. */
function statesOf(run: MemoryRun): Record<string, string> {
  return Object.fromEntries(told(run).items.map(({ name, item, state }) => [`${name} ${item}`, state]));
}

/** A repository with these versions of one file, and the audit of it with the last of them as what stands now. */
async function after(context: TestContext, versions: readonly object[][], ...args: string[]) {
  const repo = new GitRepository();
  context.after(() => repo.remove());
  for (const version of versions) repo.commit({ "db.yaml": stream(...version) });
  const present = { "db.yaml": stream(...(versions.at(-1) ?? [])) };
  const flags = ["--compromised", older.fingerprint, "--history", "--no-cluster", "-o", "json", ...args];
  return audit([...flags, "db.yaml"], present, repo);
}

suite("after a key was stolen", () => {
  test("what was changed in the meantime is told from what was not, by opening both", async (context) => {
    const before = await object(older, { changed: "one", same: "hunter2-canary", gone: "three" });
    const now = await object(newer, { changed: "ONE", same: "hunter2-canary", new: "four" });
    const run = await after(context, [[before], [now]], ...BOTH);
    assert.equal(run.code, 1);
    assert.deepEqual(statesOf(run), {
      "db changed": "changed",
      "db same": "not changed",
      "db gone": "removed",
    });
    assert.match(
      run.stderr,
      /^error: of 3 items that a thief may have read: 1 not changed, 1 removed\nhint: change these credentials/,
    );
    assert.ok(!`${run.stdout}${run.stderr}`.includes("canary"));
  });

  test("the run succeeds once all are changed", async (context) => {
    const versions = [[await object(older, { a: "one" })], [await object(newer, { a: "two" })]];
    const { code, stderr } = await after(context, versions, ...BOTH);
    assert.deepEqual([code, stderr], [0, ""]);
  });

  test("an older version counts, too: going back to what was once sealed under it is no change", async (context) => {
    const versions = [
      [await object(older, { a: "one" })],
      [await object(older, { a: "two" })],
      [await object(newer, { a: "one" })],
    ];
    const run = await after(context, versions, ...BOTH);
    assert.deepEqual(statesOf(run), { "db a": "not changed" });
    assert.equal(told(run).items[0]?.sealed.length, 2);
  });

  test("a plaintext that was moved to another item is not changed, wherever it is now", async (context) => {
    const versions = [
      [await object(older, { a: "one" })],
      [await object(newer, { a: "two" }), await object(newer, { b: "one" }, "web")],
    ];
    const run = await after(context, versions, ...BOTH);
    assert.deepEqual(statesOf(run), { "db a": "changed", "web b": "not changed" });
    assert.match(told(run).items[1]?.why ?? "", /, as team\/db a$/);
    assert.equal(run.code, 1);
  });

  test("what stands under the stolen key now is not changed, however new it is", async (context) => {
    const versions = [[await object(newer, { a: "one" })], [await object(older, { a: "fresh" })]];
    assert.deepEqual(statesOf(await after(context, versions, ...BOTH)), { "db a": "not changed" });
  });

  test("what was removed counts as changed only where it is said", async (context) => {
    const versions = [[await object(older, { a: "one" })], [await object(newer, { b: "two" })]];
    assert.equal((await after(context, versions, ...BOTH)).code, 1);
    const run = await after(context, versions, ...BOTH, "--accept-removed");
    assert.deepEqual([run.code, statesOf(run)], [0, { "db a": "removed" }]);
  });

  test("a claim is not believed where the key is at hand", async (context) => {
    const lies = await sealedUnder(newer, { name: "lies", items: { a: "x" }, claim: older.fingerprint });
    const denies = await sealedUnder(older, { name: "denies", items: { a: "y" }, claim: newer.fingerprint });
    const run = await after(context, [[lies, denies]], ...BOTH);
    assert.deepEqual(statesOf(run), { "denies a": "not changed" });
  });

  test("a line break more or less is no change", async (context) => {
    const versions = [
      [await object(older, { a: "one\n", b: "\n" })],
      [await object(newer, { a: "one", b: "" })],
    ];
    assert.deepEqual(statesOf(await after(context, versions, ...BOTH)), { "db a": "not changed" });
  });

  test("what was once sealed as a whole Secret is compared item by item", async (context) => {
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "db" },
      stringData: { a: "one", b: "two" },
    };
    const items = await object(older, { data: JSON.stringify(secret) });
    const whole = { ...items, spec: { encryptedData: {}, data: items.spec.encryptedData["data"] } };
    const versions = [[whole], [await object(newer, { a: "one", b: "TWO" })]];
    assert.deepEqual(statesOf(await after(context, versions, ...BOTH)), {
      "db data": "removed",
      "db a": "not changed",
    });
  });

  test("empty values give nothing away", async (context) => {
    const versions = [[await object(older, { a: "", b: "x" })], [await object(newer, { a: "", b: "" })]];
    assert.deepEqual(statesOf(await after(context, versions, ...BOTH)), { "db b": "changed" });
  });
});

suite("what cannot be opened counts as not changed", () => {
  test("where the stolen key is not at hand: what claims it, and what says nothing", async (context) => {
    const versions = [
      [
        await object(older, { a: "one" }),
        await object(older, { a: "x" }, "silent", null),
        await object(newer, { a: "y" }, "opens", null),
      ],
      [await object(newer, { a: "two" })],
    ];
    const run = await after(context, versions, "--private-key", "newer.json");
    assert.deepEqual(statesOf(run), { "db a": "not known", "silent a": "not known" });
    assert.equal(told(run).keyAtHand, false);
    assert.equal(run.code, 1);
    assert.match(run.stderr, /2 of which it is not known\nhint: give the stolen key/);
  });

  test("where the stolen key is not at hand, and the key that is claimed did not open it", async (context) => {
    const forged = { name: "db", items: { a: "one" }, claim: newer.fingerprint };
    const versions = [[await sealedUnder(older, forged)], [await object(newer, { a: "one" })]];
    const run = await after(context, versions, "--key-is-lost", "--private-key", "newer.json");
    assert.deepEqual([run.code, statesOf(run)], [1, { "db a": "not known" }]);
    assert.match(told(run).items[0]?.why ?? "", /^what may have been sealed under the stolen key/);
    // Nobody tried the claimed key.
    const untried = await after(context, versions, "--key-is-lost");
    assert.deepEqual([untried.code, statesOf(untried)], [0, {}]);
  });

  test("where what stands now does not open", async (context) => {
    const versions = [[await object(older, { a: "one" })], [await object(newer, { a: "two" })]];
    const run = await after(context, versions, "--private-key", "older.json");
    assert.deepEqual(statesOf(run), { "db a": "not known" });
    assert.match(told(run).items[0]?.why ?? "", /what stands there now could not be opened/);
  });

  test("where one of several places of an item still holds it", async (context) => {
    const [before, now] = [await object(older, { a: "one" }), await object(newer, { a: "two" })];
    const again = await object(newer, { a: "one" });
    assert.deepEqual(statesOf(await after(context, [[before], [now, again]], ...BOTH)), {
      "db a": "not changed",
    });
  });

  test("where it was sealed for another place, unless it is known from there", async (context) => {
    const before = await object(older, { a: "one" });
    const moved = { ...before, metadata: { ...before.metadata, name: "moved" } };
    const now = [await object(newer, { a: "two" }), await object(newer, { a: "three" }, "moved")];
    assert.deepEqual(statesOf(await after(context, [[before], [moved], now], ...BOTH)), {
      "db a": "changed",
    });
    assert.deepEqual(statesOf(await after(context, [[moved], now], ...BOTH)), { "moved a": "not known" });
  });

  test("where the history could not be read as a whole", async (context) => {
    const repo = new GitRepository();
    context.after(() => repo.remove());
    repo.commit({ "chart.yaml": "kind: SealedSecret\nspec: {{ all }}\n" });
    const args = ["--compromised", older.fingerprint, "--history", "--no-cluster", ...BOTH];
    const files = { "db.yaml": stream(await object(newer, { a: "x" })) };
    const run = await audit([...args, "db.yaml"], files, repo);
    assert.equal(run.code, 1);
    assert.match(run.stdout, /^nothing was found that was sealed under SHA256:/);
    assert.match(run.stderr, /^warning: chart\.yaml in commit [0-9a-f]{12}/m);
    assert.equal((await audit([...args, "--skip-unreadable", "db.yaml"], files, repo)).code, 0);
  });
});

suite("what is not looked at gives no all-clear", () => {
  const stolen = ["--compromised", older.fingerprint, ...BOTH];

  test("the history, unless it is said that there is none", async () => {
    const files = { "db.yaml": stream(await object(newer, { a: "one" })) };
    for (const more of [[], ["--skip-unreadable"]]) {
      const run = await audit([...stolen, "--no-cluster", ...more, "db.yaml"], files);
      assert.equal(run.code, 1);
      assert.match(run.stdout, /^nothing was found/);
      assert.match(
        run.stderr,
        /^warning: Git's history was not looked at \(give --history, or --no-history .*\nerror: what was sealed .* is not known\n/,
      );
    }
    const meant = await audit([...stolen, ...FILES_ALONE, "db.yaml"], files);
    assert.deepEqual([meant.code, meant.stderr], [0, ""]);
  });

  test("the cluster: who has none is told how to leave it out", async () => {
    const files = { "db.yaml": stream(await object(newer, { a: "one" })) };
    const run = await audit([...stolen, "--no-history", "db.yaml"], files);
    assert.deepEqual([run.code, run.stdout], [1, ""]);
    assert.match(run.stderr, /\nhint: .*; --no-cluster leaves the cluster out\n$/);
  });

  test("everything", async () => {
    const run = await audit([...stolen, ...FILES_ALONE]);
    assert.deepEqual([run.code, run.stdout], [2, ""]);
    assert.match(run.stderr, /there is nothing to look at/);
  });
});

suite("the report on a stolen key", () => {
  test("tells people where each item was first sealed under it, and where it is now", async (context) => {
    const repo = new GitRepository();
    context.after(() => repo.remove());
    const first = repo.commit({ "apps/db.yaml": stream(await object(older, { a: "one" })) });
    const stolen = ["--compromised", older.fingerprint.slice(0, 15), "--history", "--no-cluster"];
    const args = [...stolen, ...BOTH, "now.yaml"];
    const { stdout } = await audit(args, { "now.yaml": stream(await object(newer, { a: "one" })) }, repo);
    assert.match(
      stdout,
      /^sealed under SHA256:\S{43}, as it opens them\nSTATE +OBJECT +ITEM +SEALED +FIRST IN +NOW IN +WHY\n/,
    );
    const place = `apps/db\\.yaml:1 in commit ${first.slice(0, 12)}`;
    assert.match(
      stdout,
      new RegExp(`^not changed  team/db  a     1x      ${place}  now\\.yaml:1  it holds`, "m"),
    );
  });

  test("is SARIF for what stands in files", async () => {
    const files = { "db.yaml": stream(await object(older, { a: "one" })) };
    const { stdout } = await audit(
      ["--compromised", older.fingerprint, ...FILES_ALONE, "-o", "sarif", ...BOTH, "db.yaml"],
      files,
    );
    const { runs } = JSON.parse(stdout) as { runs: { results: { ruleId: string; level: string }[] }[] };
    assert.deepEqual(
      runs[0]?.results.map(({ ruleId, level }) => [ruleId, level]),
      [["exposed", "error"]],
    );
  });

  test("cannot be made of a begin that fits no key", async () => {
    const files = { "db.yaml": stream(await object(newer, { a: "one" })) };
    const run = await audit(["--compromised", "SHA256:AAAAAAAA", ...FILES_ALONE, "db.yaml"], files);
    assert.deepEqual([run.code, run.stdout], [1, ""]);
    assert.match(run.stderr, /is no key that is known, or that a value claims/);
  });

  test("cannot be made of a whole fingerprint that nothing knows of, unless the key is said to be lost", async () => {
    const files = { "db.yaml": stream(await object(newer, { a: "one" })) };
    const args = ["--compromised", `SHA256:${"A".repeat(43)}`, ...FILES_ALONE, ...BOTH];
    const run = await audit([...args, "db.yaml"], files);
    assert.deepEqual([run.code, run.stdout], [1, ""]);
    assert.match(run.stderr, /or that a value claims\nhint: compare it .* --key-is-lost takes it/);
    const lost = await audit([...args, "--key-is-lost", "db.yaml"], files);
    assert.deepEqual([lost.code, lost.stderr], [0, ""]);
    const claimed = await audit(["--compromised", newer.fingerprint, ...FILES_ALONE, "db.yaml"], files);
    assert.match(claimed.stdout, /^not known +team\/db/m, "what a value claims needs no flag");
  });
});
