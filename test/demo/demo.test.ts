import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const demo = join(import.meta.dirname, "..", "..", "demo", "demo.ts");

test("the demo seals, opens and refuses on the embedded API server, and leaves no file", {
  timeout: 60_000,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), "demo-test-"));
  const { status, stdout, stderr } = spawnSync(process.execPath, [demo], {
    encoding: "utf8",
    env: { ...process.env, TMPDIR: folder },
  });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /kind: SealedSecret/);
  assert.match(stdout, /password: Ag[\w+/]+…/);
  assert.match(stdout, /password: correct horse battery staple\n {4}user: shop\n\n4/);
  assert.match(
    stdout,
    /Synced=False: no key could decrypt secret \(password, user\): sealed for shop\/database/,
  );
  assert.match(stdout, /nothing was left behind/);
  assert.deepEqual(readdirSync(folder), []);
});

test("the demo refuses arguments it does not know", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [demo, "--nonsense"], { encoding: "utf8" });
  assert.equal(status, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /^error: .+\nhint: .+\n$/);
});
