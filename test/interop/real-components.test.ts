import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { asKubeObject, isRecord, type KubeObject } from "../support/control-plane/kube-object.ts";
import { runKubeseal } from "../support/control-plane/kubeseal.ts";
import { readObjects, sealedSecretDefinitionFile } from "../support/control-plane/object-files.ts";
import {
  type ReferenceController,
  startReferenceController,
} from "../support/control-plane/reference-controller.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";

requireNetbox();

const secretPath = "/api/v1/namespaces/default/secrets/database";
const sealedPath = "/apis/bitnami.com/v1alpha1/namespaces/default/sealedsecrets/database";
const password = "correct horse battery staple";

suite("the real components work together", () => {
  let cluster: ControlPlane;
  let reference: ReferenceController;
  let alice: string;

  before(async () => {
    const manifests = await readObjects(sealedSecretDefinitionFile);
    cluster = await startControlPlane({ controllerManager: true, auditLog: true, manifests });
    reference = await startReferenceController({ controlPlane: cluster, crd: null });
    alice = await cluster.kubeconfigFor({ user: "alice" }, "default");
  });

  after(async () => {
    await reference?.stop();
    await cluster?.stop();
  });

  test("kubeseal reports the version it was built from", async () => {
    const { code, stdout } = await runKubeseal(["--version"]);
    assert.equal(code, 0);
    assert.equal(stdout, "kubeseal version: v0.40.0\n");
  });

  test("an ordinary user's kubeseal fetches the certificate through the Service proxy", async () => {
    const { code, stdout, stderr } = await runKubeseal(["--fetch-cert"], { env: { KUBECONFIG: alice } });
    assert.equal(code, 0, stderr);
    const direct = await fetch(`${reference.url}/v1/cert.pem`);
    assert.equal(stdout, await direct.text());
    assert.match(stdout, /^-----BEGIN CERTIFICATE-----/);
    const proxied = await waitUntil({ what: "the request in the audit log" }, async () => {
      const found = (await cluster.auditEvents()).filter(
        ({ stage, requestURI, user, code: answer }) =>
          stage === "ResponseComplete" &&
          requestURI === `${reference.proxyPath}/v1/cert.pem` &&
          user === "alice" &&
          answer === 200,
      );
      return found.length > 0 ? found : null;
    });
    assert.equal(proxied.length, 1);
  });

  test("what kubeseal seals, the controller opens, and its Secret goes with the SealedSecret", async () => {
    const sealed = await sealWithKubeseal(alice);
    await cluster.apply([sealed]);
    const secret = await waitUntil({ what: "the controller to make the Secret" }, async () => {
      const { status, body } = await cluster.request("GET", secretPath);
      return status === 200 ? asKubeObject(body) : null;
    });
    assert.deepEqual(secret["data"], { password: Buffer.from(password).toString("base64") });

    const { status } = await cluster.request("DELETE", sealedPath);
    assert.equal(status, 200);
    await waitUntil({ what: "the garbage collector to delete the Secret" }, async () => {
      const answer = await cluster.request("GET", secretPath);
      return answer.status === 404 ? true : null;
    });
  });

  test("an ordinary user may not read Secrets, the administrator may", async () => {
    const secrets = "/api/v1/namespaces/kube-system/secrets";
    const token = await cluster.tokenFor({ user: "alice" });
    const refused = await cluster.request("GET", secrets, undefined, { token });
    assert.equal(refused.status, 403);
    assert.ok(isRecord(refused.body));
    assert.match(String(refused.body["message"]), /User "alice" cannot list resource "secrets"/);
    const allowed = await cluster.request("GET", secrets);
    assert.equal(allowed.status, 200);
    assert.match(JSON.stringify(allowed.body), /sealedsecrets\.bitnami\.com\/sealed-secrets-key/);
  });

  async function sealWithKubeseal(kubeconfig: string): Promise<KubeObject> {
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "database", namespace: "default" },
      stringData: { password },
    };
    const { code, stdout, stderr } = await runKubeseal(["--format=yaml"], {
      stdin: JSON.stringify(secret),
      env: { KUBECONFIG: kubeconfig },
    });
    assert.equal(code, 0, stderr);
    assert.ok(!stdout.includes(password));
    const file = join(cluster.folder, "database.yaml");
    await writeFile(file, stdout);
    const [sealed, ...others] = await readObjects(file);
    assert.ok(sealed !== undefined && others.length === 0);
    return sealed;
  }
});
