import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startEmbeddedCluster } from "../embedded-cluster/embedded-cluster.ts";

const program = join(import.meta.dirname, "..", "..", "controller", "main.ts");

test("a port that is taken ends the controller with an error that names it", {
  timeout: 60_000,
}, async (t) => {
  const cluster = await startEmbeddedCluster({ sealedSecrets: true });
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const folder = await mkdtemp(join(tmpdir(), "signet-start-"));
  t.after(async () => {
    taken.close();
    await cluster.stop();
    await rm(folder, { recursive: true });
  });
  const address = taken.address();
  assert.ok(typeof address === "object" && address !== null);
  const kubeconfig = join(folder, "kubeconfig");
  await cluster.kubeconfig(kubeconfig);
  for (const [api, metrics, named] of [
    [`127.0.0.1:${address.port}`, "127.0.0.1:0", "listen-addr"],
    ["127.0.0.1:0", `127.0.0.1:${address.port}`, "listen-metrics-addr"],
  ]) {
    const args = [
      program,
      `--kubeconfig=${kubeconfig}`,
      `--listen-addr=${api}`,
      `--listen-metrics-addr=${metrics}`,
    ];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
    });
    const [code] = await once(child, "close");
    assert.equal(code, 1);
    assert.match(
      errors,
      /^error: cannot listen on 127\.0\.0\.1:\d+: the port is in use\nhint: free the port/m,
    );
    assert.ok(errors.includes(`--${named}`));
  }
});

test("options that no Secret could follow end the controller at its start, by name", async (t) => {
  const cluster = await startEmbeddedCluster({ sealedSecrets: true });
  const folder = await mkdtemp(join(tmpdir(), "signet-start-"));
  t.after(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true });
  });
  const kubeconfig = join(folder, "kubeconfig");
  await cluster.kubeconfig(kubeconfig);
  for (const [option, value] of [
    ["secret-labels", "sealedsecrets.bitnami.com/sealed-secrets-key=active"],
    ["secret-annotations", "sealedsecrets.bitnami.com/managed=true"],
    ["secret-annotations", "replicator.v1.mittwald.de/replicate-to=everywhere"],
  ]) {
    const args = [program, `--kubeconfig=${kubeconfig}`, `--${option}=${value}`];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
    });
    const [code] = await once(child, "close");
    assert.equal(code, 2, errors);
    assert.match(errors, new RegExp(`^error: --${option}: `, "m"));
    assert.match(errors, /^hint: /m);
  }
  assert.deepEqual(
    cluster.requests.filter(({ method }) => method !== "GET"),
    [],
  );
});
