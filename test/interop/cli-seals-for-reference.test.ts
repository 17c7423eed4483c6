import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { asKubeObject } from "../support/control-plane/kube-object.ts";
import { runKubeseal } from "../support/control-plane/kubeseal.ts";
import { readObjects, sealedSecretDefinitionFile } from "../support/control-plane/object-files.ts";
import {
  type ReferenceController,
  startReferenceController,
} from "../support/control-plane/reference-controller.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { runSignet } from "../support/signet-cli.ts";

requireNetbox();

/** Bytes that are no text, a text, and nothing. */
const data = {
  binary: Buffer.from([0, 255, 128, 10]).toString("base64"),
  text: Buffer.from("hunter2\n").toString("base64"),
  empty: "",
};

suite("what our CLI seals, the reference's controller opens", () => {
  let cluster: ControlPlane;
  let reference: ReferenceController;
  let alice: string;

  before(async () => {
    const manifests = await readObjects(sealedSecretDefinitionFile);
    cluster = await startControlPlane({ auditLog: true, manifests });
    reference = await startReferenceController({ controlPlane: cluster, crd: null });
    alice = await cluster.kubeconfigFor({ user: "alice" }, "default");
  });

  after(async () => {
    await reference?.stop();
    await cluster?.stop();
  });

  test("an ordinary user fetches the certificate as with kubeseal, byte for byte", async () => {
    const ours = await runSignet(["--fetch-cert"], { env: { KUBECONFIG: alice } });
    const theirs = await runKubeseal(["--fetch-cert"], { env: { KUBECONFIG: alice } });
    assert.equal(ours.code, 0, ours.stderr);
    assert.deepEqual(ours, theirs);
    const asked = await waitUntil({ what: "the request in the audit log" }, async () => {
      const found = (await cluster.auditEvents()).filter(
        ({ stage, requestURI, user, userAgent }) =>
          stage === "ResponseComplete" &&
          user === "alice" &&
          requestURI === `${reference.proxyPath}/v1/cert.pem` &&
          /^signet/.test(userAgent ?? ""),
      );
      return found.length > 0 ? found : null;
    });
    assert.equal(asked.length, 1);
  });

  for (const scope of ["strict", "namespace-wide", "cluster-wide"]) {
    for (const format of ["json", "yaml"]) {
      test(`${scope}, by ${format}, with the namespace of the kubeconfig's context`, async () => {
        const name = `${scope}-${format}`;
        const secret = {
          apiVersion: "v1",
          kind: "Secret",
          metadata: {
            name,
            ...(scope === "cluster-wide" ? { namespace: "default" } : {}),
            labels: { app: "db" },
            annotations: { note: 'say "hi": <b>' },
          },
          type: "example.com/kind",
          data,
        };
        const sealed = await runSignet(["--scope", scope, "-o", format], {
          env: { KUBECONFIG: alice },
          stdin: JSON.stringify(secret),
        });
        assert.equal(sealed.code, 0, sealed.stderr);
        assert.equal(sealed.stderr, "");
        await cluster.apply(await readSealed(sealed.stdout));
        const path = `/api/v1/namespaces/default/secrets/${name}`;
        const opened = await waitUntil({ what: `the controller to make ${name}` }, async () => {
          const { status, body } = await cluster.request("GET", path);
          return status === 200 ? asKubeObject(body) : null;
        });
        assert.deepEqual(opened["data"], data);
        assert.equal(opened["type"], secret.type);
        assert.deepEqual(opened.metadata.labels, secret.metadata.labels);
        const annotations: unknown = opened.metadata.annotations;
        // The template keeps the scope annotation that --scope stands for, as kubeseal has it.
        const stated = scope === "strict" ? {} : { [`sealedsecrets.bitnami.com/${scope}`]: "true" };
        assert.deepEqual(annotations, { ...secret.metadata.annotations, ...stated });
      });
    }
  }

  test("a sealed value moved to another name is refused there", async () => {
    const { stdout } = await runSignet(["--name", "moved"], {
      env: { KUBECONFIG: alice },
      stdin: JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: "x" }, data }),
    });
    const [sealed] = await readSealed(stdout.replaceAll('"moved"', '"elsewhere"'));
    assert.ok(sealed !== undefined);
    await cluster.apply([sealed]);
    const path = "/apis/bitnami.com/v1alpha1/namespaces/default/sealedsecrets/elsewhere";
    const synced = await waitUntil({ what: "the controller to judge the moved value" }, async () => {
      const { body } = await cluster.request("GET", path);
      const status = asKubeObject(body)["status"] as { conditions?: { status: string }[] } | undefined;
      return status?.conditions?.[0]?.status ?? null;
    });
    assert.equal(synced, "False");
  });
});

async function readSealed(text: string) {
  const { load } = await import("js-yaml");
  return [asKubeObject(load(text))];
}
