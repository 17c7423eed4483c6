import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { utf8 } from "../../shared/bytes.ts";
import { scopeAt } from "../../shared/scope.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { isRecord, type KubeObject } from "../support/control-plane/kube-object.ts";
import { makeScratchFolder } from "../support/control-plane/scratch-folder.ts";
import { base64, testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { conditionOf, objectsIn, type Scene, sceneOf } from "../support/sealed-secret-scene.ts";
import { runSignet } from "../support/signet-cli.ts";
import { type SignetController, startSignetController } from "../support/signet-controller.ts";
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
    cluster = await startInstalledCluster();
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

  test("what the command line seals under each backend opens in the cluster, alone and merged into one file", async () => {
    const certificate = await (await fetch(`${controller.url}/v1/cert.pem`)).text();
    const folder = await makeScratchFolder("sealed-by-cli");
    try {
      const at = (name: string) => join(folder.path, name);
      await writeFile(at("cert.pem"), certificate);
      const [vaultAddress = ""] = vault.flags.filter((flag) => flag.startsWith("--vault-addr="));
      const env = {
        ...kms.env,
        HOME: folder.path,
        KUBECONFIG: cluster.adminKubeconfig,
        VAULT_ADDR: vaultAddress.replace("--vault-addr=", ""),
        VAULT_TOKEN: vault.secrets["the root token"] ?? "",
      };
      const signet = async (args: readonly string[], stdin: string): Promise<string> => {
        const { code, stdout, stderr } = await runSignet([...args, "-o", "yaml"], { env, stdin });
        assert.equal(code, 0, stderr);
        return stdout;
      };
      const secret = (name: string, items: object) =>
        JSON.stringify({
          apiVersion: "v1",
          kind: "Secret",
          metadata: { namespace: "team", name },
          stringData: items,
        });
      const keys = {
        kms: ["--kms-key", kms.keys[0]],
        derived: ["--vault-key", vault.keys[0]],
        plain: ["--vault-key", vault.keys[1]],
        cluster: ["--cert", at("cert.pem")],
      };
      const merged = at("merged.yaml");
      for (const [by, flags] of Object.entries(keys)) {
        const alone = await signet(flags, secret(`by-${by}`, { item: by }));
        await cluster.apply(objectsIn(alone));
        const { data } = await scene.untilSecret("team", `by-${by}`);
        assert.deepEqual(data, { item: base64(by) });
        const own = secret("merged", { [by]: by });
        if (by === "kms") await writeFile(merged, await signet(flags, own));
        else await signet([...flags, "--merge-into", merged], own);
      }
      const file = await readFile(merged, "utf8");
      await cluster.apply(objectsIn(file));
      const expected = Object.fromEntries(Object.keys(keys).map((by) => [by, base64(by)]));
      assert.deepEqual((await scene.untilSecret("team", "merged")).data, expected);
      await scene.untilSynced("team", "merged", "True");
      for (const form of [/ kms:1:arn:/, / vault:1:transit\/derived:/, / vault:1:transit\/plain:/])
        assert.match(file, form);
    } finally {
      await folder.remove();
    }
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
