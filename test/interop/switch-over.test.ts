import assert from "node:assert/strict";
import { after, before, suite } from "node:test";
import { RECORD_KEY_SECRET } from "../../controller/record-key.ts";
import type { AuditEvent } from "../support/control-plane/audit-log.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import { runKubeseal } from "../support/control-plane/kubeseal.ts";
import {
  type ReferenceController,
  startReferenceController,
} from "../support/control-plane/reference-controller.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { base64, type SealedObject, type TestSealer, testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import {
  conditionOf,
  objectIn,
  type Scene,
  type SceneSecret,
  sceneOf,
} from "../support/sealed-secret-scene.ts";
import { certificateOf, keySecrets } from "../support/sealing-key-secrets.ts";
import { runSignet } from "../support/signet-cli.ts";
import { type SignetController, startSignetController } from "../support/signet-controller.ts";

requireNetbox();

const table = coverageTable({
  "taken-over": "Secrets of the reference are taken over as they are: not one write",
  "keys-taken-over": "its keys are used, the same one seals, none is made",
  "status-taken-over": "statuses say the same, with our conditions beside",
  "failures-taken-over": "what failed still fails, with a reason, and is mended in place",
  "goes-on": "new and changed objects of its users work with us, kubeseal as before",
  "given-back": "the reference takes over what we wrote: every Secret stays, every value opens",
  "keys-given-back": "it opens and seals with the keys we made",
  "status-given-back": "our conditions are no hindrance to it: changes, failures and repairs are told",
  "goes-on-there": "new and changed objects work with it",
  "and-back": "once more with us, all is in sync without a write to a Secret",
});

const account = "system:serviceaccount:kube-system:sealed-secrets-controller";
const writes = new Set(["create", "update", "patch", "delete", "deletecollection"]);

suite("from the reference to us and back, without sealing anything anew", () => {
  let cluster: ControlPlane;
  let scene: Scene;
  let reference: ReferenceController | null = null;
  let signet: SignetController | null = null;
  let kubeconfig: string;

  before(async () => {
    cluster = await startInstalledCluster({ auditLog: true, controllerManager: true });
    scene = sceneOf(cluster);
    kubeconfig = await cluster.kubeconfigFor({ user: "alice" }, "default");
    await scene.namespaces("team");
  });

  after(async () => {
    await signet?.stop();
    await reference?.stop();
    await cluster?.stop();
  });

  // What users of the reference have, in all its forms.
  const theirs: SealedObject[] = [
    { name: "plain", items: { a: "1", b: "2" } },
    {
      name: "typed",
      items: { username: "u", password: "p" },
      template: { type: "kubernetes.io/basic-auth" },
    },
    {
      name: "labelled",
      items: { a: "1" },
      template: { metadata: { labels: { l: "1" }, annotations: { n: "2" } } },
    },
    { name: "fixed", items: { a: "1" }, template: { immutable: true } },
    { namespace: "team", name: "namespace-wide", scope: "namespace-wide", items: { a: "1" } },
    { namespace: "team", name: "cluster-wide", scope: "cluster-wide", items: { a: "1" } },
    { name: "empty", items: {} },
  ];
  let made: Map<string, SceneSecret>;

  table.proves(
    ["taken-over", "keys-taken-over", "status-taken-over", "failures-taken-over"],
    "what the reference made is taken over without a write to a Secret",
    async () => {
      reference = await startReferenceController({
        controlPlane: cluster,
        crd: null,
        flags: ["--kubeclient-qps=-1"],
      });
      const first = await servedCertificate(reference.url);
      await seal(first, theirs.slice(0, 3));
      await untilAll(theirs.slice(0, 3));
      // Some under a second key, which is told to be the newer by a full second.
      await newKey(reference, first);
      const second = await servedCertificate(reference.url);
      await seal(second, theirs.slice(3));
      await seal(second, [{ name: "failing", items: { a: "1" }, sealedFor: { name: "other" } }]);
      made = await untilAll(theirs);
      await scene.untilSynced("default", "failing", "False");
      const keysBefore = await keySecrets(cluster);
      assert.equal(keysBefore.length, 2);
      await reference.stop();
      reference = null;

      const earlier = await writesToSecrets();
      signet = await startSignetController({ controlPlane: cluster });
      for (const { namespace = "default", name } of theirs) {
        const status = await untilOurs(namespace, name);
        assert.equal(status.conditions[0]?.type, "Synced");
        assert.equal(conditionOf(status, "Synced").status, "True");
        assert.equal(conditionOf(status, "Ready").status, "True");
      }
      const failing = await untilOurs("default", "failing");
      assert.equal(conditionOf(failing, "Synced").status, "False");
      assert.equal(conditionOf(failing, "Synced").reason, "UnsealFailed");
      assert.deepEqual(await writesToSecrets(), earlier);
      await assertSame(made);
      assert.deepEqual(await keySecrets(cluster), keysBefore);
      assert.equal(await servedCertificate(signet.url), second);
    },
  );

  table.proves(["goes-on", "failures-taken-over"], "their users go on with us", async () => {
    assert.ok(signet !== null);
    await cluster.apply([await kubesealed("new-with-us", { a: "1" })]);
    await scene.untilSynced("default", "new-with-us", "True");
    const pem = await servedCertificate(signet.url);
    await seal(pem, [{ name: "plain", items: { a: "changed" } }]);
    const changed = await scene.untilSecret("default", "plain", ({ data }) => data?.["b"] === undefined);
    assert.deepEqual(changed.data, { a: base64("changed") });
    assert.equal(changed.metadata.uid, made.get("default/plain")?.metadata.uid);
    await seal(pem, [{ name: "failing", items: { a: "mended" } }]);
    assert.deepEqual((await scene.untilSecret("default", "failing")).data, { a: base64("mended") });
    const status = await scene.untilSynced("default", "failing", "True");
    assert.deepEqual(
      status.conditions.map(({ type }) => type),
      ["Synced", "Ready"],
    );
  });

  table.proves(["given-back", "keys-given-back"], "the reference takes over what we wrote", async () => {
    assert.ok(signet !== null);
    const before = await servedCertificate(signet.url);
    signet.process.signal("SIGUSR1");
    const own = await waitUntil({ what: "a key of our own" }, async () => {
      const pem = await servedCertificate(signet?.url ?? "");
      return pem === before ? null : pem;
    });
    const ours: SealedObject[] = [
      { name: "ours", items: { a: "1", empty: "" }, template: { metadata: { labels: { l: "1" } } } },
      { namespace: "team", name: "ours-wide", scope: "cluster-wide", items: { a: "1" } },
      { name: "ours-typed", items: { username: "u" }, template: { type: "kubernetes.io/basic-auth" } },
      { name: "ours-hinted", items: { a: "1" }, annotations: { "signet.dev/sealing-key": "SHA256:x" } },
    ];
    await seal(own, ours);
    const patched = { "sealedsecrets.bitnami.com/patch": "true" };
    await cluster.apply([
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { namespace: "default", name: "shared", annotations: patched },
        data: { theirs: base64("theirs") },
      },
    ]);
    await seal(own, [{ name: "shared", items: { ours: "1" } }]);
    await scene.untilSynced("default", "shared", "True");
    // By our own CLI too, with what it writes beside the values.
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "by-cli" },
      stringData: { a: "cli" },
    };
    const sealed = await runSignet([], { stdin: JSON.stringify(secret), env: { KUBECONFIG: kubeconfig } });
    assert.equal(sealed.code, 0, sealed.stderr);
    await cluster.apply([objectIn(sealed.stdout)]);
    await seal(own, [{ name: "our-failing", items: { a: "1" }, sealedFor: { name: "other" } }]);
    const failing = await scene.untilSynced("default", "our-failing", "False");
    assert.equal(conditionOf(failing, "Stalled").status, "True");
    const all = [...theirs, ...ours, { name: "shared" }, { name: "by-cli" }, { name: "failing" }];
    made = await untilAll(all);
    const keys = await keySecrets(cluster);
    await signet.stop();
    signet = null;

    reference = await startReferenceController({
      controlPlane: cluster,
      crd: null,
      flags: ["--kubeclient-qps=-1"],
    });
    assert.equal(await servedCertificate(reference.url), own);
    // It judges every object anew when it starts, so a last one shows that it is through with the others.
    await untilReferenceIsThrough(reference);
    for (const { namespace = "default", name } of all) {
      const { stdout, code, stderr } = await validated(namespace, name);
      assert.equal(code, 0, `${namespace}/${name}: ${stdout}${stderr}`);
      await scene.untilSynced(namespace, name, "True");
    }
    await assertSame(made);
    assert.deepEqual(await keySecrets(cluster), keys);
  });

  table.proves(["goes-on-there", "status-given-back"], "our users go on with the reference", async () => {
    assert.ok(reference !== null);
    const pem = await servedCertificate(reference.url);
    await cluster.apply([await kubesealed("new-with-them", { a: "1" })]);
    await scene.untilSynced("default", "new-with-them", "True");
    await seal(pem, [{ name: "ours", items: { a: "changed" }, template: {} }]);
    const changed = await scene.untilSecret("default", "ours", ({ data }) => data?.["empty"] === undefined);
    assert.deepEqual(changed.data, { a: base64("changed") });
    assert.equal(changed.metadata.uid, made.get("default/ours")?.metadata.uid);
    // One that failed with us is mended, one that did not fails: Synced tells it, and stays the first condition.
    await seal(pem, [{ name: "our-failing", items: { a: "mended" } }]);
    await scene.untilSynced("default", "our-failing", "True");
    assert.deepEqual((await scene.untilSecret("default", "our-failing")).data, { a: base64("mended") });
    await seal(pem, [{ name: "by-cli", items: { a: "1" }, sealedFor: { name: "other" } }]);
    const failed = await scene.untilSynced("default", "by-cli", "False");
    assert.equal(failed.conditions[0]?.type, "Synced");
    await scene.untilEvent("default", "by-cli", "ErrUnsealFailed");
  });

  table.proves("and-back", "once more with us, all is in sync without a write to a Secret", async () => {
    const through = [...(await untilAll([])).keys()];
    assert.deepEqual(through, []);
    await reference?.stop();
    reference = null;
    const names = [...made.keys(), "default/new-with-us", "default/new-with-them", "default/our-failing"];
    const before = new Map<string, SceneSecret>();
    for (const key of names) {
      const [namespace = "", name = ""] = key.split("/");
      before.set(key, await scene.untilSecret(namespace, name));
    }
    const earlier = await writesToSecrets();
    signet = await startSignetController({ controlPlane: cluster });
    for (const key of names.filter((name) => name !== "default/by-cli")) {
      const [namespace = "", name = ""] = key.split("/");
      const status = await untilOurs(namespace, name);
      assert.deepEqual(
        status.conditions.map(({ type, status: value }) => `${type}=${value}`),
        ["Synced=True", "Ready=True"],
        key,
      );
    }
    const failing = await untilOurs("default", "by-cli");
    assert.equal(conditionOf(failing, "Stalled").reason, "UnsealFailed");
    assert.deepEqual(await writesToSecrets(), earlier);
    await assertSame(before);
  });

  table.everyRowHasATest();

  async function seal(pem: string, objects: readonly SealedObject[]): Promise<void> {
    const sealer: TestSealer = await testSealer(pem);
    for (const object of objects) await cluster.apply([await sealer.object(object)]);
  }

  async function kubesealed(name: string, stringData: Record<string, string>): Promise<KubeObject> {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name }, stringData };
    const { code, stdout, stderr } = await runKubeseal([], {
      stdin: JSON.stringify(secret),
      env: { KUBECONFIG: kubeconfig },
    });
    assert.equal(code, 0, stderr);
    return objectIn(stdout);
  }

  async function validated(namespace: string, name: string) {
    const stdin = JSON.stringify(await scene.sealedSecret(namespace, name));
    return runKubeseal(["--validate"], { stdin, env: { KUBECONFIG: kubeconfig } });
  }

  async function servedCertificate(url: string): Promise<string> {
    return (await fetch(`${url}/v1/cert.pem`)).text();
  }

  /** The reference orders its keys by the second at which their certificates begin. */
  async function newKey(controller: ReferenceController, before: string): Promise<void> {
    const [key] = await keySecrets(cluster);
    assert.equal(certificateOf(key as SceneSecret), before);
    const born = Date.parse(String(key?.metadata["creationTimestamp"]));
    await waitUntil({ what: "the next second" }, () => (Date.now() > born + 1500 ? true : null));
    controller.process.signal("SIGUSR1");
    await waitUntil({ what: "the reference's second key" }, async () =>
      (await servedCertificate(controller.url)) === before ? null : true,
    );
  }

  async function untilAll(objects: readonly SealedObject[]): Promise<Map<string, SceneSecret>> {
    const found = new Map<string, SceneSecret>();
    for (const { namespace = "default", name } of objects) {
      await scene.untilSynced(namespace, name, "True");
      found.set(`${namespace}/${name}`, await scene.untilSecret(namespace, name));
    }
    return found;
  }

  /** Waits until our controller has judged the object: its conditions carry the generation, the reference's do not. */
  async function untilOurs(namespace: string, name: string) {
    return waitUntil({ what: `our status of ${namespace}/${name}` }, async () => {
      const object = await scene.sealedSecret(namespace, name);
      const status = await scene.status(namespace, name);
      const synced = status?.conditions.find(({ type }) => type === "Synced");
      return status !== null && synced?.observedGeneration === object?.metadata["generation"] ? status : null;
    });
  }

  async function untilReferenceIsThrough({ logs, process }: ReferenceController): Promise<void> {
    const { body } = await cluster.request("GET", "/apis/bitnami.com/v1alpha1/sealedsecrets");
    const { items } = body as { items: KubeObject[] };
    const giveUp = () => (process.hasEnded() ? process.lastLines() : null);
    await waitUntil({ what: "the reference to judge every object", giveUp }, () => {
      // It logs an event of each.
      const text = logs().replaceAll('\\"', '"');
      const missing = items.filter(
        ({ metadata }) => !text.includes(`Namespace:"${metadata.namespace}", Name:"${metadata.name}"`),
      );
      return missing.length === 0 ? true : null;
    });
  }

  /** Writes to Secrets by the ServiceAccount under which either controller runs. */
  async function writesToSecrets(): Promise<string[]> {
    const isWrite = ({ user, resource, verb, stage }: AuditEvent) =>
      user === account && resource === "secrets" && writes.has(verb) && stage === "ResponseComplete";
    return (
      (await cluster.auditEvents())
        .filter(isWrite)
        // The secret of its records is our controller's own affair; an empty name would not be told apart.
        .filter(({ name }) => name !== RECORD_KEY_SECRET)
        .map(({ verb, namespace, name, code }) => `${verb} ${namespace}/${name} ${code}`)
    );
  }

  async function assertSame(secrets: ReadonlyMap<string, SceneSecret>): Promise<void> {
    for (const [key, before] of secrets) {
      const [namespace = "", name = ""] = key.split("/");
      assert.deepEqual(await scene.secret(namespace, name), before, key);
    }
  }
});
