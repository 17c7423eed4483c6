import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { Check } from "../../cli/doctor/check.ts";
import { version } from "../../shared/version.ts";
import { cliProgram } from "../support/built-programs.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { untilLeading } from "../support/replicas.ts";
import { type Scene, sceneOf, sealedPath } from "../support/sealed-secret-scene.ts";
import { certificateOf, keySecrets } from "../support/sealing-key-secrets.ts";
import { runSignet } from "../support/signet-cli.ts";
import {
  controllerName,
  controllerNamespace,
  readInstallation,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";

requireNetbox();

const NAMESPACE = "shop";

suite("status, wait and doctor on a real API server", () => {
  let cluster: ControlPlane;
  let controller: SignetController;
  let scene: Scene;
  let env: Record<string, string>;
  let folder: string;
  let manifests: Record<"good" | "moved", object>;

  before(async () => {
    cluster = await startInstalledCluster();
    // Rights are looked up by the account that a Pod runs as.
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: controllerName, namespace: controllerNamespace },
      spec: {
        nodeName: "test",
        serviceAccountName: controllerName,
        // By digest, so that the version is the controller's own word.
        containers: [{ name: "main", image: `example.com/signet@sha256:${"0".repeat(64)}` }],
      },
    };
    await cluster.apply([
      {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: controllerName, namespace: controllerNamespace },
      },
      pod,
    ]);
    controller = await startSignetController({ controlPlane: cluster });
    await untilLeading(cluster);
    await waitUntil({ what: "the certificate to be published" }, async () => {
      const path = `/api/v1/namespaces/${controllerNamespace}/configmaps/sealed-secrets-certificate`;
      return (await cluster.request("GET", path)).status === 200 ? true : null;
    });
    scene = sceneOf(cluster);
    await scene.namespaces(NAMESPACE);
    folder = join(cluster.folder, "files");
    await mkdir(folder);
    env = { KUBECONFIG: cluster.adminKubeconfig, HOME: folder };
    const [key = assert.fail("no sealing key")] = await keySecrets(cluster);
    const sealer = await testSealer(certificateOf(key));
    const items = { password: "hunter2" };
    manifests = {
      good: await sealer.object({ namespace: NAMESPACE, name: "db", items }),
      moved: await sealer.object({ namespace: NAMESPACE, name: "copy", items, sealedFor: { name: "db" } }),
    };
    for (const [name, object] of Object.entries(manifests))
      await writeFile(join(folder, `${name}.json`), JSON.stringify(object));
  });

  after(async () => {
    await controller?.stop();
    await cluster?.stop();
  });

  const signet = (args: readonly string[], kubeconfig = env["KUBECONFIG"] ?? "") =>
    runSignet(args, { cwd: folder, env: { ...env, KUBECONFIG: kubeconfig } });
  const stranger = () => cluster.kubeconfigFor({ serviceAccount: { namespace: NAMESPACE, name: "nobody" } });

  async function checks(...args: string[]): Promise<Check[]> {
    const { stdout, stderr } = await signet(["doctor", "-o", "json"], ...args);
    assert.notEqual(stdout, "", stderr);
    return (JSON.parse(stdout) as { checks: Check[] }).checks;
  }
  const told = (all: readonly Check[]) =>
    all.filter(({ level }) => level !== "ok").map(({ level, about }) => `${level} ${about}`);

  test("doctor finds all as it should be but for the backup; rights taken away are missed", async () => {
    const all = await checks();
    assert.deepEqual(told(all), ["warn backups"], JSON.stringify(all, null, 2));
    for (const about of [
      "definition",
      "pods",
      "version",
      "leader",
      "endpoint",
      "published",
      "certificate",
      "its rights",
      "keys",
      "renewal",
    ])
      assert.ok(
        all.some((check) => check.about === about),
        about,
      );
    assert.equal(all.find(({ about }) => about === "version")?.found, `${version}, as this program`);
    const binding = (await readInstallation()).find(
      ({ kind, metadata }) => kind === "RoleBinding" && /leader|lease|election/.test(metadata.name ?? ""),
    );
    assert.ok(binding !== undefined, "the manifest binds the right to leases");
    const bindings = `/apis/rbac.authorization.k8s.io/v1/namespaces/${controllerNamespace}/rolebindings`;
    await scene.remove(`${bindings}/${binding.metadata.name}`);
    const { found } = await waitUntil({ what: "the right to be missed", boundMs: 90_000 }, async () => {
      return (await checks()).find(({ level, about }) => level === "fail" && about === "its rights") ?? null;
    });
    assert.match(
      found,
      /system:serviceaccount:kube-system:\S+ may not create leases; get, update leases in kube-system$/,
    );
    await cluster.apply([binding]);
  });

  test("wait is there when an object comes and is in sync; status then lists nothing", async () => {
    const waiting = signet(["wait", "--timeout=60s", "-f", "good.json"]);
    const { status } = await cluster.request("POST", sealedPath(NAMESPACE), manifests.good);
    assert.equal(status, 201);
    const { code, stderr } = await waiting;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^shop\/db: in sync$/m);
    const listed = await signet(["status", "-n", NAMESPACE]);
    assert.deepEqual([listed.code, listed.stdout], [0, ""], listed.stderr);
  });

  test("what does not open ends the wait with its reason, and stands in the status", async () => {
    await cluster.request("POST", sealedPath(NAMESPACE), manifests.moved);
    const waited = await signet(["wait", "--timeout=60s", "-n", NAMESPACE, "copy"]);
    assert.equal(waited.code, 1);
    assert.match(
      waited.stderr,
      /^error: shop\/copy will not come to be in sync: UnsealFailed: .*sealed for shop\/db/m,
    );
    const { code, stdout } = await signet(["status", "-A", "-o", "wide"]);
    assert.equal(code, 1);
    assert.match(stdout, /^shop +copy +failed +\S+ +1 +strict +1 .*UnsealFailed/m);
    assert.doesNotMatch(stdout, /^shop +db/m);
    assert.ok((await checks()).some(({ level, about }) => level === "warn" && about === "objects"));
    assert.ok(!`${waited.stderr}${stdout}`.includes("hunter2"));
  });

  test("an account without rights is told which one it lacks; nothing fails for want of it in doctor", async () => {
    const kubeconfig = await stranger();
    for (const [args, right] of [
      [
        ["status", "-n", NAMESPACE],
        /^error: cannot list sealedsecrets in namespace "shop": .*403 Forbidden\nhint: grant the right/,
      ],
      [
        ["wait", "-n", NAMESPACE, "db"],
        /^waiting for shop\/db, 5m at most\nerror: cannot watch sealedsecrets in namespace "shop"[^\n]*403 Forbidden\nhint: grant the right/,
      ],
    ] as const) {
      const { code, stdout, stderr } = await signet(args, kubeconfig);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, right);
    }
    const { code, stdout, stderr } = await signet(["doctor", "-o", "json"], kubeconfig);
    const all = (JSON.parse(stdout) as { checks: Check[] }).checks;
    assert.equal(code, 0, stdout);
    assert.match(stderr, /^nothing failed; .*not known$/m);
    for (const about of ["definition", "pods", "keys", "objects"]) {
      const check = all.find((one) => one.about === about);
      assert.equal(check?.level, "unknown", about);
      assert.match(check?.next ?? "", /ask for the right to/);
    }
    const leaving = await signet(["doctor", "--leave", "good.json"], kubeconfig);
    assert.equal(leaving.code, 0);
    assert.match(leaving.stdout, /^unknown {2}objects/m);
  });

  test("wait interrupted by SIGINT ends at once, leaves nothing, and can be run again", async () => {
    // The cluster holds other values, so that it would wait for five minutes.
    await writeFile(
      join(folder, "other.json"),
      JSON.stringify({ ...manifests.good, spec: { encryptedData: {} } }),
    );
    const child = spawn(process.execPath, [cliProgram, "wait", "-f", "other.json"], {
      cwd: folder,
      env: { PATH: process.env["PATH"], ...env },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    const exit = once(child, "exit");
    await waitUntil({ what: "the wait to say why", boundMs: 90_000 }, async () =>
      output.includes("another version") ? true : null,
    );
    child.kill("SIGINT");
    assert.deepEqual(await exit, [null, "SIGINT"]);
    assert.equal(
      output,
      "waiting for shop/db, 5m at most\nshop/db: waits: the cluster holds another version than the file\n",
    );
    const again = await signet(["wait", "-n", NAMESPACE, "db"]);
    assert.equal(again.code, 0, again.stderr);
  });
});
