import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { watch } from "node:fs";
import { mkdir, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { promisify } from "node:util";
import { readDocuments } from "../../shared/document/read-documents.ts";
import { toYaml } from "../../shared/document/to-yaml.ts";
import { type SealingPair, sealingPair } from "../controller/sealing-key.ts";
import { compileCache } from "../runner/compile-cache.ts";
import { cliProgram } from "../support/built-programs.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { writeKubeconfig } from "../support/control-plane/kubeconfig.ts";
import { type FakeKms, startFakeKms } from "../support/fake-kms.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { sceneOf, secretPath } from "../support/sealed-secret-scene.ts";
import { deleteKeys, keyLabel, keySecretOf, keySecrets } from "../support/sealing-key-secrets.ts";
import {
  controllerNamespace,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";
import { newAgeIdentity } from "../support/sops-keys.ts";

requireNetbox();

const HOUR_MS = 3_600_000;
/** More than any of these asks: a loop that goes on has lost its end. */
const MOST_STEPS = 60;
/** Far longer than any of these takes. */
const BOUND_MS = 60_000;
const run = promisify(execFile);
const owner = await newAgeIdentity();
const merge = { contentType: "application/merge-patch+json" } as const;

type Ended = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };
/** Before the API server sees a request, or after it was carried out and before the answer. */
type Moment = "before" | "after";

suite("commands on the life of keys, refused and interrupted on a real API server", () => {
  let cluster: ControlPlane;
  let proxy: FaultProxy;
  let controller: SignetController;
  let kms: FakeKms;
  let wrapping: string;
  let folder: string;
  /** The administrator's way through the proxy. */
  let kubeconfig: string;
  let sealed: string;
  /** A backup of one of the keys. */
  let spareFile: string;
  let [old, current, spare]: SealingPair[] = [];

  before(async () => {
    cluster = await startInstalledCluster();
    [old, current, spare] = await Promise.all(
      [3, 1, 4].map((hours) => sealingPair(new Date(Date.now() - hours * HOUR_MS))),
    );
    await restoreKeys();
    controller = await startSignetController({ controlPlane: cluster, install: false });
    [proxy, kms] = await Promise.all([startFaultProxy(cluster), startFakeKms()]);
    wrapping = `kms:${kms.createKey()}`;
    folder = join(cluster.folder, "repository");
    kubeconfig = join(cluster.folder, "through-the-proxy");
    await mkdir(join(folder, "sealed"), { recursive: true });
    await through(kubeconfig, `https://127.0.0.1:${proxy.port}`);
    const [stale, fresh] = [old, current].map((pair) => pair?.certificatePem ?? "");
    await cluster.apply([await (await testSealer(fresh ?? "")).object({ name: "db", items: { a: "1" } })]);
    await sceneOf(cluster).untilSynced("default", "db", "True");
    const object = await (await testSealer(stale ?? "")).object({ name: "db", items: { a: "1", b: "2" } });
    sealed = `# ours\n${toYaml(object)}`;
    await writeFile(join(folder, "cert.pem"), fresh ?? "");
    await writeFile(join(folder, ".signet.yaml"), project());
    await writeFile(join(folder, "sealed/db.yaml"), sealed);
    spareFile = join(cluster.folder, "spare.yaml");
    const made = await signet(["keys", "backup", "--age", owner.recipient, "-w", spareFile, "key-spare"])
      .ended;
    assert.equal(made.code, 0, made.stderr);
    const accepted = await signet(["pin", "accept"]).ended;
    assert.equal(accepted.code, 0, accepted.stderr);
  });
  after(async () => {
    await controller?.stop();
    await Promise.all([proxy?.close(), kms?.close()]);
    await cluster?.stop();
  });

  const through = (path: string, url: string) =>
    writeKubeconfig(path, { url, ca: cluster.ca, token: cluster.adminToken });
  const project = () =>
    `version: 1\nclusters:\n  prod: {certificate: cert.pem, fingerprint: "${current?.fingerprint}"}\n`;

  /** Three keys as they were, and no others. */
  async function restoreKeys(): Promise<void> {
    await deleteKeys(cluster);
    const pairs = Object.entries({ "key-old": old, "key-current": current, "key-spare": spare });
    for (const [name, pair] of pairs) await cluster.apply([keySecretOf(name, pair ?? assert.fail())]);
  }

  /** What the cluster has of each key; annotations tell of what was done, and are left out. */
  async function keysNow(): Promise<Record<string, string>> {
    const all = await keySecrets(cluster, "");
    return Object.fromEntries(
      all.map(({ metadata, data }) => [
        metadata.name,
        JSON.stringify([metadata.labels?.[keyLabel], Object.entries(data ?? {}).sort()]),
      ]),
    );
  }

  /** The files of the repository, what is left of others too. */
  async function filesNow(): Promise<Record<string, string>> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    return Object.fromEntries(
      await Promise.all(paths.sort().map(async (path) => [path, await readFile(path, "utf8")] as const)),
    );
  }

  const environment = () => ({
    PATH: process.env["PATH"],
    HOME: cluster.folder,
    SOPS_AGE_KEY: owner.text,
    ...compileCache,
    ...kms.environment,
  });

  function signet(args: readonly string[], env: Readonly<Record<string, string>> = {}, stdin = "") {
    const child = spawn(process.execPath, [cliProgram, ...args], {
      cwd: folder,
      env: { ...environment(), KUBECONFIG: kubeconfig, ...env },
      timeout: BOUND_MS,
      killSignal: "SIGKILL",
    });
    child.stdin.on("error", () => undefined).end(stdin);
    const said = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].setEncoding("utf8").on("data", (text: string) => {
        said[name] += text;
      });
    const ended = new Promise<Ended>((resolve, reject) => {
      child.on("error", reject).on("close", (code, signal) => resolve({ code, signal, ...said }));
    });
    return { child, ended };
  }

  /** Ctrl-C at a request, counted from 0, which is never answered: nothing but the signal is there to end the command. @returns null where the command ended before it came to that. */
  async function interrupted(args: readonly string[], step: number, moment: Moment, stdin: string) {
    const { child, ended } = signet(args, {}, stdin);
    let count = 0;
    let struck = false;
    const strike = () => void child.kill("SIGINT");
    proxy.inject(({ method }) => {
      if (struck) return { kind: "hold" };
      if ((moment === "after" && method === "GET") || count++ !== step) return null;
      struck = true;
      if (moment === "after") return { kind: "hold-answer", first: strike };
      strike();
      return { kind: "hold" };
    });
    const end = await ended;
    proxy.inject(() => null);
    if (!struck) return { end, isWhole: true };
    assert.equal(end.signal, "SIGINT", `${args.join(" ")}, request ${step}: ${end.stderr}`);
    return { end, isWhole: false };
  }

  /** Interrupts a command that writes nothing to the cluster at each of its requests. @returns how it ends by itself. */
  async function readsOnly(args: readonly string[], stdin = ""): Promise<Ended> {
    const before = { keys: await keysNow(), files: await filesNow() };
    for (let step = 0; ; step++) {
      assert.ok(step < MOST_STEPS);
      const { end, isWhole } = await interrupted(args, step, "before", stdin);
      assert.deepEqual(await keysNow(), before.keys, args.join(" "));
      if (isWhole) {
        assert.ok(step > 0, `${args.join(" ")} asks the cluster`);
        return end;
      }
      assert.equal(end.stdout, "", args.join(" "));
      assert.deepEqual(await filesNow(), before.files, args.join(" "));
    }
  }

  /**
   * Interrupts a command that writes to the cluster at each of its requests, and after each write; then it is run again.
   * @param half what has to hold after each interruption
   * @param done and after it was run again
   */
  async function writes(
    args: readonly string[],
    reset: () => Promise<void>,
    half: () => Promise<void>,
    done: () => Promise<void>,
  ): Promise<void> {
    for (const moment of ["before", "after"] as const) {
      for (let step = 0; ; step++) {
        assert.ok(step < MOST_STEPS);
        await reset();
        const { end, isWhole } = await interrupted(args, step, moment, "");
        await half();
        if (isWhole) {
          assert.equal(end.code, 0, end.stderr);
          assert.ok(step > 0, `${args.join(" ")} ${moment}: it came to none`);
          await done();
          break;
        }
        const again = await signet(args).ended;
        assert.equal(again.code, 0, `${args.join(" ")}, again after request ${step}: ${again.stderr}`);
        await done();
      }
    }
    await reset();
  }

  async function patchKey(name: string, metadata: object): Promise<void> {
    const { status } = await cluster.request(
      "PATCH",
      secretPath(controllerNamespace, name),
      { metadata },
      merge,
    );
    assert.equal(status, 200);
  }
  const annotation = async (name: string, key: string) =>
    (await keySecrets(cluster, "")).find(({ metadata }) => metadata.name === name)?.metadata.annotations?.[
      key
    ];

  test("what tells and changes nothing ends at once, prints no half of it, and leaves all as it was", async () => {
    const stolen = old?.fingerprint ?? "";
    const rows: [args: string[], code: number][] = [
      [["keys", "list"], 0],
      [["keys", "show", "--open", "key-old"], 0],
      [["audit", "--open"], 0],
      [["audit", "--compromised", stolen, "--open", "--in-cluster", "sealed"], 1],
      [["status", "-A"], 0],
      [["doctor", "--leave", "sealed"], 0],
    ];
    for (const [args, code] of rows) {
      const end = await readsOnly(args);
      assert.equal(end.code, code, `${args.join(" ")}: ${end.stderr}`);
      assert.notEqual(`${end.stdout}${end.stderr}`, "");
    }
    const doctor = await readsOnly(["doctor"]);
    assert.match(doctor.stdout, /^ok +definition/m);
  });

  test("what writes files ends at once, and leaves each as it was; run again it is done", async () => {
    const file = join(folder, "sealed/db.yaml");
    const pinned = project().replace(/SHA256:[^"]+/, stalePin());
    const rows: [args: string[], stdin: string, files: Record<string, string>][] = [
      [
        ["set", "--scope=strict", "--controller-name=sealed-secrets-controller", "sealed/db.yaml", "c"],
        "new",
        {},
      ],
      [["generate", "--controller-name=sealed-secrets-controller", "sealed/db.yaml", "c"], "", {}],
      [["rotate", "sealed"], "", {}],
      [["rotate", "--open", "--for-cluster=prod", "sealed"], "", {}],
      [
        ["pin", "update", "--accept-certificate", current?.fingerprint ?? "", "prod"],
        "",
        { ".signet.yaml": pinned, "cert.pem": old?.certificatePem ?? "" },
      ],
    ];
    for (const [args, stdin, files] of rows) {
      const before = { ".signet.yaml": project(), "cert.pem": current?.certificatePem ?? "", ...files };
      await writeFile(file, sealed);
      for (const [path, text] of Object.entries(before)) await writeFile(join(folder, path), text);
      if (args[0] === "pin") assert.equal((await signet(["pin", "accept"]).ended).code, 0);
      const end = await readsOnly(args, stdin);
      assert.equal(end.code, 0, `${args.join(" ")}: ${end.stderr}`);
      const changed = args[0] === "pin" ? join(folder, ".signet.yaml") : file;
      const now = await readFile(changed, "utf8");
      assert.notEqual(now, changed === file ? sealed : pinned, args.join(" "));
    }
    await writeFile(file, sealed);
    assert.equal(await readFile(join(folder, ".signet.yaml"), "utf8"), project());
  });
  const stalePin = () => old?.fingerprint ?? "";

  test("what asks nobody ends while it reads its input, and amid its writing leaves a whole file", async () => {
    const pipe = join(cluster.folder, "pipe");
    await run("mkfifo", [pipe]);
    const before = await filesNow();
    for (const args of [
      ["lint", pipe],
      ["set", "--cert", "cert.pem", "--from-file", pipe, "sealed/db.yaml", "c"],
      // In the project: under the certificate that it pins.
      ["-f", pipe, "-w", "sealed/new.yaml"],
    ]) {
      const { child, ended } = signet(args);
      // It can be opened once the other end is.
      const end = await open(pipe, "w");
      child.kill("SIGINT");
      assert.deepEqual(await ended, { code: null, signal: "SIGINT", stdout: "", stderr: "" }, args.join(" "));
      await end.close();
      assert.deepEqual(await filesNow(), before, args.join(" "));
    }
    const file = join(folder, "sealed/db.yaml");
    const rows: [args: string[], items: string[]][] = [
      [["unset", "sealed/db.yaml", "b"], ["a"]],
      [
        ["rename", "sealed/db.yaml", "b", "c"],
        ["a", "c"],
      ],
      [
        ["generate", "--cert", "cert.pem", "sealed/db.yaml", "c"],
        ["a", "b", "c"],
      ],
    ];
    for (const [args, items] of rows) {
      const { child, ended } = signet(args);
      const watcher = watch(join(folder, "sealed"), () => void child.kill("SIGINT"));
      const { code, signal } = await ended;
      watcher.close();
      // By the signal; or it was done before that came.
      assert.ok(code === 0 || signal === "SIGINT", args.join(" "));
      const { [file]: now = "", ...others } = await filesNow();
      const { [file]: text = "", ...unchanged } = before;
      assert.deepEqual(others, unchanged, "nothing else is left");
      if (now === text) assert.equal((await signet(args).ended).code, 0);
      const whole = await readFile(file, "utf8");
      assert.ok(now === text || now === whole);
      const [document] = readDocuments(Buffer.from(whole), file);
      const { spec } = (document ?? assert.fail()).value as {
        spec: { encryptedData: Record<string, string> };
      };
      assert.deepEqual(Object.keys(spec.encryptedData), items);
      assert.ok(whole.startsWith("# ours\n"));
      await writeFile(file, text);
    }
  });

  test("a promotion was made or not; run again it is", async () => {
    const before = await keysNow();
    const unchanged = async () => assert.deepEqual(await keysNow(), before);
    const promoted = async () => assert.ok(await annotation("key-spare", "signet.dev/primary"));
    const reset = () => patchKey("key-spare", { annotations: { "signet.dev/primary": null } });
    await writes(["keys", "promote", "key-spare"], reset, unchanged, promoted);
  });

  test("a key was retired or not, and lies there in either case", async () => {
    const before = await keysNow();
    const reset = () => patchKey("key-spare", { labels: { [keyLabel]: "active" } });
    const isThere = async () => {
      const now = await keysNow();
      const asActive = { ...now, "key-spare": now["key-spare"]?.replace('"retired"', '"active"') };
      assert.deepEqual(asActive, before);
    };
    const isRetired = async () => assert.match((await keysNow())["key-spare"] ?? "", /^\["retired"/);
    await writes(["keys", "retire", "key-spare"], reset, isThere, isRetired);
  });

  test("a backup is a whole file or none, and confirms nothing but what is stored", async () => {
    const before = await keysNow();
    const file = join(cluster.folder, "keys.yaml");
    const names = ["key-old", "key-spare"];
    const confirmed = () =>
      Promise.all(
        names.map(async (name) => (await annotation(name, "signet.dev/backup-confirmed")) !== undefined),
      );
    const marks = ["signet.dev/backup-written", "signet.dev/backup-confirmed"].map((key) => [key, null]);
    const reset = async () => {
      await rm(file, { force: true });
      for (const name of names) await patchKey(name, { annotations: Object.fromEntries(marks) });
    };
    const opens = async () => {
      const { code, stderr } = await signet(["keys", "restore", "--dry-run", file]).ended;
      assert.equal(code, 0, stderr);
    };
    const half = async () => {
      assert.deepEqual(await keysNow(), before);
      const text = await readFile(file, "utf8").catch(() => null);
      if (text !== null) await opens();
      else assert.deepEqual(await confirmed(), [false, false]);
    };
    const done = async () => assert.deepEqual(await confirmed(), [true, true]);
    const args = ["keys", "backup", "--age", owner.recipient, "--confirm", "-w", file, ...names];
    await writes(args, reset, half, done);
  });

  test("a restore brought the key back or not, once; run again it is back", async () => {
    const before = await keysNow();
    const reset = async () =>
      void (await cluster.request("DELETE", secretPath(controllerNamespace, "key-spare")));
    const half = async () => {
      const now = await keysNow();
      assert.deepEqual({ "key-spare": before["key-spare"], ...now }, before);
    };
    const done = async () => assert.deepEqual(await keysNow(), before);
    await writes(["keys", "restore", spareFile], reset, half, done);
    await restoreKeys();
  });

  test("a key is wrapped or lies open, and opens in either case; the same the way back", async () => {
    const before = await keysNow();
    const { "key-spare": _, ...others } = before;
    const allow = ["--kms-allowed-keys=arn:aws:kms:*:*:key/*"];
    const wrap = ["keys", "wrap", "--with", wrapping, "--without-backup", "--ahead-of-controller", ...allow];
    const unwrap = ["keys", "unwrap", "--ahead-of-controller", ...allow, "key-spare"];
    const half = async () => {
      const { "key-spare": one = "", ...rest } = await keysNow();
      assert.deepEqual(rest, others);
      assert.ok(one === before["key-spare"] || one.startsWith('["wrapped"'));
    };
    const isOpen = async () => assert.deepEqual(await keysNow(), before);
    const isWrapped = async () => assert.match((await keysNow())["key-spare"] ?? "", /^\["wrapped"/);
    await writes([...wrap, "key-spare"], () => putSpare(), half, isWrapped);
    const wrapped = async () => {
      await putSpare();
      const { code, stderr } = await signet([...wrap, "key-spare"]).ended;
      assert.equal(code, 0, stderr);
    };
    await writes(unwrap, wrapped, half, isOpen);
    await restoreKeys();
  });
  async function putSpare(): Promise<void> {
    await cluster.request("DELETE", secretPath(controllerNamespace, "key-spare"));
    await cluster.apply([keySecretOf("key-spare", spare ?? assert.fail())]);
  }

  test("a new key is there as a whole or not at all, and those before it are as they were", async () => {
    const before = await keysNow();
    const made = async () =>
      (await keySecrets(cluster, "")).filter(({ metadata }) => !Object.hasOwn(before, metadata.name));
    const reset = async () => {
      for (const { metadata } of await made())
        await cluster.request("DELETE", secretPath(controllerNamespace, metadata.name));
    };
    const half = async () => {
      assert.deepEqual({ ...(await keysNow()), ...before }, await keysNow());
      for (const { metadata, data } of await made()) {
        assert.deepEqual(Object.keys(data ?? {}).sort(), ["tls.crt", "tls.key"]);
        const { "signet.dev/primary": primary, "signet.dev/awaits-promotion": waits } =
          metadata.annotations ?? {};
        assert.ok((primary ?? waits) !== undefined, "it seals once it is known for meant");
      }
    };
    const done = async () =>
      assert.ok((await made()).some(({ metadata }) => metadata.annotations?.["signet.dev/primary"]));
    await writes(["keys", "new", "--key-size=2048"], reset, half, done);
  });

  test("without a cluster each says what it could not reach, prints nothing and writes nothing", async () => {
    const nowhere = join(cluster.folder, "nowhere");
    await through(nowhere, "https://127.0.0.1:9");
    const file = join(cluster.folder, "other.yaml");
    const before = { keys: await keysNow(), files: await filesNow() };
    for (const args of [
      ["keys", "list"],
      ["keys", "show", "key-old"],
      ["keys", "new"],
      ["keys", "promote", "key-old"],
      ["keys", "retire", "key-old"],
      ["keys", "backup", "--age", owner.recipient, "-w", file],
      ["keys", "restore", spareFile],
      ["keys", "wrap", "--with", wrapping, "key-old"],
      ["keys", "unwrap", "--all"],
      ["rotate", "sealed"],
      ["set", "--controller-name=sealed-secrets-controller", "sealed/db.yaml", "c"],
      ["generate", "--controller-name=sealed-secrets-controller", "sealed/db.yaml", "c"],
      ["edit", "--open", "--allow-disk", "sealed/db.yaml"],
      ["pin", "update", "prod"],
    ]) {
      const { code, stdout, stderr } = await signet(args, { KUBECONFIG: nowhere }, "new").ended;
      assert.deepEqual([code, stdout], [1, ""], `${args.join(" ")}: ${stderr}`);
      assert.match(stderr, /cannot reach the API server https:\/\/127\.0\.0\.1:9: connection refused/);
      assert.match(stderr, /^hint: ./m);
    }
    await assert.rejects(readFile(file), { code: "ENOENT" });
    assert.deepEqual({ keys: await keysNow(), files: await filesNow() }, before);
  });

  test("without rights keys are neither wrapped nor unwrapped; whoever seals needs none", async () => {
    const serviceAccount = { namespace: "default", name: "nobody" };
    const env = { KUBECONFIG: await cluster.kubeconfigFor({ serviceAccount }) };
    const before = await keysNow();
    for (const args of [
      ["keys", "wrap", "--with", wrapping, "key-old"],
      ["keys", "unwrap", "--all"],
    ]) {
      const { code, stdout, stderr } = await signet(args, env).ended;
      assert.deepEqual([code, stdout], [1, ""], stderr);
      assert.match(stderr, /^error: cannot .* in namespace "kube-system": .* 403 Forbidden\nhint: ./m);
    }
    assert.deepEqual(await keysNow(), before);
    const generate = ["generate", "--controller-name=sealed-secrets-controller", "sealed/db.yaml", "c"];
    const made = await signet(generate, env).ended;
    assert.deepEqual([made.code, made.stdout], [0, ""], made.stderr);
    await writeFile(join(folder, "sealed/db.yaml"), sealed);
  });
});
