import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { withLock } from "../../cli/file-lock.ts";
import { systemFiles } from "../../cli/system-files.ts";

const PROCESSES = 12;
const EACH = 2;
const home = mkdtempSync(join(tmpdir(), "signet-accepting-"));
const folder = join(home, ".config/signet");
const program = join(import.meta.dirname, "accepting-process.ts");
after(() => rmSync(home, { recursive: true, force: true }));

/** A process that has read the record, and accepts these files when it is told to. */
async function accepting(files: readonly string[]) {
  const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: "" };
  const child = spawn(process.execPath, [program, ...files], { env, stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  return async () => {
    child.stdin.end();
    return await ended;
  };
}

suite("processes that accept files at once", () => {
  test("have all of it recorded, and leave nothing beside the record", async () => {
    const wanted = Array.from({ length: PROCESSES }, (_, process) =>
      Array.from({ length: EACH }, (_, file) => `/${process}/${file}`),
    );
    const all = await Promise.all(wanted.map(accepting));
    assert.deepEqual(
      await Promise.all(all.map((accept) => accept())),
      wanted.map(() => [0, null]),
    );
    const { things } = JSON.parse(readFileSync(join(folder, "things.json"), "utf8"));
    assert.deepEqual(Object.keys(things).sort(), wanted.flat().sort());
    assert.deepEqual(readdirSync(folder), ["things.json"]);
  });

  test("do not bar others for good when they are killed amid it", async () => {
    const accept = await accepting(["killed"]);
    assert.deepEqual(await accept(), [null, "SIGKILL"]);
    assert.deepEqual(readdirSync(folder).sort(), ["things.json", "things.json.lock"]);
    let pauses = 0;
    withLock(
      join(folder, "things.json"),
      systemFiles,
      () => undefined,
      () => void pauses++,
    );
    assert.ok(pauses > 100, "a lock is left its holder for a while");
    assert.deepEqual(readdirSync(folder), ["things.json"]);
  });
});
