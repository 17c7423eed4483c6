import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import { readObjects } from "../support/control-plane/object-files.ts";
import { at, helmTemplate, objectOf, renderChart } from "../support/helm.ts";

const manifest = join(import.meta.dirname, "../../deploy/controller.yaml");
const home = "kube-system";
const serving = [
  "bitnami.com/sealedsecrets get list watch",
  "bitnami.com/sealedsecrets/status update",
  "events create patch",
  "secrets create delete get list update watch",
];
const own = [
  `${home}: configmaps create`,
  `${home}: configmaps[sealed-secrets-certificate] get update`,
  `${home}: coordination.k8s.io/leases create`,
  `${home}: coordination.k8s.io/leases[sealed-secrets-controller] get update`,
  `${home}: secrets create get list update watch`,
];
const references = {
  vault: { address: "https://vault.example.com:8200" },
  vaultReferences: { mounts: ["kv"], role: "signet", audience: "vault" },
};
const tenantTokens = "serviceaccounts/token[signet-vault] create";
const inAll = (...rules: string[]): string[] => rules.map((rule) => `*: ${rule}`);
const inEach = (namespaces: string[]): string[] =>
  namespaces.flatMap((namespace) => serving.map((rule) => `${namespace}: ${rule}`));

/** Each shape of rights, by the values that give it: what the controller's account may do, and nothing more. */
const shapes: Record<string, { values: Record<string, unknown>; rights: string[] }> = {
  "over the whole cluster": {
    values: {},
    rights: [...own, ...inAll(...serving, "namespaces[kube-system] get")],
  },
  "over the whole cluster, for listed namespaces, as the reference": {
    values: { additionalNamespaces: ["team-a"] },
    rights: [...own, ...inAll(...serving, "namespaces[kube-system] get")],
  },
  "in listed namespaces": {
    values: { additionalNamespaces: ["team-a", home], rbac: { namespacedRoles: true, clusterRole: false } },
    rights: [...own, ...inEach([home, "team-a"])],
  },
  "in its own namespace": { values: { allNamespaces: false }, rights: [...own, ...inEach([home])] },
  "with a cluster id given": { values: { clusterId: "c" }, rights: [...own, ...inAll(...serving)] },
  "without deleting": {
    values: { rbac: { deleteSecrets: false } },
    rights: [
      ...own,
      ...inAll(...serving.map((rule) => rule.replace(" delete", "")), "namespaces[kube-system] get"),
    ],
  },
  "judging who reads metrics": {
    values: { allNamespaces: false, metricsAuth: true },
    rights: [
      ...own,
      ...inEach([home]),
      ...inAll(
        "authentication.k8s.io/tokenreviews create",
        "authorization.k8s.io/subjectaccessreviews create",
      ),
    ],
  },
  "with Vault references, over the whole cluster": {
    values: references,
    rights: [...own, ...inAll(...serving, "namespaces[kube-system] get", tenantTokens)],
  },
  "with Vault references, in listed namespaces": {
    values: { ...references, additionalNamespaces: ["team-a"], rbac: { namespacedRoles: true } },
    rights: [...own, ...inEach([home, "team-a"]), `${home}: ${tenantTokens}`, `team-a: ${tenantTokens}`],
  },
  "with Vault references, in its own namespace": {
    values: { ...references, allNamespaces: false },
    rights: [...own, ...inEach([home]), `${home}: ${tenantTokens}`],
  },
  "without election": {
    values: { leaderElection: { enabled: false }, allNamespaces: false },
    rights: [...own.filter((right) => !right.includes("leases")), ...inEach([home])],
  },
  "granted by somebody else": { values: { rbac: { clusterRole: false } }, rights: own },
  "with none": { values: { rbac: { create: false } }, rights: [] },
};

suite("rights of the controller's account", () => {
  for (const [shape, { values, rights }] of Object.entries(shapes)) {
    test(shape, async () => {
      assert.deepEqual(rightsOf(await renderChart({ values }), "ServiceAccount"), rights.toSorted());
    });
  }

  test("the cluster's identity is asked for only where that is allowed", async () => {
    const asked = async (values: Record<string, unknown>): Promise<string | undefined> => {
      const args = at(
        objectOf(await renderChart({ values }), "Deployment"),
        ...["spec", "template", "spec", "containers"],
        ...[0, "args"],
      ) as string[];
      return args.find((arg) => arg.startsWith("--cluster-id="));
    };
    assert.equal(await asked({}), undefined);
    assert.equal(await asked({ allNamespaces: false }), "--cluster-id=none");
    assert.equal(await asked({ allNamespaces: false, clusterId: "c" }), "--cluster-id=c");
  });

  const lacking: readonly [string, Record<string, unknown>][] = [
    ["vault.address", { ...references, vault: {} }],
    ["vaultReferences.role", { ...references, vaultReferences: { mounts: ["kv"], audience: "vault" } }],
    ["vaultReferences.audience", { ...references, vaultReferences: { mounts: ["kv"], role: "signet" } }],
    [
      "vault.address and vaultReferences.role and vaultReferences.audience",
      { vaultReferences: { mounts: ["kv"] } },
    ],
  ];
  for (const [missing, values] of lacking) {
    test(`Vault references without ${missing} are refused, whoever grants rights`, async () => {
      for (const create of [true, false]) {
        const { code, stderr } = await helmTemplate({ values: { ...values, rbac: { create } } });
        assert.equal(code, 1);
        assert.ok(stderr.includes(`vaultReferences.mounts is given without ${missing}: `), stderr);
      }
    });
  }
});

suite("rights of others", () => {
  const everyone = [
    `${home}: configmaps[sealed-secrets-certificate] get`,
    `${home}: services/proxy[http:sealed-secrets-controller:,http:sealed-secrets-controller:http,sealed-secrets-controller] create get`,
    `${home}: services[sealed-secrets-controller] get`,
  ];

  test("everyone known to the cluster reaches the API and reads the certificate", async () => {
    const objects = await renderChart({ values: { fullnameOverride: "sealed-secrets-controller" } });
    assert.deepEqual(rightsOf(objects, "Group"), everyone);
  });

  test("nobody, when nobody is named", async () => {
    const values = { rbac: { serviceProxier: { subjects: "" }, certificateReader: { subjects: [] } } };
    assert.deepEqual(rightsOf(await renderChart({ values }), "Group"), []);
  });
});

suite("the manifest and the chart", () => {
  test("grant the same for Vault references, which the manifest leaves to one of its own", async () => {
    const [ofChart, without] = await Promise.all([
      renderChart({ values: { ...references, fullnameOverride: "sealed-secrets-controller" } }),
      renderChart({ values: { fullnameOverride: "sealed-secrets-controller" } }),
    ]);
    const before = rightsOf(without, "ServiceAccount");
    const added = rightsOf(ofChart, "ServiceAccount").filter((right) => !before.includes(right));
    const ofManifest = await readObjects(join(manifest, "../vault-references-rbac.yaml"));
    assert.deepEqual(rightsOf(ofManifest, "ServiceAccount"), added);
  });

  test("grant the same", async () => {
    const ofChart = await renderChart({ values: { fullnameOverride: "sealed-secrets-controller" } });
    const ofManifest = await readObjects(manifest);
    for (const kind of ["ServiceAccount", "Group"])
      assert.deepEqual(rightsOf(ofManifest, kind), rightsOf(ofChart, kind));
  });

  test("run the same pod", async () => {
    const ofChart = objectOf(
      await renderChart({ values: { fullnameOverride: "sealed-secrets-controller" } }),
      "Deployment",
    );
    const ofManifest = objectOf(await readObjects(manifest), "Deployment");
    const container = [...["spec", "template", "spec", "containers"], 0];
    const without = (object: KubeObject): unknown => {
      const copy = structuredClone(object);
      const [first] = at(copy, "spec", "template", "spec", "containers") as Record<string, unknown>[];
      // The container's name differs in the reference too. The chart gives as options what are the defaults.
      for (const field of ["name", "args"]) delete first?.[field];
      return at(copy, "spec", "template", "spec");
    };
    assert.deepEqual(complete(without(ofManifest)), complete(without(ofChart)));
    assert.equal(at(ofManifest, ...container, "args"), undefined);
    for (const field of ["replicas", "strategy"])
      assert.deepEqual(at(ofManifest, "spec", field), at(ofChart, "spec", field));
  });
});

/** Fields that the API server would add. */
function complete(spec: unknown): unknown {
  const defaults: Record<string, unknown> = {
    protocol: "TCP",
    initialDelaySeconds: 0,
    failureThreshold: 3,
    successThreshold: 1,
  };
  return JSON.parse(JSON.stringify(spec), (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).filter(([name, inner]) => defaults[name] !== inner))
      : value,
  );
}

/** Each rule that the roles bound to subjects of that kind give, as `NAMESPACE: RESOURCE[NAMES] VERBS`; `*` for all namespaces. */
function rightsOf(objects: readonly KubeObject[], subjectKind: string): string[] {
  const rights = new Set<string>();
  for (const binding of objects.filter(
    ({ kind }) => kind.endsWith("Binding") && kind !== "ValidatingAdmissionPolicyBinding",
  )) {
    const subjects = binding["subjects"] as { kind: string }[];
    if (!subjects.some(({ kind }) => kind === subjectKind)) continue;
    const { namespace } = binding.metadata;
    const role = objects.find(
      ({ kind, metadata }) =>
        kind === at(binding, "roleRef", "kind") &&
        metadata.name === at(binding, "roleRef", "name") &&
        metadata.namespace === namespace,
    );
    assert.ok(role !== undefined, `${binding.metadata.name} binds a role that is not there`);
    for (const rule of role["rules"] as Record<string, string[]>[]) {
      const names = rule["resourceNames"] === undefined ? "" : `[${rule["resourceNames"].join(",")}]`;
      for (const group of rule["apiGroups"] ?? [])
        for (const resource of rule["resources"] ?? []) {
          const full = `${group === "" ? "" : `${group}/`}${resource}${names}`;
          rights.add(`${namespace ?? "*"}: ${full} ${(rule["verbs"] ?? []).toSorted().join(" ")}`);
        }
    }
  }
  return [...rights].sort();
}
