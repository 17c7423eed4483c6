import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { compileCache } from "../../runner/compile-cache.ts";
import { cliProgram } from "../../support/built-programs.ts";
import { KEY_FILES, manifest, NEW_KEY, OFFLINE, rotate, sealed } from "../../support/rotated-tree.ts";

const folder = mkdtempSync(join(tmpdir(), "signet-rotate-"));
after(() => rmSync(folder, { recursive: true }));

function textsIn(): Map<string, string> {
  const names = readdirSync(join(folder, "in")).sort();
  return new Map(names.map((name) => [`in/${name}`, readFileSync(join(folder, "in", name), "utf8")]));
}

test("an interruption leaves whole files, old and new, and nothing else; the next run does the rest", async () => {
  mkdirSync(join(folder, "in"));
  for (const [name, text] of Object.entries(KEY_FILES)) writeFileSync(join(folder, name), text);
  const text = manifest({ user: await sealed("old", "me"), password: await sealed("old", "x") });
  for (let at = 100; at < 250; at++) writeFileSync(join(folder, `in/${at}.yaml`), text);
  const env = { ...process.env, ...compileCache };
  const start = () =>
    spawn(process.execPath, [cliProgram, "rotate", ...OFFLINE, "in"], {
      cwd: folder,
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });

  const child = start();
  let lines = 0;
  child.stderr.setEncoding("utf8").on("data", (said: string) => {
    lines += said.split("\n").filter((line) => line.startsWith("rotated ")).length;
  });
  // While a file is being written, which is when something could be left behind.
  const watcher = watch(join(folder, "in"), (_event, name) => {
    if (lines > 3 && name?.startsWith(".signet-") === true) child.kill("SIGINT");
  });
  const [, signal] = await once(child, "close");
  watcher.close();
  assert.equal(signal, "SIGINT");
  const half = textsIn();
  assert.equal(half.size, 150);
  const untouched = [...half].filter(([, now]) => now === text);
  assert.ok(untouched.length > 0 && untouched.length < 150, `${untouched.length} are as they were`);
  for (const [path, now] of half) assert.ok(now === text || now.includes(`sealing-key: ${NEW_KEY}\n`), path);

  const rest = start();
  rest.stderr.resume();
  const [code] = await once(rest, "close");
  assert.equal(code, 0);
  const done = textsIn();
  for (const [path, now] of half) if (now !== text) assert.equal(done.get(path), now, path);
  const again = await rotate([...OFFLINE, "in"], { files: Object.fromEntries(done) });
  assert.match(again.stderr, /^150 files: rotated 0 values in 0, left 150 as they are$/m);
});
