import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  manifest,
  NEW,
  NEW_KEY,
  OFFLINE,
  OLD_KEY,
  openedBy,
  rotate,
  sealed,
  valuesIn,
} from "../../support/rotated-tree.ts";
import { testCertificate } from "../../support/test-certificates.ts";

const HINT = "signet.dev/sealing-key";
const WIDE = { "sealedsecrets.bitnami.com/namespace-wide": "true" };

/** The text with each value in the place of the one that stood there before. */
function withValues(text: string, before: Record<string, string>, after: Record<string, string>): string {
  return Object.entries(before).reduce((kept, [item, value]) => kept.replace(value, after[item] ?? ""), text);
}

suite("rotate with keys at hand", () => {
  test("changes values, and the hint, and no other byte", async () => {
    const before = { user: await sealed("old", "me"), password: await sealed("old", "hunter2") };
    const text = manifest(before, { [HINT]: OLD_KEY });
    const { code, stdout, stderr, files } = await rotate([...OFFLINE, "a.yaml"], {
      files: { "a.yaml": text },
    });
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "" });
    assert.match(stderr, /^rotated a\.yaml: team-a\/db, 2 values$/m);
    assert.match(stderr, /^1 file: rotated 2 values in 1$/m);
    assert.ok(stderr.startsWith(`newest key: ${NEW_KEY}, valid until `), stderr);
    const after = valuesIn(files.get("a.yaml"));
    assert.equal(files.get("a.yaml"), withValues(text, before, after).replace(OLD_KEY, NEW_KEY));
    assert.notEqual(after["user"], before.user);
    assert.deepEqual(await openedBy("new", files.get("a.yaml")), { user: "me", password: "hunter2" });
    assert.ok(!stderr.includes("hunter2"));
  });

  test("leaves values alone that the newest key opened, whatever is said of them", async () => {
    const before = { user: await sealed("new", "me"), password: await sealed("old", "hunter2") };
    const text = manifest(before);
    const { files, stderr } = await rotate([...OFFLINE, "a.yaml"], { files: { "a.yaml": text } });
    const after = valuesIn(files.get("a.yaml"));
    assert.match(stderr, /^rotated a\.yaml: team-a\/db, 1 of 2 values$/m);
    assert.equal(after["user"], before.user);
    const hinted = text.replace("spec:", `  annotations:\n    ${HINT}: ${NEW_KEY}\nspec:`);
    assert.equal(files.get("a.yaml"), withValues(hinted, before, after));
    assert.deepEqual(await openedBy("new", files.get("a.yaml")), { user: "me", password: "hunter2" });
  });

  test("a second run changes nothing, and says so", async () => {
    const text = manifest({ user: await sealed("old", "me") });
    const first = await rotate([...OFFLINE, "a.yaml"], { files: { "a.yaml": text } });
    const again = await rotate([...OFFLINE, "a.yaml"], {
      files: { "a.yaml": first.files.get("a.yaml") ?? "" },
    });
    assert.equal(again.code, 0);
    assert.match(again.stderr, /^left a\.yaml: under the newest key$/m);
    assert.equal(again.files.get("a.yaml"), first.files.get("a.yaml"));
  });

  test("a file under the newest key stays without a hint, and with a wrong one is set right", async () => {
    const values = { user: await sealed("new", "me"), password: await sealed("new", "x") };
    const wrong = manifest(values, { [HINT]: OLD_KEY });
    const world = { files: { "in/bare.yaml": manifest(values), "in/wrong.yaml": wrong } };
    const { stderr, files } = await rotate([...OFFLINE, "in"], world);
    assert.equal(files.get("in/bare.yaml"), world.files["in/bare.yaml"]);
    assert.equal(files.get("in/wrong.yaml"), wrong.replace(OLD_KEY, NEW_KEY));
    assert.match(stderr, /^rotated in\/wrong\.yaml: team-a\/db, what it said of its keys$/m);
  });

  test("a value that claims the newest key and is under an older one is sealed anew", async () => {
    const text = manifest({ user: await sealed("old", "me") }, { [HINT]: NEW_KEY });
    for (const args of [OFFLINE, ["--private-key", "old.key", "--cert", "new.pem"]]) {
      const { code, files } = await rotate([...args, "a.yaml"], { files: { "a.yaml": text } });
      assert.equal(code, 0);
      assert.deepEqual(await openedBy("new", files.get("a.yaml")), { user: "me" });
    }
  });

  test("a certificate's path is no command to a terminal", async () => {
    const text = manifest({ user: await sealed("old", "me") });
    const path = "new\u001b[2J\u202e.pem";
    const files = { "a.yaml": text, [path]: NEW.certificatePem };
    const { code, stderr } = await rotate(["--private-key", "old.key", "--cert", path, "a.yaml"], { files });
    assert.equal(code, 0);
    assert.match(stderr, /^newest key: .* from new\ufffd\[2J\ufffd\.pem$/m);
  });

  test("without the newest private key, what says that it is under that key stays, and is counted", async () => {
    const old = ["--private-key", "old.key", "--cert", "new.pem", "a.yaml"];
    const text = manifest({ user: await sealed("old", "me") });
    const first = await rotate(old, { files: { "a.yaml": text } });
    assert.equal(first.code, 0);
    const done = first.files.get("a.yaml") ?? "";
    const again = await rotate(old, { files: { "a.yaml": done } });
    assert.equal(again.code, 0);
    assert.equal(again.files.get("a.yaml"), done);
    assert.match(again.stderr, /^left a\.yaml: under the newest key, as it says$/m);
    assert.match(again.stderr, /^note: 1 value said to be under the newest key, which nobody opened here: /m);
    const all = await rotate([...old, "--all"], { files: { "a.yaml": done } });
    assert.equal(all.code, 1);
    assert.match(all.stderr, /no key could decrypt secret \(user\)/);
  });

  const impossible: readonly [string, (value: Buffer) => Buffer][] = [
    ["a block of another length", (value) => Buffer.concat([Buffer.from([1, 1, 0]), value.subarray(2)])],
    ["a block above the key's modulus", (value) => Buffer.from(value).fill(0xff, 2, 20)],
    ["a cut", (value) => value.subarray(0, 40)],
  ];
  for (const [what, change] of impossible) {
    test(`a value with ${what} is not believed to be under the newest key`, async () => {
      const value = change(Buffer.from(await sealed("new", "me"), "base64")).toString("base64");
      const text = manifest({ user: value }, { [HINT]: NEW_KEY });
      const args = ["--private-key", "old.key", "--cert", "new.pem", "a.yaml"];
      const { code, stderr, files } = await rotate(args, { files: { "a.yaml": text } });
      assert.equal(code, 1);
      assert.match(stderr, /^failed a\.yaml: no key could decrypt secret \(user\)/m);
      assert.equal(files.get("a.yaml"), text);
    });
  }

  test("what claims the newest key and is damaged fails where that key is at hand, or another one knows it", async () => {
    const cases = [
      { by: "new", args: OFFLINE },
      { by: "old", args: ["--private-key", "old.key", "--cert", "new.pem"] },
    ] as const;
    for (const { by, args } of cases) {
      const bytes = Buffer.from(await sealed(by, "me"), "base64");
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      const text = manifest({ user: bytes.toString("base64") }, { [HINT]: NEW_KEY });
      const { code, stderr, files } = await rotate([...args, "a.yaml"], { files: { "a.yaml": text } });
      assert.equal(code, 1);
      assert.match(stderr, /^failed a\.yaml: no key could decrypt secret \(user\): damaged/m);
      assert.equal(files.get("a.yaml"), text);
    }
  });

  test("what claims the newest key and opens with no key fails where that key is at hand", async () => {
    const text = manifest({ user: await sealed("foreign", "me") }, { [HINT]: NEW_KEY });
    const { code, files } = await rotate([...OFFLINE, "a.yaml"], { files: { "a.yaml": text } });
    assert.deepEqual([code, files.get("a.yaml")], [1, text]);
  });

  test("--all seals every value anew", async () => {
    const before = { user: await sealed("new", "me") };
    const { files } = await rotate([...OFFLINE, "--all", "a.yaml"], {
      files: { "a.yaml": manifest(before) },
    });
    assert.notEqual(valuesIn(files.get("a.yaml"))["user"], before.user);
    assert.deepEqual(await openedBy("new", files.get("a.yaml")), { user: "me" });
  });

  test("a certificate older than the key that opens a value does not take it back, but with --all", async () => {
    const text = manifest({ user: await sealed("new", "me"), password: await sealed("old", "x") });
    const args = ["--private-key", "backup.yaml", "--cert", "old.pem", "a.yaml"];
    const { code, stderr, files } = await rotate(args, { files: { "a.yaml": text } });
    assert.equal(code, 0);
    assert.equal(files.get("a.yaml"), text);
    assert.match(stderr, /^left a\.yaml: under the newest key, under a key newer than the certificate's$/m);
    assert.match(stderr, /^warning: 1 value under a key that is newer than the certificate: /m);
    const all = await rotate([...args, "--all"], { files: { "a.yaml": text } });
    assert.deepEqual(await openedBy("old", all.files.get("a.yaml")), { user: "me", password: "x" });
  });
});

suite("the scope of what is rotated", () => {
  test("stays as its values prove it", async () => {
    const value = await sealed("old", "me", "namespace-wide");
    const text = manifest({ user: value }, WIDE, "renamed");
    const { code, files } = await rotate([...OFFLINE, "a.yaml"], { files: { "a.yaml": text } });
    assert.equal(code, 0);
    const moved = manifest(valuesIn(files.get("a.yaml")), WIDE, "elsewhere");
    assert.deepEqual(await openedBy("new", moved), { user: "me" });
  });

  test("is never widened by an annotation that somebody put there", async () => {
    const text = manifest({ user: await sealed("old", "me") }, WIDE);
    const { code, stderr, files } = await rotate([...OFFLINE, "a.yaml"], { files: { "a.yaml": text } });
    assert.equal(code, 1);
    assert.match(stderr, /^failed a\.yaml: no key could decrypt secret \(user\): .*strict/m);
    assert.equal(files.get("a.yaml"), text);
  });

  test("is that of the namespace of -n where a file names none", async () => {
    const text = manifest({ user: await sealed("old", "me") }).replace("  namespace: team-a\n", "");
    const without = await rotate([...OFFLINE, "a.yaml"], { files: { "a.yaml": text } });
    assert.equal(without.code, 1);
    const { code, files } = await rotate([...OFFLINE, "-n", "team-a", "a.yaml"], {
      files: { "a.yaml": text },
    });
    assert.equal(code, 0);
    assert.ok(!files.get("a.yaml")?.includes("namespace"));
    const placed = files.get("a.yaml")?.replace("metadata:\n", "metadata:\n  namespace: team-a\n");
    assert.deepEqual(await openedBy("new", placed), { user: "me" });
  });
});

suite("rotate refuses", () => {
  const expired = testCertificate(-20, -10, 4).certificatePem;
  const cases: readonly [string, readonly string[], 1 | 2, RegExp][] = [
    ["no paths", OFFLINE, 2, /^error: rotate needs files$/m],
    [
      "a certificate and no keys",
      ["--cert", "new.pem", "a.yaml"],
      2,
      /^error: --cert says what to seal with/m,
    ],
    [
      "two places for results",
      [...OFFLINE, "--in-place", "--output-dir", "out", "a.yaml"],
      2,
      /exclude each other/,
    ],
    ["a backend that there is not", [...OFFLINE, "--only", "cluster,gpg", "a.yaml"], 2, /"gpg" for --only/],
    [
      "a format that there is not",
      [...OFFLINE, "-o", "yaml", "a.yaml"],
      2,
      /unsupported output format: yaml/,
    ],
    ["a file that is not there", [...OFFLINE, "b.yaml"], 1, /^error: cannot read b\.yaml/m],
    ["a key that is none", ["--private-key", "new.pem", "a.yaml"], 1, /new\.pem holds a certificate/],
    [
      "an expired certificate",
      ["--private-key", "old.key", "--cert", "expired.pem", "a.yaml", "b"],
      1,
      /^error: failed to encrypt using an expired certificate/m,
    ],
    ["files without SealedSecrets", [...OFFLINE, "new.pem"], 1, /new\.pem/],
    [
      "folders without SealedSecrets",
      [...OFFLINE, "empty"],
      1,
      /^error: no SealedSecret in the files given$/m,
    ],
  ];
  for (const [what, args, code, message] of cases) {
    test(what, async () => {
      const text = manifest({ user: await sealed("old", "me") });
      const world = {
        files: {
          "a.yaml": text,
          "b/c.yaml": text,
          "expired.pem": expired,
          "empty/web.yaml": "kind: Deployment\n",
        },
      };
      const run = await rotate(args, world);
      assert.equal(run.code, code, run.stderr);
      assert.match(run.stderr, message);
      assert.equal(run.files.get("a.yaml"), text);
      assert.equal(run.stderr.match(/expired certificate/g)?.length ?? 0, what.includes("expired") ? 1 : 0);
    });
  }
});
