import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, afterEach, before, suite, test } from "node:test";
import { readCertificate } from "../../shared/seal/certificate.node.ts";
import { type SealingPair, sealingPair } from "../controller/sealing-key.ts";
import { cliProgram } from "../support/built-programs.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { readObjects } from "../support/control-plane/object-files.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { base64, testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import type { CommandResult } from "../support/run-program.ts";
import { type Scene, type SceneSecret, sceneOf, secretPath } from "../support/sealed-secret-scene.ts";
import { certificateOf, deleteKeys, keySecretOf, keySecrets } from "../support/sealing-key-secrets.ts";
import { runSignet } from "../support/signet-cli.ts";
import {
  controllerNamespace,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";
import { newAgeIdentity } from "../support/sops-keys.ts";

requireNetbox();

const owner = await newAgeIdentity();
const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${controllerNamespace}/leases/sealed-secrets-controller`;
const configMapPath = `/api/v1/namespaces/${controllerNamespace}/configmaps/sealed-secrets-certificate`;
const example = join(import.meta.dirname, "../../examples/key-backup/cronjob.yaml");

suite("backups of sealing keys, on a real API server", () => {
  let cluster: ControlPlane;
  let scene: Scene;
  let controller: SignetController | null = null;
  let file: string;

  before(async () => {
    cluster = await startInstalledCluster();
    scene = sceneOf(cluster);
    file = join(cluster.folder, "keys.yaml");
    const rights = (await readObjects(example)).filter(({ kind }) => kind !== "CronJob");
    await cluster.apply(rights);
  });
  afterEach(async () => {
    await controller?.stop();
    controller = null;
    await deleteKeys(cluster);
    for (const path of [leasePath, configMapPath]) await cluster.request("DELETE", path);
    await rm(file, { force: true });
  });
  after(async () => {
    await controller?.stop();
    await cluster?.stop();
  });

  const env = (kubeconfig = cluster.adminKubeconfig) => ({
    KUBECONFIG: kubeconfig,
    HOME: cluster.folder,
    SOPS_AGE_KEY: owner.text,
  });
  const keys = (args: readonly string[], kubeconfig?: string): Promise<CommandResult> =>
    runSignet(["keys", ...args], { env: env(kubeconfig) });
  const backup = ["backup", "--age", owner.recipient, "-w"];
  async function succeed(args: readonly string[], kubeconfig?: string): Promise<string> {
    const { code, stderr } = await keys(args, kubeconfig);
    assert.equal(code, 0, `signet keys ${args.join(" ")}\n${stderr}`);
    return stderr;
  }
  async function start(...flags: string[]): Promise<SignetController> {
    await controller?.stop();
    controller = await startSignetController({ controlPlane: cluster, flags });
    return controller;
  }
  const certificate = async () => {
    const answer = await fetch(`${controller?.url}/v1/cert.pem`);
    return { status: answer.status, text: await answer.text() };
  };
  async function putPairs(count: number): Promise<SealingPair[]> {
    const pairs = await Promise.all(
      Array.from({ length: count }, (_, at) => sealingPair(new Date(Date.now() - (count - at) * 3_600_000))),
    );
    for (const [at, pair] of pairs.entries()) await cluster.apply([keySecretOf(`key-${at}`, pair)]);
    return pairs;
  }
  const material = async () =>
    new Map((await keySecrets(cluster, "")).map(({ metadata, data }) => [metadata.name, data]));

  test("with required backups: renewal waits for the confirmation, by the rights of the example alone", async () => {
    await start("--require-backup");
    const [first] = await keySecrets(cluster);
    assert.ok(first !== undefined);
    const served = await certificate();
    assert.equal(served.text, certificateOf(first), "the first key seals at once");
    controller?.process.signal("SIGUSR1");
    const second = await waitUntil({ what: "a second key", boundMs: 90_000 }, async () => {
      const others = (await keySecrets(cluster)).filter(
        ({ metadata }) => metadata.name !== first.metadata.name,
      );
      return others[0] ?? null;
    });
    assert.equal((await certificate()).text, served.text);
    const { fingerprint } = readCertificate(certificateOf(second));
    await waitUntil({ what: "it to be published", boundMs: 90_000 }, async () => {
      const { body } = await cluster.request("GET", configMapPath);
      const { metadata } = body as SceneSecret;
      return metadata.annotations?.["signet.dev/sealing-keys-awaiting-backup"] === fingerprint ? true : null;
    });
    const serviceAccount = { namespace: controllerNamespace, name: "sealing-key-backup" };
    const narrow = await cluster.kubeconfigFor({ serviceAccount });
    await succeed([...backup, file], narrow);
    assert.equal((await certificate()).text, served.text, "written is not stored");
    await succeed(["backup", "--confirm", file], narrow);
    await waitUntil({ what: "the second to seal", boundMs: 90_000 }, async () =>
      (await certificate()).text === certificateOf(second) ? true : null,
    );
  });

  test("a cluster is lost: restored keys open, seal with nothing until one is promoted, and all is as it was", async () => {
    await putPairs(3);
    await start();
    const served = await certificate();
    const sealer = await testSealer(served.text);
    const object = await sealer.object({ name: "db", items: { password: "correct horse" } });
    await cluster.apply([object]);
    await scene.untilSynced("default", "db", "True");
    const before = await material();
    await succeed([...backup, file, "--confirm"]);
    await controller?.stop();
    controller = null;
    await deleteKeys(cluster);
    for (const path of [leasePath, configMapPath, secretPath("default", "db")])
      await cluster.request("DELETE", path);
    await succeed(["restore", file]);
    assert.deepEqual(await material(), before);
    await start();
    await waitUntil({ what: "the Secret", boundMs: 90_000 }, async () => {
      const { status, body } = await cluster.request("GET", secretPath("default", "db"));
      return status === 200 ? (body as SceneSecret) : null;
    }).then(({ data }) => assert.deepEqual(data, { password: base64("correct horse") }));
    assert.equal((await certificate()).status, 500);
    assert.equal((await keySecrets(cluster)).length, 3, "none is made in their stead");
    const { fingerprint } = readCertificate(served.text);
    await succeed(["promote", fingerprint]);
    await waitUntil({ what: "the certificate of before", boundMs: 90_000 }, async () =>
      (await certificate()).text === served.text ? true : null,
    );
    const again = await succeed(["restore", file]);
    assert.equal(again.match(/already: left as it is/g)?.length, 3);
    assert.deepEqual(await material(), before);
  });

  test("without rights: words that help, nothing written, no file left", async () => {
    await putPairs(1);
    await succeed([...backup, file]);
    const stored = await readFile(file);
    const nobody = await cluster.kubeconfigFor({ serviceAccount: { namespace: "default", name: "nobody" } });
    const other = join(cluster.folder, "other.yaml");
    const before = await material();
    for (const args of [
      [...backup, other],
      ["backup", "--confirm", file],
      ["restore", file],
    ]) {
      const { code, stdout, stderr } = await keys(args, nobody);
      assert.deepEqual([code, stdout], [1, ""], stderr);
      assert.match(stderr, /error: cannot list secrets in namespace "kube-system": .* 403 Forbidden/);
      assert.match(stderr, /hint: /);
    }
    await assert.rejects(stat(other), { code: "ENOENT" });
    assert.deepEqual([await material(), await readFile(file)], [before, stored]);
    // Who may read and not write gets a file that counts for nothing.
    await cluster.apply([
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "Role",
        metadata: { namespace: controllerNamespace, name: "reader" },
        rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["list"] }],
      } as never,
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata: { namespace: controllerNamespace, name: "reader" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
        subjects: [{ kind: "ServiceAccount", namespace: "default", name: "nobody" }],
      } as never,
    ]);
    const reader = await keys([...backup, other, "--confirm"], nobody);
    assert.equal(reader.code, 1);
    const [secret] = await keySecrets(cluster);
    assert.equal(secret?.metadata.annotations?.["signet.dev/backup-confirmed"], undefined);
    await deleteKeys(cluster);
    assert.equal((await keys(["restore", file], nobody)).code, 1);
    assert.equal((await keySecrets(cluster)).length, 0);
  });

  test("killed after each Secret that it writes, a restore is run again: no key lost, none changed, none twice", async () => {
    const pairs = await putPairs(4);
    await succeed([...backup, file]);
    const before = await material();
    for (let count = 0; count < pairs.length; count++) {
      await deleteKeys(cluster);
      await killed(["restore", file], async () => (await keySecrets(cluster)).length > count);
      const half = await material();
      for (const [name, data] of half) assert.deepEqual(data, before.get(name));
      await succeed(["restore", file]);
      assert.deepEqual(await material(), before);
    }
  });

  test("killed at any step, a backup leaves a whole file or none, and confirms nothing that is not stored", async () => {
    const pairs = await putPairs(4);
    const marked = async () => {
      const found = await keySecrets(cluster);
      return found.filter(
        ({ metadata }) => metadata.annotations?.["signet.dev/backup-confirmed"] !== undefined,
      ).length;
    };
    const exists = () =>
      stat(file).then(
        () => true,
        () => false,
      );
    const before = await material();
    for (const step of [
      async () => true,
      exists,
      ...pairs.map((_, at) => async () => (await marked()) > at),
    ]) {
      await rm(file, { force: true });
      await deleteKeys(cluster);
      for (const [at, pair] of pairs.entries()) await cluster.apply([keySecretOf(`key-${at}`, pair)]);
      await killed([...backup, file, "--confirm"], step);
      assert.deepEqual(await material(), before);
      if (await exists()) {
        await writeFile(`${file}.copy`, await readFile(file));
        await deleteKeys(cluster);
        await succeed(["restore", `${file}.copy`]);
        assert.deepEqual(await material(), before, "a file that is there is whole");
      } else assert.equal(await marked(), 0);
      await succeed([...backup, file, "--confirm"]);
      assert.equal(await marked(), pairs.length);
    }
  });

  /** Kills the command as soon as a step was made, or lets it end where it is quicker. */
  async function killed(args: readonly string[], isMade: () => Promise<boolean>): Promise<void> {
    const child = spawn(process.execPath, [cliProgram, "keys", ...args], {
      env: { PATH: process.env["PATH"], ...env() },
      stdio: "ignore",
    });
    const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    while (!isOver && !(await isMade()));
    child.kill("SIGKILL");
    await ended;
  }
});
