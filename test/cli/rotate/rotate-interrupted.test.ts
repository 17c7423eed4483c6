import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, suite, test } from "node:test";
import { compileCache } from "../../runner/compile-cache.ts";
import { cliProgram } from "../../support/built-programs.ts";
import { KEY_FILES, manifest, NEW_KEY, OFFLINE, rotate, sealed } from "../../support/rotated-tree.ts";

const folder = mkdtempSync(join(tmpdir(), "signet-rotate-"));
after(() => rmSync(folder, { recursive: true }));

const FILES = 150;
const text = manifest({ user: await sealed("old", "me"), password: await sealed("old", "x") });
for (const [name, content] of Object.entries(KEY_FILES)) writeFileSync(join(folder, name), content);

function textsIn(): Map<string, string> {
  const names = readdirSync(join(folder, "in")).sort();
  return new Map(names.map((name) => [`in/${name}`, readFileSync(join(folder, "in", name), "utf8")]));
}

const env = { ...process.env, ...compileCache };

function start(...args: readonly string[]) {
  return spawn(process.execPath, [cliProgram, ...args], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Runs the program and ends it as soon as it has said so many lines that begin with a word. */
async function interrupted(
  by: NodeJS.Signals,
  { after: [count, word], args }: { after: [number, string]; args: readonly string[] },
) {
  const child = start(...args);
  const said = { stdout: "", stderr: "" };
  let isSent = false;
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    said.stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    said.stderr += chunk;
    const lines = said.stderr.split("\n").filter((line) => line.startsWith(word)).length;
    // Once: a second one would end it by itself.
    if (!isSent && lines >= count) isSent = child.kill(by);
  });
  const [, signal] = await once(child, "close");
  return { ...said, signal };
}

suite("a run that is interrupted", () => {
  beforeEach(() => {
    rmSync(join(folder, "in"), { recursive: true, force: true });
    mkdirSync(join(folder, "in"));
    for (let at = 100; at < 100 + FILES; at++) writeFileSync(join(folder, `in/${at}.yaml`), text);
  });

  for (const [by, lines] of [
    ["SIGINT", 1],
    ["SIGTERM", 40],
    ["SIGHUP", 60],
  ] as const) {
    test(`by ${by} after ${lines} files says what is done and what is left, of each file and in all`, async () => {
      const { stderr, stdout, signal } = await interrupted(by, {
        after: [lines, "rotated "],
        args: ["rotate", ...OFFLINE, "-o", "json", "in"],
      });
      assert.equal(signal, by);
      assert.equal(stdout, "");
      const changed = [...textsIn().values()].filter((now) => now !== text).length;
      assert.ok(changed >= lines && changed < FILES, `${changed} are changed`);
      assert.equal(stderr.match(/^rotated /gm)?.length, changed);
      const [last] = stderr.trimEnd().split("\n").slice(-1);
      assert.equal(
        last,
        `interrupted: rotated ${2 * changed} values in ${changed}; ${FILES - changed} files still to do: run the same command again`,
      );
    });
  }

  test("leaves whole files, old and new, and nothing else; the next run does the rest", async () => {
    const child = start("rotate", ...OFFLINE, "in");
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
    assert.equal(half.size, FILES);
    const untouched = [...half].filter(([, now]) => now === text);
    assert.ok(untouched.length > 0 && untouched.length < FILES, `${untouched.length} are as they were`);
    for (const [path, now] of half)
      assert.ok(now === text || now.includes(`sealing-key: ${NEW_KEY}\n`), path);

    const rest = start("rotate", ...OFFLINE, "in");
    rest.stdout.resume();
    rest.stderr.resume();
    const [code] = await once(rest, "close");
    assert.equal(code, 0);
    const done = textsIn();
    for (const [path, now] of half) if (now !== text) assert.equal(done.get(path), now, path);
    const again = await rotate([...OFFLINE, "in"], { files: Object.fromEntries(done) });
    assert.match(again.stderr, /^150 files: rotated 0 values in 0, left 150 as they are$/m);
  });

  test("of --dry-run says that nothing was written", async () => {
    const { stderr } = await interrupted("SIGINT", {
      after: [1, "would rotate "],
      args: ["rotate", "--dry-run", ...OFFLINE, "in"],
    });
    assert.match(
      stderr,
      /^interrupted: would rotate \d+ values in \d+; \d+ files still to do: nothing was written$/m,
    );
    assert.ok([...textsIn().values()].every((now) => now === text));
  });

  test("of convert says so, too, and that nothing was written where that waits for the last file", async () => {
    const args = ["convert", "--key", "old.key", "--cert", "new.pem", "in"];
    const streamed = await interrupted("SIGINT", { after: [2, "converted "], args });
    assert.deepEqual([streamed.signal, streamed.stdout], ["SIGINT", ""]);
    assert.match(streamed.stderr, /^interrupted: nothing was written$/m);
    const { stderr } = await interrupted("SIGTERM", {
      after: [2, "converted "],
      args: [...args, "--in-place"],
    });
    const changed = [...textsIn().values()].filter((now) => now !== text).length;
    assert.ok(changed >= 2 && changed < FILES, `${changed} are changed`);
    assert.match(
      stderr,
      new RegExp(
        `^interrupted: converted ${changed} in ${changed}; ${FILES - changed} files still to do$`,
        "m",
      ),
    );
  });
});
