import {
  annotatedScopeKind,
  CLUSTER_WIDE_ANNOTATION,
  NAMESPACE_WIDE_ANNOTATION,
  type ScopeKind,
} from "../../shared/scope.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import type { FieldPath, LintProblem } from "./problem.ts";

const SCOPES = [CLUSTER_WIDE_ANNOTATION, NAMESPACE_WIDE_ANNOTATION] as const;
const ANNOTATIONS: FieldPath = ["metadata", "annotations"];

/** Judges the scope that an object says its values have, against its name and namespace. */
export function judgeScope({ metadata, spec }: SealedSecret): LintProblem[] {
  const own = metadata.annotations ?? {};
  const kind = annotatedScopeKind(own);
  const copied = spec.template?.metadata ?? {};
  const problems: LintProblem[] = [];
  const odd = (what: string, at: FieldPath, level: LintProblem["level"]) =>
    problems.push({ rule: "scope-annotation", level, item: null, at, what });
  for (const annotation of SCOPES) {
    const value = own[annotation];
    if (value !== undefined && !["true", "false", ""].includes(value)) {
      odd(
        `the annotation ${annotation} has a value other than true, and counts for nothing`,
        [...ANNOTATIONS, annotation],
        "error",
      );
    }
  }
  if (SCOPES.every((annotation) => own[annotation] === "true"))
    odd("it says both cluster-wide and namespace-wide: cluster-wide counts", ANNOTATIONS, "error");
  const inTemplate = annotatedScopeKind(copied.annotations);
  if (inTemplate !== "strict" && inTemplate !== kind) {
    const at = ["spec", "template", "metadata", "annotations"];
    odd(`its template says ${inTemplate}, and the object itself ${kind}, which counts`, at, "warning");
  }
  if (kind !== "cluster-wide" && !metadata.namespace) {
    problems.push({
      rule: "missing-namespace",
      level: "warning",
      item: null,
      at: ["metadata"],
      what: `it names no namespace, and its ${kind} values open in one only`,
    });
  }
  return [...problems, ...renamed(kind, metadata, copied)];
}

type Named = { name?: string | undefined; namespace?: string | undefined };

/** kubeseal and signet write into the template what they sealed for. */
function renamed(kind: ScopeKind, metadata: Named, template: Named): LintProblem[] {
  const bound = kind === "strict" ? (["name", "namespace"] as const) : (["namespace"] as const);
  if (kind === "cluster-wide") return [];
  return bound
    .filter((field) => template[field] && metadata[field] && template[field] !== metadata[field])
    .map((field) => ({
      rule: "renamed",
      level: "error",
      item: null,
      at: ["metadata", field],
      what: `its ${field} is ${metadata[field]}, and its template has ${template[field]}: ${kind} values open only for the ${field} that they were sealed for`,
    }));
}
