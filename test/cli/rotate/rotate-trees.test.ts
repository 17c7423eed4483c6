import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { run } from "../../../cli/run.ts";
import { memoryIo } from "../../support/memory-io.ts";
import {
  KEY_FILES,
  manifest,
  NEW_KEY,
  OFFLINE,
  OLD_KEY,
  openedBy,
  rotate,
  sealed,
  valuesIn,
} from "../../support/rotated-tree.ts";

const web = "# kept\r\nkind:  Deployment\r\n";

async function tree() {
  return {
    "in/a.yaml": manifest({ user: await sealed("old", "me") }),
    "in/deep/b.yaml": manifest({ user: await sealed("foreign", "me") }),
    "in/deep/c.yaml": manifest({ user: await sealed("new", "me") }),
    "in/d.yaml": manifest({ user: await sealed("old", "you"), password: await sealed("old", "x") }),
    "in/web.yaml": web,
  };
}

suite("rotate over trees", () => {
  test("writes what it can, leaves what fails, names each, and exits 1", async () => {
    const files = await tree();
    const run = await rotate([...OFFLINE, "in"], { files });
    assert.equal(run.code, 1);
    const lines = run.stderr.split("\n").slice(1, -1);
    assert.deepEqual(
      lines.map((line) => line.slice(0, 40)),
      [
        "rotated in/a.yaml: team-a/db, 1 value",
        "rotated in/d.yaml: team-a/db, 2 values",
        "failed in/deep/b.yaml: no key could decr",
        "left in/deep/c.yaml: under the newest ke",
        "left in/web.yaml: no SealedSecret in it",
        "5 files: rotated 3 values in 2, left 2 as they are, 1 failed".slice(0, 40),
        "error: 1 of 5 files failed",
        "hint: correct what is named above and ru",
      ],
    );
    for (const path of ["in/deep/b.yaml", "in/deep/c.yaml", "in/web.yaml"] as const)
      assert.equal(run.files.get(path), files[path]);
    assert.deepEqual(await openedBy("new", run.files.get("in/d.yaml")), { user: "you", password: "x" });
  });

  test("does the rest when it is run again", async () => {
    const files = await tree();
    const first = await rotate([...OFFLINE, "in"], { files });
    const healed = { ...Object.fromEntries(first.files), "in/deep/b.yaml": files["in/a.yaml"] };
    const again = await rotate([...OFFLINE, "in"], { files: healed });
    assert.equal(again.code, 0);
    assert.match(again.stderr, /^5 files: rotated 1 value in 1, left 4 as they are$/m);
    assert.equal(again.files.get("in/a.yaml"), first.files.get("in/a.yaml"));
    assert.deepEqual(await openedBy("new", again.files.get("in/deep/b.yaml")), { user: "me" });
  });

  test("--dry-run says the same, and writes nothing", async () => {
    const files = await tree();
    const run = await rotate([...OFFLINE, "--dry-run", "in"], { files });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /^would rotate in\/d\.yaml: team-a\/db, 2 values$/m);
    assert.match(run.stderr, /^5 files: would rotate 3 values in 2, left 2 as they are, 1 failed$/m);
    assert.deepEqual(run.files, new Map(Object.entries({ ...KEY_FILES, ...files })));
  });

  test("--output-dir takes the whole tree, and leaves the input", async () => {
    const { "in/deep/b.yaml": _, ...files } = await tree();
    const run = await rotate([...OFFLINE, "--output-dir", "out", "in"], { files });
    assert.equal(run.code, 0);
    for (const [path, text] of Object.entries(files)) assert.equal(run.files.get(path), text);
    assert.equal(run.files.get("out/web.yaml"), web);
    assert.equal(run.files.get("out/deep/c.yaml"), files["in/deep/c.yaml"]);
    assert.deepEqual(await openedBy("new", run.files.get("out/a.yaml")), { user: "me" });
    const into = await rotate([...OFFLINE, "--output-dir", "in", "in/a.yaml"], { files });
    assert.equal(into.code, 2);
    assert.match(into.stderr, /--output-dir leads back to it/);
  });

  test("-o json tells of each value which key it was under", async () => {
    const files = await tree();
    const run = await rotate([...OFFLINE, "-o", "json", "in"], { files });
    assert.equal(run.code, 1);
    const report = JSON.parse(run.stdout) as {
      newestKey: string;
      dryRun: boolean;
      totals: unknown;
      files: { path: string; state: string; why: string | null; objects: unknown[] }[];
    };
    assert.equal(report.newestKey, NEW_KEY);
    assert.equal(report.dryRun, false);
    assert.deepEqual(report.totals, {
      files: { rotated: 2, left: 2, failed: 1 },
      values: { resealed: 3, newest: 1, claimed: 0, newer: 0, leftOut: 0 },
    });
    assert.deepEqual(
      report.files.map(({ path, state }) => [path, state]),
      [
        ["in/a.yaml", "rotated"],
        ["in/d.yaml", "rotated"],
        ["in/deep/b.yaml", "failed"],
        ["in/deep/c.yaml", "left"],
        ["in/web.yaml", "left"],
      ],
    );
    assert.deepEqual(report.files[0]?.objects, [
      {
        where: "in/a.yaml",
        namespace: "team-a",
        name: "db",
        changed: true,
        items: [{ item: "user", backend: "classic", state: "resealed", from: OLD_KEY, to: NEW_KEY }],
      },
    ]);
    const sealedTexts = Object.values(files).flatMap((text) => text.match(/AQ[A-Za-z0-9+/=]{40,}/g) ?? []);
    assert.ok(sealedTexts.length > 3 && !sealedTexts.some((text) => run.stdout.includes(text)));
  });

  test("documents of a stream, items of a List, JSON and CR LF keep their layout", async () => {
    const value = () => sealed("old", "me");
    const texts: Record<string, string> = {
      "in/stream.yaml": `# first\n${manifest({ user: await value() })}---\n${web.replaceAll("\r", "")}---\n${manifest({ user: await value() })}# end`,
      "in/list.yaml": `apiVersion: v1\nkind: List\nitems:\n- ${manifest({ user: await value() })
        .replace("# kept\n", "")
        .trimEnd()
        .replaceAll("\n", "\n  ")}\n`,
      "in/crlf.yaml": manifest({ user: await value() }).replaceAll("\n", "\r\n"),
      "in/mark.yaml": `\ufeff${manifest({ user: await value() })}`,
      "in/tight.json": `{"apiVersion":"bitnami.com/v1alpha1","kind":"SealedSecret",\n\t"metadata":{"name":"db","namespace":"team-a","annotations":{"signet.dev/sealing-key":"${OLD_KEY}"}},"spec":{"encryptedData":{"user":"${await value()}"}}}`,
    };
    const run = await rotate([...OFFLINE, "in"], { files: texts });
    assert.equal(run.code, 0, run.stderr);
    for (const [path, text] of Object.entries(texts)) {
      const after = run.files.get(path) ?? "";
      const bare = (whole: string) =>
        whole
          .replaceAll(/AQ[A-Za-z0-9+/]{100,}=*/g, "VALUE")
          .replaceAll(/\r?\n *annotations:\r?\n *signet\.dev\/sealing-key: SHA256:\S+/g, "")
          .replaceAll(/SHA256:[^"\s]+/g, "KEY");
      assert.equal(bare(after), bare(text), path);
      assert.equal(after.split(NEW_KEY).length - 1, path === "in/stream.yaml" ? 2 : 1, path);
    }
    assert.deepEqual(await openedBy("new", run.files.get("in/crlf.yaml")), { user: "me" });
  });

  test("of several documents in a file all are sealed anew, or none is written", async () => {
    const good = manifest({ user: await sealed("old", "me") });
    const text = `${good}---\n${manifest({ user: await sealed("foreign", "me") })}`;
    const run = await rotate([...OFFLINE, "a.yaml"], { files: { "a.yaml": text } });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /^failed a\.yaml, document 2: no key could decrypt/m);
    assert.equal(run.files.get("a.yaml"), text);
  });

  test("the old whole-object form is left, and fails", async () => {
    const text = manifest({}).replace(
      "  encryptedData:\n",
      `  data: ${await sealed("old", "{}")}\n  encryptedData: {}\n`,
    );
    const run = await rotate([...OFFLINE, "a.yaml"], { files: { "a.yaml": text } });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /spec\.data, the old whole-object form, is not re-encrypted/);
    assert.equal(run.files.get("a.yaml"), text);
  });

  test("a file that cannot be written fails by itself, and the others are written", async () => {
    const files = { ...KEY_FILES, ...(await tree()) };
    const { io, left } = memoryIo(["rotate", ...OFFLINE, "in/a.yaml", "in/d.yaml"], { files });
    const replace = io.files.replace.bind(io.files);
    io.files.replace = (path, content, access) => {
      if (path === "in/a.yaml") throw Object.assign(new Error("no"), { code: "EACCES" });
      replace(path, content, access);
    };
    const done = left(await run(io));
    assert.equal(done.code, 1);
    assert.match(done.stderr, /^failed in\/a\.yaml: cannot write in\/a\.yaml: /m);
    assert.equal(done.files.get("in/a.yaml"), files["in/a.yaml"]);
    assert.deepEqual(Object.keys(valuesIn(done.files.get("in/d.yaml"))), ["user", "password"]);
    assert.deepEqual(await openedBy("new", done.files.get("in/d.yaml")), { user: "you", password: "x" });
  });
});
