import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { Check } from "../../cli/doctor/check.ts";
import { identitySecret, testIdentity } from "../controller/sops/identity-secrets.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import {
  type ReferenceController,
  startReferenceController,
} from "../support/control-plane/reference-controller.ts";
import { base64, testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { objectIn, type Scene, sceneOf, sealedPath, secretPath } from "../support/sealed-secret-scene.ts";
import { certificateOf, keySecretOf, keySecrets } from "../support/sealing-key-secrets.ts";
import { runSignet } from "../support/signet-cli.ts";
import {
  controllerNamespace,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";

requireNetbox();

const NAMESPACE = "shop";
/** What stands in the cluster, by name, with the value of its one item. */
const VALUES = { db: "classic", doc: "by-sops", kept: "with-policy" } as const;

suite("leaving: after what doctor --leave advises the reference opens everything", () => {
  let cluster: ControlPlane;
  let scene: Scene;
  let signet: SignetController | null = null;
  let reference: ReferenceController | null = null;
  let folder: string;
  let identity: string;

  before(async () => {
    cluster = await startInstalledCluster();
    scene = sceneOf(cluster);
    await scene.namespaces(NAMESPACE);
    folder = join(cluster.folder, "files");
    await mkdir(folder);
    const { text, recipient } = await testIdentity();
    identity = text;
    await cluster.apply([identitySecret({ "keys.txt": text }) as KubeObject]);
    signet = await startSignetController({ controlPlane: cluster });
    const [key = assert.fail("no sealing key")] = await keySecrets(cluster);
    const pem = certificateOf(key);
    await writeFile(join(folder, "cert.pem"), pem);
    const sealer = await testSealer(pem);
    await cluster.apply([
      await sealer.object({ namespace: NAMESPACE, name: "db", items: { a: VALUES.db } }),
      await sealer.object({
        namespace: NAMESPACE,
        name: "kept",
        items: { a: VALUES.kept },
        annotations: { "signet.dev/on-removal": "retain" },
      }),
    ]);
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "doc", namespace: NAMESPACE } };
    const stdin = JSON.stringify({ ...secret, stringData: { a: VALUES.doc } });
    const sealed = await run(["--age", recipient, "-o", "json"], { stdin });
    await writeFile(join(folder, "doc.json"), sealed.stdout);
    await cluster.apply([objectIn(sealed.stdout)]);
    for (const name of Object.keys(VALUES)) await scene.untilSynced(NAMESPACE, name, "True");
    // The reference ends at its start where there is one.
    await cluster.apply([keySecretOf("damaged", { certificatePem: "none", privateKeyPem: "none" })]);
  });

  after(async () => {
    await signet?.stop();
    await reference?.stop();
    await cluster?.stop();
  });

  async function run(
    args: readonly string[],
    { stdin = "", code = 0 }: { stdin?: string; code?: number } = {},
  ) {
    const env = { KUBECONFIG: cluster.adminKubeconfig, HOME: folder, SOPS_AGE_KEY: identity };
    const result = await runSignet(args, { stdin, cwd: folder, env });
    assert.equal(result.code, code, result.stderr);
    return result;
  }

  async function inTheWay(code: number): Promise<Check[]> {
    const { stdout } = await run(["doctor", "--leave", "-o", "json", "doc.json"], { code });
    return (JSON.parse(stdout) as { checks: Check[] }).checks.filter(({ level }) => level !== "ok");
  }

  test("all of it is listed, and gone once its advice was followed", async () => {
    const found = await inTheWay(1);
    const told = found.map(({ level, found: what }) => `${level} ${what}`).sort();
    assert.equal(told.length, 5, told.join("\n"));
    for (const [index, expected] of [
      /^fail Secret kube-system\/damaged is no sealing key/,
      /^fail a: sealed by the backend sops$/,
      /^fail a: sealed by the backend sops$/,
      /^warn the ConfigMap kube-system\/sealed-secrets-certificate stays behind/,
      /^warn the annotation signet\.dev\/on-removal counts for nothing/,
    ].entries())
      assert.match(told[index] ?? "", expected);
    const convert = found.find(({ next }) => next?.includes("doc.json"))?.next ?? "";
    assert.match(convert, /^signet convert --backend cluster --in-place doc\.json, then apply it$/);

    await run(["convert", "--backend", "cluster", "--cert", "cert.pem", "--in-place", "doc.json"]);
    const converted = objectIn(await readFile(join(folder, "doc.json"), "utf8"));
    const { body } = await cluster.request("GET", sealedPath(NAMESPACE, "doc"));
    const { resourceVersion } = (body as KubeObject).metadata;
    const put = { ...converted, metadata: { ...converted.metadata, resourceVersion } };
    assert.equal((await cluster.request("PUT", sealedPath(NAMESPACE, "doc"), put)).status, 200);
    const label = found.find(({ found: what }) => what.includes("damaged"))?.next ?? "";
    const [, name = "", key = "", value = ""] =
      /kubectl -n kube-system label secret (\S+) --overwrite (\S+)=(\S+)$/.exec(label) ?? [];
    const patch = { metadata: { labels: { [key]: value } } };
    const { status } = await cluster.request("PATCH", secretPath(controllerNamespace, name), patch, {
      contentType: "application/merge-patch+json",
    });
    assert.equal(status, 200, label);
    await scene.untilSynced(NAMESPACE, "doc", "True");
    assert.deepEqual(
      (await inTheWay(0)).map(({ level }) => level),
      ["warn", "warn"],
    );
  });

  test("the reference then makes every Secret again", async () => {
    await signet?.stop();
    signet = null;
    for (const name of Object.keys(VALUES)) await scene.remove(secretPath(NAMESPACE, name));
    reference = await startReferenceController({
      controlPlane: cluster,
      crd: null,
      flags: ["--kubeclient-qps=-1"],
    });
    for (const [name, value] of Object.entries(VALUES)) {
      const { data } = await scene.untilSecret(NAMESPACE, name);
      assert.deepEqual(data, { a: base64(value) }, name);
    }
  });
});
