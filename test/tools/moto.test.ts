import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import { makeScratchFolder, type ScratchFolder } from "../support/control-plane/scratch-folder.ts";
import { runProgram } from "../support/run-program.ts";

// A stand-in for Python, which "makes" an environment that holds a copy of it, and notes what pip is asked for.
const fakePython = `#!/bin/sh
case "$*" in
*_base_executable*) printf '%s\\n/fake/python\\n' "\${FAKE_VERSION:-3.11.2}" ;;
*ensurepip*) [ -z "$FAKE_DEBIAN" ] ;;
"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python3" ;;
*"pip install"*) echo "$*" >> "$FAKE_LOG"; [ -z "$FAKE_FAILURE" ] || { echo "$FAKE_FAILURE" >&2; exit 1; } ;;
*moto.server*) echo "served $*" ;;
esac
`;

suite("moto is made into the cache", () => {
  let scratch: ScratchFolder;
  let cache: string;
  let log: string;

  beforeEach(async () => {
    scratch = await makeScratchFolder("moto-tool");
    cache = join(scratch.path, "cache");
    log = join(scratch.path, "log");
    await mkdir(join(scratch.path, "bin"));
    await writeFile(join(scratch.path, "bin", "python3"), fakePython, { mode: 0o755 });
  });
  afterEach(() => scratch.remove());

  const build = (env: Record<string, string> = {}) =>
    runProgram(process.execPath, [join(import.meta.dirname, "build.ts"), "moto"], {
      env: {
        PATH: `${join(scratch.path, "bin")}:/bin`,
        SIGNET_TOOLS_CACHE: cache,
        FAKE_LOG: log,
        ...env,
      },
    });
  const pathOf = ({ stdout }: { stdout: string }): string => stdout.trim().split("\t")[1] ?? "";
  const entries = async () => (await readdir(cache)).filter((name) => !name.startsWith("lock.sqlite"));

  test("it is made once, from pinned packages only, and starts where it was moved to", async () => {
    const first = await build();
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, /^making moto… done in [\d.]+ s\n$/);
    const second = await build();
    assert.deepEqual(second, { code: 0, stdout: first.stdout, stderr: "" });
    const asked = (await readFile(log, "utf8")).trim().split("\n");
    assert.equal(asked.length, 1);
    assert.match(asked[0] ?? "", /--require-hashes --no-deps .*-r \S+requirements\.txt$/);
    const served = await runProgram(pathOf(first), ["-p", "1"]);
    assert.equal(served.stdout, "served -m moto.server -p 1\n");
  });

  test("every pinned package has a hash", async () => {
    const text = await readFile(join(import.meta.dirname, "recipes", "moto", "requirements.txt"), "utf8");
    const packages = text.split(/\n(?=\S)/);
    assert.ok(packages.length > 10);
    for (const one of packages) assert.match(one, /^[a-z0-9-]+==\S+ \\\n {4}--hash=sha256:[0-9a-f]{64}/);
  });

  test("another Python makes it anew; one that is too old is refused", async () => {
    const first = await build();
    assert.notEqual(pathOf(await build({ FAKE_VERSION: "3.13.1" })), pathOf(first));
    const old = await build({ FAKE_VERSION: "3.10.14" });
    assert.equal(old.code, 1);
    assert.match(old.stderr, /moto needs Python 3\.11 or newer, python3 on PATH is 3\.10\.14/);
  });

  test("what is missing is named, and what failed leaves nothing", async () => {
    const bare = await build({ FAKE_DEBIAN: "yes" });
    assert.equal(bare.code, 1);
    assert.match(bare.stderr, /needs Python's venv and ensurepip\nhint: install python3-venv/);
    const failed = await build({ FAKE_FAILURE: "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES" });
    assert.equal(failed.code, 1);
    assert.match(
      failed.stderr,
      /making moto failed: .*pip install[\s\S]*NOT MATCH[\s\S]*requirements\.txt pins/,
    );
    assert.deepEqual(await entries(), []);
    await rm(join(scratch.path, "bin", "python3"));
    const none = await build({ PATH: join(scratch.path, "bin") });
    assert.match(none.stderr, /there is no python3 on PATH\nhint: install python3 and python3-venv/);
  });
});
