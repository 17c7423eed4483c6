import type { KubeRequest } from "../../shared/kube/client.ts";
import { type Check, type Looking, ok, unlessForbidden, wanting } from "./check.ts";

/** A right: verbs on a resource; without a namespace in all of them. */
type Right = { verbs: readonly string[]; group?: string; resource: string; name?: string; isOptional?: true };

/** What a controller does wherever it serves. */
const SERVING: readonly Right[] = [
  { verbs: ["get", "list", "watch"], group: "bitnami.com", resource: "sealedsecrets" },
  { verbs: ["update"], group: "bitnami.com", resource: "sealedsecrets/status" },
  { verbs: ["get", "list", "watch", "create", "update"], resource: "secrets" },
  { verbs: ["delete"], resource: "secrets", isOptional: true },
  { verbs: ["create", "patch"], resource: "events", isOptional: true },
];

/** What it does in its own namespace, beside that. */
const OWN: readonly Right[] = [
  { verbs: ["get", "list", "watch", "create", "update"], resource: "secrets" },
  { verbs: ["create"], resource: "configmaps" },
  { verbs: ["get", "update"], resource: "configmaps", name: "sealed-secrets-certificate" },
];
const ELECTION: readonly Right[] = [
  { verbs: ["create"], group: "coordination.k8s.io", resource: "leases" },
  {
    verbs: ["get", "update"],
    group: "coordination.k8s.io",
    resource: "leases",
    name: "sealed-secrets-controller",
  },
];

/**
 * Looks at the controller's rights, as the API server would judge them. The reference's controller has fewer.
 * @param account `system:serviceaccount:NAMESPACE:NAME`; null where it is not known.
 */
export function checkControllersRights(looking: Looking, account: string | null): Promise<Check[]> {
  const about = "its rights";
  const { namespace } = looking.search;
  if (account === null) {
    const next = "see that the controller's Pods are ready, and that you may get them";
    return Promise.resolve([
      { level: "unknown", about, found: "not known: neither is its ServiceAccount", next },
    ]);
  }
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"];
  const kind = "SubjectAccessReview";
  const asks = (right: Right, verb: string, where: string) =>
    review(looking, kind, { user: account, groups, resourceAttributes: attributesOf(right, verb, where) });
  return unlessForbidden(about, "create subjectaccessreviews", async () => {
    const everywhere = await lacking(SERVING, "", asks);
    const serves = needed(everywhere).length === 0;
    const here = serves ? [] : await lacking(SERVING, namespace, asks);
    const own = [...here, ...(await lacking([...OWN, ...ELECTION], namespace, asks))];
    const next = "apply the roles of this version: the chart, or deploy/controller.yaml";
    const checks: Check[] = [];
    if (needed(own).length > 0)
      checks.push(wanting("fail", about, `${account} may not ${inWords(needed(own))} in ${namespace}`, next));
    if (!serves) {
      const found = `${account} may not ${inWords(needed(everywhere))} in all namespaces: it serves those alone that grant it`;
      checks.push(wanting("warn", about, found, `${next}; signet status -A tells whether one is left out`));
    }
    const optional = [...everywhere.filter(({ isOptional }) => isOptional === true)];
    if (serves && optional.length > 0) {
      const found = `${account} may not ${inWords(optional)}: Secrets cannot be made anew, or nobody is told by events`;
      checks.push(wanting("warn", about, found, next));
    }
    return checks.length > 0 ? checks : [ok(about, `${account} has all that it needs, in all namespaces`)];
  });
}

/** Looks at what the user may do: nothing fails here, since nobody needs all of it. */
export function checkOwnRights(
  looking: Looking,
  service: { namespace: string; name: string },
): Promise<Check[]> {
  const about = "your rights";
  const { namespace, name } = service;
  const asks = (right: Right, verb: string, where: string) =>
    review(looking, "SelfSubjectAccessReview", { resourceAttributes: attributesOf(right, verb, where) });
  const tasks: readonly { what: string; rights: readonly Right[]; where: string }[] = [
    {
      what: "seal with the cluster's certificate",
      rights: [{ verbs: ["get"], resource: "services/proxy", name: `http:${name}:` }],
      where: namespace,
    },
    {
      what: "validate and re-encrypt",
      rights: [{ verbs: ["create"], resource: "services/proxy", name: `http:${name}:` }],
      where: namespace,
    },
    {
      what: "see SealedSecrets of all namespaces",
      rights: [{ verbs: ["list"], group: "bitnami.com", resource: "sealedsecrets" }],
      where: "",
    },
    { what: "see sealing keys", rights: [{ verbs: ["list"], resource: "secrets" }], where: namespace },
  ];
  return unlessForbidden(about, "create selfsubjectaccessreviews", async () => {
    const may: string[] = [];
    const mayNot: string[] = [];
    for (const { what, rights, where } of tasks)
      ((await lacking(rights, where, asks)).length === 0 ? may : mayNot).push(what);
    const found = [
      ...(may.length > 0 ? [`you may ${may.join(", ")}`] : []),
      ...(mayNot.length > 0 ? [`not ${mayNot.join(", ")}`] : []),
    ];
    return [ok(about, found.join("; "))];
  });
}

type Lacking = { right: string; isOptional?: true | undefined };
type Asks = (right: Right, verb: string, where: string) => Promise<boolean>;

async function lacking(rights: readonly Right[], where: string, asks: Asks): Promise<Lacking[]> {
  const missing: Lacking[] = [];
  for (const right of rights) {
    const verbs: string[] = [];
    for (const verb of right.verbs) if (!(await asks(right, verb, where))) verbs.push(verb);
    if (verbs.length > 0)
      missing.push({ right: `${verbs.join(", ")} ${right.resource}`, isOptional: right.isOptional });
  }
  return missing;
}

function needed(missing: readonly Lacking[]): Lacking[] {
  return missing.filter(({ isOptional }) => isOptional !== true);
}

function inWords(missing: readonly Lacking[]): string {
  return missing.map(({ right }) => right).join("; ");
}

function attributesOf({ group = "", resource, name }: Right, verb: string, namespace: string) {
  const [plural, subresource] = resource.split("/");
  return {
    verb,
    group,
    resource: plural,
    ...(namespace === "" ? {} : { namespace }),
    ...(subresource === undefined ? {} : { subresource }),
    ...(name === undefined ? {} : { name }),
  };
}

async function review(
  { client, search }: Looking,
  kind: "SubjectAccessReview" | "SelfSubjectAccessReview",
  spec: object,
): Promise<boolean> {
  const request: KubeRequest = {
    method: "POST",
    path: `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`,
    body: { apiVersion: "authorization.k8s.io/v1", kind, spec },
    ...(search.timeoutMs === null ? {} : { timeoutMs: search.timeoutMs }),
  };
  const { status } = await client.request(request);
  return typeof status === "object" && status !== null && "allowed" in status && status.allowed === true;
}
