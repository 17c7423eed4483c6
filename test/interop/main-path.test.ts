import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite } from "node:test";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import { runKubeseal } from "../support/control-plane/kubeseal.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import {
  conditionOf,
  objectIn,
  objectsIn,
  type Scene,
  type SceneSecret,
  sceneOf,
  sealedPath,
} from "../support/sealed-secret-scene.ts";
import { runSignet } from "../support/signet-cli.ts";
import { type SignetController, startSignetController } from "../support/signet-controller.ts";

requireNetbox();

const table = coverageTable({
  certificate: "our CLI fetches the certificate through the Service proxy, as an ordinary user",
  json: "a Secret in JSON is sealed, applied and comes out equal",
  yaml: "a Secret in YAML is sealed, applied and comes out equal",
  stream: "a stream of several Secrets is sealed at once",
  strict: "strict scope",
  "namespace-wide": "namespace-wide scope",
  "cluster-wide": "cluster-wide scope",
  metadata: "labels and annotations of the input reach the Secret",
  type: "the type reaches the Secret",
  immutable: "immutable reaches the Secret",
  binary: "several items, bytes that are no text, an empty one",
  large: "an item of 500 KiB",
  owner: "the Secret is owned by its SealedSecret alone",
  status: "Synced and Ready are True, for the generation observed",
  event: "an event says that it was unsealed",
  update: "a changed value changes the Secret",
  deletion: "the Secret goes with its SealedSecret",
  renamed: "a renamed copy is refused, with the reason, unless its scope allows it",
  moved: "a moved copy is refused, with the reason, unless its scope allows it",
  kubeseal: "kubeseal fetches our controller's certificate and seals for it",
  validate: "kubeseal --validate asks our controller, and understands both answers",
  "re-encrypt": "kubeseal --re-encrypt has our controller seal anew, and understands a refusal",
  renewal: "what was sealed before a renewal stays valid and is re-encrypted under the new key",
});

suite("from a Secret through its SealedSecret to the Secret", () => {
  let cluster: ControlPlane;
  let controller: SignetController;
  let scene: Scene;
  let env: Record<string, string>;

  before(async () => {
    // Their definition among the first objects: the garbage collector then knows it at once.
    cluster = await startInstalledCluster({ controllerManager: true, auditLog: true });
    scene = sceneOf(cluster);
    // The default size of keys, and no limit that this test would run into.
    controller = await startSignetController({
      controlPlane: cluster,
      flags: ["--key-size=4096", "--rate-limit=1000", "--rate-limit-burst=1000"],
    });
    await scene.namespaces("team-a", "team-b");
    const home = join(cluster.folder, "home");
    await mkdir(home);
    env = { KUBECONFIG: await cluster.kubeconfigFor({ user: "alice" }, "team-a"), HOME: home };
  });

  after(async () => {
    await controller?.stop();
    await cluster?.stop();
  });

  table.proves("certificate", "an ordinary user fetches the certificate through the Service", async () => {
    const { code, stdout, stderr } = await runSignet(["--fetch-cert"], { env });
    assert.equal(code, 0, stderr);
    const direct = await fetch(`${controller.url}/v1/cert.pem`);
    assert.equal(stdout, await direct.text());
    assert.match(stdout, /^-----BEGIN CERTIFICATE-----/);
    const proxied = await waitUntil({ what: "the request in the audit log" }, async () => {
      const found = (await cluster.auditEvents()).filter(
        ({ requestURI, user, code: answer, stage }) =>
          requestURI === `${controller.proxyPath}/v1/cert.pem` &&
          user === "alice" &&
          answer === 200 &&
          stage === "ResponseComplete",
      );
      return found.length > 0 ? found : null;
    });
    assert.equal(proxied.length, 1);
  });

  table.proves(
    ["json", "strict", "owner", "status", "event"],
    "a Secret in JSON comes out equal",
    async () => {
      const secret = secretManifest("json", { stringData: { password: "correct horse battery staple" } });
      const sealed = objectIn(await seal(JSON.stringify(secret)));
      assert.ok(!JSON.stringify(sealed).includes("correct horse"));
      const [stored] = await cluster.apply([sealed]);
      const made = await scene.untilSecret("team-a", "json");
      assert.deepEqual(made.data, { password: base64("correct horse battery staple") });
      assert.equal(made.type, "Opaque");
      assertOwnedBy(made, stored);

      const status = await scene.untilSynced("team-a", "json", "True");
      assert.equal(status.observedGeneration, 1);
      assert.deepEqual(
        status.conditions.map(({ type, status: value, reason, observedGeneration }) => ({
          type,
          value,
          reason,
          observedGeneration,
        })),
        [
          { type: "Synced", value: "True", reason: "Unsealed", observedGeneration: 1 },
          { type: "Ready", value: "True", reason: "Unsealed", observedGeneration: 1 },
        ],
      );
      const { lastUpdateTime, lastTransitionTime } = conditionOf(status, "Synced");
      assert.ok(lastUpdateTime !== undefined);
      assert.equal(lastUpdateTime, lastTransitionTime);

      await scene.untilEvent("team-a", "json", "Unsealed");
      const events = await scene.events("team-a", "json");
      assert.deepEqual(events, [
        {
          type: "Normal",
          reason: "Unsealed",
          message: "SealedSecret unsealed successfully",
          count: 1,
          component: "sealed-secrets",
        },
      ]);
    },
  );

  table.proves(["yaml", "metadata", "type"], "a Secret in YAML keeps its labels and type", async () => {
    const input = [
      "apiVersion: v1",
      "kind: Secret",
      "metadata:",
      "  name: yaml",
      "  labels: { app: shop, tier: db }",
      "  annotations: { note: for the shop }",
      "type: kubernetes.io/basic-auth",
      "stringData:",
      "  username: shop",
      "data:",
      `  password: ${base64("s3cr3t\n")}`,
      "",
    ].join("\n");
    const file = join(cluster.folder, "sealed.yaml");
    const { code, stderr } = await runSignet(["-w", file], { stdin: input, env });
    assert.equal(code, 0, stderr);
    const text = await readFile(file, "utf8");
    assert.doesNotMatch(text, /s3cr3t|c3IzY3I|shop\s*$/);
    await cluster.apply([objectIn(text)]);
    const made = await scene.untilSecret("team-a", "yaml");
    assert.deepEqual(made.data, { username: base64("shop"), password: base64("s3cr3t\n") });
    assert.equal(made.type, "kubernetes.io/basic-auth");
    assert.deepEqual(made.metadata.labels, { app: "shop", tier: "db" });
    assert.deepEqual(made.metadata.annotations, { note: "for the shop" });
  });

  table.proves("stream", "a stream of YAML documents and a List is sealed in one go", async () => {
    const one = secretManifest("stream-1", { stringData: { a: "1" } });
    const items = ["stream-2", "stream-3"].map((name) => secretManifest(name, { stringData: { a: name } }));
    const list = { apiVersion: "v1", kind: "List", items };
    const stdin = `${JSON.stringify(one)}\n---\n${JSON.stringify(list)}\n`;
    const sealed = objectsIn(await seal(stdin, "-o", "yaml"));
    assert.deepEqual(
      sealed.map(({ metadata }) => metadata.name),
      ["stream-1", "stream-2", "stream-3"],
    );
    await cluster.apply(sealed);
    for (const [name, value] of [
      ["stream-1", "1"],
      ["stream-2", "stream-2"],
      ["stream-3", "stream-3"],
    ] as const) {
      assert.deepEqual((await scene.untilSecret("team-a", name)).data, { a: base64(value) });
    }
  });

  table.proves(["binary", "immutable"], "bytes of every kind, and immutable, come out equal", async () => {
    const bytes = randomBytes(1000).toString("base64");
    const data = { "tls.crt": bytes, "not-utf8": "//79", empty: "", zero: "AA==" };
    const secret = secretManifest("binary", { data, immutable: true });
    await cluster.apply([objectIn(await seal(JSON.stringify(secret)))]);
    const made = await scene.untilSecret("team-a", "binary");
    assert.deepEqual(made.data, data);
    assert.equal(made.immutable, true);
    await scene.untilSynced("team-a", "binary", "True");
  });

  table.proves("large", "an item of 500 KiB comes out equal", async () => {
    const big = randomBytes(500 * 1024).toString("base64");
    await cluster.apply([objectIn(await seal(JSON.stringify(secretManifest("large", { data: { big } }))))]);
    const made = await scene.untilSecret("team-a", "large");
    assert.ok(made.data?.["big"] === big, "the item differs");
    await scene.untilSynced("team-a", "large", "True");
  });

  table.proves("update", "a changed value, an added and a removed item change the Secret", async () => {
    const first = secretManifest("update", { stringData: { kept: "1", changed: "old", removed: "x" } });
    await cluster.apply([objectIn(await seal(JSON.stringify(first)))]);
    const made = await scene.untilSecret("team-a", "update");
    const second = secretManifest("update", { stringData: { kept: "1", changed: "new", added: "y" } });
    await cluster.apply([objectIn(await seal(JSON.stringify(second)))]);
    const changed = await scene.untilSecret("team-a", "update", ({ data }) => data?.["added"] !== undefined);
    assert.deepEqual(changed.data, { kept: base64("1"), changed: base64("new"), added: base64("y") });
    assert.equal(changed.metadata.uid, made.metadata.uid);
    const status = await scene.untilSynced("team-a", "update", "True");
    assert.equal(status.observedGeneration, 2);
    assert.equal(conditionOf(status, "Ready").observedGeneration, 2);
  });

  table.proves("deletion", "the Secret is collected once its SealedSecret is deleted", async () => {
    const secret = secretManifest("deleted", { stringData: { a: "1" } });
    await cluster.apply([objectIn(await seal(JSON.stringify(secret)))]);
    await scene.untilSecret("team-a", "deleted");
    await scene.remove(sealedPath("team-a", "deleted"));
    await scene.untilNoSecret("team-a", "deleted");
  });

  const copies = [
    { scope: "strict", change: "renamed", opens: false },
    { scope: "strict", change: "moved", opens: false },
    { scope: "namespace-wide", change: "renamed", opens: true },
    { scope: "namespace-wide", change: "moved", opens: false },
    { scope: "cluster-wide", change: "renamed", opens: true },
    { scope: "cluster-wide", change: "moved", opens: true },
  ] as const;
  for (const { scope, change, opens } of copies) {
    const title = `${scope}: a ${change} copy is ${opens ? "opened" : "refused with its reason"}`;
    table.proves([scope, change], title, async () => {
      const name = `${scope}-${change}`;
      const secret = secretManifest(name, { stringData: { password: "p" } });
      const sealed = objectIn(await seal(JSON.stringify(secret), "--scope", scope));
      await cluster.apply([sealed]);
      assert.deepEqual((await scene.untilSecret("team-a", name)).data, { password: base64("p") });
      const place =
        change === "renamed"
          ? { namespace: "team-a", name: `copy-of-${name}` }
          : { namespace: "team-b", name };
      await cluster.apply([{ ...sealed, metadata: { ...sealed.metadata, ...place } }]);
      if (opens) {
        assert.deepEqual((await scene.untilSecret(place.namespace, place.name)).data, {
          password: base64("p"),
        });
        await scene.untilSynced(place.namespace, place.name, "True");
        return;
      }
      const status = await scene.untilSynced(place.namespace, place.name, "False");
      const { reason, message } = conditionOf(status, "Synced");
      const origin = change === "renamed" ? `team-a/${name}` : "another name, namespace or scope";
      const expected = `no key could decrypt secret (password): sealed for ${origin}, not for ${place.namespace}/${place.name}; seal it again for this name and namespace`;
      assert.equal(reason, "UnsealFailed");
      assert.equal(message, expected);
      assert.equal(conditionOf(status, "Ready").status, "False");
      assert.equal(conditionOf(status, "Stalled").status, "True");
      const event = await scene.untilEvent(place.namespace, place.name, "ErrUnsealFailed");
      assert.equal(event.message, `Failed to unseal: ${expected}`);
      assert.equal(await scene.secret(place.namespace, place.name), null);
    });
  }

  table.proves("kubeseal", "kubeseal seals for our controller", async () => {
    const fetched = await runKubeseal(["--fetch-cert"], { env });
    assert.equal(fetched.code, 0, fetched.stderr);
    assert.equal(fetched.stdout, await (await fetch(`${controller.url}/v1/cert.pem`)).text());
    for (const scope of ["strict", "namespace-wide", "cluster-wide"]) {
      const name = `kubeseal-${scope}`;
      const sealed = await kubesealed(secretManifest(name, { stringData: { a: "1", b: "2" } }), scope);
      await cluster.apply([sealed]);
      assert.deepEqual((await scene.untilSecret("team-a", name)).data, { a: base64("1"), b: base64("2") });
      await scene.untilSynced("team-a", name, "True");
    }
  });

  table.proves("validate", "kubeseal --validate understands our controller's answers", async () => {
    const good = await kubesealed(secretManifest("validated", { stringData: { a: "1" } }), "strict");
    const accepted = await runKubeseal(["--validate"], { stdin: JSON.stringify(good), env });
    assert.deepEqual(accepted, { code: 0, stdout: "", stderr: "" });
    const renamed = { ...good, metadata: { ...good.metadata, name: "renamed" } };
    const refused = await runKubeseal(["--validate"], { stdin: JSON.stringify(renamed), env });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /unable to decrypt sealed secret: renamed/);
  });

  table.proves(
    ["re-encrypt", "renewal"],
    "kubeseal --re-encrypt has values sealed under the new key",
    async () => {
      const secret = secretManifest("renewed", {
        stringData: { a: "1", b: "2" },
        metadata: { labels: { l: "x" } },
      });
      const sealed = await kubesealed(secret, "strict");
      const before = await (await fetch(`${controller.url}/v1/cert.pem`)).text();
      controller.process.signal("SIGUSR1");
      await waitUntil({ what: "the new certificate" }, async () => {
        const now = await (await fetch(`${controller.url}/v1/cert.pem`)).text();
        return now === before ? null : true;
      });
      const validated = await runKubeseal(["--validate"], { stdin: JSON.stringify(sealed), env });
      assert.equal(validated.code, 0, validated.stderr);

      const { code, stdout, stderr } = await runKubeseal(["--re-encrypt"], {
        stdin: JSON.stringify(sealed),
        env,
      });
      assert.equal(code, 0, stderr);
      const renewed = objectIn(stdout);
      assert.notDeepEqual(renewed["spec"], sealed["spec"]);
      // The old key goes: what opens now is under the new one.
      await cluster.apply([sealed]);
      const first = await scene.untilSecret("team-a", "renewed");
      await retireKeysButNewest();
      await cluster.apply([renewed]);
      const status = await scene.untilSynced("team-a", "renewed", "True");
      assert.equal(status.observedGeneration, 2);
      const second = await scene.untilSecret("team-a", "renewed");
      assert.deepEqual(second.data, first.data);
      assert.deepEqual(second.metadata.labels, { l: "x" });
      const now = await runKubeseal(["--validate"], { stdin: JSON.stringify(sealed), env });
      assert.equal(now.code, 1);
      assert.match(now.stderr, /unable to decrypt sealed secret: renewed/);
      const refused = await runKubeseal(["--re-encrypt"], { stdin: JSON.stringify(sealed), env });
      assert.equal(refused.code, 1);
      assert.equal(refused.stdout, "");
      assert.match(refused.stderr, /unable to rotate secret/);
    },
  );

  table.everyRowHasATest();

  /** Seals with our CLI as alice, whose context names team-a. */
  async function seal(stdin: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await runSignet(args, { stdin, env });
    assert.equal(code, 0, stderr);
    assert.equal(stderr, "");
    return stdout;
  }

  async function kubesealed(secret: object, scope: string): Promise<KubeObject> {
    const file = join(cluster.folder, "secret.json");
    await writeFile(file, JSON.stringify(secret));
    const { code, stdout, stderr } = await runKubeseal(["--scope", scope, "-f", file], { env });
    assert.equal(code, 0, stderr);
    return objectIn(stdout);
  }

  async function retireKeysButNewest(): Promise<void> {
    const selector = "labelSelector=sealedsecrets.bitnami.com%2Fsealed-secrets-key%3Dactive";
    const { body } = await cluster.request("GET", `/api/v1/namespaces/kube-system/secrets?${selector}`);
    const { items } = body as { items: SceneSecret[] };
    const pem = await (await fetch(`${controller.url}/v1/cert.pem`)).text();
    const old = items.filter(({ data }) => data?.["tls.crt"] !== base64(pem));
    assert.equal(old.length, items.length - 1);
    for (const { metadata } of old) {
      const path = `/api/v1/namespaces/kube-system/secrets/${metadata.name}`;
      const patch = { metadata: { labels: { "sealedsecrets.bitnami.com/sealed-secrets-key": "retired" } } };
      const { status } = await cluster.request("PATCH", path, patch, {
        contentType: "application/merge-patch+json",
      });
      assert.equal(status, 200);
      await controller.process.waitForOutput(
        new RegExp(`Sealing key taken out" secretname=${metadata.name}`),
      );
    }
  }
});

function secretManifest(name: string, rest: Record<string, unknown>): object {
  const { metadata = {}, ...fields } = rest;
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace: "team-a", ...(metadata as object) },
    ...fields,
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function assertOwnedBy(secret: SceneSecret, owner: KubeObject | undefined): void {
  assert.ok(owner?.metadata.uid !== undefined);
  assert.deepEqual(secret.metadata.ownerReferences, [
    {
      apiVersion: "bitnami.com/v1alpha1",
      kind: "SealedSecret",
      name: owner.metadata.name,
      uid: owner.metadata.uid,
      controller: true,
    },
  ]);
}
