import { openedSecret } from "../../shared/opened-secret.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { isItemName } from "../../shared/secret.ts";
import { type Forbidden, forbiddenIn, type SecretGates } from "../../shared/secret-gates.ts";
import type { FieldPath, LintProblem } from "./problem.ts";

/** As controllers are installed; who allowed more there allows it here by a comment. */
const GATES: SecretGates = {
  ownNamespace: "kube-system",
  keyPrefix: "sealed-secrets-key",
  allowedTypes: [],
  allowedAnnotations: [],
};

/** Judges the Secret that an object asks for, as far as its text tells: what of it controllers refuse to write. */
export function judgeSecret(sealedSecret: SealedSecret): LintProblem[] {
  const secret = openedSecret(sealedSecret, { items: new Map(), whole: null });
  const forbidden = forbiddenIn(secret, GATES);
  const problems = forbidden === null ? [] : [refused(forbidden)];
  return [...problems, ...judgeReferences(sealedSecret)];
}

const TEMPLATE: FieldPath = ["spec", "template"];

function refused(forbidden: Forbidden): LintProblem {
  const problem = (what: string, at: FieldPath, level: LintProblem["level"]): LintProblem => ({
    rule: "refused-secret",
    level,
    item: null,
    at,
    what,
  });
  switch (forbidden.kind) {
    case "label": {
      const at = [...TEMPLATE, "metadata", "labels", forbidden.label];
      return problem(`its template has the label ${forbidden.label}, by which keys are found`, at, "error");
    }
    case "name":
      return problem(
        `no SealedSecret may make the Secret ${forbidden.name} in kube-system: its name is that of a key`,
        ["metadata", "name"],
        "error",
      );
    case "type":
      return problem(
        `its template asks for the type ${forbidden.type}, for which a cluster hands out credentials`,
        [...TEMPLATE, "type"],
        "warning",
      );
    case "annotation": {
      const at = [...TEMPLATE, "metadata", "annotations", forbidden.annotation];
      return problem(
        `its template has the annotation ${forbidden.annotation}, which has the Secret copied elsewhere`,
        at,
        "warning",
      );
    }
  }
}

function judgeReferences({ spec }: SealedSecret): LintProblem[] {
  return (spec.vault ?? []).flatMap(({ key }, index) => {
    const what = !isItemName(key)
      ? `spec.vault[${index}].key is no name that a Secret's item may have`
      : Object.hasOwn(spec.encryptedData, key)
        ? `${key} stands in spec.encryptedData and in spec.vault`
        : null;
    const at = ["spec", "vault", index];
    return what === null ? [] : [{ rule: "vault-reference", level: "error", item: key, at, what }];
  });
}
