import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite } from "node:test";
import { controllerProgram } from "../support/built-programs.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { untilGranted } from "../support/control-plane/granted-rights.ts";
import { firstBoxAddress, freePort, requireNetbox } from "../support/control-plane/host-network.ts";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import type { ManagedProcess } from "../support/control-plane/managed-process.ts";
import { readObjects } from "../support/control-plane/object-files.ts";
import { startPodProcess } from "../support/control-plane/pod-process.ts";
import { untilReady } from "../support/control-plane/process-readiness.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { at, chartFolder, runHelm } from "../support/helm.ts";
import { base64, type SealedObject, testSealer } from "../support/in-process-sealing.ts";
import { type Scene, type SceneSecret, sceneOf } from "../support/sealed-secret-scene.ts";
import { keySecrets } from "../support/sealing-key-secrets.ts";
import { manifestFile } from "../support/signet-controller.ts";
import { ensureRealComponents } from "../tools/real-components.ts";
import { referenceChart } from "../tools/reference-chart.ts";

requireNetbox();

const table = coverageTable({
  "from-reference": "a release of the reference's chart becomes ours in place, with the values file it has",
  "objects-stay": "keys, SealedSecrets and Secrets are not touched by it",
  rights: "what the chart grants is enough for all that our controller asks for",
  "definition-new": "our controller works with their definition, and while it is upgraded under live objects",
  back: "the release becomes the reference's again, and its controller goes on",
  "reused-values": "values kept from the other release, defaults included, do no harm",
  uninstalled: "what is uninstalled is the controller: definition, keys, SealedSecrets and Secrets stay",
  "installed-anew": "a new release of another name takes up what stayed",
  "from-manifest": "what was installed by the manifest is taken over by a release",
});

const home = "kube-system";
const name = "sealed-secrets-controller";
const values = `
fullnameOverride: ${name}
keyrenewperiod: "0"
secretName: our-key
privateKeyLabels: {owner: platform}
logFormat: json
commonLabels: {team: platform}
resources: {limits: {memory: 256Mi}}
pdb: {create: true}
networkPolicy: {enabled: true}
metrics: {dashboards: {create: true}}
`;

/** What a Deployment runs, as a process here. */
type Running = { process: ManagedProcess; url: string; program: "reference" | "signet" };

suite("from the reference's chart to ours and back, with a real Helm", () => {
  let cluster: ControlPlane;
  let scene: Scene;
  let valuesFile: string;
  let running: Running | null = null;
  const made = new Map<string, SceneSecret>();

  before(async () => {
    cluster = await startControlPlane({ auditLog: true, controllerManager: true });
    scene = sceneOf(cluster);
    valuesFile = join(cluster.folder, "values.yaml");
    await writeFile(valuesFile, values);
    await scene.namespaces("team");
  });
  after(async () => {
    await running?.process.stop();
    await cluster?.stop();
  });

  const theirs: SealedObject[] = [
    { name: "plain", items: { a: "1", b: "2" } },
    { name: "fixed", items: { a: "1" }, template: { immutable: true } },
    { namespace: "team", name: "wide", scope: "cluster-wide", items: { a: "1" } },
  ];

  table.proves(
    ["from-reference", "objects-stay", "rights", "definition-new"],
    "to ours, with the values file as it is",
    async () => {
      await helm("install", "sealed-secrets", await referenceChart(), `--values=${valuesFile}`);
      running = await runDeployed();
      assert.equal(running.program, "reference");
      await sealAll(theirs);
      const before = await identities();
      const keys = await keySecrets(cluster);
      await stopRunning();
      const seen = (await cluster.auditEvents()).length;

      await helm("upgrade", "sealed-secrets", chartFolder, `--values=${valuesFile}`);
      const after = await identities();
      for (const [object, uid] of before) assert.equal(after.get(object), uid, `${object} is the same one`);

      running = await runDeployed();
      assert.equal(running.program, "signet");
      assert.deepEqual(await keySecrets(cluster), keys);
      await assertUntouched();
      await sealAll([{ name: "under-old-definition", items: { a: "1" } }]);
      await upgradeDefinition();
      await sealAll([{ name: "ours", items: { a: "1" } }]);
      // What came before must have been judged by ours, too: its conditions are more.
      for (const { namespace = "default", name: object } of theirs)
        await waitUntil({ what: `Ready of ${object}` }, async () =>
          (await scene.status(namespace, object))?.conditions.find(({ type }) => type === "Ready")?.status ===
          "True"
            ? true
            : null,
        );
      const account = `system:serviceaccount:${home}:${name}`;
      const calls = (await cluster.auditEvents()).slice(seen).filter(({ user }) => user === account);
      assert.ok(calls.length > 10);
      assert.deepEqual(
        calls.filter(({ code }) => code === 403 || code === 401),
        [],
      );
      assert.ok(calls.some(({ resource, verb }) => resource === "configmaps" && verb === "create"));
      await assertUntouched();
    },
  );

  table.proves("back", "and back", async () => {
    await stopRunning();
    const before = await identities();
    await helm("upgrade", "sealed-secrets", await referenceChart(), `--values=${valuesFile}`);
    const after = await identities();
    for (const object of ["Deployment", "Service", "ServiceAccount"])
      assert.equal(after.get(`${object} ${name}`), before.get(`${object} ${name}`), object);
    running = await runDeployed();
    assert.equal(running.program, "reference");
    await sealAll([{ name: "theirs-again", items: { a: "1" } }]);
    await assertUntouched();
  });

  table.proves("reused-values", "to ours once more, with all values that the other release had", async () => {
    await stopRunning();
    await helm("upgrade", "sealed-secrets", chartFolder, "--reuse-values");
    await helm("rollback", "sealed-secrets");
    running = await runDeployed();
    assert.equal(running.program, "reference", "a rollback is a way back, too");
    await stopRunning();
    await helm("upgrade", "sealed-secrets", chartFolder, "--reuse-values");
    running = await runDeployed();
    assert.equal(running.program, "signet");
    await sealAll([{ name: "ours-again", items: { a: "1" } }]);
    await assertUntouched();
  });

  table.proves("uninstalled", "uninstalling takes the controller alone", async () => {
    await stopRunning();
    const keys = await keySecrets(cluster);
    assert.equal(keys.length, 1);
    await helm("uninstall", "sealed-secrets", "--wait");
    assert.deepEqual([...(await identities()).keys()], []);
    const definition = await cluster.request(
      "GET",
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/sealedsecrets.bitnami.com",
    );
    assert.equal(definition.status, 200);
    assert.deepEqual(await keySecrets(cluster), keys);
    for (const key of made.keys()) {
      const [namespace = "", object = ""] = key.split("/");
      assert.notEqual(await scene.sealedSecret(namespace, object), null, key);
    }
    await assertUntouched();
  });

  table.proves("installed-anew", "another release goes on with it", async () => {
    await helm("install", "again", chartFolder, `--values=${valuesFile}`);
    running = await runDeployed();
    await sealAll([{ name: "after-all", items: { a: "1" } }]);
    assert.equal((await keySecrets(cluster)).length, 1);
    await assertUntouched();
  });

  table.proves("from-manifest", "from the manifest to the chart", async () => {
    await stopRunning();
    await helm("uninstall", "again", "--wait");
    await cluster.apply(await readObjects(manifestFile));
    running = await runDeployed();
    await sealAll([{ name: "by-manifest", items: { a: "1" } }]);
    await stopRunning();
    await scene.remove(`/apis/apps/v1/namespaces/${home}/deployments/${name}`);
    await helm(
      "install",
      "sealed-secrets",
      chartFolder,
      `--values=${valuesFile}`,
      "--take-ownership",
      "--force-conflicts",
    );
    running = await runDeployed();
    await sealAll([{ name: "by-chart", items: { a: "1" } }]);
    await assertUntouched();
  });

  table.everyRowHasATest();

  async function helm(...args: string[]): Promise<void> {
    const all = [...args, `--namespace=${home}`, `--kubeconfig=${cluster.adminKubeconfig}`];
    const { code, stdout, stderr } = await runHelm(all);
    assert.equal(code, 0, `${stdout}${stderr}`);
  }

  /** As `kubectl apply --server-side --force-conflicts` does. */
  async function upgradeDefinition(): Promise<void> {
    const [definition] = await readObjects(join(chartFolder, "crds/sealedsecrets.yaml"));
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${definition?.metadata.name}`;
    const { status, body } = await cluster.request(
      "PATCH",
      `${path}?fieldManager=kubectl&force=true`,
      definition,
      {
        contentType: "application/apply-patch+yaml",
      },
    );
    assert.equal(status, 200, JSON.stringify(body));
  }

  /** Runs what the Deployment in the cluster names, with its arguments and its account's rights, at ports of our own. */
  async function runDeployed(): Promise<Running> {
    const { status, body } = await cluster.request(
      "GET",
      `/apis/apps/v1/namespaces/${home}/deployments/${name}`,
    );
    assert.equal(status, 200);
    const pod = at(body, "spec", "template", "spec");
    const container = at(pod, "containers", 0);
    const program = /bitnami/.test(String(at(container, "image"))) ? "reference" : "signet";
    // Our image has an entry point of its own, and must not be left theirs.
    assert.deepEqual(at(container, "command"), program === "reference" ? ["controller"] : undefined);
    // Neither waits for the other.
    if (program === "signet") assert.equal(at(body, "spec", "strategy", "rollingUpdate", "maxSurge"), 0);
    const components = await ensureRealComponents(["sealed-secrets-controller"]);
    await untilGranted(cluster.request, await bindings());
    const port = await freePort(firstBoxAddress);
    const args = [
      ...(program === "signet" ? [controllerProgram] : []),
      ...((at(container, "args") ?? []) as string[]),
      // The last one counts, for both.
      `--listen-addr=${firstBoxAddress}:${port}`,
      `--listen-metrics-addr=${firstBoxAddress}:${await freePort(firstBoxAddress)}`,
    ];
    const process_ = await startPodProcess({
      controlPlane: cluster,
      name: program,
      command: program === "signet" ? process.execPath : components["sealed-secrets-controller"],
      args,
      serviceAccount: { namespace: home, name: String(at(pod, "serviceAccountName")) },
    });
    const url = `http://${firstBoxAddress}:${port}`;
    await untilReady(process_, { what: "its certificate", boundMs: 60_000 }, async () =>
      (await fetch(`${url}/v1/cert.pem`)).ok ? true : null,
    );
    return { process: process_, url, program };
  }

  /** What the chart has bound. */
  async function bindings(): Promise<KubeObject[]> {
    const found: KubeObject[] = [];
    for (const [plural, kind] of [
      [`namespaces/${home}/rolebindings`, "RoleBinding"],
      ["clusterrolebindings", "ClusterRoleBinding"],
    ] as const) {
      const { body } = await cluster.request("GET", `/apis/rbac.authorization.k8s.io/v1/${plural}`);
      const { items } = body as { items: KubeObject[] };
      const isOfChart = ({ metadata }: KubeObject) => metadata.name.startsWith(name);
      found.push(...items.filter(isOfChart).map((item) => ({ ...item, kind })));
    }
    return found;
  }

  async function stopRunning(): Promise<void> {
    await running?.process.stop(20_000);
    running = null;
  }

  async function sealAll(objects: readonly SealedObject[]): Promise<void> {
    const sealer = await testSealer(await (await fetch(`${running?.url}/v1/cert.pem`)).text());
    for (const object of objects) await cluster.apply([await sealer.object(object)]);
    for (const { namespace = "default", name: object, items = {} } of objects) {
      await scene.untilSynced(namespace, object, "True");
      const secret = await scene.untilSecret(namespace, object);
      assert.deepEqual(
        secret.data,
        Object.fromEntries(Object.entries(items).map(([item, value]) => [item, base64(String(value))])),
      );
      made.set(`${namespace}/${object}`, secret);
    }
  }

  async function assertUntouched(): Promise<void> {
    for (const [key, secret] of made) {
      const [namespace = "", object = ""] = key.split("/");
      assert.deepEqual(await scene.secret(namespace, object), secret, key);
    }
  }

  /** Uids of the objects in the controller's namespace that a chart has made, by kind and name. */
  async function identities(): Promise<Map<string, string | undefined>> {
    const found = new Map<string, string | undefined>();
    for (const [group, plural] of [
      ["api/v1", "services"],
      ["api/v1", "serviceaccounts"],
      ["apis/apps/v1", "deployments"],
      ["apis/rbac.authorization.k8s.io/v1", "roles"],
      ["apis/rbac.authorization.k8s.io/v1", "rolebindings"],
      ["apis/policy/v1", "poddisruptionbudgets"],
      ["apis/networking.k8s.io/v1", "networkpolicies"],
    ]) {
      const selector = "labelSelector=app.kubernetes.io/managed-by%3DHelm";
      const { body } = await cluster.request("GET", `/${group}/namespaces/${home}/${plural}?${selector}`);
      const { kind, items } = body as { kind: string; items: KubeObject[] };
      for (const { metadata } of items)
        found.set(`${kind.replace("List", "")} ${metadata.name}`, metadata.uid);
    }
    return found;
  }
});
