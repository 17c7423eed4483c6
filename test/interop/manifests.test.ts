import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { isRecord, type KubeObject } from "../support/control-plane/kube-object.ts";
import { readObjects, sealedSecretDefinitionFile } from "../support/control-plane/object-files.ts";

const deploy = join(import.meta.dirname, "../../deploy");
const home = "kube-system";
const name = "sealed-secrets-controller";
const certificate = "sealed-secrets-certificate";

/** Who has a right: the controller, or everyone who is known to the cluster. */
type Holder = "controller" | "everyone";

/** A right, or something to be tried: `namespace` null for all of them, `name` null for all names. */
type Right = { verb: string; resource: string; namespace: string | null; name: string | null };

/** The rights the manifest shall grant, each with what it is for. The one place that names them. */
const granted: readonly { holder: Holder; rights: readonly Right[]; why: string }[] = [
  row("controller", "get list watch", "bitnami.com/sealedsecrets", null, "keep all of them in a cache"),
  row("controller", "update", "bitnami.com/sealedsecrets/status", null, "write conditions"),
  row("controller", "get create update", "secrets", null, "write what was sealed"),
  row("controller", "list watch", "secrets", null, "notice what others do to Secrets, by metadata"),
  row("controller", "delete", "secrets", null, "make one anew whose type or immutability changes"),
  row("controller", "create patch", "events", null, "tell what happened to an object"),
  row("controller", "get", "namespaces", null, "the cluster's id is the uid of kube-system", "kube-system"),
  row("controller", "get list watch create update", "secrets", home, "find, make and promote sealing keys"),
  row("controller", "create", "configmaps", home, "publish the certificate at first"),
  row("controller", "get update", "configmaps", home, "publish the certificate again", certificate),
  row("controller", "create", "coordination.k8s.io/leases", home, "be the first to hold the Lease"),
  row("controller", "get update", "coordination.k8s.io/leases", home, "hold it, or wait for it", name),
  row("everyone", "get", "configmaps", home, "seal without a Service proxy", certificate),
  row("everyone", "get", "services", home, "find the controller", name),
  ...[`http:${name}:`, `http:${name}:http`, name].map((called) =>
    row("everyone", "create get", "services/proxy", home, "certificate, verify, rotate", called),
  ),
];

function row(
  holder: Holder,
  verbs: string,
  resource: string,
  namespace: string | null,
  why: string,
  name: string | null = null,
): { holder: Holder; rights: Right[]; why: string } {
  return { holder, why, rights: verbs.split(" ").map((verb) => ({ verb, resource, namespace, name })) };
}

/** What must be refused. */
const refused: readonly { holder: Holder; rights: readonly Right[]; why: string }[] = [
  row(
    "controller",
    "deletecollection patch",
    "secrets",
    null,
    "destroy Secrets in numbers, or change them unseen",
  ),
  row("controller", "deletecollection patch", "secrets", home, "destroy sealing keys in numbers"),
  row(
    "controller",
    "create update patch delete",
    "bitnami.com/sealedsecrets",
    null,
    "change what people wrote",
  ),
  row("controller", "patch", "bitnami.com/sealedsecrets/status", null, "write a status without its version"),
  row("controller", "get list create update", "configmaps", "default", "touch other namespaces' ConfigMaps"),
  row("controller", "list watch delete patch", "configmaps", home, "touch other ConfigMaps"),
  row(
    "controller",
    "get update",
    "configmaps",
    home,
    "touch another ConfigMap",
    "extension-apiserver-authentication",
  ),
  row("controller", "get list watch", "events", null, "read events"),
  row("controller", "list watch", "namespaces", null, "list namespaces"),
  row("controller", "get", "namespaces", null, "read another namespace", "default"),
  row("controller", "get list", "nodes", null, "look at nodes"),
  row("controller", "get list create", "pods", home, "run or read pods"),
  row("controller", "create", "pods/exec", home, "enter pods"),
  row("controller", "create", "serviceaccounts/token", home, "become another ServiceAccount"),
  row("controller", "impersonate", "users", null, "become a user"),
  row(
    "controller",
    "bind escalate update create",
    "rbac.authorization.k8s.io/clusterroles",
    null,
    "raise its rights",
  ),
  row(
    "controller",
    "create update",
    "rbac.authorization.k8s.io/clusterrolebindings",
    null,
    "raise its rights",
  ),
  row("controller", "create update", "rbac.authorization.k8s.io/rolebindings", home, "raise its rights"),
  row(
    "controller",
    "get update",
    "coordination.k8s.io/leases",
    home,
    "hold another's Lease",
    "kube-scheduler",
  ),
  row(
    "controller",
    "list watch patch delete",
    "coordination.k8s.io/leases",
    home,
    "end another's Lease",
    name,
  ),
  row("controller", "create update", "coordination.k8s.io/leases", "kube-node-lease", "play a node"),
  row("everyone", "get list watch create", "secrets", home, "read or forge sealing keys"),
  row("everyone", "get", "secrets", home, "read a sealing key by its name", "sealed-secrets-keyabcde"),
  row("everyone", "list create update patch delete", "configmaps", home, "forge the certificate"),
  row("everyone", "update patch delete", "configmaps", home, "forge the certificate", certificate),
  row("everyone", "get", "configmaps", home, "read another ConfigMap", "extension-apiserver-authentication"),
  row("everyone", "get create", "services/proxy", home, "reach the metrics", `${name}-metrics`),
  row("everyone", "get create", "services/proxy", home, "reach the metrics", `http:${name}:8081`),
  row("everyone", "delete update", "services/proxy", home, "other verbs through the proxy", name),
  row("everyone", "update delete", "services", home, "turn the Service elsewhere", name),
  row("everyone", "get list", "bitnami.com/sealedsecrets", null, "read SealedSecrets"),
];

function spelled({ verb, resource, namespace, name: called }: Right): string {
  return `${verb} ${resource}${called === null ? "" : ` "${called}"`} in ${namespace ?? "all namespaces"}`;
}

let objects: KubeObject[];
let cluster: ControlPlane;
const tokens: Record<Holder, string> = { controller: "", everyone: "" };

before(async () => {
  objects = await readObjects(join(deploy, "controller.yaml"));
  cluster = await startControlPlane();
  await cluster.apply(objects);
  tokens.controller = await cluster.tokenFor({ serviceAccount: { namespace: home, name } });
  tokens.everyone = await cluster.tokenFor({ user: "alice" });
});
after(async () => {
  await cluster?.stop();
});

suite("what the manifests hold", () => {
  test("the SealedSecret definition is the one of crds/", async () => {
    const [definition] = await readObjects(sealedSecretDefinitionFile);
    for (const file of ["controller.yaml", "controller-norbac.yaml"]) {
      const [first] = await readObjects(join(deploy, file));
      assert.deepEqual(first, definition, file);
    }
  });

  test("the one without rights is the other one less rights and ServiceAccount", async () => {
    const isRight = ({ apiVersion, kind }: KubeObject): boolean =>
      apiVersion.startsWith("rbac.") || kind === "ServiceAccount";
    const expected = structuredClone(objects.filter((object) => !isRight(object)));
    for (const object of expected) {
      if (object.kind === "Deployment") delete podSpec(object)["serviceAccountName"];
    }
    assert.deepEqual(await readObjects(join(deploy, "controller-norbac.yaml")), expected);
  });

  test("the names that clients and other manifests rely on", () => {
    const names = objects
      .filter(({ kind }) => ["Deployment", "Service", "ServiceAccount"].includes(kind))
      .map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);
    assert.deepEqual(names.sort(), [
      `Deployment ${home}/${name}`,
      `Service ${home}/${name}`,
      `Service ${home}/${name}-metrics`,
      `ServiceAccount ${home}/${name}`,
    ]);
    const service = objects.find(({ kind, metadata }) => kind === "Service" && metadata.name === name);
    assert.deepEqual(at(service, "spec", "ports"), [{ port: 8080, targetPort: 8080 }]);
  });

  test("the Services find the Deployment's pods", () => {
    const labels = at(deployment(), "spec", "template", "metadata", "labels");
    for (const service of objects.filter(({ kind }) => kind === "Service")) {
      assert.deepEqual(at(service, "spec", "selector"), labels);
    }
  });

  test("a namespace of the restricted Pod Security Standard takes the pod", async () => {
    const namespace = "restricted";
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } }]);
    const spec = podSpec(structuredClone(deployment()));
    const create = (pod: unknown): Promise<{ status: number; body: unknown }> =>
      cluster.request("POST", `/api/v1/namespaces/${namespace}/pods`, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { generateName: "probe-" },
        spec: pod,
      });
    const { status, body } = await create(spec);
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal(
      (await create({ ...spec, hostNetwork: true })).status,
      403,
      "the standard is enforced at all",
    );
  });

  test("the pod is probed, may write nowhere but /tmp, and is never root", () => {
    const spec = podSpec(deployment());
    assert.deepEqual(at(spec, "securityContext", "runAsUser"), 65532);
    const containers = spec["containers"];
    assert.ok(Array.isArray(containers));
    const [container] = containers.filter(isRecord);
    assert.equal(at(container, "livenessProbe", "httpGet", "path"), "/healthz");
    assert.equal(at(container, "readinessProbe", "httpGet", "path"), "/readyz");
    assert.equal(at(container, "securityContext", "readOnlyRootFilesystem"), true);
    assert.deepEqual(at(container, "volumeMounts"), [{ name: "tmp", mountPath: "/tmp" }]);
    assert.deepEqual(spec["volumes"], [{ name: "tmp", emptyDir: {} }]);
  });
});

suite("rights", () => {
  test("the manifest grants what the table names, no more and no less", () => {
    const table = granted.flatMap(({ holder, rights }) =>
      rights.map((right) => `${holder}: ${spelled(right)}`),
    );
    assert.deepEqual([...rightsOf(objects)].sort(), [...new Set(table)].sort());
  });

  for (const { holder, rights, why } of granted) {
    for (const right of rights) {
      test(`${holder} may ${spelled(right)}: ${why}`, async () =>
        assert.equal(await may(holder, right), true));
    }
  }

  for (const { holder, rights, why } of refused) {
    for (const right of rights) {
      test(`${holder} may not ${spelled(right)}: ${why}`, async () =>
        assert.equal(await may(holder, right), false));
    }
  }

  test("real calls of the controller meet the same answers", async () => {
    const token = tokens.controller;
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "probe" } };
    const path = "/api/v1/namespaces/default/secrets";
    assert.equal((await cluster.request("POST", path, secret, { token })).status, 201);
    assert.equal((await cluster.request("GET", `${path}/probe`, undefined, { token })).status, 200);
    assert.equal((await cluster.request("GET", "/api/v1/secrets", undefined, { token })).status, 200);
    assert.equal((await cluster.request("DELETE", `${path}/probe`, undefined, { token })).status, 200);
    assert.equal((await cluster.request("DELETE", path, undefined, { token })).status, 403);
    const own = `/api/v1/namespaces/${home}/secrets`;
    assert.equal((await cluster.request("GET", own, undefined, { token })).status, 200);
  });

  test("a right is not granted by handing it on: the controller cannot bind its role to another", async () => {
    const binding = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "sneaked" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ kind: "ServiceAccount", name, namespace: home }],
    };
    const path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    assert.equal((await cluster.request("POST", path, binding, { token: tokens.controller })).status, 403);
  });

  test("an ordinary user reads the published certificate, and no sealing key", async () => {
    await cluster.apply([
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: certificate, namespace: home },
        data: { "cert.pem": "x" },
      },
      { apiVersion: "v1", kind: "Secret", metadata: { name: "sealed-secrets-key1", namespace: home } },
    ]);
    const token = tokens.everyone;
    const base = `/api/v1/namespaces/${home}`;
    assert.equal(
      (await cluster.request("GET", `${base}/configmaps/${certificate}`, undefined, { token })).status,
      200,
    );
    assert.equal(
      (await cluster.request("GET", `${base}/secrets/sealed-secrets-key1`, undefined, { token })).status,
      403,
    );
    const nobody = await cluster.request("GET", `${base}/configmaps/${certificate}`, undefined, {
      token: null,
    });
    assert.ok([401, 403].includes(nobody.status), "somebody unknown to the cluster reads nothing");
  });
});

/** Asks the API server whether that holder may do it. */
async function may(holder: Holder, { verb, resource, namespace, name: called }: Right): Promise<boolean> {
  const [group, plural, subresource] = partsOf(resource);
  const { status, body } = await cluster.request(
    "POST",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: {
        resourceAttributes: {
          verb,
          group,
          resource: plural,
          subresource,
          // Without a namespace the review asks for all of them.
          namespace: namespace ?? "",
          name: called ?? "",
        },
      },
    },
    { token: tokens[holder] },
  );
  assert.equal(status, 201, JSON.stringify(body));
  return at(body, "status", "allowed") === true;
}

/** `bitnami.com/sealedsecrets/status` in its parts; a first part without a dot is no group. */
function partsOf(resource: string): [string, string, string] {
  const parts = resource.split("/");
  const group = parts[0]?.includes(".") === true ? (parts.shift() ?? "") : "";
  return [group, parts[0] ?? "", parts[1] ?? ""];
}

/** Every single right that roles and their bindings give, spelled as the table's. */
function rightsOf(manifest: readonly KubeObject[]): Set<string> {
  const rights = new Set<string>();
  for (const role of manifest.filter(({ kind }) => kind === "Role" || kind === "ClusterRole")) {
    const bindings = manifest.filter(
      (object) =>
        object.kind === `${role.kind}Binding` && at(object, "roleRef", "name") === role.metadata.name,
    );
    assert.ok(bindings.length > 0, `nobody holds ${role.metadata.name}`);
    for (const subject of bindings.flatMap((binding) => records(binding["subjects"]))) {
      for (const rule of records(role["rules"])) {
        assert.ok(!("nonResourceURLs" in rule));
        for (const right of rightsOfRule(rule, role.metadata.namespace ?? null)) {
          rights.add(`${holderOf(subject)}: ${spelled(right)}`);
        }
      }
    }
  }
  return rights;
}

function rightsOfRule(rule: Record<string, unknown>, namespace: string | null): Right[] {
  const names = "resourceNames" in rule ? strings(rule["resourceNames"]) : [null];
  return strings(rule["apiGroups"]).flatMap((group) =>
    strings(rule["resources"]).flatMap((plural) =>
      strings(rule["verbs"]).flatMap((verb) =>
        names.map((called) => ({
          verb,
          resource: group === "" ? plural : `${group}/${plural}`,
          namespace,
          name: called,
        })),
      ),
    ),
  );
}

function holderOf(subject: Record<string, unknown>): Holder {
  if (subject["kind"] === "Group" && subject["name"] === "system:authenticated") return "everyone";
  const { kind, name: called, namespace } = subject;
  assert.deepEqual({ kind, called, namespace }, { kind: "ServiceAccount", called: name, namespace: home });
  return "controller";
}

function deployment(): KubeObject {
  const found = objects.find(({ kind }) => kind === "Deployment");
  assert.ok(found !== undefined);
  return found;
}

function podSpec(object: KubeObject): Record<string, unknown> {
  const spec = at(object, "spec", "template", "spec");
  assert.ok(isRecord(spec));
  return spec;
}

function at(value: unknown, ...path: string[]): unknown {
  return path.reduce((inner, step) => (isRecord(inner) ? inner[step] : undefined), value);
}

function records(value: unknown): Record<string, unknown>[] {
  assert.ok(Array.isArray(value));
  return value.filter(isRecord);
}

function strings(value: unknown): string[] {
  assert.ok(Array.isArray(value));
  return value.map(String);
}
