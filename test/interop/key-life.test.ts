import assert from "node:assert/strict";
import { after, afterEach, before, suite, test } from "node:test";
import { readCertificate } from "../../shared/seal/certificate.node.ts";
import { sealingPair } from "../controller/sealing-key.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { base64, testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import type { CommandResult } from "../support/run-program.ts";
import {
  conditionOf,
  type Scene,
  type SceneSecret,
  type SceneStatus,
  sceneOf,
  sealedPath,
  secretPath,
} from "../support/sealed-secret-scene.ts";
import { certificateOf, deleteKeys, keySecretOf, keySecrets } from "../support/sealing-key-secrets.ts";
import { runSignet } from "../support/signet-cli.ts";
import {
  controllerNamespace,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";

requireNetbox();

const HOUR_MS = 3_600_000;
const alarm = "signet.dev/sealing-key-changed";
const configMapPath = `/api/v1/namespaces/${controllerNamespace}/configmaps/sealed-secrets-certificate`;
const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${controllerNamespace}/leases/sealed-secrets-controller`;

suite("the life of sealing keys, on a real API server", () => {
  let cluster: ControlPlane;
  let scene: Scene;
  let controller: SignetController | null = null;

  before(async () => {
    cluster = await startInstalledCluster();
    scene = sceneOf(cluster);
  });
  afterEach(async () => {
    await controller?.stop();
    controller = null;
    await deleteKeys(cluster);
    for (const path of [leasePath, configMapPath, sealedPath("default", "db"), secretPath("default", "db")])
      await cluster.request("DELETE", path);
  });
  after(async () => {
    await controller?.stop();
    await cluster?.stop();
  });

  const keys = (args: readonly string[], kubeconfig = cluster.adminKubeconfig): Promise<CommandResult> =>
    runSignet(["keys", ...args], { env: { KUBECONFIG: kubeconfig, HOME: cluster.folder } });
  async function succeed(...args: string[]): Promise<CommandResult> {
    const result = await keys(args);
    assert.equal(result.code, 0, `signet keys ${args.join(" ")}\n${result.stderr}`);
    return result;
  }
  async function start(...flags: string[]): Promise<void> {
    controller = await startSignetController({ controlPlane: cluster, flags });
  }
  const certificate = async () => (await fetch(`${controller?.url}/v1/cert.pem`)).text();
  const untilServed = (pem: string) =>
    waitUntil({ what: "the certificate", boundMs: 90_000 }, async () =>
      (await certificate()) === pem ? true : null,
    );
  async function twoKeys(): Promise<{ old: string; current: string }> {
    const [old, current] = await Promise.all([
      sealingPair(new Date(Date.now() - 2 * HOUR_MS)),
      sealingPair(new Date(Date.now() - HOUR_MS)),
    ]);
    await cluster.apply([keySecretOf("key-old", old), keySecretOf("key-current", current)]);
    return { old: old.certificatePem, current: current.certificatePem };
  }
  async function seal(pem: string): Promise<void> {
    const sealer = await testSealer(pem);
    await cluster.apply([await sealer.object({ name: "db", items: { password: "correct horse" } })]);
    await scene.untilSynced("default", "db", "True");
  }
  const statusOf = async (): Promise<SceneStatus> =>
    ((await cluster.request("GET", sealedPath("default", "db"))).body as { status: SceneStatus }).status;
  const labels = async () =>
    new Map(
      (await keySecrets(cluster, "")).map(({ metadata }) => [
        metadata.name,
        metadata.labels?.["sealedsecrets.bitnami.com/sealed-secrets-key"],
      ]),
    );

  test("a new key seals within seconds, known for meant, and an older one again once it is promoted", async () => {
    const { current } = await twoKeys();
    await start();
    await untilServed(current);
    await succeed("new");
    const made = await waitUntil({ what: "the new key", boundMs: 90_000 }, async () => {
      const all = await keySecrets(cluster);
      return all.length === 3 ? (all.at(-1) ?? null) : null;
    });
    await untilServed(certificateOf(made));
    const { fingerprint } = readCertificate(current);
    const { stderr } = await succeed("promote", fingerprint.slice(0, 20));
    assert.ok(stderr.includes(`before: ${readCertificate(certificateOf(made)).fingerprint}`), stderr);
    await untilServed(current);
    const { body } = await cluster.request("GET", configMapPath);
    assert.equal((body as SceneSecret).metadata.annotations?.[alarm], undefined, "neither raised the alarm");
    const { keys: rows } = JSON.parse((await succeed("list", "-o", "json")).stdout);
    assert.deepEqual(
      rows.map(({ name, seals }: { name: string; seals: boolean }) => [name, seals]),
      [
        [made.metadata.name, false],
        ["key-current", true],
        ["key-old", false],
      ],
    );
  });

  test("a key goes once nothing needs it; by force, what no longer opens is told while its Secret stands", async () => {
    const { old, current } = await twoKeys();
    await start("--opening-check-period=1m");
    await untilServed(current);
    await seal(old);
    const refused = await keys(["retire", "key-old"]);
    assert.equal(refused.code, 1);
    const { fingerprint } = readCertificate(old);
    assert.ok(
      refused.stderr.includes(`SealedSecret default/db in the cluster: password needs ${fingerprint}`),
      refused.stderr,
    );
    assert.equal((await labels()).get("key-old"), "active");
    const { stdout } = await succeed("show", "--open", "key-old");
    assert.match(stdout, /^ {2}SealedSecret default\/db in the cluster: password$/m);
    await succeed("retire", "key-old", "--force", fingerprint);
    const told = await waitUntil({ what: "the condition", boundMs: 150_000 }, async () => {
      const status = await statusOf();
      return status.conditions.some(({ type }) => type === "Opens") ? status : null;
    });
    assert.equal(conditionOf(told, "Opens").status, "False");
    assert.equal(conditionOf(told, "Synced").status, "True");
    const secret = (await cluster.request("GET", secretPath("default", "db"))).body as SceneSecret;
    assert.deepEqual(secret.data, { password: base64("correct horse") });
    await seal(current);
    await waitUntil({ what: "no condition", boundMs: 150_000 }, async () =>
      (await statusOf()).conditions.some(({ type }) => type === "Opens") ? null : true,
    );
    await succeed("retire", "--compromised", "key-old");
    assert.deepEqual([...(await labels())].sort(), [
      ["key-current", "active"],
      ["key-old", "compromised"],
    ]);
    assert.equal(
      (await keys(["retire", "key-current", "--force", readCertificate(current).fingerprint])).code,
      1,
    );
  });

  test("without rights: words that help, and nothing written", async () => {
    await twoKeys();
    const nobody = await cluster.kubeconfigFor({ serviceAccount: { namespace: "default", name: "nobody" } });
    const before = await labels();
    for (const args of [
      ["list"],
      ["show", "key-old"],
      ["new"],
      ["promote", "key-old"],
      ["retire", "key-old"],
    ]) {
      const { code, stdout, stderr } = await keys(args, nobody);
      assert.deepEqual([code, stdout], [1, ""], stderr);
      assert.match(stderr, /error: cannot list secrets in namespace "kube-system": .* 403 Forbidden/);
      assert.match(stderr, /hint: /);
    }
    await cluster.apply([
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "Role",
        metadata: { namespace: controllerNamespace, name: "key-reader" },
        rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["list"] }],
      } as never,
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata: { namespace: controllerNamespace, name: "key-reader" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "key-reader" },
        subjects: [{ kind: "ServiceAccount", namespace: "default", name: "nobody" }],
      } as never,
    ]);
    const listed = await waitUntil({ what: "the right", boundMs: 90_000 }, async () => {
      const result = await keys(["list"], nobody);
      return result.code === 0 ? result : null;
    });
    assert.match(
      listed.stderr,
      /note: what needs which key in the cluster is not known: cannot list sealedsecrets/,
    );
    assert.match(listed.stdout, /^key-old +active +\? .* \? +\? +SHA256:/m);
    const refusals: [string[], RegExp][] = [
      [["new", "--key-size=2048"], /error: cannot create secrets.* 403/],
      [["promote", "key-old"], /error: cannot update secrets "key-old".* 403/],
      [["retire", "key-old"], /error: no key was retired: .*cannot list sealedsecrets.* 403/],
    ];
    for (const [args, says] of refusals) {
      const { code, stderr } = await keys(args, nobody);
      assert.equal(code, 1);
      assert.match(stderr, says);
      assert.match(stderr, /hint: /);
    }
    assert.deepEqual(await labels(), before);
  });
});
