import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { loadKubeConfig } from "../../shared/kube/config.ts";
import { connectKube } from "../../shared/kube/http-client.ts";
import { corePath, sealedSecretPath } from "../../shared/kube/paths.ts";
import { issueKey } from "../../shared/seal/issue-certificate.node.ts";
import { readOpeningKey } from "../../shared/seal/opening-key.node.ts";
import { classicUnsealer } from "../../shared/seal/rsa-hybrid.ts";
import { version } from "../../shared/version.ts";
import { pairSecret, sealedManifest, sealingPair } from "../controller/sealing-key.ts";
import { startEmbeddedCluster } from "../embedded-cluster/embedded-cluster.ts";
import { runProgram } from "../support/run-program.ts";
import { filesAtStart } from "./files-at-start.ts";
import { oldNode } from "./old-node.ts";
import { repository } from "./repository-copy.ts";

const password = "correct horse battery staple";

suite("dist/, alone in an empty folder", () => {
  let folder: string;
  let dist: string;
  // A program that is called by its path needs Node on PATH and nothing else.
  const env = { PATH: dirname(process.execPath) };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "signet-dist-test-"));
    const built = join(folder, "built");
    const { code, stderr } = await runProgram(process.execPath, ["scripts/build.ts", built], {
      cwd: repository,
    });
    assert.equal(code, 0, stderr);
    dist = join(folder, "alone", "dist");
    await cp(built, dist, { recursive: true });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test("signet seals a Secret offline, which opens with the certificate's key", async () => {
    const issued = await issueKey({ keyBits: 2048, commonName: "", ttlMs: 86_400_000 }, new Date());
    const certificate = join(folder, "cert.pem");
    await writeFile(certificate, issued.certificatePem);
    const metadata = { name: "database", namespace: "shop" };
    const secret = { apiVersion: "v1", kind: "Secret", metadata, stringData: { password } };
    const result = await runProgram(join(dist, "signet.cjs"), ["--cert", certificate], {
      cwd: dist,
      env: { ...env, HOME: folder },
      stdin: JSON.stringify(secret),
    });
    assert.equal(result.code, 0, result.stderr);
    const sealed: unknown = JSON.parse(result.stdout);
    assert.ok(isSealed(sealed));
    const unsealer = classicUnsealer([await readOpeningKey(issued.privateKeyPem)], { diagnose: false });
    const outcomes = await unsealer.unsealAll(
      new Map(Object.entries(sealed.spec.encryptedData)),
      { clusterId: "", scope: { kind: "strict", namespace: "shop", name: "database" } },
      new AbortController().signal,
    );
    const outcome = outcomes.get("password");
    assert.ok(outcome?.kind === "opened");
    assert.equal(new TextDecoder().decode(outcome.plaintext), password);
  });

  test("no start reads code for AWS, which the controller has for when it is needed", async () => {
    const isOfAws = (text: string) => /KMSServiceException|AWS_WEB_IDENTITY_TOKEN_FILE/.test(text);
    for (const entry of ["cli/main.cjs", "cli/commands/any-command.mjs", "controller/main.mjs"]) {
      for (const [path, text] of await filesAtStart(join(dist, entry)))
        assert.ok(!isOfAws(text), `${entry} begins with ${path}`);
    }
    const controller = join(dist, "controller");
    const later = (await readdir(controller)).find((name) => name.startsWith("kms-client-"));
    const files = await filesAtStart(join(controller, later ?? "kms-client"));
    assert.ok(files.size > 3 && [...files.values()].some(isOfAws));
    const licences = await readFile(join(dist, "LICENSES.txt"), "utf8");
    assert.match(licences, /^@aws-sdk\/client-kms [\d.]+, licence Apache-2\.0$/m);
  });

  test("the name of the ES module starts the same program, and all else it can do is there too", async () => {
    const issued = await issueKey({ keyBits: 2048, commonName: "", ttlMs: 86_400_000 }, new Date());
    const [certificate, key] = [join(folder, "both.pem"), join(folder, "both.key")];
    await writeFile(certificate, issued.certificatePem);
    await writeFile(key, issued.privateKeyPem);
    const value = ["--raw", "--cert", certificate, "--scope", "cluster-wide"];
    const run = (args: readonly string[], stdin: string) =>
      runProgram(join(dist, "signet.mjs"), args, { cwd: folder, env: { ...env, HOME: folder }, stdin });
    const sealed = await run(value, password);
    assert.equal(sealed.code, 0, sealed.stderr);
    const opened = await run(["unseal", "--raw", "--scope", "cluster-wide", "--key", key], sealed.stdout);
    assert.equal(opened.code, 0, opened.stderr);
    assert.equal(opened.stdout, password);
  });

  test("controller --version runs", async () => {
    const result = await runProgram(join(dist, "controller.mjs"), ["--version"], { cwd: dist, env });
    assert.deepEqual(result, { code: 0, stdout: `controller version: v${version}\n`, stderr: "" });
  });

  test("the controller finds the thread of its diagnosis beside itself", async () => {
    const cluster = await startEmbeddedCluster({ sealedSecrets: true });
    const path = join(folder, "embedded-kubeconfig");
    await cluster.kubeconfig(path);
    const client = connectKube(await loadKubeConfig({ kubeconfig: path }), { version });
    cluster.store.ensureNamespace("shop");
    const pair = await sealingPair();
    const key = { path: corePath("secrets", "kube-system"), body: pairSecret(pair, "sealed-secrets-key1") };
    await client.request({ method: "POST", ...key });
    const sealed = await sealedManifest(pair, { namespace: "shop", name: "database" }, { password });
    const moved = { ...sealed, metadata: { ...sealed.metadata, name: "copy" } };
    await client.request({ method: "POST", path: sealedSecretPath("shop"), body: moved });
    const program = start(
      [
        join(dist, "controller.mjs"),
        `--kubeconfig=${path}`,
        "--leader-elect=false",
        "--listen-addr=127.0.0.1:0",
        "--listen-metrics-addr=127.0.0.1:0",
      ],
      { ...env, POD_NAMESPACE: "kube-system" },
    );
    try {
      for (const deadline = Date.now() + 120_000; ; await sleep(100)) {
        const copy = JSON.stringify(
          await client.request({ method: "GET", path: sealedSecretPath("shop", "copy") }),
        );
        // Without an answer from the thread it would say that no key is the right one.
        if (/\(password\): sealed for/.test(copy)) break;
        assert.ok(Date.now() < deadline, `${copy}\n${program.output()}`);
      }
    } finally {
      await program.end();
      await client.close();
      await cluster.stop();
    }
  });

  test("the controller has a thread for each core, and what the environment says counts", async () => {
    const copy = join(folder, "pool", "dist");
    await cp(dist, copy, { recursive: true });
    await writeFile(
      join(copy, "controller", "main.mjs"),
      `import { readdirSync } from "node:fs";
       import { webcrypto } from "node:crypto";
       const threads = () => readdirSync("/proc/self/task").length;
       const before = threads();
       const many = Array.from({ length: 200 }, () => webcrypto.subtle.digest("SHA-256", new Uint8Array(9)));
       await Promise.all(many);
       console.log(threads() - before);\n`,
    );
    const expected = String(availableParallelism() + 3);
    for (const [said, threads] of [
      [{}, expected],
      [{ UV_THREADPOOL_SIZE: "9" }, "9"],
    ] as const) {
      const result = await runProgram(process.execPath, [join(copy, "controller.mjs")], {
        env: { ...env, ...said },
      });
      assert.deepEqual(result, { code: 0, stdout: `${threads}\n`, stderr: "" });
    }
  });

  test("the controller on an old Node says in one line which Node it needs", async () => {
    const result = await runProgram(await oldNode(), [join(dist, "controller.mjs"), "--version"]);
    const own = result.stderr.replace(/^\(node:.*\n|^\(Use .*\n/gm, "");
    assert.match(own, /^error: the signet controller needs Node\.js 24 or newer; this is v\d+\.\d+\.\d+\n$/);
    assert.equal(result.stdout, "");
    assert.equal(result.code, 1);
  });

  test("no file holds a source map or a path of the machine that built it", async () => {
    const files = await readdir(dist, { recursive: true });
    const scripts = files.filter((file) => /\.[cm]js$/.test(file));
    assert.ok(scripts.includes(join("cli", "main.cjs")));
    assert.deepEqual(
      files.filter((file) => /\.(?:map|ts)$/.test(file)),
      [],
    );
    for (const file of scripts) {
      const text = await readFile(join(dist, file), "utf8");
      assert.ok(!text.includes("sourceMappingURL=data"), file);
      assert.ok(!text.includes(repository), file);
    }
  });

  test("the notice names the bundled packages with their licences", async () => {
    const notice = await readFile(join(dist, "LICENSES.txt"), "utf8");
    for (const name of ["js-yaml", "fastify", "pino", "prom-client", "zod", "node-forge"])
      assert.match(notice, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+, licence \\S+`, "m"));
  });

  suite("SIGUSR1, which asks for a new sealing key", () => {
    let silent: Server;
    let kubeconfig: string;
    const sockets = new Set<Socket>();

    before(async () => {
      // A cluster that never answers keeps the controller in its start.
      silent = createServer((socket) => sockets.add(socket.on("error", () => {})));
      await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
      const address = silent.address();
      assert.ok(address !== null && typeof address === "object");
      kubeconfig = join(folder, "kubeconfig");
      const cluster = { server: `https://127.0.0.1:${address.port}`, "insecure-skip-tls-verify": true };
      await writeFile(
        kubeconfig,
        JSON.stringify({
          apiVersion: "v1",
          kind: "Config",
          "current-context": "c",
          clusters: [{ name: "c", cluster }],
          users: [{ name: "c", user: { token: "t" } }],
          contexts: [{ name: "c", context: { cluster: "c", user: "c" } }],
        }),
      );
    });
    after(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => silent.close(resolve));
    });

    test("opens a debugger in a Node program that does not listen for it", async () => {
      const program = start(["-e", 'console.log("ready"); setTimeout(() => {}, 60_000)']);
      await program.prints(/ready/);
      program.child.kill("SIGUSR1");
      await program.prints(/Debugger listening/);
      await program.end();
    });

    test("opens none in the starting controller", async () => {
      const program = start([
        join(dist, "controller.mjs"),
        `--kubeconfig=${kubeconfig}`,
        "--listen-addr=127.0.0.1:0",
      ]);
      await program.prints(/Starting/);
      for (let i = 0; i < 3; i += 1) {
        program.child.kill("SIGUSR1");
        await sleep(100);
      }
      assert.equal(program.child.exitCode ?? program.child.signalCode, null, program.output());
      assert.doesNotMatch(program.output(), /Debugger|inspector/i);
      await program.end();
    });

    test("sent before anyone listens arrives once, as soon as someone does", async () => {
      const copy = join(folder, "early", "dist");
      await cp(dist, copy, { recursive: true });
      await writeFile(
        join(copy, "controller", "main.mjs"),
        `console.log("loaded");
         process.stdin.once("data", () => {
           process.on("SIGUSR1", () => console.log("renew"));
           process.on("SIGUSR1", () => console.log("second"));
         });\n`,
      );
      const program = start([join(copy, "controller.mjs")]);
      await program.prints(/loaded/);
      for (let i = 0; i < 2; i += 1) {
        program.child.kill("SIGUSR1");
        await sleep(100);
      }
      program.child.stdin?.write("listen\n");
      await program.prints(/renew/);
      program.child.kill("SIGUSR1");
      await program.prints(/renew\nrenew\nsecond/);
      await program.end();
      assert.equal(program.output(), "loaded\nrenew\nrenew\nsecond\n");
    });

    if (process.platform === "linux")
      test("core dumps of the controller hold no memory", async () => {
        const program = start([join(dist, "controller.mjs"), `--kubeconfig=${kubeconfig}`]);
        await program.prints(/Starting/);
        const filter = await readFile(`/proc/${program.child.pid}/coredump_filter`, "utf8");
        assert.equal(filter, "00000000\n");
        await program.end();
      });
  });
});

type Started = {
  child: ChildProcess;
  output(): string;
  prints(pattern: RegExp): Promise<void>;
  end(): Promise<void>;
};

/** Runs Node, with a debugger port of its own in case it opens one. */
function start(args: string[], env?: Record<string, string>): Started {
  const child = spawn(process.execPath, ["--inspect-port=127.0.0.1:0", ...args], { stdio: "pipe", env });
  const closed = new Promise((resolve) => child.on("close", resolve));
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  return {
    child,
    output: () => output,
    async prints(pattern) {
      for (const deadline = Date.now() + 120_000; !pattern.test(output); await sleep(20)) {
        if (Date.now() < deadline && child.exitCode === null) continue;
        child.kill("SIGKILL");
        assert.fail(`${pattern} was not printed:\n${output}`);
      }
    },
    async end() {
      child.kill("SIGKILL");
      await closed;
    },
  };
}

function isSealed(value: unknown): value is { spec: { encryptedData: Record<string, string> } } {
  return typeof value === "object" && value !== null && "spec" in value;
}
