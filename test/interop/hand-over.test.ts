import assert from "node:assert/strict";
import { after, before, suite } from "node:test";
import { readCertificate } from "../../shared/seal/certificate.node.ts";
import { readLinks } from "../../shared/seal/certificate-chain.node.ts";
import { inProject, PINS, sealedUnder, secretText } from "../cli/project/project-scene.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { base64 } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { type MemoryRun, runInMemory } from "../support/memory-io.ts";
import { objectIn, type Scene, sceneOf } from "../support/sealed-secret-scene.ts";
import { relabelKey } from "../support/sealing-key-secrets.ts";
import {
  controllerNamespace,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";

requireNetbox();

const table = coverageTable({
  followed: "a pin follows renewals by the chain that the controller publishes, and what is sealed opens",
  seen: "a certificate by a fallback way is taken where the one last seen vouches for it",
  rights: "without rights a pin stays as it is, and sealing goes on offline",
  compromised: "a key labelled as compromised takes its part of the chain with it, and its pins are refused",
});

const configMapPath = `/api/v1/namespaces/${controllerNamespace}/configmaps/sealed-secrets-certificate`;
type Published = { metadata: { annotations?: Record<string, string> }; data: Record<string, string> };

suite("hand-over of certificates on a real API server", () => {
  let cluster: ControlPlane;
  let controller: SignetController;
  let scene: Scene;
  let admin: string;
  let nobody: string;
  /** The repository as the runs before left it. */
  let files: Record<string, string> = {};
  /** Certificates that were published, in their order. */
  const published: string[] = [];

  before(async () => {
    cluster = await startInstalledCluster({
      users: { admin: ["system:masters"] },
    });
    scene = sceneOf(cluster);
    controller = await startSignetController({ controlPlane: cluster, flags: ["--key-size=2048"] });
    admin = await cluster.kubeconfigFor({ user: "admin" });
    nobody = await cluster.kubeconfigFor({ serviceAccount: { namespace: "default", name: "nobody" } });
    published.push(
      await waitUntil({ what: "the certificate" }, async () => (await configMap())?.data["cert.pem"] ?? null),
    );
    const [pem = ""] = published;
    files = {
      "/.git/HEAD": "",
      "/certs/prod.pem": pem,
      "/.signet.yaml": `version: 1 # ours\nclusters:\n  prod: {certificate: certs/prod.pem, fingerprint: "${of(pem)}"}\n`,
    };
    const accepted = await run(["pin", "accept"]);
    assert.equal(accepted.code, 0, accepted.stderr);
    files = Object.fromEntries(accepted.files);
    await renew();
    await renew();
  });

  after(async () => {
    await controller?.stop();
    await cluster?.stop();
  });

  table.proves("followed", "a pin follows two renewals, and what is sealed under it opens", async () => {
    const [first = "", second = "", third = ""] = published;
    const updated = await run(["pin", "update", "prod"], admin);
    assert.equal(updated.code, 0, updated.stderr);
    assert.ok(updated.stderr.includes(`${of(first)} vouches for ${of(second)}`), updated.stderr);
    assert.ok(updated.stderr.includes(`${of(second)} vouches for ${of(third)}`), updated.stderr);
    assert.equal(updated.files.get("/.signet.yaml"), files["/.signet.yaml"]?.replace(of(first), of(third)));
    // A colleague has the files, and the record of before.
    const colleague = { ...Object.fromEntries(updated.files), [PINS]: files[PINS] ?? "" };
    const stdin = secretText("handed-over").replace("namespace: shop", "namespace: default");
    const sealed = await inProject([], { files: colleague, stdin, now: new Date() });
    assert.deepEqual([sealed.code, sealedUnder(sealed.stdout)], [0, of(third)], sealed.stderr);
    await cluster.apply([objectIn(sealed.stdout)]);
    await scene.untilSynced("default", "handed-over", "True");
    assert.deepEqual((await scene.untilSecret("default", "handed-over")).data, {
      password: base64("hunter2"),
    });
  });

  table.proves(
    "seen",
    "a certificate of the ConfigMap is taken where the one last seen vouches for it",
    async () => {
      const [first = "", , third = ""] = published;
      const record = "/state/signet/certificates.json";
      await revoke("sealed-secrets-service-proxier");
      const env = { KUBECONFIG: nobody, XDG_STATE_HOME: "/state" };
      const fetched = (text: string) =>
        runInMemory(["--fetch-cert", "--verbose"], { env, files: text === "" ? {} : { [record]: text } });
      const begun = await waitUntil({ what: "the ConfigMap to be what is left" }, async () => {
        const { stderr, files: left } = await fetched("");
        return stderr.includes("from ConfigMap") ? (left.get(record) ?? null) : null;
      });
      const inJson = (pem: string) => JSON.stringify(pem);
      const before = begun.replace(of(third), of(first));
      const follows = await fetched(before.replace(inJson(third), inJson(first)));
      assert.deepEqual([follows.code, follows.stdout], [0, third], follows.stderr);
      assert.ok(follows.files.get(record)?.includes(of(third)));
      // What stands beside its fingerprint is another certificate, whose key vouches for nothing.
      const refused = await fetched(before);
      assert.match(refused.stderr, /nothing is sealed with it/);
      assert.deepEqual([refused.code, refused.stdout], [1, ""]);
    },
  );

  table.proves("rights", "without rights a pin stays as it is, and sealing goes on offline", async () => {
    await revoke("sealed-secrets-service-proxier");
    await revoke("sealed-secrets-certificate-reader");
    const refused = await waitUntil({ what: "the rights to be gone", boundMs: 90_000 }, async () => {
      const result = await run(["pin", "update", "prod"], nobody);
      return result.code === 1 ? result : null;
    });
    assert.match(refused.stderr, /ConfigMap kube-system\/sealed-secrets-certificate answered 403/);
    assert.match(refused.stderr, /hint: /);
    assert.equal(refused.files.get("/.signet.yaml"), files["/.signet.yaml"]);
    assert.equal(refused.files.get("/certs/prod.pem"), files["/certs/prod.pem"]);
    const sealed = await run([], null, secretText("db"));
    assert.deepEqual([sealed.code, sealedUnder(sealed.stdout)], [0, of(published[0] ?? "")], sealed.stderr);
  });

  table.proves("compromised", "a compromised key breaks the chain, and a pin on it is refused", async () => {
    const [first = ""] = published;
    const name = await secretOf(first);
    await relabelKey(cluster, name, "compromised");
    await waitUntil({ what: "the chain to lose its links", boundMs: 90_000 }, async () => {
      const now = await configMap();
      return now?.metadata.annotations?.["signet.dev/compromised-keys"] === of(first) ? true : null;
    });
    const left = readLinks((await configMap())?.data["chain.pem"] ?? "");
    assert.deepEqual(
      left.map(({ fingerprint }) => fingerprint),
      [of(published[2] ?? "")],
    );
    const refused = await run(["pin", "update", "prod"], admin);
    assert.match(refused.stderr, /comes after a key that was retired as compromised/);
    assert.equal(refused.code, 1);
  });

  table.everyRowHasATest();

  async function configMap(): Promise<Published | null> {
    const { status, body } = await cluster.request("GET", configMapPath);
    return status === 200 ? (body as Published) : null;
  }

  async function revoke(binding: string): Promise<void> {
    const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${controllerNamespace}/rolebindings/${binding}`;
    await cluster.request("DELETE", path);
  }

  async function renew(): Promise<void> {
    const links = readLinks((await configMap())?.data["chain.pem"] ?? "").length;
    controller.process.signal("SIGUSR1");
    const next = await waitUntil({ what: "another link" }, async () => {
      const data = (await configMap())?.data ?? {};
      return readLinks(data["chain.pem"] ?? "").length > links ? (data["cert.pem"] ?? null) : null;
    });
    published.push(next);
  }

  async function secretOf(pem: string): Promise<string> {
    const { body } = await cluster.request("GET", `/api/v1/namespaces/${controllerNamespace}/secrets`);
    const { items } = body as { items: { metadata: { name: string }; data?: Record<string, string> }[] };
    const found = items.find(({ data }) => data?.["tls.crt"] === base64(pem));
    return found?.metadata.name ?? assert.fail("no Secret of that key");
  }

  async function run(
    args: readonly string[],
    kubeconfig: string | null = null,
    stdin = "",
  ): Promise<MemoryRun> {
    const env = kubeconfig === null ? {} : { KUBECONFIG: kubeconfig };
    return inProject(args, { files, stdin, env, now: new Date() });
  }
});

function of(pem: string): string {
  return readCertificate(pem).fingerprint;
}
