import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, suite, test } from "node:test";
import { readDocuments } from "../../shared/document/read-documents.ts";
import { toYaml } from "../../shared/document/to-yaml.ts";
import { type SealingPair, sealingPair } from "../controller/sealing-key.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import { base64, testSealer } from "../support/in-process-sealing.ts";
import { type Scene, type SceneSecret, sceneOf, secretPath } from "../support/sealed-secret-scene.ts";
import { keySecretOf } from "../support/sealing-key-secrets.ts";
import { runSignet } from "../support/signet-cli.ts";
import {
  readInstallation,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";

requireNetbox();

const HOUR_MS = 3_600_000;
const NAMES = ["a", "b", "c"];
const everybody = ["sealed-secrets-service-proxier", "sealed-secrets-certificate-reader"];
const rights = readFileSync(join(import.meta.dirname, "../../examples/rotate-tekton/rights.yaml"));

suite("rotate on a real API server", () => {
  let cluster: ControlPlane;
  let scene: Scene;
  let controller: SignetController;
  let [old, current]: SealingPair[] = [];
  let folder = "";

  before(async () => {
    cluster = await startControlPlane();
    scene = sceneOf(cluster);
    const objects = await readInstallation();
    await cluster.apply(
      objects.filter(({ kind, metadata }) => kind !== "RoleBinding" || !everybody.includes(metadata.name)),
    );
    await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: "ci" } }]);
    await cluster.apply(readDocuments(rights, "rights.yaml").map(({ value }) => value as KubeObject));
    [old, current] = await Promise.all([
      sealingPair(new Date(Date.now() - 2 * HOUR_MS)),
      sealingPair(new Date(Date.now() - HOUR_MS)),
    ]);
    await cluster.apply([keySecretOf("key-old", old), keySecretOf("key-current", current)]);
    const flags = ["--rate-limit=1000", "--rate-limit-burst=1000"];
    controller = await startSignetController({ controlPlane: cluster, install: false, flags });
  });
  after(async () => {
    await controller?.stop();
    await cluster?.stop();
  });
  beforeEach(async (context) => {
    folder = mkdtempSync(join(tmpdir(), "signet-rotate-"));
    mkdirSync(join(folder, "sealed"));
    const sealer = await testSealer(old?.certificatePem ?? "");
    for (const name of NAMES) {
      const object = await sealer.object({ name, items: { password: `correct ${name}` } });
      writeFileSync(join(folder, `sealed/${name}.yaml`), `# ${name}\n${toYaml(object)}`);
    }
    if ("after" in context) context.after(() => rmSync(folder, { recursive: true }));
  });

  const texts = () =>
    readdirSync(join(folder, "sealed")).map((name) => readFileSync(join(folder, "sealed", name), "utf8"));
  const rotate = (kubeconfig: string, ...args: string[]) =>
    runSignet(["rotate", ...args, "sealed"], { cwd: folder, env: { KUBECONFIG: kubeconfig, HOME: folder } });
  const account = (namespace: string, name: string) =>
    cluster.kubeconfigFor({ serviceAccount: { namespace, name } });

  async function appliedOpens(): Promise<void> {
    const objects = texts().flatMap((text) =>
      readDocuments(text, "file").map(({ value }) => value as KubeObject),
    );
    await cluster.apply(objects);
    for (const name of NAMES) {
      await scene.untilSynced("default", name, "True");
      const { body } = await cluster.request("GET", secretPath("default", name));
      assert.equal((body as SceneSecret).data?.["password"], base64(`correct ${name}`));
    }
  }

  test("with the rights of the recipe the controller does it, and all opens with the newest key alone", async () => {
    const run = await rotate(await account("ci", "rotate-sealed-secrets"));
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stderr, /^3 files: rotated 3 values in 3$/m);
    for (const text of texts()) assert.ok(text.includes(current?.fingerprint ?? "none"), text);
    writeFileSync(join(folder, "current.key"), current?.privateKeyPem ?? "");
    for (const name of NAMES) {
      const opened = await runSignet(
        ["unseal", "--key", "current.key", "--item", "password", `sealed/${name}.yaml`],
        { cwd: folder },
      );
      assert.equal(opened.stdout, `correct ${name}`, opened.stderr);
    }
    await appliedOpens();
    const again = await rotate(await account("ci", "rotate-sealed-secrets"));
    assert.match(again.stderr, /^3 files: rotated 0 values in 0, left 3 as they are$/m);
  });

  test("who may read the key Secrets does it here, and what comes of it opens in the cluster", async () => {
    const run = await rotate(cluster.adminKubeconfig, "--open");
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stderr, /^3 files: rotated 3 values in 3$/m);
    await appliedOpens();
    const again = await rotate(cluster.adminKubeconfig, "--open");
    assert.match(again.stderr, /^left sealed\/a\.yaml: under the newest key$/m);
  });

  test("without rights nothing is changed, and it is said which are missing", async () => {
    const before = texts();
    const nobody = await account("default", "nobody");
    const byController = await rotate(nobody);
    assert.equal(byController.code, 1);
    assert.match(byController.stderr, /^error: cannot get sealed secret service: .*is not allowed \(403\)/m);
    assert.match(byController.stderr, /^hint: /m);
    const pipeline = await account("ci", "rotate-sealed-secrets");
    for (const kubeconfig of [nobody, pipeline]) {
      const here = await rotate(kubeconfig, "--open");
      assert.equal(here.code, 1);
      assert.match(here.stderr, /^error: .*(?:403|not allowed|forbidden).*$/im);
      assert.match(here.stderr, /^hint: /m);
    }
    assert.deepEqual(texts(), before);
  });

  test("without a cluster nothing is changed, and the run ends at once", async () => {
    const before = texts();
    const config = readFileSync(cluster.adminKubeconfig, "utf8").replace(
      /https:[^"\s]+/,
      "https://127.0.0.1:9",
    );
    writeFileSync(join(folder, "kubeconfig"), config);
    const run = await rotate(join(folder, "kubeconfig"));
    assert.equal(run.code, 1);
    assert.equal(run.stderr.match(/^(?:error|failed)/gm)?.length, 1, run.stderr);
    assert.deepEqual(texts(), before);
  });
});
