import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { utf8 } from "../../shared/bytes.ts";
import { scopeAt } from "../../shared/scope.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { isRecord, type KubeObject } from "../support/control-plane/kube-object.ts";
import { base64, testSealer } from "../support/in-process-sealing.ts";
import { conditionOf, type Scene, sceneOf } from "../support/sealed-secret-scene.ts";
import {
  readInstallation,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";
import { type KeyServiceBackend, startKmsBackend, startVaultBackend } from "./key-services/backend.ts";

requireNetbox();

suite("values of three backends in one SealedSecret", () => {
  let cluster: ControlPlane;
  let scene: Scene;
  let kms: KeyServiceBackend;
  let vault: KeyServiceBackend;
  let controller: SignetController;
  const place = { namespace: "team", name: "mixed" };
  const scope = scopeAt("strict", place);

  before(async () => {
    cluster = await startControlPlane({ manifests: await readInstallation() });
    scene = sceneOf(cluster);
    await scene.namespaces("team");
    [kms, vault] = await Promise.all([startKmsBackend(), startVaultBackend(cluster)]);
    const flags = [...kms.flags, ...vault.flags];
    controller = await startSignetController({
      controlPlane: cluster,
      flags,
      env: { ...kms.env, ...vault.env },
    });
  });
  after(async () => {
    await controller?.stop();
    await kms?.stop();
    await vault?.stop();
    await cluster?.stop();
  });

  /** Values for the place, under the first key of a service. */
  async function sealed(
    backend: KeyServiceBackend,
    plain: Record<string, string>,
  ): Promise<Record<string, string>> {
    const { body } = await cluster.request("GET", "/api/v1/namespaces/kube-system");
    const clusterId = String((isRecord(body) && isRecord(body["metadata"]) ? body["metadata"] : {})["uid"]);
    const items = new Map(Object.entries(plain).map(([item, text]) => [item, utf8(text)]));
    return Object.fromEntries(await backend.sealer(backend.keys[0]).sealAll(items, { clusterId, scope }));
  }

  async function apply(encryptedData: Record<string, string>): Promise<void> {
    const object = {
      apiVersion: "bitnami.com/v1alpha1",
      kind: "SealedSecret",
      metadata: place,
      spec: { encryptedData, template: { data: { url: "{{ .user }}:{{ .password }}@{{ .host }}" } } },
    };
    await cluster.apply([object as unknown as KubeObject]);
  }

  async function values(): Promise<Record<string, string>> {
    const certificate = await (await fetch(`${controller.url}/v1/cert.pem`)).text();
    return {
      ...(await sealed(kms, { user: "u" })),
      ...(await sealed(vault, { password: "p" })),
      host: await (await testSealer(certificate)).value("h", scope),
    };
  }

  test("a template uses them all, with one call on each service", async () => {
    const encryptedData = await values();
    for (const backend of [kms, vault]) backend.forget();
    await apply(encryptedData);
    await scene.untilSynced("team", "mixed", "True");
    const secret = await scene.untilSecret("team", "mixed");
    assert.equal(secret.data?.["url"], base64("u:p@h"));
    assert.deepEqual([kms.opened(), vault.opened()], [1, 1]);
  });

  test("one that does not open keeps the Secret as it is, and one service away waits for it", async () => {
    const encryptedData = await values();
    const version = (await scene.secret("team", "mixed"))?.metadata.resourceVersion;
    await apply({ ...encryptedData, host: (await sealed(vault, { other: "x" }))["other"] ?? "" });
    const refused = await scene.untilSynced("team", "mixed", "False");
    assert.equal(conditionOf(refused, "Synced").reason, "UnsealFailed");
    assert.equal((await scene.secret("team", "mixed"))?.metadata.resourceVersion, version);

    const { begin, end } = Object.values(vault.outages)[0] ?? assert.fail();
    await begin();
    try {
      await apply({ ...encryptedData, ...(await sealed(kms, { user: "v" })) });
      const waiting = await scene.untilSynced("team", "mixed", "False");
      assert.equal(conditionOf(waiting, "Synced").reason, "KeyServiceUnavailable");
      assert.equal((await scene.secret("team", "mixed"))?.metadata.resourceVersion, version);
    } finally {
      await end();
    }
    await scene.untilSecret("team", "mixed", ({ data }) => data?.["url"] === base64("v:p@h"));
  });
});
