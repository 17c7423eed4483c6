import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { AuditEvent } from "../support/control-plane/audit-log.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { readObjects, sealedSecretDefinitionFile } from "../support/control-plane/object-files.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { argumentsOf, renderChart } from "../support/helm.ts";
import { base64, type TestSealer, testSealer } from "../support/in-process-sealing.ts";
import { type Scene, sceneOf, secretPath } from "../support/sealed-secret-scene.ts";
import { keySecrets } from "../support/sealing-key-secrets.ts";
import {
  controllerName,
  controllerNamespace,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";

requireNetbox();

const account = `system:serviceaccount:${controllerNamespace}:${controllerName}`;

/** The three shapes of rights that the chart grants, and which namespaces each serves. */
const shapes: Record<string, { values: Record<string, unknown>; served: string[]; others: string[] }> = {
  "over the whole cluster": { values: {}, served: [controllerNamespace, "team-a", "team-b"], others: [] },
  "by Roles in listed namespaces": {
    values: { additionalNamespaces: ["team-a"], rbac: { clusterRole: false, namespacedRoles: true } },
    served: [controllerNamespace, "team-a"],
    others: ["team-b"],
  },
  "by a Role in its own namespace": {
    values: { allNamespaces: false },
    served: [controllerNamespace],
    others: ["team-a", "team-b"],
  },
};

for (const [shape, { values, served, others }] of Object.entries(shapes)) {
  suite(`rights granted ${shape}`, () => {
    let cluster: ControlPlane;
    let scene: Scene;
    let signet: SignetController;
    let sealer: TestSealer;

    before(async () => {
      const definition = await readObjects(sealedSecretDefinitionFile);
      cluster = await startControlPlane({ auditLog: true, controllerManager: true, manifests: definition });
      scene = sceneOf(cluster);
      await scene.namespaces("team-a", "team-b");
      const objects = await renderChart({ values: { ...values, fullnameOverride: controllerName } });
      await cluster.apply(
        objects.filter(({ apiVersion, kind }) => apiVersion.startsWith("rbac.") || kind === "ServiceAccount"),
      );
      const flags = argumentsOf(objects).filter((argument) => !argument.startsWith("--listen-"));
      signet = await startSignetController({ controlPlane: cluster, install: false, flags });
      sealer = await testSealer(await (await fetch(`${signet.url}/v1/cert.pem`)).text());
    });
    after(async () => {
      await signet?.stop();
      await cluster?.stop();
    });

    test("what it serves works: made, changed, put right, made again and anew, refused", async () => {
      for (const namespace of served) {
        const seal = async (name: string, items: Record<string, string>, template = {}): Promise<void> => {
          await cluster.apply([await sealer.object({ namespace, name, items, template })]);
        };
        await seal("plain", { a: "1" });
        await scene.untilSecret(namespace, "plain");
        await scene.untilSynced(namespace, "plain", "True");
        await scene.untilEvent(namespace, "plain", "Unsealed");
        await seal("plain", { a: "2" });
        await scene.untilSecret(namespace, "plain", ({ data }) => data?.["a"] === base64("2"));
        const body = { data: { a: base64("3") } };
        const contentType = "application/merge-patch+json";
        await cluster.request("PATCH", secretPath(namespace, "plain"), body, { contentType });
        await scene.untilSecret(namespace, "plain", ({ data }) => data?.["a"] === base64("2"));
        const before = await scene.untilSecret(namespace, "plain");
        await scene.remove(secretPath(namespace, "plain"));
        await scene.untilSecret(namespace, "plain", ({ metadata }) => metadata.uid !== before.metadata.uid);
        const annotations = { "signet.dev/recreate": "true" };
        const fixed = { namespace, name: "fixed", annotations, template: { immutable: true } };
        await cluster.apply([await sealer.object({ ...fixed, items: { a: "1" } })]);
        const first = await scene.untilSecret(namespace, "fixed");
        await cluster.apply([await sealer.object({ ...fixed, items: { a: "2" } })]);
        const second = await scene.untilSecret(namespace, "fixed", ({ data }) => data?.["a"] === base64("2"));
        assert.notEqual(second.metadata.uid, first.metadata.uid);
        await cluster.apply([
          await sealer.object({ namespace, name: "wrong", items: { a: "1" }, sealedFor: { name: "other" } }),
        ]);
        await scene.untilSynced(namespace, "wrong", "False");
      }
    });

    test("a key is renewed and published", async () => {
      const [first] = await keySecrets(cluster);
      signet.process.signal("SIGUSR1");
      await waitUntil({ what: "a second key" }, async () =>
        (await keySecrets(cluster)).length > 1 ? true : null,
      );
      await waitUntil({ what: "its certificate to be published" }, async () => {
        const { body } = await cluster.request(
          "GET",
          `/api/v1/namespaces/${controllerNamespace}/configmaps/sealed-secrets-certificate`,
        );
        const served = await (await fetch(`${signet.url}/v1/cert.pem`)).text();
        const published = (body as { data?: Record<string, string> }).data?.["cert.pem"];
        const renewed = Buffer.from(first?.data?.["tls.crt"] ?? "", "base64").toString() !== served;
        return renewed && published === served ? true : null;
      });
    });

    test("what it does not serve is left alone", async () => {
      const seal = async (namespace: string, name: string): Promise<void> => {
        await cluster.apply([await sealer.object({ namespace, name, items: { a: "1" } })]);
      };
      for (const namespace of others) await seal(namespace, "elsewhere");
      // What came later in its own namespace is done, so the others had their time.
      await seal(controllerNamespace, "later");
      await scene.untilSynced(controllerNamespace, "later", "True");
      for (const namespace of others) {
        assert.deepEqual(await scene.status(namespace, "elsewhere"), { conditions: [] });
        assert.equal(await scene.secret(namespace, "elsewhere"), null);
      }
    });

    test("nothing was asked for that is not granted", async () => {
      // A call that is, to see that it would be noticed.
      const token = await cluster.tokenFor({
        serviceAccount: { namespace: controllerNamespace, name: controllerName },
      });
      assert.equal((await cluster.request("GET", "/api/v1/nodes", undefined, { token })).status, 403);
      const calls = await waitUntil({ what: "that call in the log" }, async () => {
        const all = (await cluster.auditEvents()).filter(({ user }) => user === account);
        return all.some(({ resource }) => resource === "nodes") ? all : null;
      });
      const refused = calls.filter(({ code }) => code === 403 || code === 401);
      assert.deepEqual(refused.map(spelled), ["list nodes"]);
      const namespaces = new Set(calls.map(({ namespace }) => namespace));
      for (const namespace of others) assert.ok(!namespaces.has(namespace), namespace);
      const told = (await scene.secret(controllerNamespace, "signet-record-key")) !== null;
      assert.ok(told, "the key of the in-sync records is there");
      for (const kind of ["sealedsecrets", "secrets", "events", "configmaps", "leases"])
        assert.ok(
          calls.some(({ resource }) => resource === kind),
          kind,
        );
    });
  });
}

function spelled({ verb, resource, namespace, name }: AuditEvent): string {
  return [verb, resource, namespace, name].filter(Boolean).join(" ");
}
