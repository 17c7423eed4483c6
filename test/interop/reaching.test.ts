import assert from "node:assert/strict";
import { after, before, beforeEach, suite } from "node:test";
import { readArguments } from "../../cli/arguments.ts";
import { openController } from "../../cli/controller-client.ts";
import { noticesOf } from "../../cli/notices.ts";
import { kubesealOptions } from "../../cli/options.ts";
import { startConnectProxy, startSocksProxy } from "../shared/kube/tunnel-proxies.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { exposeAsService } from "../support/control-plane/exposed-service.ts";
import {
  type ForwardingKubelet,
  startForwardingKubelet,
} from "../support/control-plane/forwarding-kubelet.ts";
import { firstBoxAddress, requireNetbox } from "../support/control-plane/host-network.ts";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { type MemoryWorld, memoryIo, runInMemory } from "../support/memory-io.ts";
import { objectIn } from "../support/sealed-secret-scene.ts";
import {
  readInstallation,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";
import { testCertificate } from "../support/test-certificates.ts";

requireNetbox();

const NAMESPACE = "kube-system";
const SERVICE = "sealed-secrets-controller";
/** Nothing listens there; the kubelet leads to the controller all the same. */
const CLOSED_PORT = 9;

const table = coverageTable({
  forward: "where the Service proxy is refused, a port-forward to the Pod behind the Service serves",
  unreachable: "where the API server cannot reach the Pod, the port-forward serves",
  many: "hundreds of questions go over a handful of streams",
  broken: "a stream that broke is opened anew",
  proxied: "a port-forward goes through the proxies of the kubeconfig",
  large: "an object of 700 KiB passes, and its answer",
  rights: "each way asks for the rights that the documentation names, and for no more",
  label: "a Service of another name is found by its label, in the controller's namespace only",
  unnamed: "a Pod with the right labels that no endpoint names is not forwarded to",
  published: "the published certificate serves where nothing else does",
  closed: "where all is closed, each way is named with its reason",
});

suite("reaching the controller on a real API server", () => {
  let cluster: ControlPlane;
  let controller: SignetController;
  let kubelet: ForwardingKubelet;
  let port: number;
  const pods = new Map<string, { host: string; port: number }>();

  beforeEach(() => void kubelet.forwarded.splice(0));

  before(async () => {
    cluster = await startControlPlane({ users: { "admin-as": ["system:masters"] }, auditLog: true });
    // Without what lets everybody through: each user here has the rights of one way.
    const everybody = ["sealed-secrets-service-proxier", "sealed-secrets-certificate-reader"];
    const objects = await readInstallation();
    await cluster.apply(
      objects.filter(({ kind, metadata }) => kind !== "RoleBinding" || !everybody.includes(metadata.name)),
    );
    controller = await startSignetController({
      controlPlane: cluster,
      install: false,
      flags: ["--rate-limit=10000", "--rate-limit-burst=10000"],
    });
    port = Number(new URL(controller.url).port);
    pods.set(`${NAMESPACE}/${SERVICE}`, { host: firstBoxAddress, port });
    kubelet = await startForwardingKubelet(cluster, "test", (pod) => pods.get(pod) ?? null);
    await grant("bob", FORWARD_RULES);
    await grant("carol", [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }]);
  });

  after(async () => {
    await controller?.stop();
    await kubelet?.close();
    await cluster?.stop();
  });

  table.proves("forward", "the proxy is refused: a port-forward serves", async () => {
    const { code, stdout, stderr } = await signet("bob", ["--fetch-cert", "--verbose"]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, await (await fetch(`${controller.url}/v1/cert.pem`)).text());
    assert.match(
      stderr,
      /^note: the Service proxy of kube-system\/sealed-secrets-controller answered 403\ncertificate SHA256:\S+ from Pod kube-system\/sealed-secrets-controller behind Service kube-system\/sealed-secrets-controller at https:\/\/\S+\n$/,
    );
    assert.deepEqual(kubelet.forwarded, [`${NAMESPACE}/${SERVICE}:${port}`]);
  });

  table.proves("rights", "a port-forward needs each of its rights", async () => {
    const rights = FORWARD_RULES.flatMap(({ apiGroups, resources, verbs }) =>
      resources.flatMap((resource) =>
        verbs.map((verb) => ({ apiGroups, resources: [resource], verbs: [verb] })),
      ),
    );
    const reasons: string[] = [];
    for (const [index, missing] of rights.entries()) {
      const user = `without-${index}`;
      await grant(
        user,
        rights.filter((right) => right !== missing),
      );
      const { code, stderr } = await signet(user, ["--fetch-cert"]);
      assert.equal(code, 1, missing.resources[0]);
      reasons.push(stderr.split("\n")[0]?.replace(/^error: /, "") ?? "");
    }
    const forward = "a port-forward to a Pod of kube-system/sealed-secrets-controller";
    const proxy = `cannot fetch certificate: the Service proxy of kube-system/sealed-secrets-controller answered 403; ${forward}`;
    const published = "ConfigMap kube-system/sealed-secrets-certificate answered 403";
    assert.deepEqual(reasons, [
      `cannot get sealed secret service: reading services "sealed-secrets-controller" in namespace "kube-system" is not allowed (403); listing the Services of that namespace is not allowed (403); reading services "sealed-secrets" in namespace "kube-system" is not allowed (403); ${published}`,
      `${proxy} may not get endpoints (403); ${published}`,
      `${proxy} may not get pods (403); ${published}`,
      `${proxy} may not list endpointslices (403); ${published}`,
      `${proxy} was answered 403; ${published}`,
      `${proxy} was answered 403; ${published}`,
    ]);
    assert.deepEqual(kubelet.forwarded, []);
  });

  table.proves("unreachable", "the API server cannot reach the Pod: a port-forward serves", async () => {
    await namespaces("far");
    await expose("far", SERVICE, CLOSED_PORT);
    await grant("bob", [...FORWARD_RULES, PROXY_RULE], "far");
    const { code, stdout, stderr } = await signet("bob", [
      "--fetch-cert",
      "--controller-namespace=far",
      "--verbose",
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^-----BEGIN CERTIFICATE-----/);
    assert.match(stderr, /^note: the Service proxy of far\/sealed-secrets-controller answered 503\n/);
    assert.deepEqual(kubelet.forwarded, [`far/${SERVICE}:${CLOSED_PORT}`]);
  });

  table.proves(
    "unnamed",
    "only Pods that the endpoints name, and that are ready there, are asked",
    async () => {
      await namespaces("posing");
      await expose("posing", SERVICE, CLOSED_PORT);
      await grant("bob", FORWARD_RULES, "posing");
      const args = ["--fetch-cert", "--controller-namespace=posing"];
      const labels = { name: SERVICE, "app.kubernetes.io/name": "sealed-secrets" };
      await makePod("posing", "poser", { labels, podIP: "192.0.2.11" });
      // The endpoints name a Pod that has another address.
      await patchStatus("posing", SERVICE, { podIP: "192.0.2.12", podIPs: [{ ip: "192.0.2.12" }] });
      const moved = await signet("bob", args);
      assert.equal(moved.code, 1);
      assert.match(moved.stderr, /found no ready Pod behind the Service/);
      await patchStatus("posing", SERVICE, {
        podIP: firstBoxAddress,
        podIPs: [{ ip: firstBoxAddress }],
        conditions: [{ type: "Ready", status: "False" }],
      });
      assert.match((await signet("bob", args)).stderr, /found no ready Pod behind the Service/);
      await patchStatus("posing", SERVICE, { conditions: [{ type: "Ready", status: "True" }] });
      assert.equal((await signet("bob", args)).code, 0);
      assert.deepEqual(kubelet.forwarded, [`posing/${SERVICE}:${CLOSED_PORT}`]);
    },
  );

  table.proves(["many", "broken"], "hundreds of questions go over a few streams", async () => {
    const sealed = await sealedBy("bob", { password: "correct horse" });
    await using opened = await open("bob");
    const begin = performance.now();
    const answers = await inParallel(8, 300, () => opened.controller.verify(sealed));
    const ms = performance.now() - begin;
    assert.deepEqual([...new Set(answers)], ["opens"]);
    assert.ok(kubelet.forwarded.length <= 4, `${kubelet.forwarded.length} streams`);
    console.log(`300 questions over ${kubelet.forwarded.length} streams: ${Math.round(ms)} ms`);
    const moved = { ...sealed, metadata: { name: "db", namespace: "elsewhere" } };
    assert.equal(await opened.controller.verify(moved), "refused");
    await assert.rejects(
      opened.controller.rotate(moved),
      /unable to rotate secret: the controller could not re-seal it/,
    );
    const before = kubelet.forwarded.length;
    kubelet.breakConnections();
    assert.equal(await opened.controller.verify(sealed), "opens");
    assert.ok(kubelet.forwarded.length > before);
  });

  table.proves("large", "an object of 700 KiB passes, and its answer", async () => {
    const sealed = await sealedBy("bob", { big: "x".repeat(500 * 1024) });
    await using opened = await open("bob");
    const rotated = JSON.stringify(await opened.controller.rotate(sealed));
    assert.ok(rotated.length > 650 * 1024);
    assert.equal(await opened.controller.verify(JSON.parse(rotated)), "opens");
  });

  table.proves("proxied", "a port-forward goes through HTTP and SOCKS proxies", async () => {
    for (const [scheme, proxy] of [
      ["http", await startConnectProxy()],
      ["socks5", await startSocksProxy()],
    ] as const) {
      try {
        const url = `${scheme}://127.0.0.1:${proxy.port}`;
        const { code, stderr } = await signet("bob", ["--fetch-cert", `--proxy-url=${url}`, "--verbose"]);
        assert.equal(code, 0, stderr);
        assert.match(stderr, /^certificate SHA256:\S+ from Pod /m);
        assert.deepEqual(kubelet.forwarded.splice(0), [`${NAMESPACE}/${SERVICE}:${port}`]);
        assert.ok(proxy.tunnels() >= 2, `${proxy.tunnels()} tunnels`);
      } finally {
        await proxy.close();
      }
    }
  });

  table.proves(
    "label",
    "a Service of another name is found by its label, in its namespace only",
    async () => {
      await namespaces("charts", "bare");
      await expose("charts", "vault", port, { name: "http" });
      await label("charts", "vault");
      await expose("charts", "vault-metrics", port, { name: "http-metrics" });
      await label("charts", "vault-metrics");
      for (const namespace of ["charts", "bare", NAMESPACE]) {
        await grant(
          "dora",
          [{ apiGroups: [""], resources: ["services"], verbs: ["get", "list"] }, PROXY_RULE],
          namespace,
        );
      }
      const found = await signet("dora", ["--fetch-cert", "--controller-namespace=charts", "--verbose"]);
      assert.equal(found.code, 0, found.stderr);
      assert.match(found.stderr, /^certificate SHA256:\S+ from Service charts\/vault at /);
      const elsewhere = await signet("dora", ["--fetch-cert", "--controller-namespace=bare"]);
      assert.equal(elsewhere.code, 1);
      assert.match(
        elsewhere.stderr,
        /^error: cannot get sealed secret service: services "sealed-secrets-controller" not found in namespace "bare"; no Service of that namespace carries the label /,
      );
      const named = await signet("dora", [
        "--fetch-cert",
        "--controller-namespace=charts",
        `--controller-name=${SERVICE}`,
      ]);
      assert.equal(named.code, 1);
      assert.match(
        named.stderr,
        /^error: [^;]* services "sealed-secrets-controller" not found in namespace "charts"\n/,
      );
      await expose("charts", "second", port);
      await label("charts", "second");
      const two = await signet("dora", ["--fetch-cert", "--controller-namespace=charts"]);
      assert.equal(two.code, 1);
      assert.match(
        two.stderr,
        /several that may be it: charts\/second, charts\/vault\nhint: .*--controller-name\n$/,
      );
      const events = await cluster.auditEvents();
      const asked = events.filter(({ user }) => user === "dora").map(({ requestURI }) => requestURI);
      assert.deepEqual(
        asked.filter((uri) => !/^\/api.*\/namespaces\/(charts|bare)\//.test(uri)),
        [],
      );
      assert.deepEqual(kubelet.forwarded, []);
    },
  );

  table.proves(
    "published",
    "the published certificate serves, and a change of it seals nothing",
    async () => {
      const first = await signet("carol", ["--fetch-cert", "--verbose"], STATE);
      assert.equal(first.code, 0, first.stderr);
      assert.equal(first.stdout, await (await fetch(`${controller.url}/v1/cert.pem`)).text());
      const [, fingerprint] =
        /^certificate (\S+) from ConfigMap kube-system\/sealed-secrets-certificate at /m.exec(first.stderr) ??
        [];
      const path = `/api/v1/namespaces/${NAMESPACE}/configmaps/sealed-secrets-certificate`;
      const data = { "cert.pem": testCertificate().certificatePem };
      const { status } = await cluster.request("PATCH", path, { data }, MERGE);
      assert.equal(status, 200);
      const world = { ...STATE, files: Object.fromEntries(first.files) };
      const secret = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "db", namespace: "team-a" },
        data: { a: "Yg==" },
      };
      const changed = await signet("carol", [], { ...world, stdin: JSON.stringify(secret) });
      assert.equal(changed.code, 1);
      assert.equal(changed.stdout, "");
      assert.ok(changed.stderr.includes(`and was ${fingerprint} when last seen`), changed.stderr);
      const [, now = ""] = /--accept-certificate (\S+)/.exec(changed.stderr) ?? [];
      const accepted = await signet("carol", ["--accept-certificate", now], {
        ...world,
        stdin: JSON.stringify(secret),
      });
      assert.equal(accepted.code, 0, accepted.stderr);
      const next = await signet("carol", ["--fetch-cert"], {
        ...STATE,
        files: Object.fromEntries(accepted.files),
      });
      assert.equal(next.stdout, data["cert.pem"]);
    },
  );

  table.proves("closed", "where all is closed, each way is named with its reason", async () => {
    const { code, stderr } = await signet("eve", ["--fetch-cert", `--controller-name=${SERVICE}`]);
    assert.equal(code, 1);
    assert.equal(
      stderr.split("\n")[0],
      'error: cannot get sealed secret service: reading services "sealed-secrets-controller" in namespace "kube-system" is not allowed (403); ConfigMap kube-system/sealed-secrets-certificate answered 403',
    );
  });

  table.everyRowHasATest();

  async function signet(user: string, args: readonly string[], world: MemoryWorld = {}) {
    const kubeconfig = await cluster.kubeconfigFor({ user: "admin-as" });
    return runInMemory([`--as=${user}`, ...args], {
      ...world,
      env: { KUBECONFIG: kubeconfig, ...world.env },
    });
  }

  async function open(user: string) {
    const env = { KUBECONFIG: await cluster.kubeconfigFor({ user: "admin-as" }) };
    const { io } = memoryIo([], { env });
    const { options } = readArguments(kubesealOptions, [`--as=${user}`], {});
    const opened = await openController(options, io, noticesOf(io, options));
    return { controller: opened, [Symbol.asyncDispose]: () => opened.close() };
  }

  async function sealedBy(user: string, stringData: Record<string, string>): Promise<KubeObject> {
    const metadata = { name: "db", namespace: "team-a" };
    const secret = { apiVersion: "v1", kind: "Secret", metadata, stringData };
    const { code, stdout, stderr } = await signet(user, [], { stdin: JSON.stringify(secret) });
    assert.equal(code, 0, stderr);
    kubelet.forwarded.splice(0);
    return objectIn(stdout);
  }

  async function namespaces(...names: string[]): Promise<void> {
    await cluster.apply(names.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })));
  }

  /** A Service before the controller's address, which the kubelet leads to whatever the port. */
  async function expose(
    namespace: string,
    name: string,
    at: number,
    portName: { name?: string } = {},
  ): Promise<void> {
    pods.set(`${namespace}/${name}`, { host: firstBoxAddress, port });
    await exposeAsService({
      controlPlane: cluster,
      namespace,
      name,
      podIP: firstBoxAddress,
      port: at,
      ...(portName.name === undefined ? {} : { portName: portName.name }),
    });
  }

  async function label(namespace: string, service: string): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}/services/${service}`;
    const labels = { "app.kubernetes.io/name": "sealed-secrets" };
    assert.equal((await cluster.request("PATCH", path, { metadata: { labels } }, MERGE)).status, 200);
  }

  async function makePod(
    namespace: string,
    name: string,
    { labels, podIP }: { labels: Record<string, string>; podIP: string },
  ): Promise<void> {
    const spec = { nodeName: "test", containers: [{ name: "main", image: "none" }] };
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name, labels }, spec };
    const { status } = await cluster.request("POST", `/api/v1/namespaces/${namespace}/pods`, pod);
    assert.equal(status, 201);
    const conditions = [{ type: "Ready", status: "True" }];
    await patchStatus(namespace, name, { phase: "Running", podIP, podIPs: [{ ip: podIP }], conditions });
  }

  async function patchStatus(namespace: string, pod: string, change: object): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}/status`;
    assert.equal((await cluster.request("PATCH", path, { status: change }, MERGE)).status, 200);
  }

  /** Grants rights and waits until the API server knows them. */
  async function grant(user: string, rules: readonly Rule[], namespace = NAMESPACE): Promise<void> {
    const group = "rbac.authorization.k8s.io";
    const metadata = { name: `of-${user}`, namespace };
    await cluster.apply([
      { apiVersion: `${group}/v1`, kind: "Role", metadata, rules },
      {
        apiVersion: `${group}/v1`,
        kind: "RoleBinding",
        metadata,
        roleRef: { apiGroup: group, kind: "Role", name: metadata.name },
        subjects: [{ apiGroup: group, kind: "User", name: user }],
      },
    ]);
    const rule = rules.at(-1);
    const [resource, subresource] = rule?.resources.at(-1)?.split("/") ?? [];
    const attributes = {
      namespace,
      resource,
      subresource,
      group: rule?.apiGroups[0],
      verb: rule?.verbs.at(-1),
    };
    const review = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: { user, resourceAttributes: attributes },
    };
    await waitUntil({ what: `the rights of ${user}` }, async () => {
      const { body } = await cluster.request(
        "POST",
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        review,
      );
      return (body as { status?: { allowed?: boolean } }).status?.allowed === true ? true : null;
    });
  }
});

type Rule = { apiGroups: string[]; resources: string[]; verbs: string[] };

async function inParallel<T>(width: number, count: number, run: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let left = count;
  const worker = async () => {
    while (left-- > 0) results.push(await run());
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}

const MERGE = { contentType: "application/merge-patch+json" };
const STATE = { env: { XDG_STATE_HOME: "/state" } };
const PROXY_RULE: Rule = { apiGroups: [""], resources: ["services/proxy"], verbs: ["get"] };

/** What docs/reaching-the-controller.md asks for a port-forward. */
const FORWARD_RULES: Rule[] = [
  { apiGroups: [""], resources: ["services", "endpoints", "pods"], verbs: ["get"] },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list"] },
  { apiGroups: [""], resources: ["pods/portforward"], verbs: ["get", "create"] },
];
