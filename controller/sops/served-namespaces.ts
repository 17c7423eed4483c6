import { AGE_NAMESPACES_ANNOTATION } from "../../shared/age-identity-secret.ts";
import { isNamespaceName } from "../option-reader.ts";
import type { SecretObject } from "../reconcile/secret-object.ts";

/** Namespaces whose SealedSecrets are served; `all` for whichever there are. */
export type ServedNamespaces = "all" | ReadonlySet<string>;

/**
 * Which namespaces a Secret with age identities serves, by its annotation. None named: none served, since identities
 * that somebody put there without a thought for namespaces must not open what every tenant has.
 * @returns `problem` where there is none, or it says what it cannot say; never a word of the annotation.
 */
export function servedNamespaces({
  metadata,
}: Pick<SecretObject, "metadata">): { ok: true; served: ServedNamespaces } | { ok: false; problem: string } {
  const said = metadata.annotations?.[AGE_NAMESPACES_ANNOTATION] ?? "";
  const names = said
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.length === 0) {
    const problem = `it serves no namespace: name those it serves in its annotation ${AGE_NAMESPACES_ANNOTATION}, with commas, or * for all`;
    return { ok: false, problem };
  }
  if (names.includes("*")) {
    return names.length === 1
      ? { ok: true, served: "all" }
      : {
          ok: false,
          problem: `its annotation ${AGE_NAMESPACES_ANNOTATION} has * beside names: leave either out`,
        };
  }
  const at = names.findIndex((name) => !isNamespaceName(name));
  if (at === -1) return { ok: true, served: new Set(names) };
  return {
    ok: false,
    problem: `entry ${at + 1} of its annotation ${AGE_NAMESPACES_ANNOTATION} is no name that a namespace can have`,
  };
}

/** Whether SealedSecrets of a namespace are served. Those of none are not. */
export function serves(served: ServedNamespaces, namespace: string): boolean {
  return namespace !== "" && (served === "all" || served.has(namespace));
}
