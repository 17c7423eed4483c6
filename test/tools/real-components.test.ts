import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isRecentEnough } from "./go-toolchain.ts";

// A stand-in for Go: it notes each build, lingers when told to, and "builds" a text file.
const fakeGo = `#!/bin/sh
if [ "$1" = env ]; then printf '%s\\nlinux\\namd64\\n' "\${FAKE_VERSION:-go1.26.9}"; exit; fi
echo started >> "$FAKE_BUILDS"
while [ -n "$FAKE_HOLD" ] && [ -e "$FAKE_HOLD" ]; do sleep 0.05; done
while [ "$1" != -o ]; do shift; done
echo built > "$2"
if [ -n "$FAKE_FAILURE" ]; then echo "$FAKE_FAILURE" >&2; exit 1; fi
`;

type Result = { code: number | null; stdout: string; stderr: string };

suite("real components are built into a cache", () => {
  let folder: string;
  let cache: string;
  let builds: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "signet-tools-test-"));
    cache = join(folder, "cache");
    builds = join(folder, "builds");
    await mkdir(join(folder, "bin"));
    await writeFile(join(folder, "bin", "go"), fakeGo, { mode: 0o755 });
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("a component is built once and found afterwards, silently", async () => {
    const first = await build({});
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, /^building etcd from source… done in [\d.]+ s\n$/);
    const second = await build({});
    assert.equal(second.stderr, "");
    assert.equal(second.stdout, first.stdout);
    assert.equal(await readFile(pathOf(second), "utf8"), "built\n");
    assert.equal(await buildCount(), 1);
  });

  test("two processes that ask at once build once", async () => {
    const hold = join(folder, "hold");
    await writeFile(hold, "");
    const both = [build({ FAKE_HOLD: hold }), build({ FAKE_HOLD: hold })];
    await untilBuilding();
    // Time for the other to come to the lock; were there none, it would start a second build now.
    await sleep(1_000);
    await rm(hold);
    const [one, other] = await Promise.all(both);
    assert.equal(one?.code, 0, one?.stderr);
    assert.equal(other?.stdout, one?.stdout);
    assert.equal(await buildCount(), 1);
  });

  test("a killed builder neither keeps the lock nor leaves its half-built folder", async () => {
    const hold = join(folder, "hold");
    await writeFile(hold, "");
    const killed = start({ FAKE_HOLD: hold });
    await untilBuilding();
    const killedIsGone = ended(killed);
    killed.kill("SIGKILL");
    await killedIsGone;
    assert.equal((await readdir(cache)).filter((name) => name.startsWith("unfinished-")).length, 1);
    const next = await build({});
    await rm(hold); // lets the killed builder's stand-in end too
    assert.equal(next.code, 0, next.stderr);
    assert.equal((await readdir(cache)).filter((name) => name.startsWith("unfinished-")).length, 0);
  });

  test("a failed build leaves nothing, and says component, command, log and what to do", async () => {
    const failed = await build({ FAKE_FAILURE: "dial tcp: lookup proxy: no such host" });
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /building etcd failed \(exit code 1\): go build -mod=readonly/);
    assert.match(failed.stderr, /dial tcp: lookup proxy: no such host/);
    assert.match(failed.stderr, /hint: Go could not reach its module proxy/);
    assert.deepEqual(
      (await readdir(cache)).filter((name) => !name.startsWith("lock.sqlite")),
      [],
    );
  });

  test("without Go a cached build still serves, and a missing one names what to install", async () => {
    const built = await build({});
    await rm(join(folder, "bin", "go"));
    assert.equal((await build({})).stdout, built.stdout);
    const missing = await build({}, "kubeseal");
    assert.equal(missing.code, 1);
    assert.match(
      missing.stderr,
      /kubeseal is not built yet and there is no Go on PATH; install Go 1\.\d+\.\d+ or newer/,
    );
  });

  test("another Go builds anew; one that is too old is refused", async () => {
    const first = await build({});
    const second = await build({ FAKE_VERSION: "go1.27.0" });
    assert.notEqual(pathOf(second), pathOf(first));
    const old = await build({ FAKE_VERSION: "go1.25.9" });
    assert.equal(old.code, 1);
    assert.match(old.stderr, /Go is too old: go1\.25\.9, wanted 1\.26\.0/);
    assert.equal(await buildCount(), 2);
  });

  test("a component without a recipe is a usage error that lists those there are", async () => {
    const result = await build({}, "kubelet");
    assert.equal(result.code, 2);
    assert.match(result.stderr, /no recipe for kubelet\nhint: known are netbox, go-template, .*etcd,/);
  });

  const pathOf = ({ stdout }: Result): string => stdout.trim().split("\t")[1] ?? "";
  const buildCount = async (): Promise<number> => (await readFile(builds, "utf8")).trim().split("\n").length;
  const build = (env: Record<string, string>, component?: string): Promise<Result> =>
    ended(start(env, component));

  async function untilBuilding(): Promise<void> {
    for (let tries = 0; tries < 400; tries++) {
      const building = await access(builds).then(
        () => true,
        () => false,
      );
      if (building) return;
      await sleep(50);
    }
    assert.fail("no build has started");
  }

  function start(env: Record<string, string>, component = "etcd"): ChildProcess {
    return spawn(process.execPath, [join(import.meta.dirname, "build.ts"), component], {
      env: {
        PATH: `${join(folder, "bin")}:/usr/bin:/bin`,
        SIGNET_TOOLS_CACHE: cache,
        FAKE_BUILDS: builds,
        ...env,
      },
      timeout: 60_000,
    });
  }
});

function ended(child: ChildProcess): Promise<Result> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => {
      // Not "close": a killed builder's own child holds the pipes a little longer.
      setImmediate(() => resolve({ code, stdout, stderr }));
    });
  });
}

test("Go versions compare by number, release by release", () => {
  const table = [
    ["go1.26.0", "1.26.0", true],
    ["go1.26.8", "1.26.0", true],
    ["go1.26", "1.26.0", true],
    ["go1.27rc1", "1.26.0", true],
    ["go2.0.0", "1.26.0", true],
    ["go1.9.9", "1.26.0", false],
    ["go1.25.12", "1.26.0", false],
    ["go1.26.1", "1.26.2", false],
    ["", "1.26.0", false],
  ] as const;
  for (const [version, required, expected] of table)
    assert.equal(isRecentEnough(version, required), expected, `${version} for ${required}`);
});
