import { type Check, type Looking, objectAt, ok, unlessForbidden, wanting } from "./check.ts";

const ABOUT = "definition";
const PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/sealedsecrets.bitnami.com";
const APPLY = "kubectl apply --server-side --force-conflicts -f crds/sealedsecrets.yaml, of this version";

/** Fields that an older definition drops, and what that costs. */
const FIELDS: readonly { path: readonly string[]; name: string; without: string }[] = [
  { path: ["sops"], name: "sops", without: "SOPS documents do not open" },
  { path: ["spec", "vault"], name: "spec.vault", without: "items from Vault are missing" },
  { path: ["status", "signet"], name: "status.signet", without: "every start opens every value" },
  { path: ["status", "vault"], name: "status.vault", without: "versions from Vault are not told" },
];

/** Looks at the CustomResourceDefinition: that it is there, holds all fields, and that Helm would not delete it. */
export function checkDefinition(looking: Looking): Promise<Check[]> {
  return unlessForbidden(ABOUT, "get the CustomResourceDefinition sealedsecrets.bitnami.com", async () => {
    const definition = await objectAt(looking, PATH);
    if (definition === null) {
      const found = "there is no CustomResourceDefinition sealedsecrets.bitnami.com";
      return [wanting("fail", ABOUT, found, APPLY)];
    }
    const versions = at(definition, ["spec", "versions"]);
    const version = (Array.isArray(versions) ? versions : []).find(
      (one: unknown) => at(one, ["name"]) === "v1alpha1" && at(one, ["served"]) === true,
    );
    if (version === undefined)
      return [wanting("fail", ABOUT, "it does not serve bitnami.com/v1alpha1", APPLY)];
    const checks: Check[] = [];
    if (at(version, ["subresources", "status"]) === undefined) {
      const found = "it has no subresource status, so that no controller can say what came of an object";
      checks.push(wanting("fail", ABOUT, found, APPLY));
    }
    const schema = at(version, ["schema", "openAPIV3Schema"]);
    const missing = FIELDS.filter(({ path }) => !hasField(schema, path));
    if (missing.length > 0) {
      const told = missing.map(({ name, without }) => `${name} (${without})`).join(", ");
      checks.push(wanting("warn", ABOUT, `it is older than this version and drops ${told}`, APPLY));
    }
    const annotations = at(definition, ["metadata", "annotations"]);
    const isHelms = at(annotations, ["meta.helm.sh/release-name"]) !== undefined;
    if (isHelms && at(annotations, ["helm.sh/resource-policy"]) !== "keep") {
      checks.push(
        wanting(
          "warn",
          ABOUT,
          "it belongs to a Helm release that may delete it, and with it every SealedSecret and Secret",
          "kubectl annotate crd sealedsecrets.bitnami.com helm.sh/resource-policy=keep",
        ),
      );
    }
    return checks.length > 0 ? checks : [ok(ABOUT, "serves bitnami.com/v1alpha1, with all fields")];
  });
}

/** Whether a schema names a field, or keeps what it does not name. */
function hasField(schema: unknown, path: readonly string[]): boolean {
  let node = schema;
  for (const field of path) {
    const next = at(node, ["properties", field]);
    if (next === undefined) return at(node, ["x-kubernetes-preserve-unknown-fields"]) === true;
    node = next;
  }
  return true;
}

function at(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return value;
  const isMap = typeof value === "object" && value !== null && Object.hasOwn(value, key);
  return isMap ? at((value as Record<string, unknown>)[key], rest) : undefined;
}
