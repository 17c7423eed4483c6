import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureRealComponents } from "./real-components.ts";

type Result = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };

const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

suite("netbox", () => {
  let netbox: string;
  let folder: string;

  before(async () => {
    ({ netbox } = await ensureRealComponents(["netbox"]));
    folder = await mkdtemp(join(tmpdir(), "signet-netbox-test-"));
  });
  after(() => rm(folder, { recursive: true }));

  const inNode = (script: string): string[] => ["--", process.execPath, "-e", script];
  const listAddresses = inNode("console.log(os.networkInterfaces().lo?.map(a => a.address).join(' '))");

  test("run gives lo its default addresses, and no other interface", async () => {
    const { stdout, code, stderr } = await run(["run", ...listAddresses]);
    assert.equal(code, 0, stderr);
    const expected = Array.from({ length: 31 }, (_, index) => `192.0.2.${10 + index}`);
    const version4 = stdout
      .trim()
      .split(" ")
      .filter((address) => !address.includes(":"));
    assert.deepEqual(version4, ["127.0.0.1", ...expected]);
  });

  test("run gives lo the addresses asked for instead", async () => {
    const { stdout, stderr } = await run([
      "run",
      "--address",
      "198.51.100.7",
      "--address=2001:db8::7",
      ...listAddresses,
    ]);
    const addresses = stdout.trim().split(" ").toSorted();
    assert.deepEqual(addresses, ["127.0.0.1", "198.51.100.7", "2001:db8::7", "::1"], stderr);
  });

  test("run hands back the command's exit code, and 128 + the signal that ended it", async () => {
    assert.equal((await run(["run", "--", "sh", "-c", "exit 7"])).code, 7);
    assert.equal((await run(["run", "--", "sh", "-c", "kill -9 $$"])).code, 128 + 9);
  });

  test("run ends what the command left running, and takes its temporary folder along", async () => {
    const note = join(folder, "note");
    const script = `(sleep 1; echo alive > ${note}) & echo text > $TMPDIR/file; echo $TMPDIR`;
    const { stdout, code } = await run(["run", "--", "sh", "-c", script]);
    assert.equal(code, 0);
    await assert.rejects(access(stdout.trim()), { code: "ENOENT" });
    await sleep(1_500);
    await assert.rejects(access(note), { code: "ENOENT" });
  });

  test("run hands signals on to the command", async () => {
    const script = 'trap "exit 3" TERM; echo ready; for i in $(seq 100); do sleep 0.1; done';
    const child = spawn(netbox, ["run", "--", "sh", "-c", script]);
    const result = collect(child);
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGTERM");
    assert.equal((await result).code, 3);
  });

  test("pod shows the service account where a pod finds it, and the host is as before", async () => {
    const before = await readdir("/run");
    const account = join(folder, "account");
    await mkdir(account);
    await writeFile(join(account, "token"), "a token");
    const { stdout, stderr } = await run([
      "pod",
      "--service-account",
      account,
      "--",
      "cat",
      `${serviceAccountFolder}/token`,
    ]);
    assert.equal(stdout, "a token", stderr);
    await assert.rejects(access(`${serviceAccountFolder}/token`), { code: "ENOENT" });
    assert.deepEqual(await readdir("/run"), before);
  });

  test("pod's mounts stay its own where the host shares mounts with new namespaces", async () => {
    // /var/run is /run on most hosts, so the mount table may name either.
    const count = "grep -c -e secrets/kubernetes.io/serviceaccount /proc/self/mountinfo";
    const pod = `${netbox} pod --service-account ${folder} -- ${count}`;
    const { stdout, stderr } = await run([
      "run",
      "--",
      "sh",
      "-c",
      `mount --make-rshared / && ${pod}; ${count}`,
    ]);
    assert.equal(stdout, "1\n0\n", stderr);
  });

  test("exec and pod become the command: its pid is theirs", async () => {
    for (const verb of [["exec"], ["pod", "--service-account", folder]]) {
      const child = spawn(netbox, [...verb, "--", "sh", "-c", "echo $$"]);
      const { stdout } = await collect(child);
      assert.equal(stdout.trim(), String(child.pid));
    }
  });

  test("a command under exec dies with the process that started it", async () => {
    const pidFile = join(folder, "pid");
    const starter = spawn("sh", [
      "-c",
      `${netbox} exec -- sh -c 'echo $$ > ${pidFile}; exec sleep 60' & wait`,
    ]);
    const pid = await untilContent(pidFile);
    const gone = new Promise((resolve) => starter.once("exit", resolve));
    starter.kill("SIGKILL");
    await gone;
    await untilEnded(Number(pid));
  });

  test("what cannot be done is said, with its own exit codes", async () => {
    const missing = await run(["run", "--", "no-such-program"]);
    assert.equal(missing.code, 127);
    assert.match(missing.stderr, /^netbox: cannot start the command: .*no-such-program/);
    for (const [args, message] of [
      [["run", "sh"], /no command: put it after --/],
      [["run", "--adress", "192.0.2.1", "--", "sh"], /run does not know "--adress"/],
      [["run", "--address", "192.0.2", "--", "sh"], /--address: /],
      [["pod", "--", "sh"], /pod takes exactly one option: --service-account DIR/],
      [
        ["pod", "--service-account", join(folder, "missing"), "--", "sh"],
        /--service-account: .*no such file/,
      ],
      [["walk", "--", "sh"], /unknown verb "walk"/],
    ] as const) {
      const { code, stderr } = await run(args);
      assert.equal(code, 125, args.join(" "));
      assert.match(stderr, message);
    }
  });

  const run = (args: readonly string[]): Promise<Result> => collect(spawn(netbox, args, { timeout: 60_000 }));
});

function collect(child: ReturnType<typeof spawn>): Promise<Result> {
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
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

async function untilContent(path: string): Promise<string> {
  for (let tries = 0; tries < 200; tries++) {
    const text = await readFile(path, "utf8").catch(() => "");
    if (text.endsWith("\n")) return text.trim();
    await sleep(50);
  }
  return assert.fail(`nothing was written to ${path}`);
}

async function untilEnded(pid: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    // An ended process that nobody has waited for yet still has an entry, in state Z.
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    if (stat === "" || /^\d+ \(.*\) [ZX]/.test(stat)) return;
    await sleep(50);
  }
  assert.fail(`process ${pid} lives on`);
}
